# Everything that continuous integration does, a person does with the same words.
# Bare `make` lists the targets: a line "name: ## what it does" is shown.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.PHONY: help setup system witness demo fast test check fix bench soak mutants lock screenshot clean \
        check-format check-lint check-mypy check-pyright check-layers check-changelog check-docs

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# What tests need beside Python. The names are Debian's packages.
SYSTEM_PACKAGES := redis-server postgresql chromium
# Rooms that hold Python; one that does not exist yet is left out.
CODE := src tests scripts $(wildcard examples benchmarks)
ARGS ?=
# pyright's wheel carries pyright: never look for a newer one, never ask another registry.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

help: ## list the targets
	@awk -F': .*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv with everything pinned, and switchgear in it
	@echo "setup: $(VENV) is ready"

# A stamp, so that a changed pin is installed at the next target and an unchanged one costs nothing.
$(READY): constraints.txt pyproject.toml scripts/venv
	@scripts/venv $(VENV)
	@touch $@

system:
	@scripts/system-packages $(SYSTEM_PACKAGES)

witness: ## make .venv-witness: other people's exchange clients, which trade on the practice exchanges in tests
	@scripts/witness-venv

demo: $(READY) ## trade on three practice exchanges while they break, and watch (ARGS="--seconds 30")
	@$(BIN)/switchgear demo $(ARGS)

fast: $(READY) ## the tests of calls, policies and clients, in a minute: without databases, servers, browsers
	@$(BIN)/python -m pytest -q -n 2 --dist loadscope -m "not slow and not wide" $(ARGS)

test: $(READY) system witness ## run every test (ARGS="-k circuit")
	@$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder $(ARGS)

check: check-format check-lint check-layers check-mypy check-pyright check-changelog check-docs ## format, lint, layers, types, changelog, docs

check-format: $(READY)
	@echo "check: format"
	@$(BIN)/ruff format --check --quiet $(CODE) || { echo "  make fix mends it"; $(BIN)/ruff format --check $(CODE); exit 1; }

check-lint: $(READY)
	@echo "check: lint"
	@$(BIN)/ruff check --quiet $(CODE)

check-layers: $(READY)
	@echo "check: layers"
	@out=$$($(BIN)/lint-imports 2>&1) || { echo "$$out"; exit 1; }

check-mypy: $(READY)
	@echo "check: mypy"
	@$(BIN)/mypy --no-error-summary $(CODE)

check-pyright: $(READY)
	@echo "check: pyright"
	@out=$$($(BIN)/pyright 2>&1) || { echo "$$out"; exit 1; }

check-changelog: $(READY)
	@echo "check: changelog"
	@$(BIN)/python scripts/changelog.py --check

# `make check test` runs each test once: these are among what `test` runs.
check-docs: $(READY)
ifeq ($(filter test,$(MAKECMDGOALS)),)
	@echo "check: tidy, docs"
	@$(BIN)/python -m pytest -q tests/test_tidy.py $(wildcard tests/docs)
endif

fix: $(READY) ## format, and mend what lint can mend
	@$(BIN)/ruff check --fix --quiet $(CODE); $(BIN)/ruff format $(CODE)

bench: $(READY) system witness ## measure what a guarded call, an exchange client and a history of ten million records cost
	@$(BIN)/python benchmarks/overhead.py $(ARGS)
	@$(BIN)/python benchmarks/clients.py $(ARGS)
	@$(BIN)/python benchmarks/history.py --records 10000000 --postgresql --pages

soak: $(READY) ## the circuit's model, clients under garbage, a million orders, then the demo: hours (ARGS="--seconds 600")
	@HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -q tests/core/circuit/test_model.py \
	  tests/exchange/test_garbage_fuzz.py tests/exchange/test_garbage_values.py
	@$(BIN)/python scripts/fuzz_clients.py --seconds 600
	@$(BIN)/python scripts/prove_orders.py --beside 300
	@$(BIN)/python scripts/kill_orders.py --orders 10000
	@$(BIN)/python scripts/rival_orders.py --orders 1000
	@$(BIN)/switchgear demo --port 0 $(or $(ARGS),--seconds 3600)

mutants: $(READY) ## plant faults in the core and list those that no test notices (ARGS="circuit" for a part)
	@$(BIN)/python scripts/mutants.py $(ARGS)

screenshot: $(READY) system ## take the picture of the page that README shows
	@$(BIN)/python scripts/screenshot.py $(ARGS)

lock: ## choose the newest versions and write both constraints.txt
	@scripts/lock
	@scripts/witness-lock

clean: ## remove .venv and what tools left behind
	@rm -rf $(VENV) .venv-witness .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
