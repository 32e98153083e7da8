/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Language plugins: folders with a manifest (plugin.json) and verbs, see cf-plugin.7. Looked for in
 * $CODEFLASH_PLUGINS (colon-separated), then in cf_libexec()/plugins.
 */
#ifndef CF_PLUGIN_H
#define CF_PLUGIN_H

#include <jansson.h>
#include "lib/error.h"

struct cf_plugin {
	char *name, *dir, *language;
	json_t *manifest;
};
void cf_plugin_release(struct cf_plugin *p);
#define cf_autoplugin __attribute__((cleanup(cf_plugin_release)))

/* The plugin for a language ("python"). 0, or -1 after cf_error (which says what is installed). */
int cf_plugin_find(struct cf_plugin *p, const char *language);

/*
 * Asks every plugin's `detect` verb in name order (only `language`'s when not NULL) about the
 * request {"command", "cwd", "options"}; the first that answers {"match":true} wins. On CF_OK
 * *answer is new. CF_MISSING when no plugin matches or its interpreter is not installed;
 * CF_PROGRAM or what the answer's "exit" says when it matched and names an "error". All reported.
 */
enum cf_exit cf_plugin_detect(
	struct cf_plugin *p, json_t *request, const char *language, json_t **answer);

/*
 * argv of a verb: the manifest's words with {plugin} and {runtime} replaced. NULL after cf_error
 * when the plugin has no such verb. Returns new, a NULL-terminated vector of new strings;
 * cf_argv_free frees it.
 */
char **cf_plugin_argv(const struct cf_plugin *p, const char *verb, const char *runtime);
void cf_argv_free(char **argv);

/*
 * Runs a verb outside the sandbox: request JSON on stdin, one JSON object on stdout. For verbs that
 * run none of the user's code. *answer is new on CF_OK; else reported (with the last line of the
 * verb's stderr) and CF_MISSING or CF_PROGRAM.
 */
enum cf_exit cf_plugin_call(const struct cf_plugin *p, const char *verb, const char *runtime,
	const json_t *request, json_t **answer);

#endif
