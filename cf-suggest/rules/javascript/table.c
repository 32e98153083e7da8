/* SPDX-License-Identifier: Apache-2.0 */
/* Every rule for JavaScript and TypeScript, in the order in which overlapping proposals are
 * preferred. */
#include "cf-suggest/rules/rule.h"

#define JAVASCRIPT_RULES(R)                                                                        \
	R(growing_array)                                                                           \
	R(array_membership) R(nested_join_js) R(spread_accumulation) R(dedupe_filter)              \
		R(pure_recursion) R(key_lookup) R(array_queue) R(loop_construction)                \
			R(filter_first)

#define DECLARE(name) extern const struct rule rule_##name;
JAVASCRIPT_RULES(DECLARE)

#define ENTRY(name) &rule_##name,
const struct rule *const javascript_rules[] = {JAVASCRIPT_RULES(ENTRY) NULL};
