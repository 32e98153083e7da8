/* SPDX-License-Identifier: Apache-2.0 */
/* What the mutation operators look for, language by language, in the words of its grammar. */
#include <string.h>
#include "cf-verify/mutate.h"

static const struct mutate_token python_tokens[] = {
	{"relational", "comparison_operator", "<", "<="},
	{"relational", "comparison_operator", "<=", "<"},
	{"relational", "comparison_operator", ">", ">="},
	{"relational", "comparison_operator", ">=", ">"},
	{"relational", "comparison_operator", "==", "!="},
	{"relational", "comparison_operator", "!=", "=="},
	{"relational", "comparison_operator", "in", "not in"},
	{"relational", "comparison_operator", "not in", "in"},
	{"relational", "comparison_operator", "is", "is not"},
	{"relational", "comparison_operator", "is not", "is"},
	{"negation", "comparison_operator", "<", ">="},
	{"negation", "comparison_operator", "<=", ">"},
	{"negation", "comparison_operator", ">", "<="},
	{"negation", "comparison_operator", ">=", "<"},
	{"negation", "not_operator", "not", ""},
	{"arithmetic", "binary_operator", "+", "-"},
	{"arithmetic", "binary_operator", "-", "+"},
	{"arithmetic", "binary_operator", "*", "+"},
	{"arithmetic", "binary_operator", "/", "*"},
	{"arithmetic", "binary_operator", "//", "/"},
	{"arithmetic", "binary_operator", "%", "//"},
	{"arithmetic", "binary_operator", "**", "*"},
	{"arithmetic", "binary_operator", "<<", ">>"},
	{"arithmetic", "binary_operator", ">>", "<<"},
	{"arithmetic", "binary_operator", "&", "|"},
	{"arithmetic", "binary_operator", "|", "&"},
	{"arithmetic", "binary_operator", "^", "|"},
	{"arithmetic", "augmented_assignment", "+=", "-="},
	{"arithmetic", "augmented_assignment", "-=", "+="},
	{"arithmetic", "augmented_assignment", "*=", "+="},
	{"arithmetic", "augmented_assignment", "/=", "*="},
	{"arithmetic", "augmented_assignment", "//=", "/="},
	{"arithmetic", "augmented_assignment", "%=", "//="},
	{"arithmetic", "augmented_assignment", "**=", "*="},
	{"arithmetic", "augmented_assignment", "<<=", ">>="},
	{"arithmetic", "augmented_assignment", ">>=", "<<="},
	{"arithmetic", "augmented_assignment", "&=", "|="},
	{"arithmetic", "augmented_assignment", "|=", "&="},
	{"arithmetic", "augmented_assignment", "^=", "|="},
	{"arithmetic", "unary_operator", "-", ""},
	{"arithmetic", "unary_operator", "~", ""},
	{"logical", "boolean_operator", "and", "or"},
	{"logical", "boolean_operator", "or", "and"},
	{"jump", "break_statement", "break", "continue"},
	{"jump", "continue_statement", "continue", "break"},
	{0},
};

static const struct mutate_language languages[] = {
	{
		.name = "python",
		.skip = "comment line_continuation type type_parameter decorator import_statement import_from_statement"
			" global_statement nonlocal_statement",
		.tokens = python_tokens,
		.no_numbers = "string concatenated_string list tuple list_comprehension",
		.literals = (const struct mutate_literal[]){{"true", "False"}, {"false", "True"}, {0}},
		.numbers = "integer float",
		.texts = "string",
		.inert = "string concatenated_string ellipsis",
		.conditions =
			(const struct mutate_place[]){
				{"if_statement", "condition", 0},
				{"elif_clause", "condition", 0},
				{"while_statement", "condition", 0},
				{"if_clause", NULL, 0},
				{"assert_statement", NULL, 0},
				{"conditional_expression", NULL, 1},
				{0},
			},
		.negated = "comparison_operator not_operator true false",
		.negation = "not ",
		.parentheses = "parenthesized_expression",
		.results =
			(const struct mutate_place[]){
				{"return_statement", NULL, 0},
				{"yield", NULL, 0},
				{"lambda", "body", 0},
				{0},
			},
		.null = "None",
		.functions = "function_definition lambda",
		.deletable = "expression_statement raise_statement delete_statement return_statement",
		.returns = "return_statement",
		.yields = "yield",
		.nothing = "pass",
		.assignment = "assignment",
		.target = "left",
		.value = "right",
		.name_node = "identifier",
		.patterns = "pattern_list tuple_pattern list_pattern",
		.blocks = "block",
		.loops = "for_statement while_statement",
		.slices = "slice",
		.sign = "unary_operator",
		.tight = "identifier attribute subscript call parenthesized_expression"
			 " unary_operator await",
		.ranges = (const struct mutate_range[]){{"range", 0}, {"islice", 1}, {0}},
		.call = "call",
		.function = "function",
		.arguments = "arguments",
		.argument_list = "argument_list",
		.named_arguments = "keyword_argument dictionary_splat",
		.defaults =
			(const struct mutate_place[]){
				{"default_parameter", "value", 0},
				{"typed_default_parameter", "value", 0},
				{0},
			},
	},
};

const struct mutate_language *mutate_language(const char *name)
{
	for (size_t i = 0; i < sizeof(languages) / sizeof(*languages); i++)
		if (name && !strcmp(languages[i].name, name))
			return &languages[i];
	return NULL;
}
