# SPDX-License-Identifier: ISC
# CC, CFLAGS, LDFLAGS, PKG_CONFIG, PREFIX and DESTDIR belong to the packager.

CC         = cc
CLANG      = clang
PKG_CONFIG = pkg-config
CFLAGS     = -O2 -g
PREFIX     = /usr/local
BUILD      = build
PORT       = 8080
# Debian's own Python: the one for which ./setup installs pytest.
PYTHON     = /usr/bin/python3
JOBS       = 2

VERSION  = 0.1.0
PACKAGES = fcgi json-c sqlite3 libsodium

.DELETE_ON_ERROR:

# What gcc and clang both take, then what only one machine or one of them does.
FORTIFY   = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
HARDENING = -fPIE -fstack-protector-strong -fstack-clash-protection -fno-common \
	-fvisibility=hidden $(FORTIFY) \
	$(if $(filter x86_64 i%86,$(shell uname -m)),-fcf-protection=full) \
	$(if $(findstring clang,$(shell $(CC) --version)),,\
	-ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr)
PIE = -pie
HARDENING_LINK = $(PIE) -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wswitch-enum -Wformat=2 -Wformat-security -Wwrite-strings -Wcast-qual \
	-Wvla -Wundef -Werror=format -Werror=implicit-function-declaration $(WERROR)

# No path of the machine that builds is in a program: each machine makes the same bits.
CLAVIGER_CFLAGS := -std=c17 -D_XOPEN_SOURCE=700 -DCLAVIGER_VERSION='"$(VERSION)"' -Ilib -I$(BUILD) \
	'-ffile-prefix-map=$(CURDIR)=.' $(WARNINGS) $(HARDENING) $(shell $(PKG_CONFIG) --cflags $(PACKAGES)) -pthread
# libscrypt ships no .pc file.
LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lscrypt $(if $(findstring static,$(PIE)),-lm) -pthread

LIB_SOURCES = lib/ascii.c lib/audit.c lib/audit_key.c lib/audit_verify.c lib/authority.c \
	lib/authority_account.c lib/authority_activity.c lib/authority_audit.c \
	lib/authority_change.c lib/authority_idempotency.c lib/authority_list.c \
	lib/authority_purge.c lib/authority_rotate.c lib/authority_scope.c \
	lib/authority_sweep.c lib/authority_team.c lib/authority_token.c lib/authority_walk.c \
	lib/authority_website.c lib/bootstrap.c lib/bootstrap_code.c lib/buffer.c lib/codec.c \
	lib/codec_audit.c lib/codec_body.c lib/codec_bootstrap.c lib/codec_checkpoint.c \
	lib/codec_parse.c lib/codec_read.c lib/codec_read_website.c lib/codec_sweep.c \
	lib/codec_verify.c lib/config.c lib/config_text.c lib/demand.c lib/error.c lib/file.c \
	lib/id.c lib/json_scan.c lib/json_write.c lib/log.c lib/memo.c lib/memo_file.c \
	lib/network.c lib/path.c lib/permission.c lib/policy.c lib/policy_file.c lib/process.c \
	lib/query.c lib/rate_limit.c lib/scope.c lib/scrypt_slots.c lib/secret.c lib/setting.c \
	lib/store_sqlite.c lib/store_sqlite_account.c lib/store_sqlite_activity.c \
	lib/store_sqlite_audit.c lib/store_sqlite_copy.c lib/store_sqlite_family.c \
	lib/store_sqlite_idempotency.c lib/store_sqlite_schema.c lib/store_sqlite_statements.c \
	lib/store_sqlite_token.c lib/store_sqlite_website.c lib/text.c lib/throttle.c \
	lib/timestamp.c lib/token.c lib/tries.c lib/usage.c
FCGI_SOURCES = fcgi/account.c fcgi/activity.c fcgi/admission.c fcgi/arriving.c \
	fcgi/audit.c fcgi/background.c fcgi/cgi.c fcgi/check.c fcgi/credentials.c \
	fcgi/exchange.c fcgi/first_owner.c fcgi/form.c fcgi/gate.c fcgi/health.c fcgi/lanes.c \
	fcgi/listen.c fcgi/look.c fcgi/main.c fcgi/metrics.c fcgi/oauth.c fcgi/openapi.c \
	fcgi/page.c fcgi/queue.c fcgi/request.c fcgi/response.c fcgi/router.c fcgi/sweep.c \
	fcgi/team.c fcgi/token_change.c fcgi/token_query.c fcgi/token_verify.c fcgi/tokens.c \
	fcgi/websites.c fcgi/worker.c
ADMIN_SOURCES = cli/account.c cli/admin.c cli/arguments.c cli/audit.c cli/audit_verify.c \
	cli/backup.c cli/command.c cli/command_table.c cli/command_table_help.c \
	cli/config_show.c cli/doctor.c cli/doctor_files.c cli/doctor_gate.c \
	cli/doctor_service.c cli/family.c cli/init.c cli/issued.c cli/main.c cli/output.c \
	cli/permission.c cli/policy.c cli/probe.c cli/purge.c cli/restore.c cli/restore_audit.c \
	cli/team.c cli/token.c cli/token_create.c cli/token_expiring.c cli/token_table.c \
	cli/token_tree.c cli/website.c
CLIENT_SOURCES = cli/arguments.c cli/claviger.c cli/command_table.c \
	cli/command_table_help.c cli/family.c cli/output.c cli/remote_answer.c \
	cli/remote_audit.c cli/remote_body.c cli/remote_call.c cli/remote_command.c \
	cli/remote_completion.c cli/remote_config.c cli/remote_file.c cli/remote_filter.c \
	cli/remote_http.c cli/remote_issued.c cli/remote_kept.c cli/remote_list.c \
	cli/remote_login.c cli/remote_permission.c cli/remote_progress.c cli/remote_prompt.c \
	cli/remote_session.c cli/remote_settings.c cli/remote_sweep.c cli/remote_table.c \
	cli/remote_target.c cli/remote_team.c cli/remote_token_change.c cli/remote_token_make.c \
	cli/remote_token_revoke.c cli/remote_token_view.c cli/remote_tokens.c cli/remote_tree.c \
	cli/remote_verify.c cli/remote_website.c cli/remote_websites.c cli/remote_when.c
UNIT_TESTS = activity ascii audit authority authority_website bootstrap bootstrap_code \
	buffer check codec codec_website config delegation demand error file form id json_scan \
	log memo network path permission policy policy_file query rate_limit scope scrypt_slots \
	secret store store_family store_schema store_website sweep text throttle timestamp \
	token tries usage

LIB_OBJECTS   = $(LIB_SOURCES:%.c=$(BUILD)/%.o)
FCGI_OBJECTS  = $(FCGI_SOURCES:%.c=$(BUILD)/%.o)
ADMIN_OBJECTS = $(ADMIN_SOURCES:%.c=$(BUILD)/%.o)
CLIENT_OBJECTS = $(CLIENT_SOURCES:%.c=$(BUILD)/%.o)
UNIT_PROGRAMS = $(UNIT_TESTS:%=$(BUILD)/tests/unit/test_%)
SERVICE       = $(BUILD)/claviger.fcgi $(BUILD)/claviger-admin
# The client alone needs libcurl. CLIENT=no leaves it out: where there is no libcurl, and of static
# programs, into which no libcurl of a distribution can be linked.
CLIENT        = yes
PROGRAMS      = $(SERVICE) $(if $(filter yes,$(CLIENT)),$(BUILD)/claviger)

all: $(PROGRAMS) ## build the three programs (the default)
service: $(SERVICE) ## build the service and claviger-admin, not the client: as CLIENT=no does

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CLAVIGER_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The files that talk to the kernel beyond POSIX: accept4, epoll, close_range, prctl, locks of an
# open file.
$(BUILD)/fcgi/lanes.o $(BUILD)/fcgi/main.o $(BUILD)/cli/main.o $(BUILD)/cli/claviger.o $(BUILD)/lib/process.o $(BUILD)/lib/tries.o: CLAVIGER_CFLAGS += -D_GNU_SOURCE

$(BUILD)/schema_sql.h: lib/schema.awk lib/schema.sql
	@mkdir -p $(@D)
	awk -f lib/schema.awk lib/schema.sql > $@
$(BUILD)/lib/store_sqlite_schema.o: $(BUILD)/schema_sql.h

$(BUILD)/openapi_json.h: fcgi/openapi.awk fcgi/openapi.json
	@mkdir -p $(@D)
	awk -f fcgi/openapi.awk fcgi/openapi.json > $@
$(BUILD)/fcgi/openapi.o: $(BUILD)/openapi_json.h

$(BUILD)/libclaviger.a: $(LIB_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

LINK = $(CC) $(CFLAGS) $(LDFLAGS) $(HARDENING_LINK) -o $@ $(filter %.o %.a,$^) $(LIBS)
$(BUILD)/claviger.fcgi: $(FCGI_OBJECTS) $(BUILD)/libclaviger.a
	$(LINK)
$(BUILD)/claviger-admin: $(ADMIN_OBJECTS) $(BUILD)/libclaviger.a
	$(LINK)
$(BUILD)/cli/remote_http.o: CLAVIGER_CFLAGS += $(shell $(PKG_CONFIG) --cflags libcurl 2>/dev/null)
# Each library that is loaded costs the client at every start.
CLIENT_LIBS = $(shell $(PKG_CONFIG) --libs libcurl json-c libsodium)
$(BUILD)/claviger: LIBS = $(CLIENT_LIBS)
$(BUILD)/claviger: $(CLIENT_OBJECTS) $(BUILD)/libclaviger.a
	$(LINK)
$(UNIT_PROGRAMS): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/tests/unit/support.o \
		$(BUILD)/libclaviger.a
	$(LINK) -lcmocka
$(BUILD)/tests/unit/test_form: $(BUILD)/fcgi/form.o

BENCH_PROGRAMS = $(BUILD)/tests/bench/empty_responder $(BUILD)/tests/bench/bare_responder \
	$(BUILD)/tests/bench/one_scrypt $(BUILD)/tests/bench/cgi_runs \
	$(BUILD)/tests/bench/empty_authorizer
$(BUILD)/tests/bench/cgi_runs.o $(BUILD)/tests/bench/bare_responder.o: CLAVIGER_CFLAGS += -D_GNU_SOURCE
$(BENCH_PROGRAMS): %: %.o $(BUILD)/libclaviger.a
	$(LINK)
$(BUILD)/tests/bench/empty_cgi: %: %.o
	$(CC) $(CFLAGS) $(LDFLAGS) $(HARDENING_LINK) -o $@ $<

# All but libc's name service, which glibc loads by itself where --socket-group is given: of that the
# linker warns. Small, because a shared host counts bytes and each request of plain CGI maps it anew.
STATIC = $(BUILD)/static
static: ## the service and claviger-admin as one file each, without libraries, stripped: $(BUILD)/static
	$(MAKE) BUILD=$(STATIC) PIE=-static-pie CFLAGS='-Os -ffunction-sections -fdata-sections' \
		LDFLAGS='-s -Wl,--gc-sections,-z,pack-relative-relocs' CLIENT=no all

# The document root: www/, and docs/ and the manual as pages.
MANUAL = $(wildcard cli/*.[1-8] fcgi/*.[1-8] lib/*.[1-8])
SITE = $(BUILD)/site
SITE_SOURCES = docs/site.sh docs/page.awk docs/openapi.py fcgi/openapi.json $(MANUAL) \
	$(wildcard docs/*.md docs/images/* www/* www/*/* www/*/*/*)
site: $(SITE)/index.html ## the document root, with the documentation: $(BUILD)/site
$(SITE)/index.html: $(SITE_SOURCES)
	@mkdir -p $(@D)
	docs/site.sh $(SITE)

# Packed alike whenever and by whomever: names in order, no owner, the moment of the commit. The
# document root itself is no entry, so that unpacking leaves its permissions alone.
HOSTING = $(BUILD)/hosting
ARCHIVE = $(BUILD)/claviger-hosting-$(VERSION)-$(shell uname -m).tar.gz
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
dist-hosting: static site ## an archive to unpack in a web space: see examples/hosting/INSTALL.txt
	rm -rf $(HOSTING)
	install -d -m 755 $(HOSTING)/public_html/claviger
	install -d -m 700 $(HOSTING)/claviger-data
	install -m 755 $(STATIC)/claviger.fcgi $(HOSTING)/public_html/claviger/
	umask 022 && cp -R $(SITE)/. $(HOSTING)/public_html/claviger/
	install -m 644 examples/hosting/.htaccess $(HOSTING)/public_html/claviger/
	install -m 600 examples/hosting/claviger.conf $(HOSTING)/claviger-data/
	install -m 644 examples/hosting/data.htaccess $(HOSTING)/claviger-data/.htaccess
	install -m 644 examples/hosting/INSTALL.txt $(HOSTING)/
	install -m 644 LICENSE $(HOSTING)/LICENSE.txt
	tar -C $(HOSTING) -c --format=ustar --sort=name --owner=0 --group=0 --numeric-owner \
		--mtime=@$(SOURCE_DATE_EPOCH) INSTALL.txt LICENSE.txt claviger-data \
		public_html/claviger | gzip -9n > $(ARCHIVE)

# The commit, whatever else lies about here, packed as above.
RELEASE = claviger-$(VERSION)
dist: ## an archive of the release, as it is committed: $(BUILD)/claviger-$(VERSION).tar.gz
	@git diff --quiet HEAD || echo 'dist: what is not committed is not in it' >&2
	@mkdir -p $(BUILD)
	git -c tar.umask=022 archive --prefix=$(RELEASE)/ -o $(BUILD)/$(RELEASE).tar HEAD
	gzip -9nf $(BUILD)/$(RELEASE).tar

run: all site ## serve on 127.0.0.1:$(PORT), data in var/, until Ctrl-C
	@examples/run-local.sh "$(PORT)" "$(BUILD)"

# One after the other: each builds what the next one uses.
check: ## build with gcc and clang without a warning, then all tests
	$(MAKE) -j$(JOBS) CC=gcc WERROR=-Werror all unit-programs
	$(MAKE) -j$(JOBS) CC=$(CLANG) WERROR=-Werror BUILD=$(BUILD)/clang FORTIFY= all unit-programs
	$(MAKE) check-unit check-http check-cgi check-servers check-docs check-cli check-hosting \
		check-browser

unit-programs: $(UNIT_PROGRAMS)

$(BUILD)/tests/unit/json_scan_driver: %: %.o $(BUILD)/libclaviger.a
	$(LINK)

check-unit: $(UNIT_PROGRAMS) $(BUILD)/tests/unit/json_scan_driver ## the unit tests alone
	@for test in $(UNIT_PROGRAMS); do echo "$$test"; $(RUN) $$test || exit 1; done
	$(RUN) $(PYTHON) tests/unit/differential_json.py $(BUILD)/tests/unit/json_scan_driver

PYTEST = CLAVIGER_BUILD=$(BUILD) $(RUN) $(PYTHON) -m pytest -q -p no:cacheprovider \
	-n $(JOBS) --dist loadfile
check-http: all ## the tests over HTTP and of faults, behind a real lighttpd
	$(PYTEST) $(CHOICE) tests/http tests/fault
check-hosting: dist-hosting ## the archive for shared hosting, unpacked behind a real Apache
	$(PYTEST) tests/hosting
check-cgi: all ## the tests over HTTP, each request a process of plain CGI
	CLAVIGER_TEST_MODE=cgi $(PYTEST) tests/http
check-servers: all ## the examples as they are, behind lighttpd, Apache, nginx and Caddy
	$(PYTEST) tests/servers
check-browser: all site ## console and documentation in a real Chromium, behind a real lighttpd
	$(PYTEST) tests/browser
screenshots: all ## the console's pages as pictures, for docs/console.md
	CLAVIGER_SCREENSHOTS=$(CURDIR)/docs/images $(PYTEST) tests/browser/test_pages.py
check-cli: all ## the client, on terminals, in shells and over a network that fails
	$(PYTEST) tests/cli
check-docs: all site ## the pages of docs/: their programs, calls and links
	$(PYTEST) tests/docs

FUZZERS = config json_scan network path policy query
SECONDS = 30
fuzz: ## each fuzzer for $(SECONDS) seconds
	$(MAKE) -j$(JOBS) CC=$(CLANG) BUILD=build/fuzz FORTIFY= \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined' \
		$(FUZZERS:%=build/fuzz/tests/fuzz/fuzz_%)
	@mkdir -p $(FUZZERS:%=build/fuzz/corpus/%)
	for name in $(FUZZERS); do seeds=tests/fuzz/corpus/$$name; [ -d $$seeds ] || seeds=; \
		build/fuzz/tests/fuzz/fuzz_$$name -max_total_time=$(SECONDS) -print_final_stats=1 \
			-artifact_prefix=build/fuzz/ \
			build/fuzz/corpus/$$name $$seeds || exit 1; done
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libclaviger.a
	$(LINK) -fsanitize=fuzzer

# Sanitizers hide from gcc what a number can be, so it sees cuts that cannot happen. What they report
# of a program that a web server started, nobody would read: so it lands in a file.
SANITIZED = -O1 -g -fno-omit-frame-pointer -Wno-format-truncation
REPORTS   = $(CURDIR)/build/reports
NO_REPORT = @if grep -r . $(REPORTS); then echo 'a sanitizer reported the above'; exit 1; fi
check-asan: ## all tests under the address and undefined-behaviour sanitizers
	rm -rf $(REPORTS) && mkdir -p $(REPORTS) && chmod 1777 $(REPORTS)
	ASAN_OPTIONS=abort_on_error=1:log_path=$(REPORTS)/asan \
	UBSAN_OPTIONS=print_stacktrace=1:log_path=$(REPORTS)/ubsan \
	$(MAKE) -j$(JOBS) BUILD=build/asan FORTIFY= \
		CFLAGS='$(SANITIZED) -fsanitize=address,undefined -fno-sanitize-recover=all' \
		check-unit check-http check-docs check-cli
	$(NO_REPORT)
# What drives claviger-admin alone has one thread to watch.
ONE_THREAD = $(patsubst %,--ignore=tests/%.py,http/test_admin http/test_admin_family \
	http/test_audit_admin http/test_policy_admin http/test_installation http/test_run_local \
	http/test_startup_files fault/test_binaries fault/test_migration fault/test_restore)
check-tsan: ## the tests of the service under the thread sanitizer
	rm -rf $(REPORTS) && mkdir -p $(REPORTS) && chmod 1777 $(REPORTS)
	TSAN_OPTIONS=halt_on_error=1:log_path=$(REPORTS)/tsan \
	$(MAKE) -j$(JOBS) BUILD=build/tsan FORTIFY= CFLAGS='$(SANITIZED) -fsanitize=thread' \
		RUN='setarch -R' CHOICE='$(ONE_THREAD)' check-unit check-http
	$(NO_REPORT)

explore: all ## random histories against the model, with another seed each time
	for round in 1 2 3 4 5; do seed=$$(od -An -N4 -tu4 /dev/urandom); \
		CLAVIGER_SEED=$$((seed)) $(PYTEST) tests/http/test_model.py || exit 1; done

# In namespaces that end with it, and with them what is mounted and running in the trees. The trees are
# kept in $(BUILD)/packages: half an hour the first time, ten minutes then.
check-packages: dist ## the Debian packages, in bare Debian 12 trees (root, debootstrap, network)
	@[ "$$(id -u)" -eq 0 ] && command -v debootstrap >/dev/null || \
		{ echo 'check-packages: needs root, and apt-get install debootstrap' >&2; exit 1; }
	CLAVIGER_BUILD=$(BUILD) DEB_BUILD_OPTIONS=parallel=$(JOBS) unshare --mount --pid --mount-proc \
		--fork --kill-child $(PYTHON) -m pytest -q -p no:cacheprovider tests/packages

check-fresh: ## the README's two commands in a bare Debian 12 tree (root, debootstrap)
	tests/fresh.sh

lint: $(BUILD)/schema_sql.h $(BUILD)/openapi_json.h ## clang-tidy, cppcheck, layers, banned names, format
	BUILD=$(BUILD) tests/lint.sh

bench: all static $(BENCH_PROGRAMS) $(BUILD)/tests/bench/empty_cgi ## measure, write docs/performance.md; ROW=hot-verify: that row alone
	CLAVIGER_BUILD=$(BUILD) $(PYTHON) tests/bench/bench.py $(if $(ROW),--row $(ROW))

format: ## let clang-format lay out the sources
	clang-format -i $(wildcard lib/*.[ch] fcgi/*.[ch] cli/*.[ch] tests/*/*.[ch])

install: all site ## install under $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/claviger \
		$(DESTDIR)$(PREFIX)/share/claviger/www $(DESTDIR)$(PREFIX)/share/doc/claviger \
		$(DESTDIR)$(PREFIX)/share/doc/claviger/docs \
		$(DESTDIR)$(PREFIX)/share/doc/claviger/examples
	install -m 755 $(BUILD)/claviger-admin $(DESTDIR)$(PREFIX)/bin/
	$(if $(filter yes,$(CLIENT)),install -m 755 $(BUILD)/claviger $(DESTDIR)$(PREFIX)/bin/)
	install -m 755 $(BUILD)/claviger.fcgi $(DESTDIR)$(PREFIX)/libexec/claviger/
	umask 022 && cp -R $(SITE)/. $(DESTDIR)$(PREFIX)/share/claviger/www/
	install -m 644 README.md CHANGES.md SECURITY.md CONTRIBUTING.md LICENSE lighttpd.conf.example \
		$(DESTDIR)$(PREFIX)/share/doc/claviger/
	install -m 644 $(wildcard docs/*.md) $(DESTDIR)$(PREFIX)/share/doc/claviger/docs/
	for image in $(wildcard docs/images/*); do install -D -m 644 $$image \
		$(DESTDIR)$(PREFIX)/share/doc/claviger/$$image || exit 1; done
	install -m 644 examples/claviger.service examples/claviger.socket \
		examples/50-claviger.conf examples/apache.conf examples/apache-fcgid.conf examples/nginx.conf \
		examples/apache-gate.conf examples/apache-fcgid-gate.conf examples/nginx-gate.conf \
		examples/lighttpd-gate.conf examples/policy.example \
		examples/demo-backend.c examples/demo_backend.py \
		$(DESTDIR)$(PREFIX)/share/doc/claviger/examples/
	install -D -m 644 examples/caddy/Caddyfile \
		$(DESTDIR)$(PREFIX)/share/doc/claviger/examples/caddy/Caddyfile
	install -D -m 644 examples/hosting/INSTALL.txt \
		$(DESTDIR)$(PREFIX)/share/doc/claviger/examples/hosting/INSTALL.txt
	cd $(DESTDIR)$(PREFIX)/share/doc/claviger && sed -i 's|/usr/local/|$(PREFIX)/|g' \
		lighttpd.conf.example $$(find examples -type f)
	for page in $(MANUAL); do install -D -m 644 $$page \
		$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit 1; done

uninstall: ## take away what install put there; data and configuration stay
	rm -f $(DESTDIR)$(PREFIX)/bin/claviger $(DESTDIR)$(PREFIX)/bin/claviger-admin $(foreach page,$(MANUAL),\
		$(DESTDIR)$(PREFIX)/share/man/man$(patsubst .%,%,$(suffix $(page)))/$(notdir $(page)))
	rm -rf $(DESTDIR)$(PREFIX)/libexec/claviger $(DESTDIR)$(PREFIX)/share/claviger \
		$(DESTDIR)$(PREFIX)/share/doc/claviger

clean: ## remove what was built; var/ stays
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)


.PHONY: all service run static site dist dist-hosting check unit-programs check-unit check-http check-cgi \
	check-servers check-cli check-docs check-hosting check-browser screenshots check-asan check-tsan \
	check-packages check-fresh explore lint bench fuzz format install uninstall clean help
-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d)
