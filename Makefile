# Short targets; each does what its name says on a fresh Debian 12 with Swift 6.3 and git.

SWIFT  ?= swift
PREFIX ?= /usr/local
# where `make install` puts the configuration and the systemd units
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
UNITS      := grindvakt.service grindvakt-rules.service grindvakt-tap@.service grindvakt-fetch.service grindvakt-fetch.timer \
              grindvakt-reload.path grindvakt-reload.service grindvakt-coverage.service grindvakt-coverage.timer

# Debian packages: to build, to run `grindvakt demo`, to test
BUILD_PACKAGES := libnetfilter-queue-dev libmnl-dev libpcap-dev libidn2-dev zlib1g-dev libxxhash-dev libssl-dev libsqlite3-dev libseccomp-dev pkg-config
DEMO_PACKAGES  := iproute2 iptables dnsmasq-base bind9-dnsutils curl openssl procps python3
# Compiles what the sensor is measured beside; the headers of C come with BUILD_PACKAGES.
C_PACKAGES     := gcc
TEST_PACKAGES  := $(C_PACKAGES) publicsuffix nftables python3 python3-venv python3-jsonschema valgrind util-linux chromium-headless-shell \
                  knot-dnsutils iputils-ping tcpdump tshark conntrack tmux debhelper
CLIENT_PACKAGES := knot-dnsutils iputils-ping chromium-headless-shell
REPLAY_PACKAGES := $(C_PACKAGES) libndpi-bin tshark python3
DEB_PACKAGES   := debhelper dpkg-dev binutils python3
LIFE_PACKAGES  := debootstrap lintian mandoc groff man-db python3-venv
VM_PACKAGES    := qemu-system-x86 busybox-static cpio kmod nftables conntrack debootstrap e2fsprogs

# One program with the Swift runtime linked in.
RELEASE := -c release --static-swift-stdlib
BINARY  := $(CURDIR)/.build/release/grindvakt
PROMTOOL := $(CURDIR)/.build-tools/promtool
PROMETHEUS := $(CURDIR)/.build-tools/prometheus
MONITORING := $(CURDIR)/.build-tools/monitoring
AIOQUIC  := $(CURDIR)/.build-tools/aioquic/bin/python
SPDX_TOOLS := $(CURDIR)/.build-tools/spdx/bin/pyspdxtools

.DEFAULT_GOAL := build

.PHONY: build demo test test-vm test-vm-systemd test-walk test-kills test-tsan test-package chaos soak lint metrics-page configuration-page install uninstall deb clean
.PHONY: bench bench-live bench-clients bench-fallback bench-flood bench-scrapes bench-queues bench-restarts bench-transfer bench-lists bench-statistics bench-replay bench-growth bench-pictures
build: build-packages
	$(SWIFT) build $(RELEASE) --product grindvakt

demo: demo-packages build
	@[ "$$(id -u)" = 0 ] || { echo "the demo makes network namespaces and needs root; run: sudo env PATH=\"\$$PATH\" make demo" >&2; exit 3; }
	$(BINARY) demo

test: test-packages $(PROMTOOL) $(PROMETHEUS) $(MONITORING) $(AIOQUIC) lint build
	Benchmarks/cost.sh --check
	GRINDVAKT_BINARY=$(BINARY) GRINDVAKT_PROMTOOL=$(PROMTOOL) GRINDVAKT_MONITORING=$(MONITORING) GRINDVAKT_AIOQUIC=$(AIOQUIC) \
	    SWIFT=$(SWIFT) Tests/run

# nft on a Debian kernel in a virtual machine, iptables on this host, the same verdicts: 2 to 4 minutes on two cores (root). Not part of `test`.
test-vm: vm-packages build
	Tests/VirtualMachine/run --grindvakt $(BINARY)

# Every systemd unit in a virtual machine with a real systemd, the sensor at work with the sandbox on (root, a mirror of Debian for the first time:
# DEBIAN_MIRROR says which): ten minutes on two cores. Not part of `test`.
test-vm-systemd: vm-packages build
	Tests/VirtualMachine/systemd --grindvakt $(BINARY)

# The README and the operating guide, line by line as printed, in virtual machines of both releases that have the package and nothing else of the sensor (root, a
# mirror as above): ten minutes. Not part of `test`.
test-walk: vm-packages deb
	Tests/VirtualMachine/systemd --walk --package $$(ls -t $(CURDIR)/.build/deb/grindvakt_*.deb | head -n 1) --releases bookworm,trixie

# The package's bill and manual pages, lintian, then its life in fresh folders of Debian 12 and 13 (root, a mirror of Debian: DEBIAN_MIRROR says which):
# a quarter of an hour. Not part of `test`.
test-package: life-packages $(SPDX_TOOLS) deb
	Tests/PackageLifeCycle/checks --folder $(CURDIR)/.build/deb --spdx-tools $(SPDX_TOOLS)
	Tests/PackageLifeCycle/run --package $$(ls -t $(CURDIR)/.build/deb/grindvakt_*.deb | head -n 1)

# Kills the sensor under load, KILLS times at random moments, and looks at what is left in the store each time (root): twenty minutes for a hundred.
KILLS ?= 100
test-kills: test-packages build
	GRINDVAKT_BINARY=$(BINARY) GRINDVAKT_KILLS=$(KILLS) $(SWIFT) test --filter 'LiveTests/.*kills under load'

# N faults under live traffic, by dice that SEED throws: 500 take about twenty minutes (root). A round of all kinds is part of `test`.
N ?= 500
chaos: demo-packages test-packages build
	Tests/Chaos/run --faults $(N) $(if $(SEED),--seed $(SEED))

# The sensor under half of the load that it can take for M minutes, with reloads: does anything creep? (root)
M ?= 60
soak: demo-packages test-packages build
	Benchmarks/live/soak --minutes $(M)

# A thousand swaps of the lists under load, of a sensor that ThreadSanitizer watches (root): a quarter of an hour, most of it the build.
TSAN_REPORT := $(CURDIR)/.build-tsan/report
test-tsan: test-packages
	$(SWIFT) build -c release --sanitize=thread --scratch-path .build-tsan --product grindvakt
	rm -f $(TSAN_REPORT).*
	GRINDVAKT_BINARY=$(CURDIR)/.build-tsan/release/grindvakt GRINDVAKT_SLOWDOWN=5 \
	    TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/thread-sanitizer.suppressions exitcode=0 log_path=$(TSAN_REPORT)" \
	    $(SWIFT) test --filter 'LiveTests/.*thousand swaps'
	@for report in $(TSAN_REPORT).*; do [ ! -e "$$report" ] || { cat "$$report"; exit 1; }; done
	@echo "ThreadSanitizer has nothing to report"

lint:
	$(SWIFT) format lint --strict --recursive Sources Tests Benchmarks Package.swift

# Writes the documentation's page of metrics from their declarations.
metrics-page: build-packages
	GRINDVAKT_METRICS_PAGE=1 $(SWIFT) test --filter 'MetricsPageTests'

# Writes the documentation's page of the configuration, and the example that is installed, from the table of keys.
configuration-page: build-packages
	GRINDVAKT_CONFIGURATION_PAGE=1 $(SWIFT) test --filter 'ConfigurationPageTests'

# Every floor by time, then by instructions and allocations, which valgrind counts: exact, whatever else the machine does.
# BENCH says what is timed: BENCH='--filter lookup.*' all lookups, with those in ten million names, which take memory and a minute.
BENCH ?= --skip '.*-10m'
bench: test-packages
	GRINDVAKT_BENCHMARKS=timed $(SWIFT) package --scratch-path .build-bench benchmark run --target FloorBenchmarks \
	    --no-progress $(BENCH)
	Benchmarks/cost.sh

# The sensor beside C programs that accept everything, on live queues in network namespaces (root): four loads, latency, then two loads held at
# 80 % of C's rate for a minute each; about ten minutes.
bench-live: demo-packages test-packages build
	Benchmarks/live/run
	Benchmarks/live/run --rate 0.8 --seconds 60 --loads dns,tls --only grindvakt

# What one, two and four queues get done on this machine's processors (root); about two minutes.
bench-queues: demo-packages test-packages build
	Benchmarks/live/queues

# What real clients report for a blocked name, and after how many milliseconds (root); about a quarter of an hour.
bench-clients: client-packages build
	Benchmarks/live/clients

# How a browser turns from QUIC to TCP (root); about seven minutes.
bench-fallback: demo-packages test-packages $(AIOQUIC) build
	Benchmarks/live/fallback

# What a flood of blocked queries, and answering it, costs those who ask for other names (root); about three minutes.
bench-flood: c-packages build
	Benchmarks/live/flood

# What those who ask for the counters, and abuse that, cost those who wait for verdicts (root); about two minutes.
bench-scrapes: demo-packages test-packages build
	Benchmarks/live/scrapes

# Restarts, kills and upgrades under load: what is lost (nothing), and how late packets come (root); about three minutes.
bench-restarts: demo-packages test-packages build
	Benchmarks/live/restarts

# A bulk transfer and short connections with and without the sensor (root); about seven minutes.
bench-transfer: demo-packages build
	Benchmarks/live/transfer

# Memory and time of lists beside sets and resolvers; says what is missing, as Debian starts the resolvers that it installs.
bench-lists: build-packages
	Benchmarks/lists/run

# Size of the store of statistics after a year, and the time of a write and of each report; a few minutes.
bench-statistics: build-packages
	GRINDVAKT_BENCHMARKS=1 $(SWIFT) build $(RELEASE) --product StatisticsCost
	.build/release/StatisticsCost

# Captures read for names beside libpcap, ndpiReader, tshark and, where it is installed or SURICATA names a Debian that has it, Suricata.
bench-replay: replay-packages build
	Benchmarks/replay/run $(if $(SURICATA),--suricata $(SURICATA))

# What a packet costs as lists, flows and queues grow, and the idle sensor's memory (root); half an hour.
bench-growth: replay-packages test-packages build
	Benchmarks/growth/run

# Draws Benchmarks/results/*.svg from the figures that the drivers have written there with --json.
bench-pictures:
	Benchmarks/pictures

clean:
	rm -rf .build .build-*

# ---- fuzzing ----

# Runs each fuzz target for T seconds; a finding ends the run and lies in .build-fuzz/findings. The TOML library never frees what it has parsed.
T ?= 60
FUZZ_TARGETS := $(notdir $(patsubst %/Seeds,%,$(wildcard Tests/Fuzzing/*/Seeds)))

.PHONY: fuzz
fuzz: build-packages
	@for name in $(FUZZ_TARGETS); do \
	    GRINDVAKT_FUZZING=1 $(SWIFT) build -c release --scratch-path .build-fuzz --product Fuzz$$name || exit 1; \
	done
	@mkdir -p .build-fuzz/findings
	@for name in $(FUZZ_TARGETS); do \
	    mkdir -p .build-fuzz/corpus/$$name; \
	    echo "fuzzing $$name for $(T) seconds"; \
	    leaks=1; [ $$name != Configuration ] || leaks=0; \
	    ASAN_OPTIONS=detect_leaks=$$leaks SWIFT_BACKTRACE=enable=no .build-fuzz/release/Fuzz$$name -max_total_time=$(T) -max_len=32768 -verbosity=0 \
	        -print_final_stats=1 -artifact_prefix=.build-fuzz/findings/$$name- \
	        .build-fuzz/corpus/$$name Tests/Fuzzing/$$name/Seeds || exit 1; \
	done

# ---- installation: DESTDIR and PREFIX are honoured ----

install: build
	install -D -s -m 0755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/grindvakt
	for unit in $(UNITS); do \
	    install -d $(DESTDIR)$(UNITDIR) && \
	    sed 's|/usr/local/bin/grindvakt|$(PREFIX)/bin/grindvakt|' systemd/$$unit > $(DESTDIR)$(UNITDIR)/$$unit && \
	    chmod 0644 $(DESTDIR)$(UNITDIR)/$$unit || exit 1; \
	done
	install -D -m 0644 systemd/grindvakt.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/grindvakt.conf
	install -d -m 0755 $(DESTDIR)$(SYSCONFDIR)/grindvakt
	install -d -m 0750 $(DESTDIR)$(SYSCONFDIR)/grindvakt/lists
	sed 's|/usr/share/grindvakt|$(PREFIX)/share/grindvakt|' systemd/grindvakt.toml > $(DESTDIR)$(SYSCONFDIR)/grindvakt/grindvakt.toml.example
	chmod 0644 $(DESTDIR)$(SYSCONFDIR)/grindvakt/grindvakt.toml.example
	install -m 0644 systemd/doh-endpoints.txt $(DESTDIR)$(SYSCONFDIR)/grindvakt/doh-endpoints.txt.example
	install -d $(DESTDIR)$(PREFIX)/share/grindvakt/monitoring
	install -m 0644 $(wildcard systemd/monitoring/*) $(addprefix Sources/grindvakt/Grindvakt.docc/,Alerts.md Fleets.md) \
	    $(DESTDIR)$(PREFIX)/share/grindvakt/monitoring
	$(BINARY) config schema > $(DESTDIR)$(PREFIX)/share/grindvakt/grindvakt.schema.json
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(BINARY) --generate-completion-script bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/grindvakt
	$(BINARY) --generate-completion-script zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_grindvakt
	$(BINARY) --generate-completion-script fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/grindvakt.fish
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ] && command -v systemd-sysusers >/dev/null; then \
	    systemd-sysusers && chgrp -R grindvakt $(SYSCONFDIR)/grindvakt; fi

# A package for Debian 12 and 13, and its bill of materials (SPDX), in .build/deb. The program is built in a folder of its own, and names no
# folder it was built in.
DEB_RELEASE := $(RELEASE) --scratch-path .build-deb -Xcc -ffile-prefix-map=$(CURDIR)=. -Xcxx -ffile-prefix-map=$(CURDIR)=.
deb: build-packages deb-packages
	$(SWIFT) build $(DEB_RELEASE) --product grindvakt
	systemd/debian/build --grindvakt $(CURDIR)/.build-deb/release/grindvakt --output $(CURDIR)/.build/deb

# Leaves the configuration and the lists alone.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/grindvakt \
	    $(UNITS:%=$(DESTDIR)$(UNITDIR)/%) \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d/grindvakt.conf \
	    $(DESTDIR)$(SYSCONFDIR)/grindvakt/grindvakt.toml.example \
	    $(DESTDIR)$(SYSCONFDIR)/grindvakt/doh-endpoints.txt.example \
	    $(addprefix $(DESTDIR)$(PREFIX)/share/grindvakt/monitoring/,$(notdir $(wildcard systemd/monitoring/*)) Alerts.md Fleets.md) \
	    $(DESTDIR)$(PREFIX)/share/grindvakt/grindvakt.schema.json \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/grindvakt \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_grindvakt \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/grindvakt.fish

# ---- packages and tools ----

.PHONY: build-packages demo-packages test-packages c-packages client-packages replay-packages deb-packages life-packages vm-packages
build-packages: ; @$(call require,$(BUILD_PACKAGES))
demo-packages:  ; @$(call require,$(BUILD_PACKAGES) $(DEMO_PACKAGES))
test-packages:  ; @$(call require,$(BUILD_PACKAGES) $(DEMO_PACKAGES) $(TEST_PACKAGES))
c-packages:     ; @$(call require,$(BUILD_PACKAGES) $(DEMO_PACKAGES) $(C_PACKAGES))
client-packages: ; @$(call require,$(BUILD_PACKAGES) $(DEMO_PACKAGES) $(CLIENT_PACKAGES))
replay-packages: ; @$(call require,$(BUILD_PACKAGES) $(REPLAY_PACKAGES))
deb-packages:   ; @$(call require,$(DEB_PACKAGES))
life-packages:  ; @$(call require,$(DEB_PACKAGES) $(LIFE_PACKAGES))
vm-packages:    ; @$(call require,$(BUILD_PACKAGES) $(DEMO_PACKAGES) $(VM_PACKAGES))

# Installs the Debian packages that are missing when run as root, else says the one line to run.
define require
missing=; for package in $(1); do \
    dpkg-query -W -f '$${db:Status-Abbrev}' $$package 2>/dev/null | grep -q '^ii' || missing="$$missing $$package"; \
done; \
[ -z "$$missing" ] || if [ "$$(id -u)" = 0 ]; then \
    echo "installing Debian packages:$$missing"; \
    apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install --yes --no-install-recommends $$missing; \
else \
    echo "missing Debian packages; run: sudo apt-get install --no-install-recommends$$missing" >&2; exit 1; \
fi
endef

# Programs out of Debian's packages, which would also start servers: fetched with what they need besides, and not installed.
define unpack
rm -rf $@.unpacked && mkdir -p $@.unpacked && cd $@.unpacked && \
    { apt-get -q download $(1) || { apt-get -q update && apt-get -q download $(1); }; } && \
    for package in *.deb; do dpkg-deb -x "$$package" . || exit 1; done
endef

$(PROMTOOL) $(PROMETHEUS) &:
	@mkdir -p $(CURDIR)/.build-tools
	$(call unpack,prometheus)
	mv $@.unpacked/usr/bin/promtool $(PROMTOOL) && mv $@.unpacked/usr/bin/prometheus $(PROMETHEUS) && rm -rf $@.unpacked

$(MONITORING):
	$(call unpack,prometheus-node-exporter haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1)
	mkdir $@.unpacked/libraries && mv $@.unpacked/usr/lib/*/*.so* $@.unpacked/libraries && rm $@.unpacked/*.deb && mv $@.unpacked $@

# A client and server of QUIC, which Debian 12 has no package of.
$(AIOQUIC): folder = $(@:/bin/python=)
$(AIOQUIC):
	rm -rf $(folder)
	/usr/bin/python3 -m venv $(folder) && $@ -m pip -q install --only-binary=:all: aioquic==1.7.2 || { rm -rf $(folder); exit 1; }

# Reads bills of materials as SPDX wants them.
$(SPDX_TOOLS): folder = $(@:/bin/pyspdxtools=)
$(SPDX_TOOLS):
	rm -rf $(folder)
	/usr/bin/python3 -m venv $(folder) && $(folder)/bin/pip -q install spdx-tools==0.8.3 || { rm -rf $(folder); exit 1; }
