/* SPDX-License-Identifier: Apache-2.0 */
/* math.sqrt and self.weights in the hottest loops: looked up once, kept in a local. */
#include "cf-suggest/rules/python/locals.h"

#include <string.h>
#include "lib/mem.h"

#define HOT 0.2 /* share of the function's time in the loop: below, nothing can be gained */
#define PATHS 6

#define BUILTINS                                                                                   \
	"open print input iter next len sum min max any all abs pow round map filter zip range "   \
	"sorted "                                                                                  \
	"list dict set tuple str int float bool type id hash format compile vars dir exec eval "   \
	"repr"

static bool word_in(const char *words, const char *word)
{
	size_t len = strlen(word);
	for (const char *p = words; (p = strstr(p, word)); p += len)
		if ((p == words || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

static bool is_hot(const struct rule_ctx *c, int loop)
{
	/* Without a trace there is nothing to go by; the examples have none. */
	return !c->target || rule_heat(c, loop) >= HOT;
}

/* A module that the file imports at its top and calls by that name alone. */
static bool is_module(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	cf_autofree char *name = py_name(c, n);
	int imports = 0;

	if (!name || py_is_local(c, name))
		return false;
	for (int i = py_next_use(c, 0, name, 1); i; i = py_next_use(c, 0, name, i + 1)) {
		if (py_role(c, i) == PY_READ) {
			if (py_use(c, i) == PY_USE_STORE)
				return false;
			continue;
		}
		int statement = tree_up(t, i, "import_statement");
		if (!statement || tree_parent(t, statement) || statement > c->function)
			return false;
		/* `import os.path` binds os, too. */
		imports++;
	}
	return imports == 1;
}

/*
 * An attribute that only __init__ methods of this file set, and that no def or class-level name of
 * it could compute: it is what it was until somebody else's code sets it.
 */
static bool set_once(const struct rule_ctx *c, int attribute)
{
	const struct tree *t = c->tree;
	int name = tree_field(t, attribute, "attribute");
	bool found = false;

	for (int n = 1; n < t->n; n++) {
		if (tree_is_any(t, n, "function_definition class_definition")) {
			int defined = tree_field(t, n, "name");
			if (tree_equal(t, defined, name) ||
				tree_text_is(t, defined, "__getattr__") ||
				tree_text_is(t, defined, "__getattribute__") ||
				tree_text_is(t, defined, "__setattr__"))
				return false;
		}
		if (tree_is(t, n, "call") &&
			(tree_text_is(t, tree_field(t, n, "function"), "setattr") ||
				tree_text_is(t, tree_field(t, n, "function"), "delattr")))
			return false;
		if (!tree_is(t, n, "attribute") ||
			!tree_equal(t, tree_field(t, n, "attribute"), name) ||
			py_use(c, n) != PY_USE_BIND)
			continue;
		int def = tree_up(t, n, "function_definition");
		if (!tree_text_is(t, tree_field(t, def, "name"), "__init__"))
			return false;
		found = true;
	}
	return found;
}

/* math.sqrt as what is called; self.weights, or self.model.weights, as what is read. */
static bool is_path_of_interest(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int object = tree_field(t, n, "object"), up = tree_parent(t, n);
	bool called = tree_is(t, up, "call") && tree_field(t, up, "function") == n;

	if (!tree_is(t, n, "attribute") || !py_own(c, n) || py_use(c, n) == PY_USE_BIND)
		return false;
	/* An error ends the loop; it is not looked up on each pass. */
	if (tree_up(t, n, "raise_statement") > c->body)
		return false;
	if (called)
		return is_module(c, object);
	if (tree_text_is(t, tree_field(t, c->function, "name"), "__init__"))
		return false;
	for (object = n; tree_is(t, object, "attribute"); object = tree_field(t, object, "object"))
		if (!set_once(c, object))
			return false;
	return tree_text_is(t, object, "self") && py_is_parameter(c, "self") &&
	       !py_bindings(c, c->body, "self");
}

static void loop(struct rule_ctx *c, int loop)
{
	const struct tree *t = c->tree;
	int paths[PATHS], count = 0;

	for (int n = loop; n < t->v[loop].after; n++) {
		/* Looked up on each pass; what a for goes through is not. */
		if (!tree_is(t, n, "attribute") || !py_loop(c, n) || !is_path_of_interest(c, n))
			continue;
		/* Of self.a.b the longest that is of interest; its parts come after it in the tree.
		 */
		bool known = false;
		for (int i = 0; i < count; i++)
			known |= tree_equal(t, paths[i], n) || tree_inside(t, n, paths[i]);
		if (!known && count < PATHS)
			paths[count++] = n;
	}
	if (!count)
		return;
	rule_begin(c, loop);
	for (int i = 0; i < count; i++) {
		cf_autofree char *base = py_base_name(c, paths[i], "value");
		cf_autofree char *object =
			py_base_name(c, tree_field(t, paths[i], "object"), "value");
		/* A name with a meaning already keeps it: os.open is not to be open. */
		bool taken = py_next_use(c, 0, base, 1) || word_in(BUILTINS, base);
		for (int k = 0; k < i; k++) {
			cf_autofree char *other = py_base_name(c, paths[k], "value");
			taken |= !strcmp(base, other);
		}
		const char *name = taken ? rule_fresh_name(c, "%s_%s", object, base) : base;
		rule_insert_before(c, loop, NULL, "%s = %n", name, paths[i]);
		for (int n = loop; n < t->v[loop].after; n++)
			if (tree_is(t, n, "attribute") && tree_equal(t, n, paths[i]) &&
				py_own(c, n)) {
				bool inside = false; /* a longer path that has a name itself */
				for (int k = 0; k < count; k++)
					inside |= k != i &&
						  tree_equal(t, tree_parent(t, n), paths[k]);
				if (!inside)
					rule_replace(c, n, NULL, "%s", name);
			}
	}
	rule_end(c, "The loop runs often enough for its attribute look-ups to count; they are made "
		    "once "
		    "before it.");
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES(c, n)
	if (tree_is_any(t, n, PY_LOOPS) && py_own(c, n) && !py_loop(c, n) && is_hot(c, n) &&
		(tree_is(t, n, "for_statement") || !tree_up(t, n, PY_COMPREHENSIONS)))
		loop(c, n);
}

const struct rule rule_attribute_lookup = {
	.name = "attribute-lookup",
	.summary = "attributes of modules and of self are looked up once before a hot loop",
	.why = "Each math.sqrt or self.weights is a look-up in a dict, or two. Where a loop runs often "
	       "enough a local name, which is an array access, shows in the time.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"import math\n"
		 "import os\n"
		 "\n"
		 "class C:\n"
		 "    def __init__(self):\n"
		 "        self.scale = 2\n"
		 "        self.total = 0\n"
		 "\n"
		 "    def f(self, points):\n"
		 "        out = []\n"
		 "        for x, y in points:\n"
		 "            out.append(math.sqrt(x * x + y * y) * self.scale)\n"
		 "            self.count = self.scale\n"
		 "        return out, self.scale\n",
		 "import math\n"
		 "import os\n"
		 "\n"
		 "class C:\n"
		 "    def __init__(self):\n"
		 "        self.scale = 2\n"
		 "        self.total = 0\n"
		 "\n"
		 "    def f(self, points):\n"
		 "        out = []\n"
		 "        sqrt = math.sqrt\n"
		 "        scale = self.scale\n"
		 "        for x, y in points:\n"
		 "            out.append(sqrt(x * x + y * y) * scale)\n"
		 "            self.count = scale\n"
		 "        return out, self.scale\n",
		 "C().f([(3, 4), (0, 0)])\n"
		 "C().f([])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* Not there yet; set elsewhere, too; a property; methods of locals; nothing is called in a loop. */
		"class C:\n"
		"    def __init__(self):\n"
		"        self.n = 0\n"
		"    def g(self):\n"
		"        self.n = 1\n"
		"    def f(self, xs):\n"
		"        for x in xs:\n"
		"            self.g()\n"
		"            print(self.n)\n",
		"class C:\n"
		"    def __init__(self):\n"
		"        self.n = 0\n"
		"    @property\n"
		"    def n(self):\n"
		"        return 1\n"
		"    def f(self, xs):\n"
		"        for x in xs:\n"
		"            print(self.n)\n",
		"import math\n"
		"def f(xs):\n"
		"    out = []\n"
		"    for x in xs:\n"
		"        out.append(x)\n"
		"    return math.sqrt(len(out))\n",
		NULL,
	},
};
