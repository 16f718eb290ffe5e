# make alone lists the verbs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
FUZZTIME ?= 30s

# The race detector needs a C compiler. Where there is none, tests run without it.
RACE = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

# What waits for elections of NATS servers, and has a verb of its own.
MESH = ^(TestMesh|TestConformanceReplicated|TestLeaderChanges)

.PHONY: help
help: ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: test
test: ## vet, build and run all tests, the samples end to end among them; needs only Go
	$(GO) vet ./...
	$(GO) build ./...
	cd bench && $(GO) vet ./...
	$(GO) test $(RACE) -shuffle=on -parallel 4 -timeout 8m -skip '$(MESH)' ./...

.PHONY: test-mesh
test-mesh: ## what waits for elections of NATS servers: meshes of silos, the replicated store (3 min)
	$(GO) test $(RACE) -count=1 -timeout 10m -parallel 4 -run '$(MESH)' ./silo ./persistence/natsstore

.PHONY: sim
sim: ## 10,000 seeds of the simulated cluster, or a trace: SEED=n STEPS=n SCENARIO=calm
	@if [ -n "$(SEED)" ]; then \
	  SEED=$(SEED) STEPS=$(or $(STEPS),0) SCENARIO=$(SCENARIO) MUTANT=$(or $(MUTANT),0) $(GO) test -count=1 -run '^TestOneSeed$$' -v ./internal/core/sim; \
	else \
	  SEEDS=$(or $(SEEDS),10000) FROM=$(or $(FROM),0) STEPS=$(or $(STEPS),0) DEEP=1 $(GO) test -count=1 -timeout 15m -run '^Test(Seeds|All)' -v ./internal/core/sim; fi

.PHONY: faults
faults: iproute ## the fault programme: real processes, every fault, the mutants (20 min); RUN=regexp
	$(GO) run ./internal/faults/cmd/faults -run '$(RUN)'

.PHONY: faults-ci
faults-ci: iproute ## the part of it to run before a change of the cluster (6 min)
	$(GO) run ./internal/faults/cmd/faults -set ci -run '$(RUN)'

# Partitions need the program ip; without it, or without root, those scenarios are skipped.
.PHONY: iproute
iproute:
	@command -v ip >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get install -qq -y iproute2 >/dev/null; } || echo 'no ip: partitions will be skipped'

.PHONY: behaviours
behaviours: ## run the tests of the promised behaviours
	$(GO) test -run Behaviour -count=1 ./...

.PHONY: bench
bench: ## costs of local and remote calls beside raw NATS, in one run
	cd bench && $(GO) run .

.PHONY: bench-check
bench-check: ## the same, and fail where a must is missed
	cd bench && CHECK=1 $(GO) run .

.PHONY: memory
memory: ## bytes of an idle activation, with a million of them
	$(GO) test -run '^$$' -bench IdleActivation -benchtime 1000000x ./silo

.PHONY: fuzz
fuzz: ## each fuzz test for FUZZTIME (30s)
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg; done; done

.PHONY: lint
lint: tools ## format, golangci-lint, buf, generated code and go.mod up to date
	@files=$$(bin/gofumpt -l .); [ -z "$$files" ] || { echo "$$files"; echo 'not formatted: run make fmt'; exit 1; }
	bin/golangci-lint run ./...
	cd bench && ../bin/golangci-lint run ./...
	bin/buf lint
	@rm -rf bin/before && mkdir -p bin/before && git archive $(BEFORE) buf.yaml ':(glob)**/*.proto' | tar -x -C bin/before
	bin/buf breaking --against bin/before
	@files=$$($(MAKE) -s generate); [ -z "$$files" ] || { echo "$$files"; echo 'generated code was not up to date, and is now: commit it'; exit 1; }
	$(GO) mod tidy -diff

# The commit whose protos must not be broken: where this branch left the main one or, on
# the main branch itself, the commit before.
BEFORE = $(shell head=$$(git rev-parse HEAD); for ref in origin/main main; do \
	left=$$(git merge-base HEAD $$ref 2>/dev/null) && break; done; \
	if [ -n "$$left" ] && [ "$$left" != "$$head" ]; then echo $$left; \
	else git rev-parse -q --verify HEAD^ || echo HEAD; fi)

.PHONY: fmt
fmt: tools ## format all Go code
	bin/gofumpt -w .

.PHONY: generate
generate: ## generate Go code from the protos
	$(GO) run ./cmd/teff generate --out protos -I protos protos
	for s in bench internal/faults internal/probe samples/hello samples/bank samples/wordcount; do $(GO) run ./cmd/teff generate --out $$s -I $$s $$s; done

.PHONY: tools
tools: bin/.tools ## build buf, golangci-lint and gofumpt into bin/ (minutes, once)
bin/.tools: tools/go.mod tools/go.sum
	mkdir -p bin
	cd tools && GOBIN=$(CURDIR)/bin $(GO) install github.com/bufbuild/buf/cmd/buf github.com/golangci/golangci-lint/v2/cmd/golangci-lint mvdan.cc/gofumpt
	touch $@
