/* SPDX-License-Identifier: Apache-2.0 */
/* unit of: cf-verify */
/* Mutants: every operator, where it stands, what is left alone, and which are chosen first. */
#include "cf-verify/mutate.h"
#include <stdlib.h>
#include "lib/buf.h"
#include "lib/mem.h"
#include "tests/unit/check.h"

static const char *language = "python", *file = "m.py";

static void make(struct mutants *m, const char *text, const char *name, const struct mutate_choice *c)
{
	static const struct mutate_choice every = {.seed = "", .max = -1};
	struct source s;

	*m = (struct mutants){0};
	CHECK(source_parse(&s, file, text, strlen(text), language) == 0);
	mutants_make(m, &s, source_function(&s, name, 0), c ? c : &every);
	source_release(&s);
}

static int by_place(const void *pa, const void *pb)
{
	const struct mutant *a = pa, *b = pb;
	int order = a->start != b->start ? (a->start > b->start) - (a->start < b->start)
					 : (a->end > b->end) - (a->end < b->end);

	order = order ? order : strcmp(a->operator, b->operator);
	return order ? order : strcmp(a->text, b->text);
}

/* All mutants by place, one a line: "line operator: was -> now". Returns new. */
static char *listed(const char *text, const char *name)
{
	struct cf_buf b = CF_BUF_INIT;
	struct mutants m;

	make(&m, text, name, NULL);
	if (m.n)
		qsort(m.v, m.n, sizeof(*m.v), by_place);
	for (size_t i = 0; i < m.n; i++)
		cf_buf_addf(&b, "%d %s: %s -> %s\n", m.v[i].line, m.v[i].operator, m.v[i].was, m.v[i].now);
	mutants_release(&m);
	return cf_buf_detach(&b, NULL);
}

/* The body of f is these lines; the mutants are those. */
static void body(const char *lines, const char *want)
{
	cf_autofree char *text = cf_asprintf("def f(a, b, c):\n%s", lines);
	cf_autofree char *got = listed(text, "f");

	CHECK_STR(got, want);
}

/* The whole text after the first mutant of the operator. Returns new. */
static char *changed(const char *text, const char *name, const char *operator)
{
	struct cf_buf b = CF_BUF_INIT;
	struct mutants m;

	make(&m, text, name, NULL);
	if (m.n)
		qsort(m.v, m.n, sizeof(*m.v), by_place);
	for (size_t i = 0; i < m.n && !b.len; i++)
		if (!strcmp(m.v[i].operator, operator)) {
			cf_buf_add(&b, text, m.v[i].start);
			cf_buf_adds(&b, m.v[i].text);
			cf_buf_adds(&b, text + m.v[i].end);
		}
	mutants_release(&m);
	return cf_buf_detach(&b, NULL);
}

static void test_operators(void)
{
	body("    x = a < b\n", "2 negation: < -> >=\n2 relational: < -> <=\n");
	body("    x = a == b\n", "2 relational: == -> !=\n");
	body("    x = a not in b\n", "2 relational: not in -> in\n");
	body("    x = a is  not b\n", "2 relational: is not -> is\n");
	body("    x = a < b <= c\n", "2 negation: < -> >=\n2 relational: < -> <=\n"
				     "2 negation: <= -> >\n2 relational: <= -> <\n");
	body("    x = a + b\n", "2 arithmetic: + -> -\n");
	body("    x = a // b % c\n", "2 arithmetic: // -> /\n2 arithmetic: % -> //\n");
	body("    x = -a\n", "2 arithmetic: - -> \n");
	body("    a += b\n", "2 deletion: a += b -> \n2 arithmetic: += -> -=\n");
	body("    x = a and b or c\n", "2 logical: and -> or\n2 logical: or -> and\n");
	body("    x = not a\n", "2 negation: not -> \n");
	body("    x = 3\n", "2 constant: 3 -> 2\n2 constant: 3 -> 4\n");
	body("    x = 0x1f\n", "2 constant: 0x1f -> (0x1f + 1)\n2 constant: 0x1f -> (0x1f - 1)\n");
	body("    x = True\n", "2 constant: True -> False\n");
	body("    x = 'it'\n", "2 text: 'it' -> 'Xit'\n");
	body("    x = rb'it' b'and'\n", "2 text: rb'it' -> rb'Xit'\n");
	body("    return a\n", "2 return: a -> None\n");
	body("    return a, b\n", "2 return: a, b -> None\n");
	body("    return True\n", "2 constant: True -> False\n");
	body("    yield a\n    yield from b\n", "2 return: a -> None\n");
	body("    x = lambda: a\n", "2 return: a -> None\n");
	body("    if a: pass\n", "2 negation: a -> not (a)\n");
	body("    if (a == b): pass\n", "2 relational: == -> !=\n");
	body("    while a.b(): pass\n", "2 negation: a.b() -> not (a.b())\n");
	body("    x = [y for y in a if b]\n", "2 negation: b -> not (b)\n");
	body("    x = a if b else c\n", "2 negation: b -> not (b)\n");
	body("    assert a\n", "2 negation: a -> not (a)\n");
	body("    raise a\n", "2 deletion: raise a -> \n");
	body("    a.append(b)\n", "2 deletion: a.append(b) -> \n");
	body("    a = b\n", "2 deletion: a = b -> \n");
	body("    a.x = b\n", "2 deletion: a.x = b -> \n");
	body("    for x in a:\n        break\n", "3 jump: break -> continue\n");
	body("    for x in a:\n        continue\n", "3 jump: continue -> break\n");
	body("    x = a[b:c]\n", "2 boundary: b -> b + 1\n2 boundary: c -> c + 1\n");
	body("    x = a[b or 1:]\n", "2 boundary: b or 1 -> (b or 1) + 1\n2 logical: or -> and\n"
				   "2 constant: 1 -> 0\n2 constant: 1 -> 2\n");
	body("    x = a[:-1]\n", "2 arithmetic: - -> \n2 boundary: 1 -> 0\n2 boundary: 1 -> 2\n");
	body("    x = range(a)\n", "2 boundary: a -> a + 1\n");
	body("    x = g(a, b)\n", "2 argument: a, b -> b, a\n2 argument: b -> \n");
	body("    x = g(a, k=b, **c)\n", "2 argument: k=b -> \n2 argument: **c -> \n");
	body("    x = g(k=b, l=c)\n", "2 argument: k=b -> \n2 argument: l=c -> \n");
	body("    def g(x=1): pass\n", "2 default: 1 -> 0\n2 default: 1 -> 2\n");
}

static void test_left_alone(void)
{
	body("    \"\"\"Says 3 < 4.\"\"\"\n    pass\n", "");
	body("    'a' 'b'\n    ...\n", "");
	body("    x: List[3]\n    y: int = a\n", "");
	body("    x = a\n", "");              /* nothing would run without it */
	body("    x, a = b\n", "");
	body("    return\n    return None\n", "2 deletion: return -> \n");
	body("    x = g(a, a)\n", "2 argument: a -> \n"); /* the same, swapped */
	body("    x = 'a' % b + 'c'\n", "2 text: 'a' -> 'Xa'\n2 text: 'c' -> 'Xc'\n");
	body("    import x\n    global y\n    nonlocal z\n", "");
	body("    class B(C, D): pass\n", "");
	body("    x = yield a\n    yield b\n", "2 return: a -> None\n3 return: b -> None\n");
}

/* A return is taken out where something comes after it. */
static void test_returns(void)
{
	body("    if a:\n        return\n    g()\n",
		"2 negation: a -> not (a)\n3 deletion: return -> \n4 deletion: g() -> \n");
	body("    if a:\n        return\n", "2 negation: a -> not (a)\n");
	body("    for a in b:\n        return\n", "3 deletion: return -> \n");
	body("    def g():\n        return\n    a()\n", "4 deletion: a() -> \n");
}

static void test_places(void)
{
	static const char text[] = "import x  # 1 < 2\n"
				   "class A:\n"
				   "    @decorated(1, 2)\n"
				   "    async def \xc3\xa9t\xc3\xa9(self, n: 'int < 3' = 4) -> 'y':\n"
				   "        s = '\xc3\xa9\xe2\x82\xac'; await self.g(s)\n"
				   "        @decorated(5)\n"
				   "        def inner(m):\n"
				   "            return m\n"
				   "        class B:\n"
				   "            size = 6\n"
				   "        return inner\n"
				   "\n"
				   "    def other(self):\n"
				   "        return 7\n";
	cf_autofree char *got = listed(text, "A.\xc3\xa9t\xc3\xa9"), *after = NULL, *want = NULL;
	const char *cut;

	CHECK_STR(got, "5 text: '\xc3\xa9\xe2\x82\xac' -> 'X\xc3\xa9\xe2\x82\xac'\n"
		       "5 deletion: await self.g(s) -> \n"
		       "8 return: m -> None\n"
		       "10 constant: 6 -> 5\n10 constant: 6 -> 7\n"
		       "11 return: inner -> None\n");
	after = changed(text, "A.\xc3\xa9t\xc3\xa9", "deletion");
	cut = strstr(text, "await");
	want = cf_asprintf("%.*spass%s", (int)(cut - text), text, strchr(cut, '\n'));
	CHECK_STR(after, want);
	free(cf_steal(&got));
	got = listed(text, "A.\xc3\xa9t\xc3\xa9.<locals>.inner");
	CHECK_STR(got, "8 return: m -> None\n");
	free(cf_steal(&got));
	got = listed(text, "A.nothing");
	CHECK_STR(got, "");
}

static void test_texts(void)
{
	cf_autofree char *a = changed("def f(x):\r\n\tg(x,\r\n\t  k=1)\r\n", "f", "argument");
	cf_autofree char *b = changed("def f(x): return f'{x!r:>{x}}' if x else ''\n", "f", "text");
	cf_autofree char *c = changed("def f(x): return not(x)\n", "f", "negation");
	cf_autofree char *d = changed("def f(x):\n    while True:\n        if x: break\n        x()", "f", "jump");
	cf_autofree char *e = changed("def f(x):\n    a = 1; x(a); return a\n", "f", "deletion");
	cf_autofree char *long_one = listed("def f(x):\n    return [x, 'eleven twelve', "
					    "'thirteen fourteen',\n        'fifteen sixteen', x, x]\n", "f");

	CHECK_STR(a, "def f(x):\r\n\tg(x)\r\n");
	CHECK_STR(b, "def f(x): return f'X{x!r:>{x}}' if x else ''\n");
	CHECK_STR(c, "def f(x): return (x)\n");
	CHECK_STR(d, "def f(x):\n    while True:\n        if x: continue\n        x()");
	CHECK_STR(e, "def f(x):\n    a = 1; pass; return a\n");
	CHECK(long_one && strstr(long_one, "2 return: [x, 'eleven twelve', 'thirteen fourteen', 'fifteen "
					   "sixteen',... -> None\n"));
}

static const char many[] = "def f(a, b):\n"
			   "    s = 0\n"
			   "    for i in range(a):\n"
			   "        if i < b and i > 2:\n"
			   "            s += i * 3\n"
			   "        if i > 7:\n"
			   "            continue\n"
			   "    return g(s, a)\n";

/* Operators take turns; lines that took time come first, and no line a second time before others. */
static void test_choice(void)
{
	const int lines[] = {6};
	struct mutate_choice few = {.seed = "x", .max = 8};
	struct mutate_choice hot = {.lines = lines, .nlines = 1, .seed = "x", .max = 1};
	struct mutants m, again, all;
	int differs = 0;

	make(&m, many, "f", &few);
	CHECK(m.n == 8);
	for (size_t i = 0; i < m.n; i++)
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(m.v[i].operator, m.v[k].operator));
	make(&again, many, "f", &few);
	make(&all, many, "f", NULL);
	CHECK(again.n == m.n && all.n > m.n);
	for (size_t i = 0; i < m.n; i++) {
		CHECK(again.v[i].start == m.v[i].start && !strcmp(again.v[i].text, m.v[i].text));
	}
	mutants_release(&again);
	mutants_release(&all);
	for (int seed = 0; seed < 20; seed++) {
		char text[8];

		snprintf(text, sizeof(text), "%d", seed);
		few.seed = text;
		make(&again, many, "f", &few);
		for (size_t i = 0; i < m.n; i++)
			differs += again.v[i].start != m.v[i].start;
		mutants_release(&again);
	}
	CHECK(differs);
	mutants_release(&m);
	make(&m, many, "f", &hot);
	CHECK(m.n == 1 && m.v[0].line == 6 && !strcmp(m.v[0].operator, "relational"));
	mutants_release(&m);
}

/* What stands above the function does not change the choice. */
static void test_moved(void)
{
	cf_autofree char *moved = cf_asprintf("import x\n\n\n%s", many);
	struct mutate_choice few = {.seed = "x", .max = 5};
	struct mutants m, lower;

	make(&m, many, "f", &few);
	make(&lower, moved, "f", &few);
	CHECK(m.n == 5 && lower.n == 5);
	for (size_t i = 0; i < m.n && i < lower.n; i++)
		CHECK(lower.v[i].line == m.v[i].line + 3 && !strcmp(lower.v[i].text, m.v[i].text));
	mutants_release(&m);
	mutants_release(&lower);
}

static void test_javascript(void)
{
	language = "javascript";
	file = "m.mjs";
	cf_autofree char *got =
		listed("const f = (a, b) => {\n\tif (!a && b < 3) throw b;\n\treturn a + 1;\n};\n", "f");

	CHECK_STR(got,
		       "2 negation: ! -> \n"
		       "2 negation: !a && b < 3 -> !(!a && b < 3)\n"
		       "2 logical: && -> ||\n"
		       "2 negation: < -> >=\n"
		       "2 relational: < -> <=\n"
		       "2 constant: 3 -> 2\n"
		       "2 constant: 3 -> 4\n"
		       "2 deletion: throw b; -> \n"
		       "3 return: a + 1 -> null\n"
		       "3 arithmetic: + -> -\n"
		       "3 constant: 1 -> 0\n"
		       "3 constant: 1 -> 2\n");
	language = "python";
	file = "m.py";
}

int main(void)
{
	test_operators();
	test_left_alone();
	test_returns();
	test_places();
	test_texts();
	test_choice();
	test_moved();
	test_javascript();
	CHECK(!mutate_language("cobol") && !mutate_language(NULL));
	return CHECK_END();
}
