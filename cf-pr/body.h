/* SPDX-License-Identifier: Apache-2.0 */
/* What a pull request says: its title, and a body in Markdown that a reviewer can check. */
#ifndef CF_PR_BODY_H
#define CF_PR_BODY_H

#include "cf-pr/result.h"

/* "perf(module): f 1.8x faster on report.py". Returns new. */
char *body_title(const struct result *r);
/* At most 65 536 characters, the marker last; what is too long leaves out tables. Returns new. */
char *body_text(const struct result *r, const char *marker);

#endif
