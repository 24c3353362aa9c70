# Needs Go 1.26, gcc, git and make. Docker is used when it is there.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export GOTOOLCHAIN := local

GO        ?= go
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
SEEDS     ?= 2000
FUZZTIME  ?= 20s
BENCHTIME ?= 1s
ROUNDS    ?= 20
IMAGE     ?= atoll:dev
LDFLAGS   := -s -w -X main.version=$(VERSION)

# Tests that start processes or containers, or play thousands of seeds, have targets of their own. The slowest
# package comes first: it waits more than it computes, and the others run beside it.
UNIT = $(shell $(GO) list ./node ./... | grep -v -e '/test/sim' -e '/test/e2e' -e '/test/docker' -e '/test/wan' -e '/test/faults')
# What runs goroutines around shared state, and what they share.
RACE = ./node/... ./keyspace/... ./store/... ./clock/... ./replication/... ./membership/... ./server/... ./client/... ./internal/...

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## bin/atolld (a node) and bin/atoll (the command line)
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/atolld ./cmd/atoll

.PHONY: test
test: ## unit tests of every package
	$(GO) test -vet=off -timeout 20m $(UNIT)

.PHONY: race
race: ## the same, under the race detector, where goroutines share state
	$(GO) test -vet=off -race -short -timeout 20m $(RACE)

.PHONY: sim
sim: ## clusters in virtual time: SEEDS=2000 histories, and planted mistakes that must be found
	$(GO) test ./test/sim -count=1 -timeout 20m -seeds $(SEEDS)
	$(GO) test ./test/sim -count=1 -timeout 20m -tags mistakes -run PlantedMistakes

.PHONY: mistakes
mistakes: ## plant every known mistake; the simulator must find each
	$(GO) test ./test/sim -count=1 -v -timeout 60m -tags mistakes -run PlantedMistakes -mistakes 0

.PHONY: e2e
e2e: build ## real processes, real clients, kill -9, cut links
	$(GO) test -count=1 -timeout 25m ./test/e2e/...

.PHONY: rollback
rollback: build ## ROUNDS=20 old snapshots and 20 clones of a data directory, started under a live cluster
	$(GO) test -count=1 -v -timeout 60m ./test/e2e -run 'OldSnapshots|ClonesAreDetected' -rounds $(ROUNDS)

.PHONY: crash
crash: ## loss of power at every file-system operation of a script, and every operation failing
	$(GO) test -count=1 -v -timeout 30m ./test/crash -all | grep --line-buffered -E 'seed|figure:|^(---|ok|FAIL|panic)|_test.go'

FAULTS ?= 0
FIGURES ?= false
.PHONY: faults
faults: ## scenarios on real processes and a network of their own; FAULTS=30s: how long each fault lasts; FIGURES=true: a slow one fails
	$(GO) test -count=1 -v ./test/wan | grep --line-buffered -E 'figure:|NOT CHECKED|^(---|ok|FAIL|panic)|_test.go'
	$(GO) test -count=1 -v -timeout 60m ./test/faults -run 'TestFaults' -long $(FAULTS) -figures=$(FIGURES) | grep --line-buffered -E 'figure:|NOT RUN|NO NETWORK|^ *(---|ok|FAIL|panic)|_test.go'

DURATION ?= 30m
.PHONY: soak
soak: ## random faults on real processes and seeds of the simulator, in turn, for DURATION=30m
	tools/soak/soak.sh $(DURATION)

.PHONY: fmt-check
fmt-check:
	@bad=$$(git ls-files --cached --others --exclude-standard '*.go' | grep -v '\.pb\.go$$' | xargs gofmt -l); \
	if [ -n "$$bad" ]; then echo "not formatted (run gofmt -w):"; echo "$$bad"; exit 1; fi

.PHONY: vet
vet:
	$(GO) vet ./...
	$(GO) vet -tags mistakes ./test/sim ./keyspace/... ./replication/...

.PHONY: lint
lint: fmt-check vet layering ## gofmt, vet, layering, staticcheck
	$(GO) -C tools/dev build -o ../../bin/staticcheck honnef.co/go/tools/cmd/staticcheck
	bin/staticcheck ./...

.PHONY: deadcode
deadcode: ## functions that nothing reaches, tests included
	$(GO) tool -modfile=tools/dev/go.mod deadcode -test ./...

.PHONY: layering
layering: ## imports go down the list only; the cores are deterministic
	$(GO) test ./test/layering

.PHONY: proto
proto: ## lint the .proto files and write their Go code
	tools/proto/generate.sh

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME=20s
	@$(GO) list -f '{{$$d := .Dir}}{{$$p := .ImportPath}}{{range .TestGoFiles}}{{$$p}} {{$$d}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$$p}} {{$$d}}/{{.}}{{"\n"}}{{end}}' ./... \
	| while read -r pkg file; do [ -n "$$pkg" ] || continue; \
	    for f in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
	      echo "== $$pkg $$f"; $(GO) test "$$pkg" -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME); \
	    done; done

.PHONY: bench
bench: ## Go benchmarks, BENCHTIME=1s each
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

.PHONY: bench-verify
bench-verify: ## bytes and time to find and repair 1, 100 and 10,000 differing cells of a million
	$(GO) run ./bench/verify

.PHONY: bench-disk
bench-disk: build ## bytes on disk of a million keys, and how long a node takes to serve after kill -9
	$(GO) run ./bench/disk

.PHONY: bench-redis
bench-redis: build ## a node beside redis-server: redis-benchmark against each in turn, medians and ratios
	$(GO) run ./bench/redis

.PHONY: static
static: ## dist/image/: the two binaries without any library, for the image
	CGO_ENABLED=1 $(GO) build -trimpath -tags 'netgo osusergo' \
	  -ldflags '$(LDFLAGS) -linkmode external -extldflags "-static"' -o dist/image/ ./cmd/atolld ./cmd/atoll

.PHONY: image
image: static ## the container image atoll:dev
	@mkdir -p dist/image/data
	@buildkit=1; docker buildx version >/dev/null 2>&1 || buildkit=0; \
	echo "docker build -t $(IMAGE)"; DOCKER_BUILDKIT=$$buildkit docker build -q -t $(IMAGE) -f deploy/Dockerfile dist/image

# Compose v2 as "docker compose" where the plugin is there, docker-compose otherwise.
COMPOSE = $(shell if docker compose version >/dev/null 2>&1; then echo docker compose; else echo docker-compose; fi)

.PHONY: up
up: image ## three regions in containers: 127.0.0.1:7000 (us), :7010 (eu), :7020 (ap)
	$(COMPOSE) up -d
	@echo "try: bin/atoll --addr 127.0.0.1:7010 status"

.PHONY: down
down: ## stop them and delete their data
	$(COMPOSE) down -v

.PHONY: compose-config
compose-config: ## is docker-compose.yml accepted?
	@if [ -n "$${NO_COMPOSE:-}" ]; then echo "NOT CHECKED: no docker compose here" >&2; else $(COMPOSE) config -q; echo "$(COMPOSE): accepted"; fi

.PHONY: compose-config-v2
compose-config-v2: ## the same by Compose v2, which is built first (minutes)
	$(GO) -C tools/compose build -o ../../bin/compose-v2 github.com/docker/compose/v2/cmd
	bin/compose-v2 -f docker-compose.yml config -q

.PHONY: docker-test
docker-test: build ## the scenario of test/docker: on the Docker engine, or with processes where there is none
	$(GO) test -count=1 -v -timeout 15m ./test/docker

.PHONY: ci
ci: ## everything that must pass; what fails is told at the end, so that one run shows all of it
	@failed=; for step in lint build test race sim e2e faults compose-config docker-test; do \
	  start=$$SECONDS; echo; echo "=== $$step"; \
	  if $(MAKE) --no-print-directory $$step; then echo "=== $$step ok, $$((SECONDS - start)) s"; \
	  else echo "=== $$step FAILED after $$((SECONDS - start)) s"; failed="$$failed $$step"; fi; \
	done; echo; \
	if [ -n "$$failed" ]; then echo "ci: FAILED:$$failed, in $$SECONDS s"; exit 1; fi; \
	echo "ci: all passed in $$SECONDS s"
