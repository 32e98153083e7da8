/* SPDX-License-Identifier: Apache-2.0 */
/* unit of: cf-suggest */
/* Answers of models taken apart: what they look like, and what becomes of the file. */
#include <stdlib.h>
#include "cf-suggest/model.h"
#include "lib/fs.h"
#include "lib/mem.h"
#include "lib/source.h"
#include "tests/unit/check.h"

static char *dir;

static const char python[] = "\"\"\"About it.\"\"\"\n"
			     "import os\n"
			     "\n"
			     "LIMIT = 3\n"
			     "\n"
			     "\n"
			     "# what follows is hot\n"
			     "def f(a, b=1):\n"
			     "    out = []\n"
			     "    for x in a:\n"
			     "        if x not in out:\n"
			     "            out.append(x)\n"
			     "    return out\n"
			     "\n"
			     "\n"
			     "class C:\n"
			     "    def __init__(self):\n"
			     "        self.v = []\n"
			     "\n"
			     "    @property\n"
			     "    def m(self):\n"
			     "        return sorted(self.v)[0]\n"
			     "\n"
			     "    def n(self, k):\n"
			     "        return [k for _ in self.v]\n";

/* The file after the answer, "! reason" where it cannot be used. Returns new. */
static char *after(const char *file, const char *text, const char *language, const char *name,
	const char *answer)
{
	cf_autofree char *path = cf_path_join(dir, file), *why = NULL;
	struct suggest_target t = {
		.project_root = dir, .file = file, .name = name, .language = language};

	CHECK(!cf_write_file(path, text, strlen(text)));
	json_auto_t *edits = answer_edits(&t, answer, &why);

	if (!edits)
		return cf_asprintf("! %s", why);
	json_auto_t *files = edits_apply(edits, dir);
	const char *now = json_string_value(json_object_get(json_array_get(files, 0), "text"));

	return cf_strdup(now ? now : text);
}

static void becomes(const char *name, const char *answer, const char *old, const char *new)
{
	cf_autofree char *got = after("a.py", python, "python", name, answer);
	const char *at = strstr(python, old);
	cf_autobuf struct cf_buf want = CF_BUF_INIT;

	CHECK(at != NULL);
	cf_buf_add(&want, python, (size_t)(at - python));
	cf_buf_adds(&want, new);
	cf_buf_adds(&want, at + strlen(old));
	CHECK_STR(got, want.data);
}

static void refused(const char *name, const char *answer, const char *why)
{
	cf_autofree char *got = after("a.py", python, "python", name, answer);

	CHECK_STR(got, why);
}

#define BODY                                                                                       \
	"    out = []\n    for x in a:\n        if x not in out:\n            out.append(x)\n    " \
	"return out\n"
#define FAST "    return list(dict.fromkeys(a))\n"

static void forms(void)
{
	const char *plain = "Slow.\n\n```python\ndef f(a, b=1):\n" FAST "```\nDone.\n";

	becomes("f", plain, BODY, FAST);
	/* fences of other kinds, indented, never closed; several blanks behind */
	becomes("f", "~~~~ py\ndef f(a, b=1):\n" FAST "~~~~", BODY, FAST);
	becomes("f", " ```\n def f(a, b=1):\n     return list(dict.fromkeys(a))\n ```  \n", BODY,
		FAST);
	becomes("f", "```python\ndef f(a, b=1):\n" FAST, BODY, FAST);
	/* without any */
	becomes("f", "def f(a, b=1):\n" FAST, BODY, FAST);
	/* annotations and comments of its own; the original's head stays */
	becomes("f", "```\ndef f(a: list, b: int = 1) -> list:\n    # in order\n" FAST "```", BODY,
		"    # in order\n" FAST);
	/* the original quoted, then the new one; an example of its use behind it */
	becomes("f",
		"```python\ndef f(a, b=1):\n" BODY "```\nbetter:\n```python\ndef f(a, b=1):\n" FAST
		"\nprint(f([1]))\n```\n"
		"```\n>>> f([1]) prints\n[1]\n```\n",
		BODY, FAST);
	/* the whole file, with what it does not change as it was, and laid out anew */
	becomes("f",
		"```python\n\"\"\"About it.\"\"\"\nimport os\n\nLIMIT = 3\n\ndef f(a, b=1):\n" FAST
		"\nclass C:\n    def __init__(self):\n        self.v = []\n```\n",
		BODY, FAST);
	/* only the class's outline beside it */
	becomes("f",
		"```python\nclass C:\n    def __init__(self):\n        ...\n\ndef f(a, b=1):\n" FAST
		"```\n",
		BODY, FAST);
	/* line ends of other systems */
	becomes("f", "```python\r\ndef f(a, b=1):\r\n    return list(dict.fromkeys(a))\r\n```\r\n",
		BODY, FAST);
}

static void beside(void)
{
	cf_autofree char *got = after("a.py", python, "python", "f",
		"```python\nimport os\nfrom collections import deque\nSEEN = {1}\n\ndef helper(x):\n    return x\n\n"
		"def f(a, b=1):\n    return helper(a)\n```\n");

	CHECK_STR(got, "\"\"\"About it.\"\"\"\nimport os\nfrom collections import deque\n\nLIMIT = 3\n\n\nSEEN = {1}\n\n\ndef helper(x):\n"
		       "    return x\n\n\n# what follows is hot\ndef f(a, b=1):\n    return helper(a)\n\n\nclass C:\n    def __init__(self):\n"
		       "        self.v = []\n\n    @property\n    def m(self):\n        return sorted(self.v)[0]\n\n    def n(self, k):\n"
		       "        return [k for _ in self.v]\n");
}

static void methods(void)
{
	/* in its class, alone, and alone with the indentation that it has there */
	becomes("C.n",
		"```python\nclass C:\n    def n(self, k):\n        return [k] * len(self.v)\n```",
		"[k for _ in self.v]", "[k] * len(self.v)");
	becomes("C.n", "```python\ndef n(self, k):\n    return [k] * len(self.v)\n```",
		"[k for _ in self.v]", "[k] * len(self.v)");
	becomes("C.n", "```python\n    def n(self, k):\n        return [k] * len(self.v)\n```",
		"[k for _ in self.v]", "[k] * len(self.v)");
	becomes("C.n",
		"```python\nclass C:\n    def n(self, k):\n        t = \"\"\"\n  as it is\n\"\"\"\n        return [k]\n```",
		"        return [k for _ in self.v]\n",
		"        t = \"\"\"\n  as it is\n\"\"\"\n        return [k]\n");
	/* decorators are the original's unless it has others */
	becomes("C.m",
		"```python\nclass C:\n    @property\n    def m(self):\n        return min(self.v)\n```",
		"sorted(self.v)[0]", "min(self.v)");
	becomes("C.m", "```python\ndef m(self):\n    return min(self.v)\n```", "sorted(self.v)[0]",
		"min(self.v)");
	becomes("C.n",
		"```python\nclass C:\n    def _k(self):\n        return 1\n\n    def n(self, k):\n        return [k]\n```",
		"    def n(self, k):\n        return [k for _ in self.v]\n",
		"    def _k(self):\n        return 1\n\n    def n(self, k):\n        return [k]\n");
}

static void unusable(void)
{
	refused("f", "NONE", "! it has no code");
	refused("f", "", "! it has no code");
	refused("f", "I would write f with a set.", "! it has no code");
	refused("f", "```python\ndef g(a):\n    return a\n```", "! its code has no function f");
	refused("f", "```python\ndef f(a, b=1)\n    return a\n```", "! its code does not parse");
	refused("f", "```python\ndef f(a, b=1, c=2):\n    return a\n```",
		"! it changes the parameters of f");
	refused("f", "```python\ndef f(a):\n    return a\n```", "! it changes the parameters of f");
	refused("f", "```python\ndef f(a, b=1):\n    ...\n```", "! it leaves out the body of f");
}

#define JS                                                                                         \
	"import {g} from './g.js';\n\nexport function f(xs) {\n\treturn xs.filter((x) => x > "     \
	"0)[0];\n}\n\nexport const h = (a, b) => a + b;\n\nclass K {\n\t#p = 1;\n\tm(x) "          \
	"{\n\t\treturn x;\n\t}\n}\n"

static void javascript(void)
{
	cf_autofree char *a = after("a.mjs", JS, "javascript", "f",
		"```js\nexport function f(xs) {\n    if (xs)\n        return xs.find((x) => x > 0);\n}\n```");
	cf_autofree char *b = after("a.mjs", JS, "javascript", "h",
		"```js\nconst h = (a, b) => {\n  return b + a;\n};\n```");
	cf_autofree char *c = after("a.mjs", JS, "javascript", "K.m",
		"```js\nclass K {\n  m(x) {\n    return +x;\n  }\n}\n```");
	cf_autofree char *d = after("a.mjs", JS, "javascript", "f",
		"```js\nimport {k} from './k.js';\nexport function f(xs) {\n  return k(xs);\n}\n```");

	CHECK(strstr(a, "export function f(xs) {\n\tif (xs)\n\t\treturn xs.find((x) => x > 0);\n}\n\nexport const h") != NULL);
	CHECK(strstr(b, "export const h = (a, b) => {\n\treturn b + a;\n};\n\nclass K") != NULL);
	CHECK(strstr(c, "\t#p = 1;\n\tm(x) {\n\t\treturn +x;\n\t}\n}\n") != NULL);
	CHECK(strstr(d, "import {g} from './g.js';\nimport {k} from './k.js';\n\nexport function f(xs) {\n\treturn k(xs);\n}") != NULL);
}

static void same_code(void)
{
	static const char *const answers[] = {
		"```\ndef f(a, b=1):\n    return list(dict.fromkeys(a))\n```",
		"```\ndef f(a, b=1):\n    # faster\n    return list(\n        dict.fromkeys(a))\n```",
		"```\ndef f(a, b=1):\n    return list(set(a))\n```"};
	char digest[3][65];

	for (int i = 0; i < 3; i++) {
		struct suggest_target t = {
			.project_root = dir, .file = "a.py", .name = "f", .language = "python"};
		cf_autofree char *path = cf_path_join(dir, "a.py"), *why = NULL;

		CHECK(!cf_write_file(path, python, strlen(python)));
		json_auto_t *edits = answer_edits(&t, answers[i], &why);

		CHECK(edits && !answer_digest(&t, edits, digest[i]));
	}
	CHECK_STR(digest[0], digest[1]);
	CHECK(strcmp(digest[0], digest[2]) != 0);
}

static void secrets(void)
{
	static const char *patterns[] = {"cust-[0-9]+", NULL};
	struct cf_strings own = {patterns, 1};
	struct redactor r;

	CHECK(!redactor_init(&r, &own));
	json_auto_t *hidden = json_object();
	const char *text = "KEY = \"AKIAABCDEFGHIJKLMNOP\"\npassword: 'hunter22x' cust-17 cust-18 cust-17 https://me:pw123@host/";
	cf_autofree char *clean = redact(&r, text, hidden), *back = unredact(hidden, clean);

	CHECK(!strstr(clean, "AKIA") && !strstr(clean, "hunter22x") && !strstr(clean, "cust-1") &&
		!strstr(clean, "pw123"));
	CHECK(strstr(clean, "password: 'REDACTED_") != NULL &&
		strstr(clean, "https://me:REDACTED_") != NULL);
	CHECK_STR(back, text);
	redactor_release(&r);
}

static void explanations(void)
{
	cf_autofree char *a =
		answer_explanation("**It** was\nslow.\n\n```\ncode\n```\nNow it is not.\n");
	cf_autofree char *b = answer_explanation("```\ncode\n```");

	CHECK_STR(a, "It was slow. Now it is not.");
	CHECK_STR(b, "");
}

int main(void)
{
	dir = cf_tempdir("answer-test");
	forms();
	beside();
	methods();
	unusable();
	javascript();
	same_code();
	secrets();
	explanations();
	cf_tempdir_done(dir);
	return CHECK_END();
}
