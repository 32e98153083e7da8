/* SPDX-License-Identifier: Apache-2.0 */
/* For each of these, the one or all of those with the same key: a scan in a loop that a Map
 * answers. */
#include "cf-suggest/rules/javascript/js.h"

#include <ctype.h>
#include <string.h>
#include "lib/mem.h"

/* Elements y of a list for which `y.key === outer` holds. */
struct join {
	int list, key, outer;
	char *element; /* y */
};

/* n is a chain of properties of the name: y.id, y.a.b. */
static bool is_key(const struct rule_ctx *c, int n, const char *name)
{
	const struct tree *t = c->tree;

	if (!tree_is(t, n, "member_expression") || !js_is_path(c, n))
		return false;
	while (tree_is(t, n, "member_expression"))
		n = tree_field(t, n, "object");
	return tree_text_is(t, n, name);
}

/* Whether the condition is `y.key === outer`, either way round. */
static bool compares(const struct rule_ctx *c, int condition, struct join *j)
{
	const struct tree *t = c->tree;
	int left, right;

	condition = js_bare(c, condition);
	if (!js_has_operator(c, condition, "==="))
		return false;
	left = js_bare(c, tree_field(t, condition, "left"));
	right = js_bare(c, tree_field(t, condition, "right"));
	j->key = is_key(c, left, j->element) ? left : right;
	j->outer = j->key == left ? right : left;
	return is_key(c, j->key, j->element) && !js_reads(c, j->outer, j->element) &&
	       js_pure(c, j->outer) && !js_is_fresh(c, j->outer);
}

/* Nobody assigns to a property of the key's name there. */
static bool keys_stay(const struct rule_ctx *c, int key, int region)
{
	const struct tree *t = c->tree;

	for (int n = region; n < t->v[region].after; n++) {
		int left =
			tree_is_any(t, n, "assignment_expression augmented_assignment_expression")
				? js_bare(c, tree_field(t, n, "left"))
				: 0;

		if (tree_is(t, n, "update_expression"))
			left = js_bare(c, tree_first(t, n));
		if (tree_is(t, left, "member_expression") &&
			tree_same(t, tree_field(t, left, "property"), t,
				tree_field(t, key, "property")))
			return false;
	}
	return true;
}

/* The outermost loop round n that leaves the list and its elements' keys as they are. */
static int joined_loop(const struct rule_ctx *c, const struct join *j, int n)
{
	int loop = js_is_path(c, j->list) && js_likely_array(c, j->list)
			   ? js_steady_loop(c, j->list, n)
			   : 0;

	return loop && keys_stay(c, j->key, loop) ? loop : 0;
}

/* usersById. */
static const char *map_name(struct rule_ctx *c, const struct join *j)
{
	cf_autofree char *list = js_last_name(c, j->list), *key = js_last_name(c, j->key);

	*key = (char)toupper((unsigned char)*key);
	return rule_fresh_name(c, "%sBy%s", list, key);
}

/* A name for the elements in the lines in front of the loop. */
static const char *element_name(struct rule_ctx *c, const struct join *j, int loop)
{
	int statement = js_statement(c, loop);

	/* in a function of its own, or nobody's there */
	JS_EACH_USE (c, statement ? tree_parent(c->tree, statement) : c->body, j->element, use)
	if (js_binds(c, use) && tree_is(c->tree, tree_parent(c->tree, use), "variable_declarator"))
		return rule_fresh_name(c, "%sItem", j->element);
	return j->element;
}

/* The key of another element: y.id with y named otherwise. Returns new. */
static char *key_of(const struct rule_ctx *c, const struct join *j, const char *element)
{
	cf_autofree char *key = tree_text(c->tree, j->key);

	return cf_asprintf("%s%s", element, key + strlen(j->element));
}

static void insert_groups(struct rule_ctx *c, const struct join *j, int loop, const char *map)
{
	const char *element = element_name(c, j, loop), *semicolon = js_semicolon(c);
	cf_autofree char *list = tree_text(c->tree, j->list), *key = key_of(c, j, element);

	js_insert_before(c, loop,
		"const %s = new Map()%s\nfor (const %s of %s) {\n\tconst group = %s.get(%s)%s\n\tif (group) {\n\t\tgroup.push(%s)%s\n"
		"\t} else {\n\t\t%s.set(%s, [%s])%s\n\t}\n}",
		map, semicolon, element, list, map, key, semicolon, element, semicolon, map, key,
		element, semicolon);
}

/* ys.find, ys.filter and ys.some with such a callback. */
static bool by_call(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	struct join j = {0};
	int arguments, count;
	bool first = js_call(c, n, "find", &j.list, &arguments),
	     any = !first && js_call(c, n, "some", &j.list, &arguments);

	if (!tree_is(t, n, "call_expression") ||
		(!first && !any && !js_call(c, n, "filter", &j.list, &arguments)))
		return false;
	int callback = js_argument(c, arguments, &count),
	    answer = callback ? js_answer(c, callback) : 0;
	cf_autofree char *element = callback && count == 1 && js_parameter_count(c, callback) == 1
					    ? js_parameter(c, callback, 0)
					    : NULL;

	j.element = element;
	if (!answer || !element || !compares(c, answer, &j))
		return false;
	int loop = joined_loop(c, &j, n);

	if (!loop || tree_inside(t, loop, callback))
		return false;
	const char *map = map_name(c, &j), *semicolon = js_semicolon(c);
	cf_autofree char *list = tree_text(t, j.list), *property = js_last_name(c, j.key);

	rule_begin(c, loop);
	if (first) {
		const char *name = element_name(c, &j, loop);
		cf_autofree char *key = key_of(c, &j, name);

		js_insert_before(c, loop,
			"const %s = new Map()%s\nfor (const %s of %s) {\n\tif (!%s.has(%s)) {\n\t\t%s.set(%s, %s)%s\n\t}\n}",
			map, semicolon, name, list, map, key, map, key, name, semicolon);
		rule_replace(c, n, NULL, "%s.get(%n)", map, j.outer);
	} else if (any) {
		cf_autofree char *key = key_of(c, &j, element);

		js_insert_before(
			c, loop, "const %s = new Set(%s.map((%s) => %s))", map, list, element, key);
		rule_replace(c, n, NULL, "%s.has(%n)", map, j.outer);
	} else {
		int up = tree_parent(t, n);
		/* a new array each time, where somebody may keep it */
		bool kept =
			!tree_is_any(t, up, "member_expression spread_element for_in_statement");

		insert_groups(c, &j, loop, map);
		rule_replace(c, n, NULL,
			kept				      ? "(%s.get(%n) ?? []).slice()"
			: tree_is(t, up, "member_expression") ? "(%s.get(%n) ?? [])"
							      : "%s.get(%n) ?? []",
			map, j.outer);
	}
	rule_end(c,
		"Every pass went through all of `%s`; a %s made once before the loop hands out those with the same `%s`.",
		list, any ? "Set" : "Map", property);
	return true;
}

/* for (const y of ys) { if (y.key === outer) … } within a loop. */
static void by_loop(struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int left = tree_field(t, n, "left"), body = tree_field(t, n, "body"), only;
	cf_autofree char *element = tree_is(t, left, "identifier") ? tree_text(t, left) : NULL;
	struct join j = {.list = tree_field(t, n, "right"), .element = element};
	const char *of = t->text + t->v[left].end;

	while (strchr(" \t", *of))
		of++;
	only = tree_is(t, body, "statement_block") ? tree_first(t, body) : body;
	if (!element || strncmp(of, "of", 2) || !tree_is(t, only, "if_statement") ||
		tree_field(t, only, "alternative") ||
		(tree_is(t, body, "statement_block") && tree_count(t, body) != 1))
		return;
	int condition = js_bare(c, tree_field(t, only, "condition")), part = condition, rest = 0;

	/* the first of what must all hold */
	if (tree_is(t, condition, "binary_expression") && !js_has_operator(c, condition, "===")) {
		int first = js_bare(c, tree_field(t, condition, "left"));
		if (!js_has_operator(c, condition, "&&") || !js_has_operator(c, first, "==="))
			return;
		part = first;
		rest = tree_field(t, condition, "right");
	}
	if (!compares(c, part, &j))
		return;
	int loop = joined_loop(c, &j, n);

	if (!loop || loop == n || js_changes(c, j.list, n))
		return;
	const char *map = map_name(c, &j);
	cf_autofree char *list = tree_text(t, j.list), *key = js_last_name(c, j.key);
	cf_autofree char *outer = tree_text(t, j.outer);

	/* what is asked for must be known where the inner loop begins */
	for (int i = j.outer; i < t->v[j.outer].after; i++)
		if (tree_is(t, i, "identifier")) {
			cf_autofree char *name = tree_text(t, i);
			JS_EACH_USE (c, n, name, use)
			if (js_binds(c, use))
				return;
		}
	rule_begin(c, loop);
	insert_groups(c, &j, loop, map);
	rule_replace(c, j.list, NULL, "%s.get(%s) ?? []", map, outer);
	if (rest) {
		rule_replace(c, condition, NULL, "%n", rest);
	} else {
		int then = tree_field(t, only, "consequence");

		if (!tree_is(t, then, "statement_block"))
			rule_replace(c, only, NULL, "%n", then);
		else if (tree_is(t, body, "statement_block"))
			rule_replace(c, only, NULL, "%b", then);
		else
			rule_replace(c, only, NULL, "{\n\t%b\n}", then);
	}
	rule_end(c,
		"Every pass of the outer loop went through all of `%s`; a Map made once before it hands out those with the same `%s`, in their order.",
		list, key);
}

static void find(struct rule_ctx *c)
{
	JS_NODES (c, n) {
		if (tree_is(c->tree, n, "call_expression") && js_own(c, n))
			by_call(c, n);
		else if (tree_is(c->tree, n, "for_in_statement") && js_own(c, n))
			by_loop(c, n);
	}
}

const struct rule rule_nested_join_js = {
	.name = "map-join",
	.summary = "a scan for the element with the same key, in a loop, asks a Map",
	.why = "To look through all of one array for each element of another costs the product of "
	       "both lengths. A Map from the "
	       "key to the elements that have it is made in one pass and answers in constant time.",
	.find = find,
	.examples =
		(const struct rule_example[]){
			{"function f(orders, users) {\n"
			 "  return orders.map((order) => {\n"
			 "    const user = users.find((u) => u.id === order.userId);\n"
			 "    return user ? user.name : '?';\n"
			 "  });\n"
			 "}\n",
				"function f(orders, users) {\n"
				"  const usersById = new Map();\n"
				"  for (const u of users) {\n"
				"    if (!usersById.has(u.id)) {\n"
				"      usersById.set(u.id, u);\n"
				"    }\n"
				"  }\n"
				"  return orders.map((order) => {\n"
				"    const user = usersById.get(order.userId);\n"
				"    return user ? user.name : '?';\n"
				"  });\n"
				"}\n",
				"f([{userId: 2}, {userId: 3}], [{id: 2, name: 'a'}, {id: 2, name: 'b'}])\n"
				"f([], [])"},
			{"function f(orders, items) {\n"
			 "    let n = 0\n"
			 "    for (const o of orders) {\n"
			 "        n += items.filter(i => i.order === o.id).length\n"
			 "    }\n"
			 "    return n\n"
			 "}\n",
				"function f(orders, items) {\n"
				"    let n = 0\n"
				"    const itemsByOrder = new Map()\n"
				"    for (const i of items) {\n"
				"        const group = itemsByOrder.get(i.order)\n"
				"        if (group) {\n"
				"            group.push(i)\n"
				"        } else {\n"
				"            itemsByOrder.set(i.order, [i])\n"
				"        }\n"
				"    }\n"
				"    for (const o of orders) {\n"
				"        n += (itemsByOrder.get(o.id) ?? []).length\n"
				"    }\n"
				"    return n\n"
				"}\n",
				"f([{id: 1}, {id: 2}], [{order: 1}, {order: 1}, {order: 3}])"},
			{"function f(a, b) {\n"
			 "  const out = [];\n"
			 "  for (const x of a) {\n"
			 "    for (const y of b) {\n"
			 "      if (y.k === x.k && y.v > x.v) {\n"
			 "        out.push([x.v, y.v]);\n"
			 "        break;\n"
			 "      }\n"
			 "    }\n"
			 "  }\n"
			 "  return out;\n"
			 "}\n",
				"function f(a, b) {\n"
				"  const out = [];\n"
				"  const bByK = new Map();\n"
				"  for (const y of b) {\n"
				"    const group = bByK.get(y.k);\n"
				"    if (group) {\n"
				"      group.push(y);\n"
				"    } else {\n"
				"      bByK.set(y.k, [y]);\n"
				"    }\n"
				"  }\n"
				"  for (const x of a) {\n"
				"    for (const y of bByK.get(x.k) ?? []) {\n"
				"      if (y.v > x.v) {\n"
				"        out.push([x.v, y.v]);\n"
				"        break;\n"
				"      }\n"
				"    }\n"
				"  }\n"
				"  return out;\n"
				"}\n",
				"f([{k: 1, v: 1}, {k: 2, v: 2}], [{k: 1, v: 0}, {k: 1, v: 5}, {k: 1, v: 6}])"},
			{"const f = (a, b) => a.filter((x) => b.some((y) => y.id === x.id));\n",
				"const f = (a, b) => {\n"
				"    const bById = new Set(b.map((y) => y.id));\n"
				"    return a.filter((x) => bById.has(x.id));\n"
				"};\n",
				"f([{id: 1}, {id: 2}], [{id: 2}])"},
			{0},
		},
	.near_misses =
		(const char *const[]){
			"function f(orders, users) {\n"
			"  for (const order of orders) {\n"
			"    const user = users.find((u) => u.id === order.userId);\n"
			"    if (!user) users.push({id: order.userId});\n"
			"  }\n"
			"  return users;\n"
			"}\n",
			"function f(orders, users) {\n"
			"  for (const order of orders) {\n"
			"    const user = users.find((u) => u.id === order.userId);\n"
			"    if (user) user.id = 0;\n"
			"  }\n"
			"  return users;\n"
			"}\n",
			"function f(id, users) {\n"
			"  return users.find((u) => u.id === id);\n"
			"}\n",
			"function f(orders, users) {\n"
			"  return orders.map((o) => users[o.g].find((u) => u.id === o.id));\n"
			"}\n",
			NULL,
		},
};
