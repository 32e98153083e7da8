/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines to and from a bench worker, with deadlines; it is never trusted to answer. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cf-bench/worker.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"

/* An outcome may have 64 MiB, and is sent as base64. */
#define LINE_MAX_BYTES (96 << 20)
#define ERR_KEPT 2000

static int __attribute__((format(printf, 2, 3))) fail(struct bench_worker *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(w->why, sizeof(w->why), fmt, args);
	va_end(args);
	return -1;
}

int bench_worker_start(struct bench_worker *w, const struct worker_job *job)
{
	if (worker_start(job, "bench", &w->child))
		return fail(w, "the worker could not be started");
	return 0;
}

int bench_worker_ask(struct bench_worker *w, const json_t *operation)
{
	cf_autofree char *line = json_dumps(operation, JSON_COMPACT);
	cf_autobuf struct cf_buf b = CF_BUF_INIT;

	cf_buf_addf(&b, "%s\n", line);
	/* a worker that is gone must not take us with it; its answer will say that it is gone */
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);

	if (cf_write_all(w->child.in, b.data, b.len) && errno != EPIPE)
		fail(w, "cannot write to the worker: %s", strerror(errno));
	signal(SIGPIPE, before);
	return w->why[0] ? -1 : 0;
}

/* The last line of its stderr, which says more than that it is gone. */
static int gone(struct bench_worker *w)
{
	char *text = w->err.len ? w->err.data : (char *)"";
	size_t n = w->err.len;

	while (n && strchr("\r\n", text[n - 1]))
		text[--n] = '\0';
	char *last = strrchr(text, '\n');
	int status = sandbox_end(&w->child);

	last = last ? last + 1 : text;
	if (*last)
		return fail(w, "the worker ended: %.300s", last);
	if (WIFSIGNALED(status))
		return fail(w, "the worker was killed by signal %d", WTERMSIG(status));
	return fail(w, "the worker ended with status %d", WEXITSTATUS(status));
}

/* Reads what there is; 0 when the worker's stdout is at its end. */
static int take(struct bench_worker *w, struct pollfd *fds)
{
	char chunk[65536];
	ssize_t n;

	if (fds[1].revents) {
		n = read(fds[1].fd, chunk, sizeof(chunk));
		if (n > 0)
			cf_buf_add(&w->err, chunk, (size_t)n);
		if (n <= 0) {
			close(w->child.err);
			w->child.err = -1;
		}
		if (w->err.len > 2 * ERR_KEPT) {
			memmove(w->err.data, w->err.data + w->err.len - ERR_KEPT, ERR_KEPT + 1);
			w->err.len = ERR_KEPT;
		}
	}
	if (!fds[0].revents)
		return 1;
	n = read(fds[0].fd, chunk, sizeof(chunk));
	if (n > 0)
		cf_buf_add(&w->in, chunk, (size_t)n);
	return n > 0;
}

int bench_worker_answer(struct bench_worker *w, double timeout_s, json_t **answer, int64_t *call)
{
	uint64_t until = cf_now_ns() + (uint64_t)(timeout_s * 1e9);
	char *end;
	size_t looked = 0; /* for the line's end: a long one comes in many pieces */
	int open = 1;

	*answer = NULL;
	*call = -1;
	while (!(end = w->in.len > looked ? memchr(w->in.data + looked, '\n', w->in.len - looked)
					  : NULL)) {
		looked = w->in.len;
		uint64_t now = cf_now_ns();
		struct pollfd fds[2] = {
			{.fd = w->child.out, .events = POLLIN}, {.fd = w->child.err, .events = POLLIN}};

		if (!open)
			return gone(w);
		if (now >= until)
			return fail(w, "no answer within %.0f s", timeout_s);
		if (w->in.len > LINE_MAX_BYTES)
			return fail(w, "an answer of more than %d MB", LINE_MAX_BYTES >> 20);
		if (poll(fds, 2, (int)((until - now) / 1000000) + 1) > 0)
			open = take(w, fds);
	}
	size_t used = (size_t)(end - w->in.data) + 1;
	json_error_t e;

	*answer = json_loadb(w->in.data, used - 1, 0, &e);
	memmove(w->in.data, w->in.data + used, w->in.len - used + 1);
	w->in.len -= used;
	if (!json_is_object(*answer)) {
		json_decref(*answer);
		*answer = NULL;
		return fail(w, "an answer that is not a JSON object");
	}
	const char *error = cf_json_str(*answer, "error");

	if (!error)
		return 0;
	fail(w, "%.390s", error);
	*call = cf_json_int(*answer, "call", -1);
	json_decref(*answer);
	*answer = NULL;
	return -1;
}

void bench_worker_end(struct bench_worker *w)
{
	sandbox_end(&w->child);
	cf_buf_release(&w->in);
	cf_buf_release(&w->err);
}
