/* SPDX-License-Identifier: Apache-2.0 */
#include "cf-pr/github.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/error.h"
#include "lib/http.h"
#include "lib/json.h"
#include "lib/mem.h"

#define TIMEOUT_S 60
#define TRIES 5
#define BACK_OFF_S 1
#define ANSWER_MAX ((size_t)16 << 20)

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Host, owner and name out of https://host/owner/name.git, ssh://git@host:22/owner/name,
 * git@host:owner/name. */
static bool take_apart(struct github *g, const char *remote)
{
	const char *host = strstr(remote, "://"), *at, *path;
	size_t n;

	host = host ? host + 3 : remote;
	n = strcspn(host, "/");
	at = memchr(host, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	path = host + strcspn(host, strstr(remote, "://") ? "/" : ":/");
	if (!*path)
		return false;
	n = strcspn(host, ":/");
	g->host = cf_strndup(host, n);
	path += strspn(path, ":/");
	n = strcspn(path, "/");
	g->owner = cf_strndup(path, n);
	path += n + strspn(path + n, "/");
	n = strlen(path);
	while (n && path[n - 1] == '/')
		n--;
	if (n > 4 && !strncmp(path + n - 4, ".git", 4))
		n -= 4;
	g->name = cf_strndup(path, n);
	return *g->host && *g->owner && *g->name && !strchr(g->name, '/');
}

bool github_find(struct github *g, const char *remote, char **why)
{
	const char *api = environment("GITHUB_API_URL");
	bool public;

	*g = (struct github){0};
	if (!take_apart(g, remote)) {
		*why = cf_strdup("no pull request: the remote is no repository on a server");
		return false;
	}
	public = !strcmp(g->host, "github.com") || !strcmp(g->host, "ssh.github.com");
	g->api = api	  ? cf_strdup(api)
		 : public ? cf_strdup("https://api.github.com")
			  : cf_asprintf("https://%s/api/v3", g->host);
	while (strlen(g->api) && g->api[strlen(g->api) - 1] == '/')
		g->api[strlen(g->api) - 1] = '\0';
	g->token = public ? NULL : environment("GH_ENTERPRISE_TOKEN");
	if (!g->token && !public)
		g->token = environment("GITHUB_ENTERPRISE_TOKEN");
	if (!g->token)
		g->token = environment("GH_TOKEN");
	if (!g->token)
		g->token = environment("GITHUB_TOKEN");
	for (const char *c = g->token ? g->token : ""; *c; c++)
		if (!isgraph((unsigned char)*c)) {
			*why = cf_strdup("no pull request: the token holds a blank or another "
					 "character that no token has");
			return false;
		}
	return true;
}

void github_release(struct github *g)
{
	free(g->host);
	free(g->owner);
	free(g->name);
	free(g->api);
	*g = (struct github){0};
}

char *github_marker(const char *branch)
{
	return cf_asprintf("<!-- codeflash: %s -->", branch);
}

/* One line of what the server says. Returns new. */
static char *complaint(const struct http_request *r, const json_t *answer)
{
	const char *message = cf_json_str(answer, "message");
	const json_t *errors = json_object_get(answer, "errors"), *error;
	cf_autobuf struct cf_buf b = CF_BUF_INIT;
	size_t i;

	cf_buf_adds(&b, r->why);
	if (message)
		cf_buf_addf(&b, ": %s", message);
	json_array_foreach(errors, i, error)
	{
		const char *said = json_is_string(error) ? json_string_value(error)
							 : cf_json_str(error, "message");

		if (said)
			cf_buf_addf(&b, "; %s", said);
	}
	for (size_t k = 0; k < b.len; k++)
		if (iscntrl((unsigned char)b.data[k]))
			b.data[k] = ' ';
	return cf_buf_detach(&b, NULL);
}

/* The answer as JSON; NULL with *why (new), and the status in *status. Returns new. */
static json_t *call(const struct github *g, const char *method, const char *path,
	const json_t *body, long *status, char **why)
{
	cf_autofree char *url = cf_asprintf("%s%s", g->api, path),
			 *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	cf_autofree char *key = cf_asprintf("Authorization: Bearer %s", g->token);
	const char *const headers[] = {"Accept: application/vnd.github+json",
		"X-GitHub-Api-Version: 2022-11-28", "Content-Type: application/json", key, NULL};
	struct http_request r = {.method = method,
		.url = url,
		.headers = headers,
		.body = text,
		.body_len = text ? strlen(text) : 0};
	struct http_rules rules = {.at_once = 1,
		.timeout_s = TIMEOUT_S,
		.tries = TRIES,
		.back_off_s = BACK_OFF_S,
		.answer_max = ANSWER_MAX,
		/* a request that makes something is not made again where the first may have arrived
		 */
		.once = strcmp(method, "GET") && strcmp(method, "PATCH")};

	http_all(&r, 1, &rules);
	explicit_bzero(key, strlen(key));
	*status = r.status;
	json_t *answer =
		json_loadb(r.answer.data ? r.answer.data : "", r.answer.len, JSON_DECODE_ANY, NULL);

	if (r.why)
		*why = complaint(&r, answer);
	else if (!answer)
		*why = cf_strdup("what came is not JSON, or not all of it");
	if (*why) {
		json_decref(answer);
		answer = NULL;
	}
	http_request_release(&r);
	return answer;
}

static char *pulls_path(const struct github *g)
{
	return cf_asprintf("/repos/%s/%s/pulls", g->owner, g->name);
}

/* The number of the open pull request from the branch that is ours; 0: none; -1 with *why. */
static json_int_t find_open(
	const struct github *g, const struct pull_request *p, char **url, char **why)
{
	cf_autofree char *path =
		cf_asprintf("/repos/%s/%s/pulls?state=open&per_page=100&head=%s:%s", g->owner,
			g->name, g->owner, p->branch);
	cf_autofree char *marker = github_marker(p->branch);
	long status;
	json_auto_t *all = call(g, "GET", path, NULL, &status, why);
	const json_t *one;
	size_t i;

	if (!all)
		return -1;
	json_array_foreach(all, i, one)
	{
		const char *body = cf_json_str(one, "body"),
			   *address = cf_json_str(one, "html_url");

		if (body && strstr(body, marker)) {
			*url = cf_strdup(address ? address : "");
			return cf_json_int(one, "number", 0);
		}
	}
	if (json_array_size(all)) {
		*why = cf_asprintf("%s has a pull request already that is not codeflash's; name "
				   "another branch with --branch",
			p->branch);
		return -1;
	}
	return 0;
}

bool github_is_ours(const struct github *g, const char *branch)
{
	struct pull_request p = {.branch = branch};
	cf_autofree char *url = NULL, *why = NULL;

	return find_open(g, &p, &url, &why) > 0;
}

static json_t *new_pull(const struct pull_request *p, const char *base)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b}", "title", p->title, "head", p->branch,
		"base", base, "body", p->body, "draft", p->draft, "maintainer_can_modify", 1);
}

static json_t *labels_body(const struct pull_request *p)
{
	json_t *labels = json_array();

	for (int i = 0; i < p->labels->n; i++)
		json_array_append_new(labels, json_string(p->labels->v[i]));
	return json_pack("{s:o}", "labels", labels);
}

/* The branch that the pull request is to go into. Returns new. */
static char *base_of(const struct github *g, const struct pull_request *p, char **why)
{
	cf_autofree char *path = cf_asprintf("/repos/%s/%s", g->owner, g->name);
	long status;

	if (p->base)
		return cf_strdup(p->base);
	json_auto_t *repository = call(g, "GET", path, NULL, &status, why);
	const char *base = cf_json_str(repository, "default_branch");

	if (repository && !base)
		*why = cf_strdup("the repository names no default branch; --base does");
	return base ? cf_strdup(base) : NULL;
}

static bool update(
	const struct github *g, const struct pull_request *p, json_int_t number, char **why)
{
	cf_autofree char *path =
		cf_asprintf("/repos/%s/%s/pulls/%lld", g->owner, g->name, (long long)number);
	json_auto_t *body = json_pack("{s:s, s:s}", "title", p->title, "body", p->body);
	long status;
	json_auto_t *answer = call(g, "PATCH", path, body, &status, why);

	return answer != NULL;
}

char *github_publish(const struct github *g, const struct pull_request *p, char **why)
{
	cf_autofree char *path = pulls_path(g), *base = NULL, *url = NULL;
	json_int_t number = find_open(g, p, &url, why);
	long status = 0;

	if (number < 0)
		return NULL;
	if (number)
		return update(g, p, number, why) ? cf_steal(&url) : NULL;
	if (!(base = base_of(g, p, why)))
		return NULL;
	json_auto_t *body = new_pull(p, base);
	json_auto_t *made = call(g, "POST", path, body, &status, why);

	if (!made) {
		/* it may be there all the same: the answer was lost, or somebody else was as quick
		 */
		cf_autofree char *first = *why;

		*why = NULL;
		number = status == 422 || status == 0 || status >= 500 ? find_open(g, p, &url, why)
								       : 0;
		free(*why);
		*why = NULL;
		if (number > 0 && update(g, p, number, why))
			return cf_steal(&url);
		free(*why);
		*why = cf_steal(&first);
		return NULL;
	}
	number = cf_json_int(made, "number", 0);
	url = cf_strdup(cf_json_str(made, "html_url") ? cf_json_str(made, "html_url") : "");
	if (p->labels->n) {
		cf_autofree char *labels = cf_asprintf("/repos/%s/%s/issues/%lld/labels", g->owner,
					 g->name, (long long)number),
				 *trouble = NULL;
		json_auto_t *names = labels_body(p),
			    *answer = call(g, "POST", labels, names, &status, &trouble);

		if (!answer)
			cf_warn("the pull request is there, its labels are not: %s", trouble);
	}
	return cf_steal(&url);
}

void github_show(const struct github *g, const struct pull_request *p)
{
	cf_autofree char *path = pulls_path(g);
	json_auto_t *body = new_pull(p, p->base ? p->base : "(the default branch)");
	cf_autofree char *text = json_dumps(body, JSON_INDENT(1));

	fprintf(stderr, "\nwould push %s to %s:%s/%s, then\nPOST %s%s\n%s\n", p->branch, g->host,
		g->owner, g->name, g->api, path, text);
	if (p->labels->n) {
		json_auto_t *labels = labels_body(p);
		cf_autofree char *names = json_dumps(labels, JSON_INDENT(1));

		fprintf(stderr, "POST %s/repos/%s/%s/issues/NUMBER/labels\n%s\n", g->api, g->owner,
			g->name, names);
	}
}
