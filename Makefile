# SPDX-License-Identifier: Apache-2.0
# codeflash: `make help` lists the targets. One Makefile, not recursive.

VERSION := 0.1.0
TOOLS   := cf-trace cf-replaygen cf-rank cf-suggest cf-verify cf-bench cf-pr
GRAMMARS := python javascript typescript java

# The user's: override on the command line. O= builds elsewhere, SAN=address,undefined instruments,
# WERROR=1 makes warnings errors, V=1 shows the commands.
O          ?= build
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec/codeflash
MANDIR     ?= $(PREFIX)/share/man
DATADIR    ?= $(PREFIX)/share/codeflash
DOCDIR     ?= $(PREFIX)/share/doc/codeflash
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
CFLAGS     ?= -O2 -g
PKG_CONFIG ?= pkg-config
PYTHON     ?= /usr/bin/python3
NPM        ?= npm
NODE       ?= node
MVN        ?= mvn
JAVAC      ?= javac
SAN        ?=

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

# What the compiler needs of us, apart from CFLAGS, which are the user's. Sanitized objects live in
# a tree of their own, so that both builds stay fresh.
GIVEN_O := $(O)
override O := $(O)$(if $(SAN),-san)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
LIBS_PKG := jansson sqlite3 zlib libmd tree-sitter libcbor libcurl
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS_PKG) 2>/dev/null)
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBS_PKG) 2>/dev/null)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes \
	$(if $(WERROR),-Werror) -I. -I$(O) -MMD -MP \
	-DCF_VERSION='"$(VERSION)"' -DCF_LIBEXECDIR='"$(LIBEXECDIR)"' \
	$(PKG_CFLAGS) $(CFLAGS) $(SANFLAGS)
GRAMMAR_CFLAGS = -std=c11 -w $(CFLAGS)
ALL_LDLIBS = -Wl,--as-needed $(PKG_LIBS) -lm -lpthread $(LDLIBS)

LIB_SRC  := $(wildcard lib/*.c)
LIB_OBJ  := $(LIB_SRC:%.c=$(O)/obj/%.o) $(O)/obj/lib/schema_sql.o \
	$(foreach g,$(GRAMMARS),$(O)/obj/grammar/$(g)-parser.o) \
	$(foreach g,$(filter-out java,$(GRAMMARS)),$(O)/obj/grammar/$(g)-scanner.o)
PY_SRC   := $(wildcard plugins/python/plugin.json plugins/python/codeflash/*.py \
	plugins/python/codeflash/*.pyi plugins/python/codeflash/py.typed plugins/python/codeflash/*/*.py)
JS_SRC   := $(wildcard plugins/javascript/*.json plugins/javascript/lib/*)
JAVA_SRC := plugins/java/pom.xml $(wildcard plugins/java/src/main/java/dev/codeflash/*/*.java)
PY_SO    := $(O)/libexec/plugins/python/codeflash/_recorder.abi3.so
BIN      := $(TOOLS:%=$(O)/bin/%) $(O)/bin/codeflash

.PHONY: all
all: $(BIN) plugins
.DELETE_ON_ERROR:

# --- the library -------------------------------------------------------------------------------

$(O)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(O)/lib/schema_sql.c: lib/schema.sql
	@mkdir -p $(@D)
	$(call say,GEN,$@){ echo '#include "lib/trace.h"'; echo 'const char cf_trace_schema[] ='; \
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $<; echo ';'; } > $@

$(O)/obj/lib/schema_sql.o: $(O)/lib/schema_sql.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(O)/libcf.a: $(LIB_OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $(LIB_OBJ)

# The grammars come from the registry, pinned by package-lock.json; generated C, so without our
# warnings.
node_modules/.stamp: package.json package-lock.json
	$(call say,NPM,ci)$(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@

# tree-sitter-typescript has two grammars, in folders of their own.
grammar_src = node_modules/tree-sitter-$(1)/$(if $(filter typescript,$(1)),typescript/)src
$(O)/obj/grammar/%-parser.o: node_modules/.stamp
	@mkdir -p $(@D)
	$(call say,CC,$*/parser.c)$(CC) $(GRAMMAR_CFLAGS) -I$(call grammar_src,$*) \
		-c -o $@ $(call grammar_src,$*)/parser.c
$(O)/obj/grammar/%-scanner.o: node_modules/.stamp
	@mkdir -p $(@D)
	$(call say,CC,$*/scanner.c)$(CC) $(GRAMMAR_CFLAGS) -I$(call grammar_src,$*) \
		-c -o $@ $(call grammar_src,$*)/scanner.c

# --- the tools: every .c in cf-foo/ is linked into cf-foo and nothing else -----------------------

define tool
$(1)_OBJ := $$(patsubst %.c,$(O)/obj/%.o,$$(shell find $(1) -name '*.c' 2>/dev/null | sort))
$(O)/bin/$(1): $$($(1)_OBJ) $(O)/libcf.a
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)$(CC) $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -o $$@ $$^ $$(ALL_LDLIBS)
-include $$($(1)_OBJ:.o=.d)
endef
$(foreach t,$(TOOLS),$(eval $(call tool,$(t))))
-include $(LIB_OBJ:.o=.d)

$(O)/bin/codeflash: cf-optimize.sh
	@mkdir -p $(@D)
	$(call say,SH,$@)sed -e 's|@VERSION@|$(VERSION)|g' -e 's|@LIBEXECDIR@|$(LIBEXECDIR)|g' $< > $@ && chmod 755 $@

# --- the plugins, laid out as installed -----------------------------------------------------------

.PHONY: plugins
plugins: $(PY_SRC:plugins/%=$(O)/libexec/plugins/%) $(PY_SO) plugin-javascript plugin-java

# Without Node.js there is no JavaScript plugin, and the rest is as it is. What it needs of the registry is
# pinned by its own package-lock.json.
.PHONY: plugin-javascript
ifneq ($(shell command -v $(NODE) 2>/dev/null),)
plugin-javascript: $(JS_SRC:plugins/%=$(O)/libexec/plugins/%) $(O)/libexec/plugins/javascript/node_modules/.stamp
$(O)/libexec/plugins/javascript/node_modules/.stamp: plugins/javascript/package.json plugins/javascript/package-lock.json
	@mkdir -p $(O)/libexec/plugins/javascript
	@cp plugins/javascript/package.json plugins/javascript/package-lock.json $(O)/libexec/plugins/javascript
	$(call say,NPM,plugins/javascript)cd $(O)/libexec/plugins/javascript && \
		$(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null && \
		find node_modules/sql.js/dist -type f ! -name sql-wasm.js ! -name sql-wasm.wasm -delete && \
		find node_modules/typescript/lib ! -type d ! -name typescript.js ! -name package.json -delete && touch node_modules/.stamp
else
plugin-javascript:
	@echo '  SKIP    plugins/javascript: no $(NODE) here; install Node.js and run make again'
endif

# Without a JDK and Maven there is no Java plugin. Maven is asked for nothing that it has already.
.PHONY: plugin-java
ifneq ($(and $(shell command -v $(JAVAC) 2>/dev/null),$(shell command -v $(MVN) 2>/dev/null)),)
JAVA_JAR := $(O)/libexec/plugins/java/codeflash.jar
plugin-java: $(O)/libexec/plugins/java/plugin.json $(JAVA_JAR) $(O)/libexec/plugins/java/codeflash.jsa
# What a worker loads of the compiler, as the JVM likes it best. It is good for this place and this JVM only;
# elsewhere a worker takes half a second longer.
$(O)/libexec/plugins/java/codeflash.jsa: $(JAVA_JAR)
	@mkdir -p $(O)/java/none
	$(call say,GEN,$@)[ -e $(JAVA_JAR) ] || exit 0; echo '{"command":["java","A"],"cwd":"/","project_root":"$(abspath $(O))/java/none","module_root":".","tests_root":null,' \
		'"scratch":"/","files":[{"path":"A.java","text":"class A { java.util.function.Supplier<String> s = () -> 1 + new A().toString(); }"}]}' | \
		java -XX:+UseSerialGC -XX:ArchiveClassesAtExit=$@ -Xlog:disable -cp $(abspath $(JAVA_JAR)) dev.codeflash.verbs.Main build >/dev/null 2>&1; touch $@
$(JAVA_JAR): $(JAVA_SRC) | $(O)/libexec/plugins/java/plugin.json
	@mkdir -p $(@D)
	$(call say,MVN,plugins/java)m="$(MVN) -q -B -Dstyle.color=never -f plugins/java/pom.xml -Dcf.build=$(abspath $(O))/java package"; \
		{ $$m -o >/dev/null 2>&1 || $$m >$(O)/java.log 2>&1; } && cp $(O)/java/codeflash-java-0.1.0.jar $@ || \
		{ rm -f $(@D)/plugin.json; echo '  SKIP    plugins/java: Maven cannot build it, see $(O)/java.log'; [ -z "$$CI" ]; }
else
plugin-java:
	@echo '  SKIP    plugins/java: no $(JAVAC) or no $(MVN) here; install a JDK and Maven and run make again'
endif

$(O)/libexec/plugins/%: plugins/%
	@mkdir -p $(@D)
	$(call say,CP,$@)cp $< $@

# One object for every CPython from 3.8: the limited API, and nothing of libpython linked in. It is
# loaded into the user's interpreter, so it is never instrumented by SAN.
PY_RECORDER_SRC := $(wildcard plugins/python/recorder/*.c)
$(PY_SO): $(PY_RECORDER_SRC) $(wildcard plugins/python/recorder/*.h) lib/spool.h
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) -std=c11 -D_GNU_SOURCE -Wall -Wextra $(if $(WERROR),-Werror) -I. \
		-DPy_LIMITED_API=0x03080000 $$($(PYTHON) -c 'import sysconfig; print("-I" + sysconfig.get_paths()["include"])') \
		-O2 -g -fPIC -shared -o $@ $(PY_RECORDER_SRC) -lpthread

# --- first contact --------------------------------------------------------------------------------

.PHONY: demo deps deps-check
deps:
	$(Q)sh ci/deps.sh build
deps-check:
	$(Q)sh ci/deps.sh check
demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)O=$(O) sh examples/demo.sh

# --- checks ---------------------------------------------------------------------------------------

CHECK_VENV := $(O)/check-venv
$(CHECK_VENV)/.stamp: ci/requirements.txt
	$(call say,VENV,$(CHECK_VENV))rm -rf $(CHECK_VENV) && $(PYTHON) -m venv $(CHECK_VENV) && \
		$(CHECK_VENV)/bin/pip install -q --disable-pip-version-check -r ci/requirements.txt && touch $@

UNIT_SRC := $(wildcard tests/unit/*.c)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(O)/unit/%)
# A unit test links the folder it names in its first lines as `/* unit of: cf-suggest */`, less main.c.
$(O)/unit/%: tests/unit/%.c $(O)/libcf.a $(BIN)
	@mkdir -p $(@D)
	$(call say,LD,$@)of=$$(sed -n 's|.*unit of: \(cf-[a-z]*\).*|\1|p' $< | head -n 1); \
		objs=$$([ -z "$$of" ] || find $(O)/obj/$$of -name '*.o' ! -name main.o); \
		$(CC) $(ALL_CFLAGS) -MF $(O)/unit/$*.d -o $@ $< $$objs $(O)/libcf.a $(ALL_LDLIBS)

TEST_ENV = PATH="$(abspath $(O))/bin:$$PATH" O="$(abspath $(O))" CHECK_VENV="$(abspath $(CHECK_VENV))" \
	ASAN_OPTIONS=exitcode=99:detect_leaks=1 UBSAN_OPTIONS=exitcode=99:halt_on_error=1:print_stacktrace=1
BATS ?= bats
# Files whose rows measure the most, one after the other; the rest goes on beside them on the other processor.
MEASURING := $(wildcard $(patsubst %,tests/%.bats,cf-bench bench-trace javascript manuals models pipeline))
JUDGING := $(filter-out $(MEASURING),$(wildcard tests/*.bats))

.PHONY: check check-unit check-python check-javascript check-bats lint real features proof suites kill-trials mutants \
	bench-trace bench-trials
check: deps-check
	$(Q)$(MAKE) --no-print-directory all lint check-unit $(CHECK_VENV)/.stamp
	$(Q)$(MAKE) --no-print-directory -k -j2 check-measuring check-python check-javascript check-fuzz check-judging
check-unit: $(UNIT_BIN)
	$(Q)set -e; for t in $(UNIT_BIN); do echo "unit $${t##*/}"; $(TEST_ENV) $$t; done
check-python: all $(CHECK_VENV)/.stamp
	$(Q)$(TEST_ENV) PYTHONPATH=$(abspath $(O))/libexec/plugins/python $(CHECK_VENV)/bin/python -m pytest -q tests/python
check-javascript: all
	$(Q)if command -v $(NODE) >/dev/null; then $(TEST_ENV) JS_PLUGIN="$(abspath $(O))/libexec/plugins/javascript" \
		$(NODE) --test --test-reporter=dot tests/javascript/*.test.js; \
		else echo 'no $(NODE): tests/javascript are not run' >&2; [ -z "$$CI" ]; fi
# What Java's replay tests are run with.
JUNIT := junit-platform-console-standalone-1.10.2
JUNIT_JAR := $(if $(filter %codeflash.jar,$(JAVA_JAR)),$(O)/java/test/$(JUNIT).jar)
$(O)/java/test/$(JUNIT).jar:
	@mkdir -p $(@D)
	$(call say,MVN,$@)m="$(MVN) -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.7.1:copy -DoutputDirectory=$(abspath $(@D)) \
		-Dartifact=org.junit.platform:$(JUNIT:-1.10.2=):1.10.2"; { $$m -o >/dev/null 2>&1 || $$m; }
check-bats: all $(CHECK_VENV)/.stamp $(JUNIT_JAR)
	$(Q)$(if $(T),$(TEST_ENV) $(BATS) $(T),$(MAKE) --no-print-directory -k -j2 check-measuring check-judging)
.PHONY: check-measuring check-judging
check-measuring check-judging: check-%: all $(CHECK_VENV)/.stamp $(JUNIT_JAR)
	$(Q)MAKEFLAGS= $(TEST_ENV) $(BATS) $(if $(filter measuring,$*),$(MEASURING),$(JUDGING))
lint:
	$(Q)shellcheck cf-optimize.sh ci/*.sh examples/*.sh .ci/run $(wildcard tests/*.sh)
	$(Q)out=$$(mandoc -T lint -W warning man/*.[1-9] 2>&1); [ -z "$$out" ] || { echo "$$out"; exit 1; }

# Whole runs over real PyPI packages; the figures land in tests/results/.
real: all
	$(Q)$(TEST_ENV) sh tests/real.sh

# The own test suites of the same packages, without and under cf-trace; into tests/results/ as well.
suites: all
	$(Q)$(TEST_ENV) sh tests/suites.sh

# Recordings that are killed at random moments; the tally lands in tests/results/. N= trials, SEED=.
kill-trials: all
	$(Q)$(TEST_ENV) $(PYTHON) tests/kill-trials.py $(or $(N),200) $(SEED) >$(O)/kills.md
	$(Q)cp $(O)/kills.md tests/results/ && cat $(O)/kills.md

# How often cf-bench is right: 200 comparisons of a kind (N=); goes on where it was stopped.
bench-trials: all
	$(Q)$(TEST_ENV) sh tests/bench-trials.sh $(or $(N),200) $(BUDGET)

# All mutants of ten functions of PyPI packages, and why some are not told apart; into tests/results/, too.
mutants: all
	$(Q)$(TEST_ENV) $(PYTHON) tests/mutants.py $(MUTANTS)

# What recording costs, on CPython 3.11 and 3.13 (BENCH_PYTHONS=); BENCH='--only fib --rounds 3' for less.
bench-trace: all
	$(Q)$(TEST_ENV) $(PYTHON) tests/bench_trace.py $(BENCH)

# Language features by CPython, every one from 3.8 that is found; the table lands in tests/results/.
features: all
	$(Q)$(TEST_ENV) $(PYTHON) tests/features.py --write

# Rewrites, right and wrong ones, before cf-verify; what is no gain, before cf-bench. PROOF='--only words'.
proof: all
	$(Q)$(TEST_ENV) $(PYTHON) tests/proof.py $(or $(PROOF),--bench --write)

# --- fuzzing: libFuzzer on what reads other people's bytes -----------------------------------------

FUZZ_CC ?= clang
FUZZ_SAN = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZ_CFLAGS = $(filter-out $(SANFLAGS),$(ALL_CFLAGS)) -O1 $(FUZZ_SAN)
FUZZ_BIN := $(patsubst tests/fuzz/%_fuzz.c,$(O)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_OBJ := $(LIB_SRC:%.c=$(O)/fuzz/obj/%.o) $(O)/fuzz/obj/lib/schema_sql.o

$(O)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,FUZZCC,$<)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<
$(O)/fuzz/obj/lib/schema_sql.o: $(O)/lib/schema_sql.c
	@mkdir -p $(@D)
	$(call say,FUZZCC,$<)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<
-include $(FUZZ_OBJ:.o=.d)
.SECONDARY: $(FUZZ_OBJ)
# As a unit test, a target is linked with the folder that it names, less main.c.
$(O)/fuzz/%: tests/fuzz/%_fuzz.c $(FUZZ_OBJ) $(wildcard cf-trace/*.[ch] cf-rank/*.[ch]) $(O)/libcf.a
	$(call say,FUZZLD,$@)of=$$(sed -n 's|.*unit of: \(cf-[a-z]*\).*|\1|p' $< | head -n 1); \
		more=$$([ -z "$$of" ] || find $$of -name '*.c' ! -name main.c); \
		$(FUZZ_CC) $(filter-out -MMD -MP,$(FUZZ_CFLAGS)) -fsanitize=fuzzer -o $@ $< $$more $(FUZZ_OBJ) \
		$(filter $(O)/obj/grammar/%,$(LIB_OBJ)) $(ALL_LDLIBS)

.PHONY: fuzz fuzz-bin fuzz-seeds check-fuzz
fuzz-bin: $(FUZZ_BIN)
# An hour each (FUZZ_SECONDS=, FUZZ_TARGETS=); the corpora stay in tests/fuzz/corpus/, what came of it in
# tests/results/fuzz.md.
fuzz:
	+$(Q)$(TEST_ENV) sh tests/fuzz.sh full $(MAKE) O=$(GIVEN_O)
check-fuzz:
	+$(Q)$(TEST_ENV) sh tests/fuzz.sh smoke $(MAKE) O=$(GIVEN_O)
# Corpora anew, from values, spools and traces that the build here makes.
fuzz-seeds: all
	$(Q)$(TEST_ENV) PYTHONPATH=$(abspath $(O))/libexec/plugins/python $(PYTHON) tests/fuzz/seeds.py $(O)/fuzz/seeds

# --- a wheel for pip: the package that a program imports, with the programs ------------------------

.PHONY: wheel
wheel: all
	$(Q)$(PYTHON) ci/wheel.py $(O) $(VERSION) $(BIN)

# --- installing -----------------------------------------------------------------------------------

.PHONY: install uninstall clean help
INSTALL ?= install
install: all
	$(Q)$(INSTALL) -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(MANDIR)/man1" "$(DESTDIR)$(MANDIR)/man5" \
		"$(DESTDIR)$(MANDIR)/man7" "$(DESTDIR)$(DATADIR)/schema" "$(DESTDIR)$(BASHCOMPDIR)"
	$(Q)$(INSTALL) -m 755 $(BIN) "$(DESTDIR)$(BINDIR)"
	$(Q)cd $(O)/libexec && find plugins -type f ! -path '*/__pycache__/*' ! -name '*.jsa' | while read -r f; do \
		$(INSTALL) -D -m 644 "$$f" "$(DESTDIR)$(LIBEXECDIR)/$$f"; done
	$(Q)for s in 1 5 7; do $(INSTALL) -m 644 man/*.$$s "$(DESTDIR)$(MANDIR)/man$$s"; done
	$(Q)$(INSTALL) -m 644 schema/*.json "$(DESTDIR)$(DATADIR)/schema"
	$(Q)$(INSTALL) -m 644 completions/codeflash.bash "$(DESTDIR)$(BASHCOMPDIR)/codeflash"
uninstall:
	rm -f $(TOOLS:%="$(DESTDIR)$(BINDIR)/%") "$(DESTDIR)$(BINDIR)/codeflash"
	rm -f $(patsubst man/%,"$(DESTDIR)$(MANDIR)/man1/%",$(wildcard man/*.1)) \
		$(patsubst man/%,"$(DESTDIR)$(MANDIR)/man5/%",$(wildcard man/*.5)) \
		$(patsubst man/%,"$(DESTDIR)$(MANDIR)/man7/%",$(wildcard man/*.7))
	rm -rf "$(DESTDIR)$(LIBEXECDIR)" "$(DESTDIR)$(DATADIR)" "$(DESTDIR)$(BASHCOMPDIR)/codeflash"
clean:
	rm -rf $(O) node_modules
help:
	@echo 'make              build everything into $(O)/'
	@echo 'make demo         install what is missing, build, optimize the bundled workflow'
	@echo 'make check        build and run every test (T=tests/x.bats for one file)'
	@echo 'make lint         shell and manual checkers'
	@echo 'make real         the whole pipeline over real PyPI packages'
	@echo 'make bench-trace  what recording costs: traced over plain (BENCH="--only fib"; --help)'
	@echo 'make bench-trials how often cf-bench is right: 200 times with no gain, 200 with one of 5 %'
	@echo 'make fuzz         libFuzzer on the readers of values, spools and traces, an hour each'
	@echo 'make suites       the own tests of those packages, recorded'
	@echo 'make kill-trials  recordings killed at 200 random moments'
	@echo 'make mutants      what verification tells apart: all mutants of ten PyPI functions'
	@echo 'make features     every feature of the language under every CPython found'
	@echo 'make proof        the corpus of right and wrong rewrites, verified'
	@echo 'make wheel        build/dist/*.whl, for pip install'
	@echo 'make install      PREFIX= DESTDIR= BINDIR= LIBEXECDIR= MANDIR='
	@echo 'variables         O=dir V=1 SAN=address,undefined WERROR=1 CC= CFLAGS='
