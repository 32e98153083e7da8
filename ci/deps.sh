#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what the build ("build") or the checks too ("check") need and this machine lacks, with
# apt-get, after saying what. Nothing is done when nothing is missing. --list only says.
set -eu

usage() {
	echo "usage: ci/deps.sh [--list] build|check" >&2
	exit 2
}

has() {
	command -v "$1" >/dev/null 2>&1
}

# What is looked for is the thing itself, not the package: a compiler or a Node.js from elsewhere will do.
missing_build() {
	{ has cc && has make && [ -e /usr/include/stdio.h ]; } || echo build-essential
	has pkg-config || echo pkg-config
	for pair in jansson:libjansson-dev sqlite3:libsqlite3-dev zlib:zlib1g-dev libmd:libmd-dev \
		tree-sitter:libtree-sitter-dev libcbor:libcbor-dev libcurl:libcurl4-openssl-dev; do
		pkg-config --exists "${pair%%:*}" 2>/dev/null || echo "${pair#*:}"
	done
	has npm || echo npm
	[ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
	has git || echo git
	has python3 || echo python3
	python_h='import os, sysconfig
raise SystemExit(not os.path.exists(sysconfig.get_paths()["include"] + "/Python.h"))'
	/usr/bin/python3 -c "$python_h" 2>/dev/null || echo python3-dev
}

missing_check() {
	for tool in bats shellcheck mandoc clang sqlite3 openssl ps:procps; do
		has "${tool%%:*}" || echo "${tool#*:}"
	done
	# without them there is no Java plugin, and the rest is as it is
	has javac || echo openjdk-17-jdk-headless
	has mvn || echo maven
	# clang's libFuzzer
	fuzzer='int LLVMFuzzerTestOneInput(void) { return 0; }'
	printf '%s\n' "$fuzzer" | clang -x c -fsanitize=fuzzer -o /dev/null - 2>/dev/null || echo libclang-rt-dev
	/usr/bin/python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv
}

install() {
	as=
	if [ "$(id -u)" -ne 0 ]; then
		has sudo || {
			echo "deps: not root and no sudo; install them as root:" >&2
			echo "  apt-get install $*" >&2
			exit 4
		}
		as=sudo
	fi
	echo "deps: installing with ${as:+$as }apt-get: $*" >&2
	$as apt-get update -qq
	$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

list=
if [ "${1-}" = --list ]; then
	list=1
	shift
fi
[ $# -eq 1 ] || usage
case $1 in
build) missing=$(missing_build) ;;
check) missing=$(missing_build && missing_check) ;;
*) usage ;;
esac
if [ -z "$missing" ]; then
	exit 0
fi
if [ -n "$list" ]; then
	printf '%s\n' "$missing"
	exit 0
fi
if ! has apt-get; then
	echo "deps: missing, and there is no apt-get here; on Debian 12 the packages are:" >&2
	printf '  %s\n' "$missing" >&2
	exit 4
fi
# shellcheck disable=SC2086 # a list of package names
install $missing
