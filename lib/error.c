/* SPDX-License-Identifier: Apache-2.0 */
/* One-line errors: whatever is in the message, it stays one line. */
#include "lib/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *progname = "codeflash";

void cf_set_progname(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	progname = slash ? slash + 1 : argv0;
}

const char *cf_progname(void)
{
	return progname;
}

/* One write per line, so that lines of stages in a pipe do not mix. */
static void print_line(const char *prefix, const char *fmt, va_list ap)
{
	char text[4096], line[3 * sizeof(text)];
	size_t n = 0;
	int len = vsnprintf(text, sizeof(text), fmt, ap);

	if (len < 0)
		return;
	n = (size_t)snprintf(line, 256, "%s: %s", progname, prefix);
	if (n > 255)
		n = 255;
	for (const unsigned char *p = (const unsigned char *)text; *p && n < sizeof(line) - 8; p++) {
		if (*p == '\n')
			n += (size_t)sprintf(line + n, "\\n");
		else if (*p < 0x20 || *p == 0x7f)
			n += (size_t)sprintf(line + n, "\\x%02x", *p);
		else
			line[n++] = (char)*p;
	}
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0) {
		/* nobody is left to tell */
	}
}

int cf_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
	return -1;
}

void cf_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
}

void cf_die(enum cf_exit status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
	exit(status);
}

void cf_bug_at(const char *file, int line, const char *fmt, ...)
{
	char where[256];
	va_list ap;

	snprintf(where, sizeof(where), "BUG at %s:%d: ", file, line);
	va_start(ap, fmt);
	print_line(where, fmt, ap);
	va_end(ap);
	abort();
}
