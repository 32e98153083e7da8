/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loop nest that may be a sort, run on small lists of made-up elements: what it is shows in what
 * comes out, however it is spelled. Understood are whole numbers, flags, one list that is permuted
 * (or emptied into another), comparisons of its elements; anything else is no sort to us.
 */
#ifndef CF_PY_TRIAL_H
#define CF_PY_TRIAL_H

#include "cf-suggest/rules/python/py.h"

struct trial {
	int loop;         /* the nest; set by the caller */
	int list;         /* the path of the list that is sorted */
	int into;         /* of the list its elements end up in, which is empty before; or 0 */
	bool empties;     /* into: the first list is empty afterwards */
	int side, element; /* of a comparison one side, and the element in it */
	int flag;         /* the name that says which way, or 0 */
	bool ascending;   /* where the flag is true, if there is one */
};

/* True when every list that was tried came out sorted by the elements' key, and, where that key is
 * not the element itself, stably. */
bool trial_sorts(const struct rule_ctx *c, struct trial *trial);
/* Expression n with the element, wherever it stands in it, called `item`. Returns new. */
char *trial_key(const struct tree *t, int n, int element);

#endif
