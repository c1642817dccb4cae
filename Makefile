# What there is to do here; `make help` lists it. The rest is ordinary Go: go build ./cmd/ringo,
# go test ./boot and so on.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory --no-builtin-rules

# Where Go's own installer puts it, for a machine on which nobody has changed PATH.
export PATH := $(PATH):/usr/local/go/bin

PORT ?= 8080
MEMORY ?= 64M
FUZZTIME ?= 10s
SOAK ?= 30m
CORES ?= 4
PACKAGES ?=

.PHONY: help run test lint fuzz soak conformance bench-boot bench-cores bench-memory bench-network bench-syscalls setup clean
.DEFAULT_GOAL := help
.ONESHELL:

help: ## say what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: setup ## boot the web example; see http://localhost:8080/ (PORT=, MEMORY=, ARGS= change it)
	@echo "The page will be at http://localhost:$(PORT)/; Ctrl-C stops the machine."
	exec bin/ringo run -m $(MEMORY) -p $(PORT):8080 $(ARGS) ./examples/web

test: setup ## everything: lint, tests on the host, tests in machines
	status=0
	scripts/lint || { status=1; echo "lint failed; the tests follow all the same" >&2; }
	go run ./scripts/gotest "$$(scripts/packages host)" "-count=1 -timeout=20m $$(scripts/packages machine)" || status=1
	exit $$status

lint: ## go vet, gofmt, staticcheck
	scripts/lint

fuzz: ## let each fuzz target look for FUZZTIME (10s)
	scripts/fuzz $(FUZZTIME)

soak: setup ## load a machine of CORES (4) cores with everything at once for SOAK (30m)
	exec go run ./scripts/soak -ringo bin/ringo -time $(SOAK) -smp $(CORES) $(ARGS)

conformance: setup ## stock tests of Go's standard library, in machines (PACKAGES=, CORES=, ARGS= change what and how)
	go run ./scripts/conformance -ringo bin/ringo -smp $(CORES) $(ARGS) $(PACKAGES)

bench-boot: setup ## time to the first line of main and to the first HTTP answer, against Linux
	go run ./scripts/bench-boot $(ARGS)

bench-cores: setup ## what goroutines, threads, clocks and collections take, against Linux
	go run ./scripts/bench-cores $(ARGS)

bench-memory: setup ## what memory costs: first touch, a growing heap, mmap, against Linux
	go run ./scripts/bench-memory $(ARGS)

bench-network: setup ## what connections take, inside a machine, against Linux
	go run ./scripts/bench-network $(ARGS)

bench-syscalls: setup ## what system calls take, against Linux
	go run ./scripts/bench-syscalls $(ARGS)

setup: ## install QEMU if it is missing, and build bin/ringo
	@scripts/setup
	go build -o bin/ringo ./cmd/ringo

clean: ## remove what was built here (go clean -cache removes the rest)
	rm -rf bin *.img
