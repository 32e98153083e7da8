/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests over HTTP with libcurl: several at once, asked again where that can help (RFC 9110
 * §10.2.3 for Retry-After). Proxies come from the variables that curl takes them from (https_proxy,
 * no_proxy), a private certificate authority from CURL_CA_BUNDLE or SSL_CERT_FILE, SSL_CERT_DIR.
 */
#ifndef CF_HTTP_H
#define CF_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/buf.h"

struct http_request {
	const char *method; /* "POST" */
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; never printed */
	const char *body;
	size_t body_len;
	void *owner; /* the caller's */

	/* the answer */
	long status;	      /* 0: none came, and why says why */
	struct cf_buf answer; /* its body, whatever the status */
	char *why;	      /* new; one line: what went wrong; NULL where the status is 2xx */
	int tries;
};

struct http_rules {
	int at_once;	   /* requests at a time */
	double timeout_s;  /* of one try, and of all waiting between the tries */
	int tries;	   /* of one request, the first among them */
	double back_off_s; /* about this before the second try, twice as much before each further */
	size_t answer_max; /* a longer body is an error */
	bool once; /* not again after a try that may have arrived: only where the server refused it
		      for now */
	/* Asked before a request is made for the first time, told after the last; NULL: not. Where
	 * start returns a reason (static) the request is not made, and its `why` is that. */
	const char *(*start)(void *arg, struct http_request *r);
	void (*done)(void *arg, struct http_request *r);
	void *arg;
};

/*
 * Makes all of them. A try is made again after no connection, one that broke off, the statuses 408,
 * 409, 425, 429 and 5xx, and 403 where the server says when; not after a time-out, whose answer may
 * have been paid for. Redirections are not followed: the headers may hold a key.
 */
void http_all(struct http_request *r, int n, const struct http_rules *rules);
void http_request_release(struct http_request *r);

#endif
