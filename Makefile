# make alone lists the verbs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
FUZZTIME ?= 30s

.PHONY: help
help: ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: test
test: ## vet, build and run all tests; needs only Go
	$(GO) vet ./...
	$(GO) build ./...
	cd bench && $(GO) vet ./...
	$(GO) test -race -shuffle=on -timeout 8m ./...

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
	bin/gofumpt -l . | grep -v '\.pb\.go$$' | { ! grep .; } || { echo 'run make fmt'; exit 1; }
	bin/golangci-lint run ./...
	bin/buf lint
	if git rev-parse -q --verify origin/main >/dev/null; then bin/buf breaking --against '.git#branch=origin/main'; \
	elif git rev-parse -q --verify HEAD >/dev/null && git cat-file -e HEAD:buf.yaml 2>/dev/null; then bin/buf breaking --against '.git#ref=HEAD'; fi
	$(MAKE) generate
	cp go.mod bin/go.mod.before; cp go.sum bin/go.sum.before
	$(GO) mod tidy
	cmp go.mod bin/go.mod.before && cmp go.sum bin/go.sum.before || { echo 'go mod tidy changed go.mod or go.sum: commit them'; exit 1; }
	git diff --exit-code -- '*.pb.go' '*.teff.go' || { echo 'generated code was not up to date: commit it'; exit 1; }

.PHONY: fmt
fmt: tools ## format all Go code
	bin/gofumpt -w $$(git ls-files -co --exclude-standard '*.go' | grep -v '\.pb\.go$$')

.PHONY: generate
generate: ## generate Go code from the protos
	$(GO) run ./cmd/teff generate --out protos -I protos protos
	for s in bench internal/probe samples/hello samples/bank samples/wordcount; do $(GO) run ./cmd/teff generate --out $$s -I $$s $$s; done

.PHONY: tools
tools: bin/.tools ## build buf, golangci-lint and gofumpt into bin/ (minutes, once)
bin/.tools: tools/go.mod tools/go.sum
	mkdir -p bin
	cd tools && GOBIN=$(CURDIR)/bin $(GO) install github.com/bufbuild/buf/cmd/buf github.com/golangci/golangci-lint/v2/cmd/golangci-lint mvdan.cc/gofumpt
	touch $@
