/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer on the value decoder, the comparator and the renderer.
 * The first two bytes say where the input is cut into an original and a candidate.
 */
#include <stdint.h>
#include <stdlib.h>
#include "lib/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct value_rules rules[] = {VALUE_RULES_DEFAULT,
		{.float_rel = 1e-9, .ignore_order = true, .error_type_only = true, .any_order = true}};
	struct value *a, *b;
	const char *why;
	size_t cut;

	if (n < 2)
		return 0;
	cut = (data[0] | (size_t)data[1] << 8) % (n - 1);
	a = value_decode(data + 2, cut < n - 2 ? cut : n - 2, &why);
	b = value_decode(data + 2 + cut, n - 2 > cut ? n - 2 - cut : 0, &why);
	if (!a)
		a = value_decode(data + 2, n - 2, &why);
	if (a) {
		/* whatever it is, it is not different from itself */
		if (value_compare(a, a, NULL, NULL, NULL) == VALUE_DIFFERENT)
			abort();
		free(value_render(a, 60));
		free(value_opaque(a));
	}
	for (int i = 0; a && b && i < 2; i++) {
		struct value_diff d;
		json_t *mask = value_differences(a, b, &rules[i], 50);
		enum value_answer answer = value_compare(a, b, &rules[i], NULL, &d);

		/* what is different has a mask, and under its mask is not different */
		if (answer == VALUE_DIFFERENT &&
			(!json_array_size(mask) || value_compare(a, b, &rules[i], mask, NULL) == VALUE_DIFFERENT))
			abort();
		value_diff_release(&d);
		json_decref(mask);
	}
	value_free(a);
	value_free(b);
	return 0;
}
