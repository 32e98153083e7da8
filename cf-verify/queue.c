/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several candidates at work at once, each in a process of its own, and the stream in its order all
 * the same. The originals are run here, once a target, and the processes inherit what they did. The
 * first candidate of a target that is equivalent sets mutants of the original to work, too.
 */
#include "cf-verify/strength.h"
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

/* What a mutant may take, in times of the original. */
#define TIMES_ORIGINAL 10

/* A line of the stream: a candidate, or another that waits behind one. */
struct entry {
	char *line;     /* passed through as it is; NULL: a candidate */
	size_t len;
	json_t *record;
	struct strength **strengths; /* of its targets, once it is equivalent */
	size_t n_strengths;
	bool silent;    /* what is wrong with it has been said */
	bool done;
};

/* A process at work. */
struct task {
	pid_t pid;
	int fd;
	struct cf_buf said;
	struct entry *entry;       /* the candidate's; NULL: it is a mutant */
	struct strength *strength; /* whose */
	size_t which;
};

static void (*write_line)(const char *line, size_t len);
static struct entry **entries;
static size_t n_entries, cap_entries;
static struct task *tasks;
static size_t n_tasks, cap_tasks;

/* ---- processes ---- */

static void __attribute__((noreturn)) work(
	const struct verify_opts *o, const struct task *t, const json_t *record, int fd)
{
	struct verify_opts its = *o;
	enum cf_exit status = CF_OK;
	json_t *verdict, *answer;
	char *text;

	setpgid(0, 0);
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	if (!t->entry)
		its.times_original = TIMES_ORIGINAL;
	verdict = verify_candidate(&its, record, &status);
	answer = json_pack("{s:o,s:i}", "verdict", verdict, "status", status);
	text = json_dumps(answer, JSON_COMPACT);
	if (!text || cf_write_all(fd, text, strlen(text)) < 0)
		_exit(1);
	_exit(0);
}

static int begin(const struct verify_opts *o, struct task t, const json_t *record)
{
	int p[2];

	fflush(NULL);
	if (pipe2(p, O_CLOEXEC) < 0)
		return cf_error("no pipe: %s", strerror(errno));
	t.pid = fork();
	if (t.pid == 0) {
		close(p[0]);
		work(o, &t, record, p[1]);
	}
	close(p[1]);
	t.fd = p[0];
	if (t.pid < 0) {
		close(p[0]);
		return cf_error("cannot fork: %s", strerror(errno));
	}
	setpgid(t.pid, t.pid);
	cf_child_add(t.pid);
	cf_grow(&tasks, &cap_tasks, n_tasks + 1, sizeof(*tasks));
	tasks[n_tasks++] = t;
	return 0;
}

/* As many mutants as there is room for. They come before further candidates: whose verdict waits for
 * them is earlier on the stream. */
static void begin_mutants(const struct verify_opts *o)
{
	struct task t = {0};
	json_t *record;

	while (n_tasks < (size_t)o->jobs && (record = strength_next(o, &t.strength, &t.which))) {
		if (begin(o, t, record) < 0)
			strength_take(t.strength, t.which, NULL);
		json_decref(record);
	}
}

/* ---- verdicts ---- */

/* The verdict is complete. */
static void finish(const struct verify_opts *o, struct entry *e)
{
	json_t *verdict = json_object_get(e->record, "verdict"), *sum = NULL;

	for (size_t i = 0; i < e->n_strengths; i++)
		sum = strength_sum(sum, strength_json(e->strengths[i]));
	if (sum)
		json_object_set_new(verdict, "strength", sum);
	if (!o->quiet && !e->silent)
		verify_report(e->record);
	e->done = true;
}

static void finish_settled(const struct verify_opts *o)
{
	for (size_t i = 0; i < n_entries; i++) {
		struct entry *e = entries[i];
		bool settled = e->n_strengths && !e->done;

		for (size_t k = 0; k < e->n_strengths && settled; k++)
			settled = strength_is_settled(e->strengths[k]);
		if (settled)
			finish(o, e);
	}
}

/* A candidate has its answer. One that is equivalent waits to be told what that is worth. */
static void judged(struct verify_opts *o, struct entry *e)
{
	const char *answer = cf_json_str(json_object_get(e->record, "verdict"), "answer");
	json_auto_t *targets = NULL;
	json_t *target;
	size_t i;

	if (!strcmp(answer, "equivalent")) {
		o->equivalent++;
		targets = o->mutants && !is_mutant(e->record) ? candidate_targets(e->record) : NULL;
	}
	e->strengths = cf_calloc(json_array_size(targets) + 1, sizeof(*e->strengths));
	json_array_foreach (targets, i, target)
		e->strengths[e->n_strengths++] = strength_of(o, target);
	if (!e->n_strengths)
		finish(o, e);
}

/* Takes the answer of a process that is done. One that died has verified nothing. */
static void end(struct verify_opts *o, struct task *t, enum cf_exit *status)
{
	json_auto_t *answer = json_loadb(t->said.data ? t->said.data : "", t->said.len, 0, NULL);
	json_t *verdict = json_object_get(answer, "verdict");
	int said = (int)cf_json_int(answer, "status", CF_PROGRAM), how;
	struct entry *e = t->entry;

	while (waitpid(t->pid, &how, 0) < 0 && errno == EINTR)
		;
	cf_child_del(t->pid);
	close(t->fd);
	cf_buf_release(&t->said);
	t->pid = 0;
	if (!e) {
		strength_take(t->strength, t->which, cf_json_str(verdict, "answer"));
		return;
	}
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
	e->silent = said == CF_USAGE;
	judged(o, e);
}

/* Reads what the processes say; returns when one has ended. */
static void await_one(struct verify_opts *o, enum cf_exit *status)
{
	size_t n = n_tasks, left = 0;
	cf_autofree struct pollfd *fds = cf_calloc(n + 1, sizeof(*fds));
	bool ended = false;

	while (!ended && n) {
		for (size_t i = 0; i < n; i++)
			fds[i] = (struct pollfd){tasks[i].fd, POLLIN, 0};
		if (poll(fds, n, -1) < 0)
			continue;
		for (size_t i = 0; i < n; i++) {
			struct task *t = &tasks[i];
			ssize_t got;

			if (!fds[i].revents)
				continue;
			cf_buf_reserve(&t->said, 65536);
			got = read(t->fd, t->said.data + t->said.len, 65536);
			if (got > 0) {
				t->said.len += (size_t)got;
			} else if (got == 0 || errno != EINTR) {
				end(o, t, status);
				ended = true;
			}
		}
	}
	for (size_t i = 0; i < n; i++)
		if (tasks[i].pid)
			tasks[left++] = tasks[i];
	n_tasks = left;
	begin_mutants(o);
	finish_settled(o);
}

/* ---- the stream ---- */

/* Writes what is finished from the head on. */
static void drain(void)
{
	size_t done = 0;

	for (; done < n_entries && (entries[done]->line || entries[done]->done); done++) {
		struct entry *e = entries[done];

		if (e->line)
			write_line(e->line, e->len);
		else
			cf_stream_write(e->record);
		free(e->line);
		free(e->strengths);
		json_decref(e->record);
		free(e);
	}
	n_entries -= done;
	if (n_entries && done)
		memmove(entries, entries + done, n_entries * sizeof(*entries));
}

static struct entry *append(void)
{
	cf_grow(&entries, &cap_entries, n_entries + 1, sizeof(*entries));
	return entries[n_entries++] = cf_calloc(1, sizeof(struct entry));
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
	if (o->only_new && json_object_get(record->json, "verdict"))
		return 0;
	while (n_tasks >= (size_t)o->jobs) {
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
	if (begin(o, (struct task){.entry = e}, e->record) < 0) {
		enum cf_exit failed = CF_OK;

		json_object_set_new(e->record, "verdict", verify_candidate(o, e->record, &failed));
		judged(o, e);
	}
	while (o->jobs == 1 && n_tasks)
		await_one(o, status);
	drain();
	return 1;
}

void queue_finish(struct verify_opts *o, enum cf_exit *status)
{
	begin_mutants(o);
	while (n_tasks) {
		await_one(o, status);
		drain();
	}
	finish_settled(o);
	drain();
	free(entries);
	free(tasks);
	entries = NULL;
	tasks = NULL;
}
