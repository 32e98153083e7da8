/* SPDX-License-Identifier: Apache-2.0 */
/* `Object.keys(o).includes(k)`: a list of all keys, and a search through it, where the object
 * knows. */
#include "cf-suggest/rules/javascript/js.h"

#include <string.h>
#include "lib/mem.h"

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;

	JS_NODES (c, n) {
		struct js_test test;
		int object, arguments, count;

		if (!js_is_test(c, n, &test) ||
			!js_call(c, test.list, "keys", &object, &arguments) ||
			!js_is_global(c, object, "Object"))
			continue;
		int of = js_argument(c, arguments, &count);

		/* a number is no key as it stands: the list holds texts */
		if (!of || count != 1 || !js_is_path(c, of) ||
			tree_is(t, js_bare(c, test.item), "number") || js_is_fresh(c, test.item))
			continue;
		rule_begin(c, n);
		rule_replace(c, test.node, NULL,
			test.absent ? "!Object.prototype.propertyIsEnumerable.call(%n, %n)"
				    : "Object.prototype.propertyIsEnumerable.call(%n, %n)",
			of, test.item);
		rule_end(c, "A list of all keys was made and searched; the object itself knows whether it has one.");
		n = t->v[n].after - 1;
	}
}

const struct rule rule_key_lookup = {
	.name = "key-lookup",
	.summary = "a search through Object.keys asks the object itself",
	.why = "`Object.keys(o)` makes an array of all keys, and `includes` walks it. Whether an "
	       "object has a key of its own it knows "
	       "by hash; propertyIsEnumerable says exactly whether Object.keys would list it.",
	.find = find,
	.examples =
		(const struct rule_example[]){
			{"function f(words, known) {\n"
			 "  return words.filter((w) => Object.keys(known).includes(w) || Object.keys(known).indexOf(w + 's') !== -1);\n"
			 "}\n",
				"function f(words, known) {\n"
				"  return words.filter((w) => Object.prototype.propertyIsEnumerable.call(known, w) || Object.prototype.propertyIsEnumerable.call(known, w + 's'));\n"
				"}\n",
				"f(['a', 'b', 'toString', 'c'], {a: 1, cs: undefined})"},
			{0},
		},
	.near_misses =
		(const char *const[]){
			"function f(words, known) {\n"
			"  return words.filter((w) => Object.values(known).includes(w) || Object.keys(known).includes(1));\n"
			"}\n",
			NULL,
		},
};
