/* SPDX-License-Identifier: Apache-2.0 */
/* Every Python rule, in the order in which overlapping proposals are preferred. */
#include "cf-suggest/rules/rule.h"

#define PYTHON_RULES(R)                                                                              \
	R(dedupe) R(growing_list) R(list_membership) R(list_queue) R(list_search) R(index_lookup)        \
	R(string_concat) R(built_list) R(memoize) R(hand_sort) R(nested_join)                      \
	R(repeated_concatenation) R(list_flattening) R(sorted_extremes) R(hand_counting)            \
	R(hand_grouping) R(loop_invariants) R(regex_compile) R(element_lookup) R(loop_comprehension) \
	R(attribute_lookup) R(needless_copy)

#define DECLARE(name) extern const struct rule rule_##name;
PYTHON_RULES(DECLARE)

#define ENTRY(name) &rule_##name,
const struct rule *const python_rules[] = {PYTHON_RULES(ENTRY) NULL};
