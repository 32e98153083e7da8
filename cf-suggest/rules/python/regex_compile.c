/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions that every call or every pass of a loop looks up or compiles anew. */
#include "cf-suggest/rules/python/locals.h"

#include <ctype.h>
#include <string.h>
#include "lib/mem.h"

#define SITES 20
#define FEW_CALLS 50 /* of the function: below, it is not worth a name in the module */

struct site {
	int call, pattern, flags, first, last; /* first..last: the arguments that stay */
	const char *name;
};

static bool is_caps(const char *name)
{
	for (const char *p = name; *p; p++)
		if (islower((unsigned char)*p))
			return false;
	return isalpha((unsigned char)*name) || *name == '_';
}

/*
 * The module re, imported at the top of the file (or, with `own`, at the top of the function) and
 * called that nowhere else.
 */
static bool imports_re(const struct rule_ctx *c, int n, bool own)
{
	const struct tree *t = c->tree;
	cf_autofree char *name = py_name(c, n);
	int imports = 0, region = own ? c->function : 0;

	if (!name || py_is_local(c, name) != own)
		return false;
	for (int i = py_next_use(c, region, name, region + 1); i;
		i = py_next_use(c, region, name, i + 1)) {
		if (py_role(c, i) == PY_READ)
			continue;
		int statement = tree_up(t, i, "import_statement");
		int module = tree_up(t, i, "aliased_import");
		module = module ? tree_field(t, module, "name") : tree_parent(t, i);
		if (!statement || tree_parent(t, statement) != (own ? c->body : 0) ||
			(!own && statement > c->function) ||
			(!tree_text_is(t, module, "re") && !tree_text_is(t, module, "regex")))
			return false;
		imports++;
	}
	return imports == 1;
}

static bool is_re(const struct rule_ctx *c, int n)
{
	return imports_re(c, n, false) || imports_re(c, n, true);
}

/* Assigned once, in the module, before the function: a name that a module's constant may use. */
static bool is_module_constant(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	cf_autofree char *name = py_name(c, n);
	int found = 0;

	if (!name || !is_caps(name) || py_is_local(c, name))
		return false;
	for (int i = py_next_use(c, 0, name, 1); i; i = py_next_use(c, 0, name, i + 1)) {
		if (py_role(c, i) == PY_READ)
			continue;
		int up = tree_parent(t, i);
		if (found++ || !tree_is(t, up, "assignment") ||
			tree_parent(t, tree_parent(t, up)) || up > c->function ||
			py_expression_type(c, tree_field(t, up, "right")) != PY_STR)
			return false;
	}
	return found;
}

/* Text that is the same wherever it stands: strings without {…}, and the module's constants. */
static bool constant_pattern(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	for (int i = n; i < t->v[n].after; i++) {
		if (tree_is_any(t, i, "interpolation comment"))
			return false;
		if (t->v[i].named &&
			!tree_is_any(t, i,
				"string concatenated_string binary_operator "
				"parenthesized_expression "
				"string_start string_content string_end escape_sequence "
				"escape_interpolation") &&
			!is_module_constant(c, i))
			return false;
	}
	return tree_is_any(t, n,
		"string concatenated_string binary_operator parenthesized_expression "
		"identifier");
}

static bool constant_flags(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	for (int i = n; i < t->v[n].after; i++) {
		cf_autofree char *name = tree_is(t, i, "attribute")
						 ? tree_text(t, tree_field(t, i, "attribute"))
						 : NULL;
		if (name && (!is_caps(name) || !is_re(c, tree_field(t, i, "object"))))
			return false;
		if (t->v[i].named && !tree_is_any(t, i,
					     "attribute binary_operator integer identifier "
					     "parenthesized_expression"))
			return false;
		if (tree_is(t, i, "identifier") && !tree_is(t, tree_parent(t, i), "attribute"))
			return false;
	}
	return true;
}

/* Where flags may stand when they have no keyword. */
static int flags_position(const struct tree *t, int method)
{
	static const struct {
		const char *name;
		int position;
	} methods[] = {{"compile", 1}, {"match", 2}, {"search", 2}, {"fullmatch", 2},
		{"findall", 2}, {"finditer", 2}, {"split", 3}, {"sub", 4}, {"subn", 4}};
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (tree_text_is(t, method, methods[i].name))
			return methods[i].position;
	return 0;
}

/* A call of one of re's functions, taken apart. */
static bool is_site(const struct rule_ctx *c, int n, struct site *s)
{
	const struct tree *t = c->tree;
	int f = tree_is(t, n, "call") ? tree_field(t, n, "function") : 0;
	int args = f ? tree_field(t, n, "arguments") : 0;
	int position =
		tree_is(t, f, "attribute") ? flags_position(t, tree_field(t, f, "attribute")) : 0;
	int i = 0;

	*s = (struct site){.call = n};
	if (!position || !tree_is(t, args, "argument_list") ||
		!is_re(c, tree_field(t, f, "object")))
		return false;
	for (int a = tree_first(t, args); a; a = tree_next(t, a), i++) {
		bool keyword = tree_is(t, a, "keyword_argument");
		if (tree_is_any(t, a, "list_splat dictionary_splat") || s->flags)
			return false; /* flags that are not last: left alone */
		if (!i && !keyword)
			s->pattern = a;
		else if (keyword ? tree_text_is(t, tree_field(t, a, "name"), "flags")
				 : i == position)
			s->flags = keyword ? tree_field(t, a, "value") : a;
		else {
			s->first = s->first ? s->first : a;
			s->last = a;
		}
	}
	bool compile = position == 1;
	return s->pattern && (compile ? !s->first : s->first != 0) &&
	       (!s->flags || constant_flags(c, s->flags));
}

/* "_PARSER_PARSE_LINE_RE" for Parser.parse_line; names of other functions cannot be the same. */
static const char *module_name(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	cf_autofree char *name = cf_strdup("RE");
	for (int n = c->function; n; n = tree_up(t, n, "function_definition class_definition")) {
		cf_autofree char *part = tree_text(t, tree_field(t, n, "name"));
		char *word = part;
		while (*word == '_')
			word++;
		for (size_t len = strlen(word); len && word[len - 1] == '_'; len--)
			word[len - 1] = '\0';
		for (char *p = word; *p; p++)
			*p = (char)toupper((unsigned char)*p);
		char *longer = cf_asprintf("%s_%s", *word ? word : "X", name);
		free(name);
		name = longer;
	}
	return rule_fresh_name(c, "_%s", name);
}

/* pattern = re.compile(…): the uses of a local name that has nothing else. Returns new. */
static char *only_name(const struct rule_ctx *c, int call)
{
	const struct tree *t = c->tree;
	int statement = py_statement(c, call);
	if (local_value(c, statement) != call)
		return NULL;
	cf_autofree char *name = py_name(c, tree_field(t, tree_first(t, statement), "left"));
	return name && py_is_local(c, name) && py_own(c, statement) &&
			       py_bindings(c, c->function, name) == 1
		       ? cf_steal(&name)
		       : NULL;
}

static void rewrite_call(struct rule_ctx *c, const struct site *s)
{
	const struct tree *t = c->tree;
	int method = tree_field(t, tree_field(t, s->call, "function"), "attribute");
	struct match m = {0};

	m.v['X' - 'A'] = s->first;
	m.last['X' - 'A'] = s->last;
	if (s->first)
		rule_replace(c, s->call, &m, "%s.%n($$$X)", s->name, method);
	else
		rule_replace(c, s->call, NULL, "%s", s->name);
}

/* The function imports re itself, so that nothing in the module can call it. */
static bool by_function(const struct rule_ctx *c, const struct site *s)
{
	int f = tree_field(c->tree, s->call, "function");
	return imports_re(c, tree_field(c->tree, f, "object"), true);
}

/* Every constant pattern of the function gets a name in the module. */
static void constants(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	struct site sites[SITES], s;
	cf_autobuf struct cf_buf lines = CF_BUF_INIT;
	int n = 0, top = c->function;
	bool hot = rule_calls(c) < 0 || rule_calls(c) >= FEW_CALLS;

	PY_NODES(c, i)
	if (n < SITES && is_site(c, i, &s) && constant_pattern(c, s.pattern) && !by_function(c, &s) &&
		(hot || py_loop(c, i)))
		sites[n++] = s;
	if (!n)
		return;
	while (tree_parent(t, top))
		top = tree_parent(t, top);

	rule_begin(c, sites[0].call);
	for (int i = 0; i < n; i++) {
		struct site *now = &sites[i];
		for (int k = 0; k < i && !now->name; k++)
			if (tree_equal(t, sites[k].pattern, now->pattern) &&
				!sites[k].flags == !now->flags &&
				(!now->flags || tree_equal(t, sites[k].flags, now->flags)))
				now->name = sites[k].name;
		if (!now->name) {
			now->name = module_name(c);
			int object = tree_field(t, tree_field(t, now->call, "function"), "object");
			cf_autofree char *re = tree_text(t, object);
			cf_autofree char *pattern = tree_text(t, now->pattern);
			cf_autofree char *flags =
				now->flags ? tree_text(t, now->flags) : cf_strdup("");
			cf_buf_addf(&lines, "%s%s = %s.compile(%s%s%s)", lines.len ? c->eol : "",
				now->name, re, pattern, now->flags ? ", " : "", flags);
		}
		cf_autofree char *local = now->first ? NULL : only_name(c, now->call);
		if (!local) {
			rewrite_call(c, now);
			continue;
		}
		rule_delete(c, py_statement(c, now->call));
		PY_EACH_USE(c, c->body, local, use)
		if (py_role(c, use) == PY_READ) {
			bool inside = false; /* another site's arguments are copied whole */
			for (int k = 0; k < n; k++)
				inside |= sites[k].first && tree_inside(t, use, sites[k].call);
			if (inside)
				rule_fail(c);
			rule_replace(c, use, NULL, "%s", now->name);
		}
	}
	rule_insert_before(c, top, NULL, "%s\n\n", lines.data);
	rule_end(c, "The pattern is compiled once, when the module is imported; re's functions "
		    "look it up "
		    "in their cache, or compile it, on every call.");
}

/* py_changes() of all of the region but one node, which is known to change nothing. */
static bool changes_elsewhere(const struct rule_ctx *c, int path, int region, int except)
{
	const struct tree *t = c->tree;
	for (int n = region, next = 0; n != except; n = next)
		for (int i = n + 1; i < t->v[n].after; i = t->v[i].after) {
			if (tree_inside(t, except, i))
				next = i;
			else if (py_changes(c, path, i))
				return true;
		}
	return false;
}

/* The pattern is made of what the region does not change; re.escape() is as pure as what it is
 * given. */
static bool invariant_pattern(const struct rule_ctx *c, int pattern, int region)
{
	const struct tree *t = c->tree;
	if (!tree_is_any(t, pattern,
		    "string concatenated_string binary_operator parenthesized_expression "
		    "call identifier attribute"))
		return false;
	for (int n = pattern; n < t->v[pattern].after; n++) {
		if (tree_is_any(t, n, "yield await named_expression lambda " PY_COMPREHENSIONS))
			return false;
		if (tree_is(t, n, "call")) {
			struct match m = {0};
			bool escape = MATCH(t, n, &m, "$R.escape($_)") && is_re(c, got(&m, 'R'));
			if (!escape && !py_pure(c, n))
				return false;
		}
		if (py_role(c, n) != PY_READ || is_re(c, n))
			continue;
		int path = n;
		while (tree_is(t, tree_parent(t, path), "attribute") &&
			tree_inside(t, tree_parent(t, path), pattern) &&
			!tree_is(t, tree_parent(t, tree_parent(t, path)), "call"))
			path = tree_parent(t, path);
		if (changes_elsewhere(c, path, region, pattern))
			return false;
	}
	return true;
}

/* re.search(rf"\b{word}\b", line) in a loop over lines. */
static void invariants(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	struct site s;

	PY_NODES(c, n)
	{
		int loop = py_own(c, n) ? py_loop(c, n) : 0, best = 0;
		if (!loop || !is_site(c, n, &s) ||
			(constant_pattern(c, s.pattern) && !by_function(c, &s)))
			continue;
		for (; loop && invariant_pattern(c, s.pattern, py_statement(c, loop));
			loop = py_loop(c, loop))
			best = py_statement(c, loop);
		/* A clause of another statement is not where the statement starts. */
		if (!best ||
			(!tree_is_any(t, best, PY_LOOPS " expression_statement return_statement")))
			continue;
		int word = 0;
		for (int i = s.pattern; i < t->v[s.pattern].after && !word; i++)
			if (py_role(c, i) == PY_READ && !is_re(c, i) &&
				!(tree_is(t, tree_parent(t, i), "call") &&
					tree_field(t, tree_parent(t, i), "function") == i))
				word = i;
		cf_autofree char *base = word ? py_base_name(c, word, "pattern") : cf_strdup("pattern");
		int object = tree_field(t, tree_field(t, n, "function"), "object");
		s.name = local_fresh_name(c, "%s_re", base);
		rule_begin(c, n);
		if (s.flags)
			rule_insert_before(c, best, NULL, "%s = %n.compile(%n, %n)", s.name, object,
				s.pattern, s.flags);
		else
			rule_insert_before(
				c, best, NULL, "%s = %n.compile(%n)", s.name, object, s.pattern);
		rewrite_call(c, &s);
		rule_end(c, "The pattern is the same on every pass; it is put together and "
			    "compiled once, before "
			    "the loop.");
	}
}

static void find(struct rule_ctx *c)
{
	constants(c);
	invariants(c);
}

const struct rule rule_regex_compile = {
	.name = "regex-compile",
	.summary = "regular expressions are compiled once, in the module or before the loop",
	.why = "re.match(pattern, …) and its like look the pattern up in a cache on every call, and compile "
	       "it again when it has fallen out; re.compile in a function does the same. A compiled "
	       "pattern under a name skips all of that.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"import re\n"
		 "\n"
		 "\n"
		 "def f(lines):\n"
		 "    \"\"\"Doc.\"\"\"\n"
		 "    out = []\n"
		 "    for line in lines:\n"
		 "        m = re.match(r'(\\w+)\\s*=', line, re.I | re.M)\n"
		 "        if m and not re.search('x' \"y\", line):\n"
		 "            out.append(re.sub(r'\\d', '', line, count=1))\n"
		 "    return out\n",
		 "import re\n"
		 "\n"
		 "\n"
		 "_F_RE = re.compile(r'(\\w+)\\s*=', re.I | re.M)\n"
		 "_F_RE_2 = re.compile('x' \"y\")\n"
		 "_F_RE_3 = re.compile(r'\\d')\n"
		 "\n"
		 "\n"
		 "def f(lines):\n"
		 "    \"\"\"Doc.\"\"\"\n"
		 "    out = []\n"
		 "    for line in lines:\n"
		 "        m = _F_RE.match(line)\n"
		 "        if m and not _F_RE_2.search(line):\n"
		 "            out.append(_F_RE_3.sub('', line, count=1))\n"
		 "    return out\n",
		 "f(['a1 = 22', 'xy = 1', ''])"},
		{"import re as regex\n"
		 "WORD = r'\\w+'\n"
		 "\n"
		 "class C:\n"
		 "    # words of a text\n"
		 "    @staticmethod\n"
		 "    def f(text):\n"
		 "        pattern = regex.compile(WORD + '!?')\n"
		 "        return [m.group() for m in pattern.finditer(text)]\n",
		 "import re as regex\n"
		 "WORD = r'\\w+'\n"
		 "\n"
		 "_C_F_RE = regex.compile(WORD + '!?')\n"
		 "\n"
		 "\n"
		 "class C:\n"
		 "    # words of a text\n"
		 "    @staticmethod\n"
		 "    def f(text):\n"
		 "        return [m.group() for m in _C_F_RE.finditer(text)]\n",
		 "C.f('a b! c')"},
		{"import re\n"
		 "\n"
		 "def f(words, lines):\n"
		 "    n = 0\n"
		 "    for word in words:\n"
		 "        for line in lines:\n"
		 "            if re.search(rf'\\b{re.escape(word)}\\b', line, flags=re.I):\n"
		 "                n += 1\n"
		 "    return n\n",
		 "import re\n"
		 "\n"
		 "def f(words, lines):\n"
		 "    n = 0\n"
		 "    for word in words:\n"
		 "        word_re = re.compile(rf'\\b{re.escape(word)}\\b', re.I)\n"
		 "        for line in lines:\n"
		 "            if word_re.search(line):\n"
		 "                n += 1\n"
		 "    return n\n",
		 "f(['a', 'b.'], ['a b', 'B. c', 'bb a'])\n"
		 "f([], [])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* The pattern changes; re is something else; flags that are not known. */
		"import re\n"
		"def f(patterns, line, flags):\n"
		"    for p in patterns:\n"
		"        if re.match(p, line) or re.match('a', line, flags):\n"
		"            return p\n",
		"def f(re, lines):\n"
		"    for line in lines:\n"
		"        re.match('a', line)\n",
		"import re\n"
		"def f(lines):\n"
		"    for line in lines:\n"
		"        line = line.strip()\n"
		"        re.match(line, 'a')\n"
		"        re.purge()\n",
		NULL,
	},
};
