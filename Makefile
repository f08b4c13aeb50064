# Two commands do it all on a fresh machine with Go, git, make and a C compiler: make demo, make test.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# Tools come from the Go module proxy, in these versions.
GOLANGCI_LINT_VERSION := v2.15.0

PKG      ?= ./...
FUZZTIME ?= 10s

# Property tests draw the same examples each time, so that a change fails for what it changed. make fuzz draws new ones.
export RAPID_SEED ?= 1

bin  := $(CURDIR)/bin
lint := $(bin)/golangci-lint-$(GOLANGCI_LINT_VERSION)
step := .ci/step

# Modules of their own, in the one repository.
modules := e2e/cluster e2e/observability

# Only the program is stamped with its commit, and only where git gives one: not in an archive, not in somebody else's checkout.
vcs := $(shell git rev-parse HEAD >/dev/null 2>&1 && echo true || echo false)
export GOFLAGS += -buildvcs=false

.PHONY: help demo test build ui image cluster check vet layers lint race module bench fuzz fmt tools clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build cluster ## show Majordomo at work on a cluster of its own (at a terminal, it stays up until Ctrl-C; KEEP=1, KEEP=0)
	@$(step) "build the demo" -- env CGO_ENABLED=0 go build -o $(bin)/demo ./e2e/demo
	@$(bin)/demo

test: export MAJORDOMO_REQUIRE_TOOLS := 1
test: export KEEP := 0
test: tools cluster check module demo ## everything that has to pass, on a real cluster

build: ## build bin/majordomo
	@$(step) "build bin/majordomo" -- env CGO_ENABLED=0 go build -buildvcs=$(vcs) -ldflags "-s -w" -o $(bin)/majordomo ./reconciler

ui: ## bundle the page from its sources into reconciler/web/ui/dist
	@$(step) "bundle the page" -- env CGO_ENABLED=0 go run ./reconciler/web/ui/bundle

docs: build ## write docs/reference, and man pages and completions into bin, from the program's own types
	@$(step) "write docs/reference, bin/man and bin/completions" -- env CGO_ENABLED=0 go run ./e2e/docs

image: ## build the container image for amd64 and arm64 into bin/image, without a container engine
	@$(step) "build the container image" -- env CGO_ENABLED=0 go run ./e2e/image --out $(bin)/image

cluster: ## build bin/majordomo-cluster, a Kubernetes control plane (5 to 8 minutes the first time, then seconds)
	@$(step) "build bin/majordomo-cluster from source; 5 to 8 minutes the first time" -- e2e/cluster/build.sh $(bin)/majordomo-cluster

check: vet layers lint race ## the gate for a change: vet, layers, lint, race tests

vet:
	@$(step) "go vet" -- env CGO_ENABLED=0 go vet $(PKG)

layers: ## prove the direction of imports and the sizes
	@$(step) "layers: imports point from rim to core" -- env CGO_ENABLED=0 go run ./e2e/layers

lint: $(lint) ## golangci-lint, formatting included
	@$(step) "golangci-lint" -- env CGO_ENABLED=0 $(lint) run $(PKG)

race: cluster ## the tests under the race detector (PKG=./reconciler/plan: of one package), sharing one cluster
	@$(step) "race tests, on one cluster for all packages" -- $(bin)/majordomo-cluster up -- go test -race -shuffle=on -timeout 25m $(PKG)

module: $(lint) ## vet, lint and test the modules of their own: those whose libraries the product does without
	@for m in $(modules); do $(step) "vet, lint and test the module $$m" -- env CGO_ENABLED=0 sh -c "cd $$m && go vet ./... && $(lint) run ./... && go test ./..."; done

bench: build cluster ## measure the speeds of docs/design.md section 6
	@$(step) "bench: speeds as ratios to what the API server itself can do" -- go run ./e2e/bench

fuzz: ## each fuzz target for FUZZTIME (10s), and the property tests with new examples
	@.ci/fuzz $(FUZZTIME)

fmt: $(lint) ## format the code
	@$(lint) fmt

tools: ## install what tests need from the distribution, where root
	@.ci/tools

clean: ## remove what was built
	rm -rf $(bin)

$(lint):
	@$(step) "build golangci-lint $(GOLANGCI_LINT_VERSION) from source; a minute or two" -- env CGO_ENABLED=0 GOBIN=$(bin) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@mv $(bin)/golangci-lint $@
