/* SPDX-License-Identifier: Apache-2.0 */
/* A string built with += in a loop. */
#include "cf-suggest/rules/python/py.h"

#include <string.h>
#include "lib/mem.h"

/* What a statement adds to the string S, as an expression's text; NULL when it does not. Returns new. */
static char *added(const struct rule_ctx *c, int statement, int target, bool *in_front)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	bind(&m, 'S', target);
	*in_front = false;

	if (MATCH(t, statement, &m, "$S += $E"))
		return tree_text(t, got(&m, 'E'));
	if (MATCH(t, statement, &m, "$S = $E + $S") && !tree_equal(t, got(&m, 'E'), target)) {
		*in_front = true;
		return tree_text(t, got(&m, 'E'));
	}
	if (!MATCH(t, statement, &m, "$S = $E"))
		return NULL;
	int e = got(&m, 'E'), left = e;
	/* s = "%s…" % (s, …), s = "{}…".format(s, …): the text and the arguments without the first. */
	struct match f = {0};
	bind(&f, 'S', target);
	int way = MATCH(t, e, &f, "$T % ($S, $$$R)", "$T.format($S, $$$R)");
	if (way && tree_is(t, got(&f, 'T'), "string") && got(&f, 'R')) {
		const char *hole = way == 1 ? "%s" : "{}";
		int quote = got(&f, 'T') + 1;
		uint32_t start = t->v[quote].end;
		if (!tree_is(t, quote, "string_start") || strncmp(t->text + start, hole, 2))
			return NULL;
		int last = f.last['R' - 'A'];
		cf_autofree char *rest = cf_strndup(t->text + t->v[got(&f, 'R')].start,
			t->v[last].end - t->v[got(&f, 'R')].start);
		cf_autofree char *open = tree_text(t, quote);
		return cf_asprintf("%s%.*s%s%s%s)", open,
			(int)(t->v[got(&f, 'T')].end - start - 2), t->text + start + 2,
			way == 1 ? " % (" : ".format(", rest, way == 1 && last == got(&f, 'R') ? "," : "");
	}
	if (MATCH(t, e, &f, "''.join([$S, $E])", "''.join(($S, $E))"))
		return tree_text(t, got(&f, 'E'));
	if (tree_is(t, e, "binary_operator")) {
		/* s = s + a + b: what is right of the leftmost s. */
		int right = 0;
		while (tree_is(t, left, "binary_operator") && MATCH(t, left, &(struct match){0}, "$_ + $_")) {
			right = left;
			left = tree_field(t, left, "left");
		}
		if (!right || !tree_equal(t, left, target))
			return NULL;
		uint32_t start = t->v[tree_field(t, right, "right")].start;
		return cf_strndup(t->text + start, t->v[e].end - start);
	}
	if (tree_is(t, e, "string")) {
		/* s = f"{s}…" */
		int start = e + 1, hole = start + 1;
		cf_autofree char *prefix = tree_text(t, start);
		if (!tree_is(t, start, "string_start") || !strpbrk(prefix, "fF") ||
			!tree_is(t, hole, "interpolation") || tree_count(t, hole) != 1 ||
			!tree_equal(t, tree_first(t, hole), target))
			return NULL;
		return cf_asprintf("%s%.*s", prefix, (int)(t->v[e].end - t->v[hole].end),
			t->text + t->v[hole].end);
	}
	return NULL;
}

static bool is_target(const struct tree *t, int n, int target)
{
	return tree_is_any(t, n, "identifier attribute") && tree_equal(t, n, target);
}

/* `if s`: any(parts) is true when their join is not empty. */
static bool is_test(const struct rule_ctx *c, int n)
{
	return py_use(c, n) == PY_USE_TEST &&
	       !tree_is(c->tree, tree_parent(c->tree, n), "comparison_operator") &&
	       py_is_builtin(c, "any");
}

/* All that the loop does with the string is to append to it, and to ask whether it is empty. */
static bool only_appends(const struct rule_ctx *c, int loop, const void *arg)
{
	const struct tree *t = c->tree;
	int target = *(const int *)arg, base = target;
	while (tree_is(t, base, "attribute"))
		base = tree_field(t, base, "object");
	if (tree_is_any(t, loop, PY_COMPREHENSIONS))
		return false;
	cf_autofree char *name = tree_text(t, base);
	int fronts = 0, backs = 0;
	PY_EACH_USE (c, loop, name, use) {
		int n = use;
		while (!tree_equal(t, n, target) && tree_is(t, tree_parent(t, n), "attribute"))
			n = tree_parent(t, n);
		if (!tree_equal(t, n, target)) {
			enum py_use how = py_use(c, use);
			if (how != PY_USE_ATTR)
				return false; /* self.flush() may read self.text */
			continue;
		}
		int statement = py_statement(c, n);
		bool in_front;
		if (!py_own(c, n))
			return false;
		if (is_test(c, n))
			continue;
		cf_autofree char *text = added(c, statement, target, &in_front);
		if (!text)
			return false;
		*(in_front ? &fronts : &backs) += 1;
		/* Named once on the left, and once more where the form has it. */
		int named = 0, e = tree_first(t, statement);
		for (int i = statement; i < t->v[statement].after; i++)
			named += is_target(t, i, target);
		if (named != (tree_is(t, e, "assignment") ? 2 : 1))
			return false;
	}
	return !fronts || !backs;
}

/* An error on the way would leave the string as it was before the loop, where somebody may see it:
 * after a handler, in a finally, in an inner function. */
static bool seen_otherwise(const struct rule_ctx *c, int loop, int target)
{
	const struct tree *t = c->tree;
	for (int try = loop; (try = tree_up(t, try, "try_statement")) && tree_inside(t, try, c->body);) {
		bool handled = false;
		for (int i = tree_first(t, try); i; i = tree_next(t, i))
			handled |= tree_is_any(t, i, "except_clause except_group_clause");
		for (int n = t->v[loop].after; n < t->v[handled ? c->body : try].after; n++)
			if (is_target(t, n, target))
				return true;
	}
	PY_NODES (c, n)
		if (is_target(t, n, target) && tree_is(t, n, "identifier") && py_role(c, n) != PY_NO_NAME &&
			!py_own(c, n))
			return true;
	return false;
}

static bool has_bytes(const struct tree *t, int region)
{
	for (int n = region; region && n < t->v[region].after; n++) {
		/* What a call is given is not what it gives. */
		if (tree_is(t, n, "call") && !tree_text_is(t, tree_field(t, n, "function"), "bytes")) {
			n = t->v[n].after - 1;
			continue;
		}
		cf_autofree char *prefix = tree_is(t, n, "string_start") ? tree_text(t, n) : NULL;
		if ((prefix && strpbrk(prefix, "bB")) || tree_text_is(t, n, "bytes"))
			return true;
	}
	return false;
}

/* It starts as bytes, is said to be, or gets some. */
static bool is_bytes(const struct rule_ctx *c, int target, int loop, int init)
{
	const struct tree *t = c->tree;
	if (has_bytes(t, init))
		return true;
	for (int n = c->function; n < t->v[c->body].after; n++) {
		int up = tree_parent(t, n);
		bool front;
		cf_autofree char *text = tree_is(t, n, "expression_statement") && tree_inside(t, n, loop)
						 ? added(c, n, target, &front)
						 : NULL;
		if (text && strchr("bB", *text) && strchr("'\"", text[1]) && text[1])
			return true;
		if (tree_is_any(t, up, "typed_parameter typed_default_parameter assignment") &&
			is_target(t, n, target) && has_bytes(t, tree_field(t, up, "type")))
			return true;
	}
	return false;
}

static void propose(struct rule_ctx *c, int target, int loop)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	bind(&m, 'S', target);

	cf_autofree char *name = py_name(c, target), *base = py_base_name(c, target, "text");
	int init = name ? py_assigned_before(c, name, loop) : 0;
	int value = init ? tree_field(t, tree_first(t, init), "right") : 0;
	const char *empty = is_bytes(c, target, loop, value) ? "b\"\"" : "\"\"";
	bool starts_empty = tree_text_is(t, value, "\"\"") || tree_text_is(t, value, "''") ||
	                    tree_text_is(t, value, "str()") || tree_text_is(t, value, "b''") ||
	                    tree_text_is(t, value, "b\"\"");
	int after = tree_next(t, loop);
	/* s = ""; loop; return s: three lines become three others. */
	bool in_front = false;
	bool joined_in_return = name && MATCH(t, after, &m, "return $S") &&
	                        py_reads_outside(c, loop, name) == 1;
	bool replaces_init = init && tree_next(t, init) == loop && py_is_local(c, name);

	const char *parts = rule_fresh_name(c, "%s_parts", base);
	rule_begin(c, loop);
	if (replaces_init)
		rule_replace(c, init, NULL, starts_empty ? "%s = []" : "%s = [%n]", parts, value);
	else
		rule_insert_before(c, loop, &m, "%s = [$S]", parts);
	for (int n = loop; n < t->v[loop].after; n++) {
		if (is_target(t, n, target) && is_test(c, n)) {
			rule_replace(c, n, NULL, "any(%s)", parts);
			continue;
		}
		if (!tree_is(t, n, "expression_statement"))
			continue;
		bool front;
		cf_autofree char *text = added(c, n, target, &front);
		if (!text)
			continue;
		in_front |= front;
		/* Parentheses that held several lines together are the call's own now. */
		rule_replace(c, tree_first(t, n), NULL, "%s.append(%s)", parts, text);
	}
	cf_autofree char *in_order = in_front ? cf_asprintf("reversed(%s)", parts) : cf_strdup(parts);
	if (joined_in_return)
		rule_replace(c, after, NULL, "return %s.join(%s)", empty, in_order);
	else
		rule_insert_after(c, loop, &m, "$S = %s.join(%s)", empty, in_order);
	cf_autofree char *text = tree_text(t, target);
	rule_end(c, "`%s += …` may copy the whole string each time; the parts are joined once.", text);
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	int done = 0, done_target = 0;

	PY_NODES (c, n) {
		struct match m = {0};
		if (!tree_is(t, n, "expression_statement") || !py_own(c, n) ||
			!MATCH(t, n, &m, "$S += $_", "$S = $S + $_", "$S = $_"))
			continue;
		int target = got(&m, 'S');
		bool in_front;
		cf_autofree char *text = py_is_path(c, target) ? added(c, n, target, &in_front) : NULL;
		if (!text || py_type_of(c, target) != PY_STR)
			continue;
		int loop = py_outermost_loop(c, n, only_appends, &target);
		if (!loop || seen_otherwise(c, loop, target) || py_is_generator(c))
			continue;
		if (done && tree_inside(t, n, done) && tree_equal(t, target, done_target))
			continue;
		done = loop;
		done_target = target;
		cf_autofree char *name = py_name(c, target);
		if (name && !py_is_local(c, name))
			continue;
		propose(c, target, loop);
	}
}

const struct rule rule_string_concat = {
	.name = "string-concat",
	.summary = "a string built with += in a loop is joined from a list of its parts",
	.why = "A str cannot change, so s += part makes a new string of all that was gathered so far; "
	       "CPython sometimes avoids the copy, never for an attribute or while s has a second "
	       "reference. list.append and one join are linear always.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"def f(rows):\n"
		 "    out = ''\n"
		 "    for row in rows:\n"
		 "        out += str(row)\n"
		 "        if row:\n"
		 "            out = out + ', ' + str(row * 2)\n"
		 "        out = f'{out};{row!r}'\n"
		 "    return out\n",
		 "def f(rows):\n"
		 "    out_parts = []\n"
		 "    for row in rows:\n"
		 "        out_parts.append(str(row))\n"
		 "        if row:\n"
		 "            out_parts.append(', ' + str(row * 2))\n"
		 "        out_parts.append(f';{row!r}')\n"
		 "    return \"\".join(out_parts)\n",
		 "f([1, 0, 2])\n"
		 "f([])"},
		{"class C:\n"
		 "    text = ''\n"
		 "\n"
		 "    def f(self, n):\n"
		 "        s: str = 'x'\n"
		 "        k = n\n"
		 "        while n > 0:\n"
		 "            for i in range(n):\n"
		 "                # why\n"
		 "                s += (\n"
		 "                    'a'\n"
		 "                    + str(i)\n"
		 "                )\n"
		 "                self.text += '-'\n"
		 "            n -= 1\n"
		 "        return s.upper(), k\n",
		 "class C:\n"
		 "    text = ''\n"
		 "\n"
		 "    def f(self, n):\n"
		 "        s: str = 'x'\n"
		 "        k = n\n"
		 "        s_parts = [s]\n"
		 "        text_parts = [self.text]\n"
		 "        while n > 0:\n"
		 "            for i in range(n):\n"
		 "                # why\n"
		 "                s_parts.append('a'\n"
		 "                    + str(i))\n"
		 "                text_parts.append('-')\n"
		 "            n -= 1\n"
		 "        s = \"\".join(s_parts)\n"
		 "        self.text = \"\".join(text_parts)\n"
		 "        return s.upper(), k\n",
		 "f(C(), 3)\n"
		 "C().f(0)"},
		{"def f(words):\n"
		 "    out = ''\n"
		 "    for word in words:\n"
		 "        if out and word:\n"
		 "            out = out + ', '\n"
		 "        if not out:\n"
		 "            out += '('\n"
		 "        out = '{}{}'.format(out, word)\n"
		 "        out = '%s%s%r' % (out, word, word)\n"
		 "        out = '%s%s' % (out, word)\n"
		 "    return out\n",
		 "def f(words):\n"
		 "    out_parts = []\n"
		 "    for word in words:\n"
		 "        if any(out_parts) and word:\n"
		 "            out_parts.append(', ')\n"
		 "        if not any(out_parts):\n"
		 "            out_parts.append('(')\n"
		 "        out_parts.append('{}'.format(word))\n"
		 "        out_parts.append('%s%r' % (word, word))\n"
		 "        out_parts.append('%s' % (word,))\n"
		 "    return \"\".join(out_parts)\n",
		 "f(['a', '', 'b'])\n"
		 "f([''])\n"
		 "f([])"},
		{"def f(chars):\n"
		 "    out = '.'\n"
		 "    for ch in chars:\n"
		 "        out = ch + '-' + out\n"
		 "        n = 1\n"
		 "    return out\n",
		 "def f(chars):\n"
		 "    out_parts = ['.']\n"
		 "    for ch in chars:\n"
		 "        out_parts.append(ch + '-')\n"
		 "        n = 1\n"
		 "    return \"\".join(reversed(out_parts))\n",
		 "f('abc')"},
		{"def f(tag, data: bytes, args):\n"
		 "    line = tag + b' '\n"
		 "    for arg in args:\n"
		 "        line += arg\n"
		 "        data = data + b'x' + arg\n"
		 "    return line, data\n",
		 "def f(tag, data: bytes, args):\n"
		 "    line_parts = [tag + b' ']\n"
		 "    data_parts = [data]\n"
		 "    for arg in args:\n"
		 "        line_parts.append(arg)\n"
		 "        data_parts.append(b'x' + arg)\n"
		 "    data = b\"\".join(data_parts)\n"
		 "    line = b\"\".join(line_parts)\n"
		 "    return line, data\n",
		 "f(b'a', b'c', [b'd', b'e'])\n"
		 "f(b'a', b'', [])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* Read in the loop; a number; a list; seen after an error. */
		"def f(a):\n"
		"    s = ''\n"
		"    for x in a:\n"
		"        s += x\n"
		"        if len(s) > 10:\n"
		"            break\n"
		"    return s\n",
		"def f(a):\n"
		"    n = 0\n"
		"    s = []\n"
		"    for x in a:\n"
		"        n += x\n"
		"        s += [x]\n"
		"    return n, s\n",
		"def f(a):\n"
		"    s = ''\n"
		"    try:\n"
		"        for x in a:\n"
		"            s += x\n"
		"    except TypeError:\n"
		"        pass\n"
		"    return s\n",
		"def f(a):\n"
		"    s = ''\n"
		"    for x in a:\n"
		"        s = x + s\n"
		"        s += x\n"
		"    return s\n",
		NULL,
	},
};
