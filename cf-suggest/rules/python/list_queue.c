/* SPDX-License-Identifier: Apache-2.0 */
/* A local list used as a queue: pop(0), del q[0], q = q[1:], insert(0, x). */
#include "cf-suggest/rules/python/locals.h"

#include "lib/mem.h"

/* Means the same for a deque, or NULL; *to is what the method is called there. */
static bool deque_method(const struct tree *t, int call, const char **to)
{
	struct match m = {0};
	switch (MATCH(t, call, &m, "$_.pop(0)", "$_.insert(0, $X)", "$_.pop()", "$_.append($X)",
		"$_.extend($X)", "$_.remove($X)", "$_.clear()", "$_.count($X)", "$_.reverse()",
		"$_.pop(-1)", "$_.index($X)")) {
	case 0:
		return false;
	case 1:
		*to = "popleft()";
		break;
	case 2:
		*to = "appendleft";
		break;
	case 10:
		*to = "pop()";
		break;
	}
	return true;
}

/* What is assigned makes a list there and then, so that no other name can hold it. */
static bool is_new_list(const struct rule_ctx *c, int value)
{
	const struct tree *t = c->tree;
	return tree_is_any(t, value, "list list_comprehension") ||
	       MATCH(t, value, &(struct match){0}, "$_[:]", "$_.copy()", "$_.split()", "$_.split($_)",
		       "$_.splitlines()") ||
	       (tree_is(t, value, "call") &&
		       py_is_builtin_node(c, tree_field(t, value, "function"), "list sorted"));
}

/* The handler round n says what the error was, and a deque's says it in other words. */
static bool is_error_told(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	for (int try = n; (try = tree_up(t, try, "try_statement")) && tree_inside(t, try, c->body);)
		for (int i = tree_first(t, try); i; i = tree_next(t, i))
			if (tree_is(t, i, "except_clause") && tree_is(t, tree_first(t, i), "as_pattern"))
				return true;
	return false;
}

/* All but the first is the queue from now on: a new list each time. */
static bool is_shift(const struct tree *t, int statement, struct match *m)
{
	return tree_is(t, statement, "expression_statement") &&
	       MATCH(t, statement, m, "$Q = $Q[1:]", "$Q = $Q[1:len($Q)]", "$X, *$Q = $Q",
		       "$X, $Q = $Q[0], $Q[1:]");
}

/* There is a first one to take: right behind `x = q[0]`, or under `while q` with nothing taken yet. */
static bool is_filled(const struct rule_ctx *c, int shift, int queue)
{
	const struct tree *t = c->tree;
	struct match m = {0};
	int block = tree_parent(t, shift), loop = tree_parent(t, block);

	bind(&m, 'Q', queue);
	if (MATCH(t, tree_prev(t, shift), &m, "$_ = $Q[0]", "$_ += $Q[0]"))
		return true;
	int condition = tree_is(t, loop, "while_statement") ? tree_field(t, loop, "condition") : 0;
	if (!MATCH(t, condition, &m, "$Q", "len($Q) > 0", "len($Q) != 0", "len($Q) >= 1", "len($Q)",
		    "len($Q) > 1", "$Q and $_", "len($Q) > 0 and $_", "$Q != []"))
		return false;
	for (int n = block; n < shift; n++) {
		enum py_use use = tree_is(t, n, "identifier") && tree_equal(t, n, queue) ? py_use(c, n)
											 : PY_USE_OTHER;
		if (use == PY_USE_BIND || use == PY_USE_STORE ||
			(use == PY_USE_METHOD && !tree_text_is(t, py_method(c, n), "append") &&
				!tree_text_is(t, py_method(c, n), "extend")))
			return false;
	}
	return true;
}

/* n is a part of a shift of that name: of one that may be a popleft(). */
static bool in_shift(const struct rule_ctx *c, int n, bool *good)
{
	struct match m = {0};
	int statement = py_statement(c, n);

	if (!is_shift(c->tree, statement, &m) || !tree_equal(c->tree, got(&m, 'Q'), n))
		return false;
	cf_autofree char *name = tree_text(c->tree, n);
	*good = !(got(&m, 'X') && py_uses(c, got(&m, 'X'), name)) && is_filled(c, statement, n) &&
		!local_walked_round(c, n, name) && !is_error_told(c, n);
	return true;
}

static void rewrite_shift(struct rule_ctx *c, int n, const char *name)
{
	struct match m = {0};
	if (py_use(c, n) != PY_USE_BIND)
		return;
	is_shift(c->tree, py_statement(c, n), &m);
	rule_replace(c, py_statement(c, n), &m, got(&m, 'X') ? "$X = %s.popleft()" : "%s.popleft()", name);
}

/* What the name at n is bound to, in q = … or q, r = …, …; 0 for anything else. */
static int bound_to(const struct rule_ctx *c, int n)
{
	const struct tree *t = c->tree;
	int up = tree_parent(t, n);
	if (tree_is(t, up, "pattern_list"))
		return py_unpacked(c, n);
	return tree_is(t, up, "assignment") && tree_parent(t, up) == py_statement(c, n)
		       ? tree_field(t, up, "right")
		       : 0;
}

/* `level = following` at the end of a block that made `following` a list: nobody else has it then. */
static bool is_handed_over(const struct rule_ctx *c, int value)
{
	const struct tree *t = c->tree;
	cf_autofree char *name = py_name(c, value);
	int statement = py_statement(c, value), block = tree_parent(t, statement);
	int made = name && py_is_local(c, name) ? py_assigned_before(c, name, statement) : 0;

	if (!made || tree_parent(t, made) != block || !is_new_list(c, local_value(c, made)))
		return false;
	PY_EACH_USE (c, c->function, name, use)
		if (use != value && (!tree_inside(t, use, block) || use < made || use > statement ||
					    !(use < t->v[made].after || local_private_use(c, use))))
			return false;
	return true;
}

static bool is_compatible(const struct rule_ctx *c, int n, int *queue_calls, int *bindings)
{
	const struct tree *t = c->tree;
	const char *to = NULL;
	int up = tree_parent(t, n), statement = py_statement(c, n);
	bool good;

	if (in_shift(c, n, &good)) {
		*queue_calls += py_loop(c, n) != 0;
		return good;
	}
	switch (py_use(c, n)) {
	case PY_USE_BIND:
		if (tree_is(t, up, "augmented_assignment"))
			return MATCH(t, statement, &(struct match){0}, "$_ += $_");
		(*bindings)++;
		return is_new_list(c, bound_to(c, n)) || is_handed_over(c, bound_to(c, n));
	case PY_USE_METHOD: {
		int call = tree_parent(t, up);
		cf_autofree char *name = tree_text(t, n);
		if (!deque_method(t, call, &to) || local_walked_round(c, n, name) ||
			(to && is_error_told(c, n)))
			return false;
		*queue_calls += to && (to[0] != 'p' || to[3]) && py_loop(c, n);
		return true;
	}
	case PY_USE_STORE:
		*queue_calls += py_loop(c, n) != 0;
		return MATCH(t, statement, &(struct match){0}, "del $_[0]");
	case PY_USE_INDEX: {
		int index = tree_field(t, up, "subscript");
		return tree_text_is(t, index, "0") || tree_text_is(t, index, "-1");
	}
	case PY_USE_ITER:
	case PY_USE_MEMBER:
	case PY_USE_RETURN:
		return true;
	case PY_USE_TEST:
		/* A deque never equals a list. */
		return !tree_is(t, up, "comparison_operator");
	case PY_USE_ARG:
		return py_is_builtin_node(c, py_callee(c, n),
			       "len sum min max any all sorted list tuple set enumerate bool reversed "
			       "iter zip map filter") ||
		       MATCH(t, tree_up(t, n, "call"), &(struct match){0}, "$_.extend($_)",
			       "$_.join($_)", "$_.update($_)");
	case PY_USE_OTHER:
		/* A copy there and then is as good as the list. */
		return MATCH(t, up, &(struct match){0}, "$_ + $_") ||
		       (tree_is_any(t, up, "expression_list tuple") &&
			       tree_is(t, tree_parent(t, up), "return_statement"));
	default:
		return false;
	}
}

static void rewrite_call(struct rule_ctx *c, int call, const char *name)
{
	const char *to = NULL;
	struct match m = {0};
	deque_method(c->tree, call, &to);
	if (to && to[0] == 'a' && MATCH(c->tree, call, &m, "$_.insert(0, $X)"))
		rule_replace(c, call, &m, "%s.%s($X)", name, to);
	else if (to)
		rule_replace(c, call, NULL, "%s.%s", name, to);
	int object = tree_field(c->tree, tree_field(c->tree, call, "function"), "object");
	if (!to && !tree_text_is(c->tree, object, name))
		rule_replace(c, object, NULL, "%s", name);
}

static void propose(struct rule_ctx *c, const char *name, int site)
{
	const struct tree *t = c->tree;
	int queue_calls = 0, bindings = 0;
	/* What the caller gave under that name is copied first thing. */
	int region = py_is_parameter(c, name) ? c->body : c->function;

	PY_EACH_USE (c, region, name, n)
		if (py_role(c, n) == PY_DECLARE || !is_compatible(c, n, &queue_calls, &bindings))
			return;
	if (!queue_calls || !bindings)
		return;

	rule_begin(c, site);
	const char *deque = py_import(c, "collections", "deque");
	PY_EACH_USE (c, region, name, n) {
		int up = tree_parent(t, n);
		struct match m = {0};
		bool good;
		if (in_shift(c, n, &good)) {
			rewrite_shift(c, n, name);
			continue;
		}
		switch (py_use(c, n)) {
		case PY_USE_BIND: {
			int value = bound_to(c, n), type = tree_field(t, up, "type");
			if (!value)
				break;
			int list = tree_is(t, type, "type") ? tree_first(t, type) : 0;
			while (list && !tree_is(t, list, "identifier"))
				list = tree_first(t, list);
			if (type && !tree_text_is(t, list, "list") && !tree_text_is(t, list, "List"))
				rule_fail(c);
			else if (type)
				rule_replace(c, list, NULL, "%s", deque);
			if (MATCH(t, value, &m, "[]", "list()"))
				rule_replace(c, value, NULL, "%s()", deque);
			else if (MATCH(t, value, &m, "list($A)", "$A[:]", "$A.copy()"))
				rule_replace(c, value, &m, "%s($A)", deque);
			else
				rule_replace(c, value, NULL, "%s(%n)", deque, value);
			break;
		}
		case PY_USE_METHOD:
			rewrite_call(c, tree_parent(t, up), name);
			break;
		case PY_USE_STORE:
			rule_replace(c, py_statement(c, n), NULL, "%s.popleft()", name);
			break;
		case PY_USE_OTHER:
		case PY_USE_RETURN:
			rule_replace(c, n, NULL, "list(%s)", name);
			break;
		default:
			break;
		}
	}
	rule_end(c, "Taking from or adding to the front of a list moves all of it; a deque does either in "
		    "constant time.");
}

static bool is_path_at(const struct rule_ctx *c, int n, int path)
{
	return tree_is_any(c->tree, n, "identifier attribute") && tree_equal(c->tree, n, path) &&
	       (tree_is(c->tree, n, "attribute") || py_role(c, n) != PY_NO_NAME);
}

/* The caller's list, or the object's: a deque of it for as long as the loop runs, then put back. */
static void borrowed(struct rule_ctx *c, int path, int site)
{
	const struct tree *t = c->tree;
	int loop = py_loop(c, site), queue_calls = 0, bindings = 0;
	enum py_type type = py_type_of(c, path);

	for (int up; (up = py_loop(c, loop)) && tree_is_any(t, up, PY_LOOPS);)
		loop = up;
	if (!tree_is_any(t, loop, PY_LOOPS) || tree_field(t, loop, "alternative") ||
		(type != PY_LIST && type != PY_UNKNOWN) || local_calls_out(c, loop, site) ||
		tree_inside(t, tree_up(t, loop, "try_statement with_statement"), c->body))
		return;
	/* By another name, or from an inner function, it would be seen as it was. */
	PY_NODES (c, n) {
		int up = tree_parent(t, n);
		if (tree_is_any(t, up, "expression_list tuple list"))
			up = tree_parent(t, up);
		if (is_path_at(c, n, path) && (!py_own(c, n) || tree_is(t, up, "assignment")))
			return;
	}
	/* Whoever leaves the loop otherwise would leave the list as it was. */
	for (int n = loop; n < t->v[loop].after; n++)
		if (tree_is_any(t, n, "return_statement raise_statement yield await assert_statement "
				      "try_statement with_statement function_definition lambda"))
			return;
	for (int n = loop; n < t->v[loop].after; n++)
		if (is_path_at(c, n, path) &&
			(py_use(c, n) == PY_USE_BIND || py_use(c, n) == PY_USE_ITER ||
				!is_compatible(c, n, &queue_calls, &bindings)))
			return;
	if (!queue_calls)
		return;

	cf_autofree char *base = py_base_name(c, path, "items");
	rule_begin(c, site);
	const char *deque = py_import(c, "collections", "deque");
	const char *queue = rule_fresh_name(c, "%s_queue", base);
	rule_insert_before(c, loop, NULL, "%s = %s(%n)", queue, deque, path);
	for (int n = loop; n < t->v[loop].after; n++) {
		if (!is_path_at(c, n, path))
			continue;
		if (py_use(c, n) == PY_USE_METHOD)
			rewrite_call(c, tree_parent(t, tree_parent(t, n)), queue);
		else if (py_use(c, n) == PY_USE_STORE)
			rule_replace(c, py_statement(c, n), NULL, "%s.popleft()", queue);
		else
			rule_replace(c, n, NULL, py_use(c, n) == PY_USE_OTHER ? "list(%s)" : "%s", queue);
	}
	rule_insert_after(c, loop, NULL, "%n[:] = %s", path, queue);
	rule_end(c, "Taking from or adding to the front of a list moves all of it; a deque does either in "
		    "constant time. What is left goes back into the list.");
}

/* A parameter that a loop shifts: the caller's own never changes, so that a deque of it will do. */
static void shifted(struct rule_ctx *c, const char *name, int site)
{
	const struct tree *t = c->tree;
	int loop = py_loop(c, site), queue_calls = 0, bindings = 0, path = 0;

	for (int up; (up = py_loop(c, loop)) && tree_is_any(t, up, PY_LOOPS);)
		loop = up;
	if (!tree_is_any(t, loop, PY_LOOPS) || py_is_generator(c))
		return;
	PY_EACH_USE (c, c->body, name, n) {
		enum py_use use = py_use(c, n);
		bool good;
		if (!py_own(c, n) || (n >= t->v[loop].after) ||
			(n < loop && use != PY_USE_TEST && use != PY_USE_ARG && use != PY_USE_RETURN))
			return;
		if (n < loop && use == PY_USE_ARG &&
			!py_is_builtin_node(c, py_callee(c, n), "len sum sorted set list tuple min max"))
			return;
		if (n < loop)
			continue;
		/* What is not a list would be returned, searched or iterated over as something else. */
		if (!in_shift(c, n, &good) && use != PY_USE_INDEX && use != PY_USE_TEST &&
			!(use == PY_USE_ARG && py_is_builtin_node(c, py_callee(c, n), "len sum min max")))
			return;
		if (!is_compatible(c, n, &queue_calls, &bindings))
			return;
		path = path ? path : n;
	}
	enum py_type type = path ? py_type_of(c, path) : PY_STR;
	if (!queue_calls || bindings || (type != PY_LIST && type != PY_UNKNOWN) ||
		py_named_as_string(c, path))
		return;
	rule_begin(c, site);
	const char *deque = py_import(c, "collections", "deque");
	const char *queue = rule_fresh_name(c, "%s_queue", name);
	rule_insert_before(c, loop, NULL,
		local_may_be_none(c, path, loop) ? "%s = %s(%s or ())" : "%s = %s(%s)", queue, deque, name);
	PY_EACH_USE (c, loop, name, n) {
		bool good;
		if (in_shift(c, n, &good))
			rewrite_shift(c, n, queue);
		else
			rule_replace(c, n, NULL, "%s", queue);
	}
	rule_end(c, "Each slice copies all that is left; a deque gives up its first one in constant time.");
}

static bool is_queue_step(const struct tree *t, int n, struct match *m)
{
	return (tree_is_any(t, n, "call delete_statement") &&
		       MATCH(t, n, m, "$Q.pop(0)", "$Q.insert(0, $_)", "del $Q[0]")) ||
	       is_shift(t, n, m);
}

static void find(struct rule_ctx *c)
{
	const struct tree *t = c->tree;
	PY_NODES (c, n) {
		struct match m = {0};
		if (!is_queue_step(t, n, &m) || !py_own(c, n) || !py_loop(c, n))
			continue;
		if (!py_is_path(c, got(&m, 'Q')))
			continue;
		cf_autofree char *name = py_name(c, got(&m, 'Q'));
		/* All its calls go into the first one's proposal. */
		bool first = true;
		for (int i = c->body; i < n && first; i++) {
			struct match same = {0};
			bind(&same, 'Q', got(&m, 'Q'));
			first = !(is_queue_step(t, i, &same) && py_loop(c, i));
		}
		if (!first || (name && !py_is_local(c, name)))
			continue;
		int use = name ? py_next_use(c, c->body, name, c->body) : 0, start = py_statement(c, use);
		if (!name || (py_is_parameter(c, name) && !py_bindings(c, c->body, name)))
			borrowed(c, got(&m, 'Q'), n);
		else if (!py_is_parameter(c, name) ||
			 (tree_parent(t, start) == c->body && is_new_list(c, local_value_of(c, start, name))))
			propose(c, name, n);
		else
			shifted(c, name, n);
	}
}

const struct rule rule_list_queue = {
	.name = "list-queue",
	.summary = "a list used as a queue (pop(0), q = q[1:], insert(0, x)) becomes a deque",
	.why = "list.pop(0) and list.insert(0, x) move every element that is left, so a queue of n "
	       "elements costs n squared. collections.deque takes and adds at both ends in constant time.",
	.find = find,
	.examples = (const struct rule_example[]){
		{"import sys\n"
		 "\n"
		 "def f(graph, start):\n"
		 "    queue = [start]\n"
		 "    out = list()\n"
		 "    while len(queue) > 0:\n"
		 "        node = queue.pop(0)  # the oldest\n"
		 "        out.insert(0, node)\n"
		 "        for n in graph.get(node, ()):\n"
		 "            queue.append(n)\n"
		 "    return out\n",
		 "import sys\n"
		 "from collections import deque\n"
		 "\n"
		 "def f(graph, start):\n"
		 "    queue = deque([start])\n"
		 "    out = deque()\n"
		 "    while len(queue) > 0:\n"
		 "        node = queue.popleft()  # the oldest\n"
		 "        out.appendleft(node)\n"
		 "        for n in graph.get(node, ()):\n"
		 "            queue.append(n)\n"
		 "    return list(out)\n",
		 "f({1: [2, 3], 2: [4], 3: []}, 1)"},
		{"'''Doc.'''\n"
		 "from __future__ import annotations\n"
		 "from collections import deque as dq\n"
		 "def f(jobs):\n"
		 "    todo = list(jobs)\n"
		 "    while todo:\n"
		 "        if todo[0] is None: break\n"
		 "        yield todo.pop(0), todo.pop(-1)\n",
		 "'''Doc.'''\n"
		 "from __future__ import annotations\n"
		 "from collections import deque as dq\n"
		 "def f(jobs):\n"
		 "    todo = dq(jobs)\n"
		 "    while todo:\n"
		 "        if todo[0] is None: break\n"
		 "        yield todo.popleft(), todo.pop()\n",
		 "list(f([1, 2, 3, 4]))"},
		{"import collections\n"
		 "\n"
		 "def f(n, deque=None):\n"
		 "    q = []\n"
		 "    for i in range(n):\n"
		 "        q.insert(0, i)\n"
		 "    return sum(q)\n",
		 "import collections\n"
		 "\n"
		 "def f(n, deque=None):\n"
		 "    q = collections.deque()\n"
		 "    for i in range(n):\n"
		 "        q.appendleft(i)\n"
		 "    return sum(q)\n",
		 "f(5)"},
		{"def f(tasks):\n"
		 "    todo, done = tasks, []\n"
		 "    pending = todo[:]\n"
		 "    while len(pending) > 0:\n"
		 "        done.append(pending[0])\n"
		 "        del pending[0]\n"
		 "    return done\n",
		 "from collections import deque\n"
		 "\n"
		 "def f(tasks):\n"
		 "    todo, done = tasks, []\n"
		 "    pending = deque(todo)\n"
		 "    while len(pending) > 0:\n"
		 "        done.append(pending[0])\n"
		 "        pending.popleft()\n"
		 "    return done\n",
		 "f([1, 2, 3])"},
		{"def f(left, right):\n"
		 "    a, b = list(left), right[:]\n"
		 "    out: list[int] = []\n"
		 "    while a and b:\n"
		 "        if a[0] <= b[0]:\n"
		 "            out.insert(0, 1)\n"
		 "            a.pop(0)\n"
		 "        else:\n"
		 "            b.pop(0)\n"
		 "    out.extend(a)\n"
		 "    return out, [0] + b\n",
		 "from collections import deque\n"
		 "\n"
		 "def f(left, right):\n"
		 "    a, b = deque(left), deque(right)\n"
		 "    out: deque[int] = deque()\n"
		 "    while a and b:\n"
		 "        if a[0] <= b[0]:\n"
		 "            out.appendleft(1)\n"
		 "            a.popleft()\n"
		 "        else:\n"
		 "            b.popleft()\n"
		 "    out.extend(a)\n"
		 "    return list(out), [0] + list(b)\n",
		 "f([1, 3], [2])\n"
		 "f([], [4])"},
		{"class C:\n"
		 "    def __init__(self):\n"
		 "        self.q = [1]\n"
		 "\n"
		 "    def f(self, left, right):\n"
		 "        out = []\n"
		 "        left = list(left)\n"
		 "        while left and right:\n"
		 "            out.append(left.pop(0) if left[0] <= right[0] else 0)\n"
		 "            if right[0] < len(right):\n"
		 "                right.pop(0)\n"
		 "        while self.q:\n"
		 "            out.append(self.q[0])\n"
		 "            del self.q[0]\n"
		 "        return out + left + right\n",
		 "from collections import deque\n"
		 "\n"
		 "class C:\n"
		 "    def __init__(self):\n"
		 "        self.q = [1]\n"
		 "\n"
		 "    def f(self, left, right):\n"
		 "        out = []\n"
		 "        left = deque(left)\n"
		 "        right_queue = deque(right)\n"
		 "        while left and right_queue:\n"
		 "            out.append(left.popleft() if left[0] <= right_queue[0] else 0)\n"
		 "            if right_queue[0] < len(right_queue):\n"
		 "                right_queue.popleft()\n"
		 "        right[:] = right_queue\n"
		 "        q_queue = deque(self.q)\n"
		 "        while q_queue:\n"
		 "            out.append(q_queue[0])\n"
		 "            q_queue.popleft()\n"
		 "        self.q[:] = q_queue\n"
		 "        return out + list(left) + right\n",
		 "C().f([1, 2], [0, 3])\n"
		 "C().f([], [0, 3])"},
		{0},
	},
	.near_misses = (const char *const[]){
		/* The caller's list, left otherwise than by the loop's end, or seen meanwhile; sliced; handed
		   on; not in a loop; compared. */
		"def f(q):\n"
		"    while q:\n"
		"        if q.pop(0):\n"
		"            return q\n",
		"class C:\n"
		"    def f(self):\n"
		"        while self.q:\n"
		"            self.see(self.q.pop(0))\n",
		"def f(a):\n"
		"    q = list(a)\n"
		"    while q:\n"
		"        q.pop(0)\n"
		"        g = q[1:]\n",
		"def f(a, g):\n"
		"    q = list(a)\n"
		"    while q:\n"
		"        g(q)\n"
		"        q.pop(0)\n",
		"def f(a):\n"
		"    q = list(a)\n"
		"    return q.pop(0)\n",
		"def f(a):\n"
		"    q = list(a)\n"
		"    for x in q:\n"
		"        q.pop(0)\n",
		"def f(a):\n"
		"    q = list(a)\n"
		"    try:\n"
		"        while True:\n"
		"            q.pop(0)\n"
		"    except IndexError as e:\n"
		"        return str(e)\n",
		"def f(a):\n"
		"    q = list(a)\n"
		"    while q != [1]:\n"
		"        q.pop(0)\n",
		NULL,
	},
};
