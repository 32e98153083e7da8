/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http.h"

#include <curl/curl.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "lib/error.h"
#include "lib/mem.h"
#include "lib/process.h"

#define LONGEST_BACK_OFF_S 60
#define CONNECT_TIMEOUT_S 20L

struct job {
	struct http_request *r;
	const struct http_rules *rules;
	CURL *handle; /* while it is under way */
	struct curl_slist *headers;
	double due,
		waited; /* when to try it (again), seconds; what it has waited for between tries */
	bool ended, too_long;
	char error[CURL_ERROR_SIZE];
};

static double now_s(void)
{
	return (double)cf_now_ns() / 1e9;
}

static size_t take(char *data, size_t size, size_t n, void *arg)
{
	struct job *j = arg;

	if (j->r->answer.len + size * n > j->rules->answer_max) {
		j->too_long = true;
		return 0;
	}
	cf_buf_add(&j->r->answer, data, size * n);
	return size * n;
}

/* As the curl tool does it: the library itself does not look. */
static void trust(CURL *h)
{
	const char *bundle = getenv("CURL_CA_BUNDLE"), *dir = getenv("SSL_CERT_DIR");

	if (!bundle || !*bundle)
		bundle = getenv("SSL_CERT_FILE");
	if (bundle && *bundle)
		curl_easy_setopt(h, CURLOPT_CAINFO, bundle);
	if (dir && *dir)
		curl_easy_setopt(h, CURLOPT_CAPATH, dir);
}

static void begin(CURLM *multi, struct job *j)
{
	struct http_request *r = j->r;
	CURL *h = curl_easy_init();

	if (!h)
		CF_BUG("libcurl cannot begin a request");
	r->tries++;
	r->status = 0;
	cf_buf_reset(&r->answer);
	free(r->why);
	r->why = NULL;
	j->too_long = false;
	j->error[0] = '\0';
	for (const char *const *line = r->headers; line && *line; line++)
		j->headers = curl_slist_append(j->headers, *line);
	curl_easy_setopt(h, CURLOPT_URL, r->url);
	curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, r->method);
	if (r->body) {
		/* no waiting for a "100 Continue" that many servers never send */
		j->headers = curl_slist_append(j->headers, "Expect:");
		curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
		curl_easy_setopt(h, CURLOPT_POSTFIELDS, r->body);
	}
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, j->headers);
	curl_easy_setopt(h, CURLOPT_USERAGENT, "codeflash");
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, j);
	curl_easy_setopt(h, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(h, CURLOPT_ERRORBUFFER, j->error);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)(j->rules->timeout_s * 1000));
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h, CURLOPT_PRIVATE, j);
	trust(h);
	j->handle = h;
	curl_multi_add_handle(multi, h);
}

static bool again_after(CURLcode code)
{
	return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT ||
	       code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_SEND_ERROR ||
	       code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
	       code == CURLE_PARTIAL_FILE || code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM ||
	       code == CURLE_SSL_CONNECT_ERROR;
}

/* The server did not take it, and will later: GitHub says so with 403, too. */
static bool refused_for_now(long status, curl_off_t wish)
{
	return status == 429 || status == 503 || (status == 403 && wish > 0);
}

static bool again_with(long status)
{
	return status == 408 || status == 409 || status == 425 || status == 429 || status >= 500;
}

/* What went wrong, in a line; NULL when nothing did. Returns new. */
static char *trouble(const struct job *j, CURLcode code)
{
	if (j->too_long)
		return cf_asprintf("an answer of more than %zu MB", j->rules->answer_max >> 20);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return cf_asprintf("no whole answer within %g s", j->rules->timeout_s);
	if (code)
		return cf_asprintf("%s", j->error[0] ? j->error : curl_easy_strerror(code));
	if (j->r->status < 200 || j->r->status > 299)
		return cf_asprintf("status %ld", j->r->status);
	return NULL;
}

/* Between half of it and all of it, so that many clients do not come back at the same moment. */
static double back_off(const struct job *j)
{
	double most = fmin(j->rules->back_off_s * pow(2, j->r->tries - 1), LONGEST_BACK_OFF_S);

	return most * (0.5 + 0.5 * (double)rand() / RAND_MAX);
}

/* A try is over: the request is, or has a time when it is tried again. */
static void settle(struct job *j, CURLcode code)
{
	struct http_request *r = j->r;
	curl_off_t wish = 0;

	curl_easy_getinfo(j->handle, CURLINFO_RESPONSE_CODE, &r->status);
	curl_easy_getinfo(j->handle, CURLINFO_RETRY_AFTER, &wish);
	if (code)
		r->status = 0;
	r->why = trouble(j, code);
	j->ended = true;
	bool not_taken = code ? code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST
			      : refused_for_now(r->status, wish);

	if (!r->why || j->too_long ||
		!(not_taken || (code ? again_after(code) : again_with(r->status))))
		return;
	if (j->rules->once && !not_taken)
		return;
	double wait = fmax(back_off(j), (double)wish);

	if (r->tries >= j->rules->tries) {
		char *first = r->why;

		r->why = r->tries > 1 ? cf_asprintf("%s, %d times", first, r->tries)
				      : cf_strdup(first);
		free(first);
	} else if (j->waited + wait > j->rules->timeout_s) {
		char *first = r->why;

		r->why = cf_asprintf("%s, and not to be asked again for %.0f s", first, wait);
		free(first);
	} else {
		j->waited += wait;
		j->due = now_s() + wait;
		j->ended = false;
	}
}

static void finish(CURLM *multi, struct job *j, CURLcode code)
{
	curl_multi_remove_handle(multi, j->handle);
	settle(j, code);
	curl_easy_cleanup(j->handle);
	curl_slist_free_all(j->headers);
	j->handle = NULL;
	j->headers = NULL;
	if (j->ended && j->rules->done)
		j->rules->done(j->rules->arg, j->r);
}

/* Begins what is due, as many as may be under way. Seconds until something else is due. */
static double begin_due(CURLM *multi, struct job *jobs, int n, int *running)
{
	double now = now_s(), soonest = 1;

	for (int i = 0; i < n; i++) {
		struct job *j = &jobs[i];

		if (j->ended || j->handle)
			continue;
		if (j->due > now) {
			soonest = fmin(soonest, j->due - now);
			continue;
		}
		if (*running >= j->rules->at_once)
			break;
		const char *no = !j->r->tries && j->rules->start
					 ? j->rules->start(j->rules->arg, j->r)
					 : NULL;

		if (no) {
			j->r->why = cf_strdup(no);
			j->ended = true;
			if (j->rules->done)
				j->rules->done(j->rules->arg, j->r);
			continue;
		}
		begin(multi, j);
		++*running;
	}
	return soonest;
}

static bool all_ended(const struct job *jobs, int n)
{
	for (int i = 0; i < n; i++)
		if (!jobs[i].ended)
			return false;
	return true;
}

void http_all(struct http_request *r, int n, const struct http_rules *rules)
{
	cf_autofree struct job *jobs = cf_calloc((size_t)n + 1, sizeof *jobs);
	int running = 0;

	srand((unsigned)cf_now_ns());
	curl_global_init(CURL_GLOBAL_DEFAULT);
	CURLM *multi = curl_multi_init();
	for (int i = 0; i < n; i++)
		jobs[i] = (struct job){.r = &r[i], .rules = rules};
	while (!all_ended(jobs, n)) {
		double wait = begin_due(multi, jobs, n, &running);
		int active, left;
		CURLMsg *message;

		curl_multi_perform(multi, &active);
		while ((message = curl_multi_info_read(multi, &left))) {
			struct job *j;

			if (message->msg != CURLMSG_DONE)
				continue;
			CURLcode code = message->data.result;

			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&j);
			finish(multi, j, code);
			running--;
			wait = 0;
		}
		if (wait > 0)
			curl_multi_poll(multi, NULL, 0, (int)ceil(wait * 1000), NULL);
	}
	curl_multi_cleanup(multi);
}

void http_request_release(struct http_request *r)
{
	cf_buf_release(&r->answer);
	free(r->why);
	*r = (struct http_request){0};
}
