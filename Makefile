# Two commands do all the set-up on a fresh machine: `make run` and `make test`.
#   make run              the map of a simulated company at 127.0.0.1:7070
#   make run LOGS=path    the map of your own logs
#   make test             everything: Go with -race, front end, browser
#   make check            the linters
#   make bench            speed, against DuckDB doing the same work; the page in a browser

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

GO         ?= go
LOGS       ?=
ADDR       ?= 127.0.0.1:7070
TAGS       ?=
FUZZTIME   ?= 5s
BENCHTIME  ?= 1s
BENCHDIR   ?= bin/bench
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.3.0

# The real servers that tests talk to, kept outside of the repository.
SERVERS    := $(or $(PERIPLUS_SERVERS),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/periplus/servers)
VERSITYGW  := github.com/versity/versitygw/cmd/versitygw@v1.8.0
FAKEGCS    := github.com/fsouza/fake-gcs-server@v1.56.1
AZURITE    := azurite@3.37.0
NATS       := github.com/nats-io/nats-server/v2@v2.15.2
MOTO       := moto==5.2.5 flask==3.1.3 flask-cors==6.0.5

COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
VERSION := $(shell git describe --tags --always 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

.PHONY: build run test e2e check fuzz bench front servers setup-build setup-test clean

# DuckDB is C++ that is linked in. Where there is no compiler and we may, Debian's
# packages bring one.
setup-build:
	@command -v $(GO) >/dev/null || { echo "building needs Go 1.26.0: https://go.dev/dl" >&2; exit 1; }; \
	need=""; \
	command -v "$$($(GO) env CC | cut -d' ' -f1)" >/dev/null || need="gcc libc6-dev"; \
	command -v "$$($(GO) env CXX | cut -d' ' -f1)" >/dev/null || need="$$need g++"; \
	if [ -n "$$need" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing $$need"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$need >/dev/null; \
	  else echo "building needs: $$need (Debian's names); install them and run it again" >&2; exit 1; fi; \
	fi

build: setup-build ## bin/periplus
	$(GO) build -trimpath -tags '$(TAGS)' -ldflags '$(LDFLAGS)' -o bin/periplus ./cmd/periplus

run: build
	bin/periplus map --addr $(ADDR) $(if $(LOGS),$(LOGS),--demo)

# Tests need a browser, Graphviz, ISA-L and Python's venv. Where they are absent
# and we may, Debian's packages bring them.
setup-test:
	@need=""; \
	command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || need="$$need chromium-headless-shell fonts-dejavu-core"; \
	command -v dot >/dev/null || need="$$need graphviz"; \
	[ -e /usr/include/isa-l.h ] || [ -e /usr/include/isa-l/igzip_lib.h ] || need="$$need libisal-dev"; \
	python3 -c 'import venv, ensurepip' 2>/dev/null || need="$$need python3-venv"; \
	if [ -n "$$need" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$need >/dev/null; \
	  else echo "make test needs:$$need (Debian's names); install them and run it again" >&2; exit 1; fi; \
	fi

servers: $(SERVERS)/.versitygw-1.8.0 $(SERVERS)/.fakegcs-1.56.1 $(SERVERS)/.azurite-3.37.0 $(SERVERS)/.moto-5.2.5 $(SERVERS)/.nats-2.15.2

$(SERVERS)/.versitygw-1.8.0:
	GOBIN=$(SERVERS)/bin $(GO) install $(VERSITYGW) && touch $@

$(SERVERS)/.fakegcs-1.56.1:
	GOBIN=$(SERVERS)/bin $(GO) install $(FAKEGCS) && touch $@

$(SERVERS)/.nats-2.15.2:
	GOBIN=$(SERVERS)/bin $(GO) install $(NATS) && touch $@

$(SERVERS)/.azurite-3.37.0:
	npm install --prefix $(SERVERS)/npm --no-audit --no-fund --ignore-scripts $(AZURITE) && touch $@

$(SERVERS)/.moto-5.2.5:
	python3 -m venv --clear $(SERVERS)/moto
	$(SERVERS)/moto/bin/pip install --quiet --disable-pip-version-check $(MOTO) && touch $@

front: web/app/node_modules/.stamp
	cd web/app && npm run check && npm test

web/app/node_modules/.stamp: web/app/package-lock.json
	cd web/app && npm ci --no-audit --no-fund && touch node_modules/.stamp

test: setup-build setup-test front servers
	$(GO) vet ./...
	$(GO) test -race -timeout 40m ./...
	$(GO) test -timeout 40m ./lake ./internal/flowgen # all kills and all scenarios: too slow with -race
	$(GO) test -tags isal ./format/
	$(MAKE) e2e

# The page over a made-up answer to everything, then over the real binary and
# the simulated company.
e2e: build web/app/node_modules/.stamp
	cd web/app && npm run e2e
	cd web/app && PERIPLUS_BIN=$(CURDIR)/bin/periplus npm run e2e

check:
	@bad="$$(gofmt -l $$(git ls-files '*.go'))"; [ -z "$$bad" ] || { echo "gofmt these: $$bad" >&2; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	@if command -v terraform >/dev/null; then terraform fmt -check -recursive -diff deploy; \
	else echo "terraform: not installed, the format of deploy/ is not checked"; fi
	@if command -v tflint >/dev/null; then for d in deploy/*/; do echo "tflint $$d"; tflint --chdir="$$d"; done; \
	else echo "tflint: not installed, deploy/ is parsed by its test only"; fi
	@out="$$($(GO) run $(GOVULNCHECK) ./... 2>&1)" && echo "govulncheck: nothing found" || { \
	  if grep -qE 'fetching vulnerabilities|no such host|Forbidden|connection refused|dial tcp' <<<"$$out"; then \
	    echo "govulncheck: its database is not reachable here, not checked"; \
	  else echo "$$out"; exit 1; fi; }

# Each fuzz test for a few seconds, by name, so that a new one is run too. A
# package is linked once for all of its own.
fuzz:
	@dir="$$(mktemp -d)"; trap 'rm -rf "$$dir"' EXIT; \
	for pkg in $$(git ls-files '*_test.go' | xargs grep -lE '^func Fuzz' | xargs -n1 dirname | sort -u); do \
	  $(GO) test -c -fuzz . -o "$$dir/test" "./$$pkg"; \
	  for f in $$("$$dir/test" -test.list '^Fuzz'); do \
	    echo "fuzz $$pkg $$f"; (cd "$$pkg" && "$$dir/test" -test.run '^$$' -test.fuzz "^$$f$$" -test.fuzztime $(FUZZTIME) \
	      -test.fuzzminimizetime 10x -test.fuzzcachedir "$$dir/corpus"); \
	  done; done

# The page is measured on a lake of 200,000 paths, which stays in BENCHDIR.
bench: setup-test build web/app/node_modules/.stamp $(SERVERS)/.versitygw-1.8.0
	$(GO) test -run '^$$' -bench . -benchtime $(BENCHTIME) -benchmem ./format ./digest ./merge ./lake ./query
	$(GO) build -tags isal -trimpath -ldflags '$(LDFLAGS)' -o bin/periplus-isal ./cmd/periplus
	$(GO) run ./internal/bench -periplus bin/periplus -isal bin/periplus-isal
	$(GO) run ./internal/bench -s3 $(SERVERS)/bin/versitygw -periplus bin/periplus -isal bin/periplus-isal
	$(GO) run ./internal/bench -ask -periplus bin/periplus
	$(GO) run ./internal/bench -pairs 200000 -dir $(BENCHDIR) -periplus bin/periplus
	cd web/app && node scripts/bench.mjs $(CURDIR)/bin/periplus $(abspath $(BENCHDIR))/pairs

clean:
	rm -rf bin artifacts web/app/node_modules
