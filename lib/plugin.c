/* SPDX-License-Identifier: Apache-2.0 */
/* Finding language plugins and asking their verbs. Knows no language. */
#include "lib/plugin.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/buf.h"
#include "lib/fs.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/process.h"

void cf_plugin_release(struct cf_plugin *p)
{
	free(p->name);
	free(p->dir);
	free(p->language);
	json_decref(p->manifest);
	*p = (struct cf_plugin){0};
}

/* 0, or -1 after cf_error. */
static int open_plugin(struct cf_plugin *p, const char *dir)
{
	cf_autofree char *path = cf_path_join(dir, "plugin.json");
	json_t *manifest = cf_json_load(path);
	const char *name = cf_json_str(manifest, "name"), *language = cf_json_str(manifest, "language");

	if (!manifest)
		return -1;
	if (!name || !language || !json_is_object(json_object_get(manifest, "verbs"))) {
		json_decref(manifest);
		return cf_error("%s: a manifest needs name, language and verbs", path);
	}
	*p = (struct cf_plugin){cf_strdup(name), cf_path_abs(dir), cf_strdup(language), manifest};
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Folders below dir that hold a manifest, sorted; appended to *list. */
static void scan(const char *dir, char ***list, size_t *n, size_t *cap)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t first = *n;

	if (!d)
		return;
	while ((e = readdir(d))) {
		cf_autofree char *sub = cf_path_join(dir, e->d_name);
		cf_autofree char *manifest = cf_path_join(sub, "plugin.json");

		if (e->d_name[0] == '.' || access(manifest, R_OK) < 0)
			continue;
		cf_grow(list, cap, *n + 1, sizeof(**list));
		(*list)[(*n)++] = cf_steal(&sub);
	}
	closedir(d);
	if (*n > first)
		qsort(*list + first, *n - first, sizeof(**list), by_name);
}

/* Every plugin folder in order of preference; new, NULL-terminated; freed with cf_argv_free. */
static char **plugin_dirs(void)
{
	cf_autofree char *own = cf_path_join(cf_libexec(), "plugins");
	cf_autofree char *env = NULL;
	char **list = NULL, *rest, *dir;
	size_t n = 0, cap = 0;

	if (getenv("CODEFLASH_PLUGINS")) {
		env = cf_strdup(getenv("CODEFLASH_PLUGINS"));
		for (rest = env; (dir = strsep(&rest, ":"));)
			if (*dir)
				scan(dir, &list, &n, &cap);
	}
	scan(own, &list, &n, &cap);
	cf_grow(&list, &cap, n + 1, sizeof(*list));
	list[n] = NULL;
	return list;
}

void cf_argv_free(char **argv)
{
	for (char **p = argv; p && *p; p++)
		free(*p);
	free(argv);
}

int cf_plugin_find(struct cf_plugin *p, const char *language)
{
	struct cf_buf known cf_autobuf = CF_BUF_INIT;
	char **dirs = plugin_dirs();

	*p = (struct cf_plugin){0};
	for (char **dir = dirs; *dir && !p->name; dir++) {
		if (open_plugin(p, *dir) < 0)
			continue;
		if (strcmp(p->language, language) && strcmp(p->name, language)) {
			cf_buf_addf(&known, " %s", p->name);
			cf_plugin_release(p);
		}
	}
	cf_argv_free(dirs);
	if (p->name)
		return 0;
	return cf_error("no plugin for %s; installed in %s/plugins:%s", language, cf_libexec(),
		known.len ? known.data : " none");
}

/* word with {plugin} and {runtime} replaced; returns new. */
static char *expand(const char *word, const char *plugin, const char *runtime)
{
	struct cf_buf b cf_autobuf = CF_BUF_INIT;

	while (*word) {
		if (!strncmp(word, "{plugin}", 8)) {
			cf_buf_adds(&b, plugin);
			word += 8;
		} else if (!strncmp(word, "{runtime}", 9)) {
			cf_buf_adds(&b, runtime ? runtime : "");
			word += 9;
		} else {
			cf_buf_addc(&b, *word++);
		}
	}
	return cf_buf_detach(&b, NULL);
}

static bool is_program(const char *path)
{
	cf_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char head[2];

	return fd >= 0 && access(path, X_OK) == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       read(fd, head, sizeof(head)) == sizeof(head) && memcmp(head, "#!", sizeof(head));
}

/*
 * The program of that name in PATH that is no script, where there is one: what version managers put in
 * front is, and takes many times longer than a verb. Returns new.
 */
static char *past_scripts(const char *name)
{
	const char *path = getenv("PATH");
	cf_autofree char *all = cf_strdup(path ? path : "");
	char *rest = all, *dir;

	while (!strchr(name, '/') && (dir = strsep(&rest, ":"))) {
		char *full = *dir == '/' ? cf_path_join(dir, name) : NULL;

		if (full && is_program(full))
			return full;
		free(full);
	}
	return cf_strdup(name);
}

char **cf_plugin_argv(const struct cf_plugin *p, const char *verb, const char *runtime)
{
	const json_t *words = json_object_get(json_object_get(p->manifest, "verbs"), verb);
	size_t n = json_array_size(words);
	char **argv, *program;

	if (!n) {
		cf_error("plugin %s has no verb %s; reinstall codeflash", p->name, verb);
		return NULL;
	}
	argv = cf_calloc(n + 1, sizeof(*argv));
	for (size_t i = 0; i < n; i++) {
		const char *word = json_string_value(json_array_get(words, i));

		argv[i] = expand(word ? word : "", p->dir, runtime);
	}
	program = argv[0];
	argv[0] = past_scripts(program);
	free(program);
	return argv;
}

/* Runs a verb; what the machine itself has of that name may be too old for it. 0, or -1 after cf_error. */
static int run_verb(const struct cf_plugin *p, const char *verb, char **argv, const char *input,
	struct cf_ran *ran)
{
	const json_t *words = json_object_get(json_object_get(p->manifest, "verbs"), verb);
	const char *name = json_string_value(json_array_get(words, 0));
	struct cf_run run = {.argv = (const char *const *)argv, .input = input,
		.input_len = strlen(input), .timeout_s = 120};

	if (cf_run(&run, ran) < 0)
		return -1;
	if (!ran->status || *name == '{' || !strcmp(argv[0], name))
		return 0;
	cf_ran_release(ran);
	free(argv[0]);
	argv[0] = cf_strdup(name);
	return cf_run(&run, ran);
}

/* The last line of what a verb said on stderr, without its newline. */
static const char *last_line(struct cf_buf *err)
{
	char *line;

	while (err->len && err->data[err->len - 1] == '\n')
		err->data[--err->len] = '\0';
	if (!err->len)
		return "it said nothing";
	line = strrchr(err->data, '\n');
	return line ? line + 1 : err->data;
}

/* *needs (new): which program it needs and has not got; else what is wrong has been said. */
static enum cf_exit call(const struct cf_plugin *p, const char *verb, const char *runtime,
	const json_t *request, json_t **answer, char **needs)
{
	char **argv = cf_plugin_argv(p, verb, runtime);
	cf_autofree char *input = json_dumps(request, JSON_COMPACT);
	struct cf_ran ran;
	enum cf_exit status = CF_PROGRAM;

	*answer = NULL;
	*needs = NULL;
	if (!argv)
		return CF_MISSING;
	if (!input)
		CF_BUG("a request that cannot be written as JSON");
	if (run_verb(p, verb, argv, input, &ran) == 0) {
		*answer = json_loadb(ran.out.data ? ran.out.data : "", ran.out.len, 0, NULL);
		if (ran.not_found) {
			*needs = cf_asprintf("plugin %s needs %s, which is not installed (%s)", p->name,
				argv[0], ran.err.data);
			status = CF_MISSING;
		} else if (ran.timed_out) {
			cf_error("plugin %s: %s did not answer within 120 s", p->name, verb);
		} else if (ran.status != 0 || !json_is_object(*answer)) {
			cf_error("plugin %s: %s failed with status %d: %s", p->name, verb, ran.status,
				last_line(&ran.err));
		} else {
			status = CF_OK;
		}
		cf_ran_release(&ran);
	}
	if (status != CF_OK) {
		json_decref(*answer);
		*answer = NULL;
	}
	cf_argv_free(argv);
	return status;
}

enum cf_exit cf_plugin_call(const struct cf_plugin *p, const char *verb, const char *runtime,
	const json_t *request, json_t **answer)
{
	cf_autofree char *needs = NULL;
	enum cf_exit status = call(p, verb, runtime, request, answer, &needs);

	if (needs)
		cf_error("%s", needs);
	return status;
}

static bool listed(const json_t *manifest, const char *key, const char *word, bool suffix)
{
	const json_t *list = json_object_get(manifest, key), *one;
	size_t i, n = strlen(word);

	json_array_foreach (list, i, one) {
		const char *s = json_is_string(one) ? json_string_value(one) : "";
		size_t len = strlen(s);

		if (len && len <= n && !strncmp(suffix ? word + n - len : word, s, len))
			return true;
	}
	return false;
}

/*
 * Puts the plugin that a command line looks to be of in front: to ask one takes the start of an
 * interpreter, which need not even be installed. False: it looks to be of none.
 */
static bool likely_first(char **dirs, const char *word)
{
	const char *base = strrchr(word, '/');

	base = base ? base + 1 : word;
	for (char **dir = dirs; *dir; dir++) {
		cf_autofree char *path = cf_path_join(*dir, "plugin.json");
		json_auto_t *manifest = cf_json_load(path);
		char *likely = *dir;

		if (!listed(manifest, "extensions", base, true) && !listed(manifest, "programs", base, false))
			continue;
		memmove(dirs + 1, dirs, (size_t)(dir - dirs) * sizeof(*dirs));
		dirs[0] = likely;
		return true;
	}
	return false;
}

enum cf_exit cf_plugin_detect(
	struct cf_plugin *p, json_t *request, const char *language, json_t **answer)
{
	enum cf_exit status = CF_MISSING;
	char **dirs = plugin_dirs();
	const char *word = json_string_value(json_array_get(json_object_get(request, "command"), 0));
	const char *title = cf_json_str(request, "title");
	bool likely = likely_first(dirs, word ? word : "");
	cf_autofree char *needs = NULL; /* what those that could not be asked need */
	int asked = 0, failed = 0;

	*answer = NULL;
	*p = (struct cf_plugin){0};
	for (char **dir = dirs; *dir && !(likely && (needs || failed)); dir++) {
		cf_autofree char *more = NULL;
		const char *error;

		if (open_plugin(p, *dir) < 0)
			continue;
		if (language && strcmp(p->language, language) && strcmp(p->name, language)) {
			cf_plugin_release(p);
			continue;
		}
		asked++;
		enum cf_exit said = call(p, "detect", NULL, request, answer, &more);

		if (more) {
			char *all = needs ? cf_asprintf("%s; %s", needs, more) : cf_strdup(more);

			free(needs);
			needs = all;
		}
		failed += said != CF_OK && !more;
		if (said == CF_OK && cf_json_bool(*answer, "match", 0)) {
			error = cf_json_str(*answer, "error");
			status = error ? (enum cf_exit)cf_json_int(*answer, "exit", CF_PROGRAM) : CF_OK;
			if (error)
				cf_error("%s", error);
			break;
		}
		json_decref(*answer);
		*answer = NULL;
		cf_plugin_release(p);
	}
	cf_argv_free(dirs);
	if (!p->name && !asked)
		cf_error("no plugin for %s in %s/plugins; reinstall codeflash",
			language ? language : "any language", cf_libexec());
	else if (!p->name && needs && (likely || language))
		cf_error("%s", needs);
	else if (!p->name && !failed) /* why one failed has been said */
		cf_error("%s: not a command that an installed plugin can record; %s", title ? title : word,
			needs ? needs : "name its language with --language");
	if (status != CF_OK) {
		json_decref(*answer);
		*answer = NULL;
		cf_plugin_release(p);
	}
	return status;
}
