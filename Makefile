# Atoll. `make` lists the targets.

export GOTOOLCHAIN := local
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X github.com/atollkv/atoll/node.Version=$(VERSION)
PKGS    := ./...
# The protocol cores, whose tests also run under the race detector.
RACE    := ./clock/... ./crdt/... ./store/... ./keyspace/... ./replication/... ./membership/... ./client/... ./server/...

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## bin/atolld (the node) and bin/atoll (the command line)
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/atolld ./cmd/atoll

.PHONY: static
static: ## the same, static, into dist/: what the image holds
	CGO_ENABLED=1 $(GO) build -trimpath -tags 'netgo osusergo' \
	  -ldflags '$(LDFLAGS) -linkmode external -extldflags "-static"' -o dist/ ./cmd/atolld ./cmd/atoll

.PHONY: test
test: ## all tests but the long ones: a few minutes
	$(GO) test -timeout 15m $$($(GO) list $(PKGS) | grep -v -e /test/e2e -e /test/docker)

.PHONY: race
race: ## the cores under the race detector
	$(GO) test -race -short -timeout 15m $(RACE)

.PHONY: lint
lint: ## gofmt, vet, staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'gofmt:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet $(PKGS)
	$(GO) vet -tags mistakes ./test/sim ./keyspace/... ./replication/...
	$(GO) -C tools/dev build -o ../../bin/staticcheck honnef.co/go/tools/cmd/staticcheck
	bin/staticcheck $(PKGS)

.PHONY: proto
proto: ## generate proto/atoll/v1 again, and check that nothing changed
	tools/proto/generate.sh
	git diff --exit-code proto

.PHONY: sim
sim: ## 2,000 simulated clusters, and every planted mistake found
	$(GO) test ./test/sim -timeout 20m -seeds 2000 -v
	$(GO) test ./test/sim -tags mistakes -run PlantedMistakes -timeout 20m -v

.PHONY: e2e
e2e: ## real processes on loopback: cuts, kills, convergence
	$(GO) test ./test/e2e/... -timeout 20m -v

.PHONY: docker
docker: image ## the same on the Docker engine
	$(GO) test ./test/docker -timeout 15m -v

.PHONY: fuzz
FUZZTIME ?= 20s
fuzz: ## every fuzz target for FUZZTIME
	@set -e; for p in $$(git grep -l '^func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' $$p/*_test.go | cut -c6-); do \
	    echo "$$p $$f"; $(GO) test ./$$p -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME); done; done

.PHONY: image
image: static ## the container image atoll:dev
	DOCKER_BUILDKIT=0 docker build -q -t atoll:dev -f deploy/Dockerfile .

.PHONY: up
up: image ## three regions by docker-compose
	docker-compose up -d

.PHONY: down
down: ## stop them and remove their data
	docker-compose down -v

.PHONY: ci
ci: lint build test race sim e2e docker ## what CI runs
