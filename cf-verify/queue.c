/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several candidates at work at once, each in a process of its own, and the stream in its order all
 * the same. The originals are run here, once a target, and the processes inherit what they did.
 */
#include "cf-verify/verify.h"
#include "cf-verify/tests.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"

/* A line of the stream: a candidate at work, or another that waits behind one. */
struct entry {
	char *line;     /* passed through as it is; NULL: a candidate */
	size_t len;
	json_t *record;
	pid_t pid;      /* 0: finished */
	int fd;
	struct cf_buf said;
};

static void (*write_line)(const char *line, size_t len);
static struct entry *entries;
static size_t n_entries, cap_entries;

static int running(void)
{
	int n = 0;

	for (size_t i = 0; i < n_entries; i++)
		n += entries[i].pid != 0;
	return n;
}

static void __attribute__((noreturn)) work(const struct verify_opts *o, const json_t *record, int fd)
{
	enum cf_exit status = CF_OK;
	json_t *verdict, *answer;
	char *text;

	setpgid(0, 0);
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	verdict = verify_candidate(o, record, &status);
	answer = json_pack("{s:o,s:i}", "verdict", verdict, "status", status);
	text = json_dumps(answer, JSON_COMPACT);
	if (!text || cf_write_all(fd, text, strlen(text)) < 0)
		_exit(1);
	_exit(0);
}

static int begin(struct verify_opts *o, struct entry *e)
{
	int p[2];

	fflush(NULL);
	if (pipe2(p, O_CLOEXEC) < 0)
		return cf_error("no pipe: %s", strerror(errno));
	e->pid = fork();
	if (e->pid == 0) {
		close(p[0]);
		work(o, e->record, p[1]);
	}
	close(p[1]);
	e->fd = p[0];
	if (e->pid < 0) {
		e->pid = 0;
		close(p[0]);
		return cf_error("cannot fork: %s", strerror(errno));
	}
	setpgid(e->pid, e->pid);
	cf_child_add(e->pid);
	return 0;
}

/* Takes the verdict of a process that is done. One that died has verified nothing. */
static void end(struct verify_opts *o, struct entry *e, enum cf_exit *status)
{
	json_auto_t *answer = json_loadb(e->said.data ? e->said.data : "", e->said.len, 0, NULL);
	json_t *verdict = json_object_get(answer, "verdict");
	int said = (int)cf_json_int(answer, "status", CF_PROGRAM), how;

	while (waitpid(e->pid, &how, 0) < 0 && errno == EINTR)
		;
	cf_child_del(e->pid);
	close(e->fd);
	cf_buf_release(&e->said);
	e->pid = 0;
	if (verdict) {
		json_object_set(e->record, "verdict", verdict);
	} else {
		cf_error("the verification of %s ended with status %d", cf_json_str(e->record, "id"), how);
		json_object_set_new(e->record, "verdict",
			json_pack("{s:s,s:{s:i},s:i,s:{},s:s,s:n,s:[],s:n,s:s}", "answer", "unverified",
				"compared", "replay", 0, "unstable", 0, "skipped", "reason",
				"the verifier itself failed", "difference", "notes", "strength", "sandbox",
				"none"));
	}
	if (said > (int)*status)
		*status = (enum cf_exit)said;
	if (!o->quiet && said != CF_USAGE)
		verify_report(e->record);
	o->equivalent += !strcmp(
		cf_json_str(json_object_get(e->record, "verdict"), "answer"), "equivalent");
}

/* Reads what the processes say; returns when one has ended. */
static void await_one(struct verify_opts *o, enum cf_exit *status)
{
	cf_autofree struct pollfd *fds = cf_calloc(n_entries + 1, sizeof(*fds));
	bool ended = false;

	while (!ended && running()) {
		for (size_t i = 0; i < n_entries; i++)
			fds[i] = (struct pollfd){entries[i].pid ? entries[i].fd : -1, POLLIN, 0};
		if (poll(fds, n_entries, -1) < 0)
			continue;
		for (size_t i = 0; i < n_entries; i++) {
			struct entry *e = &entries[i];
			ssize_t n;

			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			cf_buf_reserve(&e->said, 65536);
			n = read(e->fd, e->said.data + e->said.len, 65536);
			if (n > 0) {
				e->said.len += (size_t)n;
			} else if (n == 0 || errno != EINTR) {
				end(o, e, status);
				ended = true;
			}
		}
	}
}

/* Writes what is finished from the head on. */
static void drain(void)
{
	size_t done = 0;

	for (; done < n_entries && !entries[done].pid; done++) {
		struct entry *e = &entries[done];

		if (e->line)
			write_line(e->line, e->len);
		else
			cf_stream_write(e->record);
		free(e->line);
		json_decref(e->record);
	}
	n_entries -= done;
	if (n_entries && done)
		memmove(entries, entries + done, n_entries * sizeof(*entries));
}

static struct entry *append(void)
{
	cf_grow(&entries, &cap_entries, n_entries + 1, sizeof(*entries));
	entries[n_entries] = (struct entry){0};
	return &entries[n_entries++];
}

/* Lines that are passed through wait behind the candidates before them. */
static void keep_line(const char *line, size_t len)
{
	struct entry *e;

	if (!n_entries) {
		write_line(line, len);
		return;
	}
	e = append();
	e->line = cf_strndup(line, len);
	e->len = len;
}

void queue_begin(void)
{
	write_line = cf_stream_pass_line;
	cf_stream_pass_line = keep_line;
}

int queue_record(const struct cf_record *record, void *opts, enum cf_exit *status)
{
	struct verify_opts *o = opts;
	const char *id = cf_json_str(record->json, "id");
	json_auto_t *targets = NULL;
	struct entry *e;
	json_t *target;
	size_t i;

	if (!strcmp(record->kind, "tests"))
		tests_note(record->json);
	if (strcmp(record->kind, "candidate") || !cf_shard_owns(o->shard, id ? id : ""))
		return 0;
	while (running() >= o->jobs) {
		await_one(o, status);
		drain();
	}
	/* here, so that the next candidates of the target find it done */
	targets = candidate_targets(record->json);
	json_array_foreach (targets, i, target) {
		json_auto_t *tests = tests_target(original_of(o, target), target);

		if (tests)
			tests_prepare(o, tests);
	}
	e = append();
	e->record = json_incref(record->json);
	if (begin(o, e) < 0) {
		enum cf_exit failed = CF_OK;

		json_object_set_new(e->record, "verdict", verify_candidate(o, e->record, &failed));
	}
	if (o->jobs == 1)
		await_one(o, status);
	drain();
	return 1;
}

void queue_finish(struct verify_opts *o, enum cf_exit *status)
{
	while (running()) {
		await_one(o, status);
		drain();
	}
	drain();
	free(entries);
	entries = NULL;
}
