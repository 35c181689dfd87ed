# Stepwright. `make demo` shows it, `make test` checks all of it; both set up what they need.

PYTHON ?= python3
SHARED ?= ../shared
VENV   := .venv
PY     := $(VENV)/bin/python
PYTEST := $(PY) -m pytest -q -p no:cacheprovider
DEBUG  := $(CURDIR)/target/debug/stepwright
RELEASE := $(CURDIR)/target/release/stepwright
BENCH := $(CURDIR)/target/release/stepwright-bench
CONFORMANCE := $(SHARED)/conformance/run.py

# The fuzz targets and how long each runs.
FUZZ_TARGETS := json_reader definition jsonpath jsonata intrinsics yaml
FUZZ_SECONDS ?= 600

.PHONY: footprint profiling models sdk-proof simulate fuzz jsonata-suite help demo test dev bench fmt lint tools venv build release unit e2e examples-test crash-test crash-test-short conformance

help:
	@echo "make demo         build, run real workflows, kill the server in the middle, show that nothing is lost"
	@echo "make test         every check and test"
	@echo "make dev          serve examples/order-processing and reload it on change"
	@echo "make bench        benchmarks that compare two things in one run"
	@echo "make crash-test   200 rounds of kill -9 under load"
	@echo "make simulate     the engine under a seeded clock, disk and outside world (SEEDS=10000 FROM=0)"
	@echo "make fuzz         10 minutes of each fuzz target (FUZZ_SECONDS says otherwise); needs nightly and cargo-fuzz"
	@echo "make models       the models of AWS's services, anew from the installed botocore"
	@echo "make sdk-proof    requests and answers of every operation, compared with botocore"
	@echo "make jsonata-suite  the reference's suite; ends with how many of its cases pass"
	@echo "make footprint    size, start and memory of the release binary, held to their bounds"
	@echo "make profiling    the release binary with line tables, in target/profiling"
	@echo "make fmt / lint   format / check format and lints"

demo: tools release venv
	STEPWRIGHT_BIN=$(RELEASE) PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PY) demo/demo.py

test: tools lint unit e2e examples-test crash-test-short conformance footprint
	@echo "make test: everything passed"

dev: tools build
	$(DEBUG) dev examples/order-processing

# How many executions wait and are stored for the benchmarks; `make bench WAITING=1000000 STORED=10000000` takes half an hour and
# 20 GB. PREVIOUS names an earlier binary to be compared with.
WAITING ?= 50000
STORED ?= 100000
PREVIOUS ?=

bench: tools
	cargo run --release -q -p stepwright-store --example commit_bench
	cargo build --release -q -p stepwright -p stepwright-bench
	$(BENCH) --bin $(RELEASE) $(if $(PREVIOUS),--previous $(PREVIOUS)) --waiting $(WAITING) --stored $(STORED)
	$(PYTHON) tests/footprint.py --bin $(RELEASE)
	$(PYTHON) tests/bench/jsonata/run.py
	cargo bench -q -p stepwright-jsonata -p stepwright-jsonpath -p stepwright-expr --bench jsonata --bench jsonpath --bench intrinsics -- --quiet --warm-up-time 0.5 --measurement-time 1
	@if command -v valgrind >/dev/null; then $(PYTHON) tests/bench/instructions.py; else echo "bench: no valgrind, instructions are not counted"; fi

fmt:
	cargo fmt --all

lint: tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	$(PYTHON) tests/structure.py

build: tools
	cargo build -p stepwright

release: tools
	cargo build --release -p stepwright

# The shipped binary is held to its bounds where there is one of this state of the profiles.
footprint: tools
	@if [ $(RELEASE) -nt Cargo.toml ]; then $(PYTHON) tests/footprint.py --bin $(RELEASE) --check; \
	else echo "footprint: SKIPPED, $(RELEASE) is not here or older than Cargo.toml (make release)"; fi

unit: tools
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --workspace --no-fail-fast; else cargo test --workspace --lib --bins --tests; fi
	cargo test --workspace --doc -q

profiling: tools
	cargo build --profile profiling -p stepwright

e2e: build venv
	SHARED=$(abspath $(SHARED)) STEPWRIGHT_BIN=$(DEBUG) PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PYTEST) tests/e2e

examples-test: build venv
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" STEPWRIGHT_BIN=$(DEBUG) $(PY) tests/run_examples.py

crash-test: release venv
	$(PY) tests/crash/crash.py --bin $(RELEASE) --rounds 200

crash-test-short: build venv
	$(PY) tests/crash/crash.py --bin $(DEBUG) --rounds 8

# Seeds that `make simulate` runs, and the first of them.
SEEDS ?= 10000
FROM ?= 0

simulate: tools
	cargo run --release -q -p stepwright-sim -- --seeds $(SEEDS) --from $(FROM)

fuzz: tools
	@cargo +nightly fuzz --version >/dev/null 2>&1 || { echo "missing: a nightly toolchain and cargo-fuzz (rustup toolchain install nightly; cargo install cargo-fuzz)"; exit 1; }
	$(PYTHON) fuzz/corpus.py --shared $(SHARED)
	@for target in $(FUZZ_TARGETS); do \
		cargo +nightly fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=4096 -max_len=16384 \
			-dict=fuzz/dictionaries/$$target.dict -print_final_stats=1 || exit 1; \
	done

models: venv
	$(PY) tools/models.py

sdk-proof: tools venv
	cargo build --release -q -p stepwright-aws --example serialize --example decode
	$(PY) tests/sdk/compare.py target/release/examples/serialize
	$(PY) tests/sdk/answers.py target/release/examples/decode

jsonata-suite: tools
	@mkdir -p target; cargo test -q -p stepwright-jsonata --test suite -- --nocapture >target/jsonata-suite.txt 2>&1; status=$$?; \
		grep -v '^jsonata: .* cases$$' target/jsonata-suite.txt; grep '^jsonata: .* cases$$' target/jsonata-suite.txt; exit $$status

conformance: build
	@if [ -f $(CONFORMANCE) ]; then \
		$(PYTHON) tests/conformance.py --shared $(SHARED) --bin $(DEBUG) --floor .ci/conformance-floor; \
	else echo "conformance: SKIPPED, $(SHARED)/conformance is not here"; fi

venv: $(VENV)/ready

$(VENV)/ready: tests/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q --disable-pip-version-check -r tests/requirements.txt
	touch $@

tools:
	@command -v cargo >/dev/null || { echo "missing: a Rust toolchain (https://rustup.rs); rust-toolchain.toml says which"; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo "missing: Python 3 (package python3)"; exit 1; }
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' || { echo "missing: Python 3.9 or later with venv (package python3-venv)"; exit 1; }
	@command -v node >/dev/null || { echo "missing: Node.js 18 or later (package nodejs)"; exit 1; }
