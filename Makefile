# Everything a developer or a CI machine runs. Needs only git, make and python3 (3.11 or newer) with its venv module:
# the tools come from PyPI into .tools/ and .venv/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Another interpreter: make venv PYTHON=/path/to/python3.13
PYTHON ?= python3
UV_VERSION := 0.13.9
SEEDS ?= 200
WORKERS ?= 2
ARGS ?=

# An interpreter is never downloaded: the machine's own is used, so that an offline mirror of PyPI is enough.
export UV_PYTHON_DOWNLOADS := never
UV := .tools/bin/uv
BIN := .venv/bin
TOOL_STAMP := .tools/.uv-$(UV_VERSION)
VENV_STAMP := .venv/.synced

.PHONY: help venv run test check format bench sim soak wheel audit lock clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 10

venv: $(VENV_STAMP)  ## the environment in .venv, exactly as uv.lock says

$(TOOL_STAMP):
	$(PYTHON) -m venv --clear .tools
	.tools/bin/pip install --quiet --disable-pip-version-check 'uv==$(UV_VERSION)'
	touch $@

$(VENV_STAMP): uv.lock pyproject.toml $(TOOL_STAMP)
	$(UV) sync --quiet --frozen --python "$$(command -v $(PYTHON))"
	touch $@

run: venv  ## the demonstration: a hub with emulated parties (ARGS="--port 8080")
	$(BIN)/chekpoint demo $(ARGS)

test: venv  ## every test (ARGS="-k word"); brings a browser and PostgreSQL if they are missing
	scripts/ensure-chromium
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

check: venv  ## lint, format, types, floors: what CI runs before the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: venv  ## let ruff put the code in order
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: venv  ## measurements against other ways of doing the same (ARGS="--help")
	$(UV) sync --quiet --frozen --inexact --group bench --python "$$(command -v $(PYTHON))"
	$(BIN)/python -m bench $(ARGS)

sim: venv  ## the seeded simulation of the whole hub (SEEDS=200)
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) $(ARGS)

soak: venv  ## the long run under faults (ARGS="--help")
	$(BIN)/python -m tests.soak $(ARGS)

wheel: venv  ## the distribution in dist/
	$(UV) build --quiet --python "$$(command -v $(PYTHON))" --out-dir dist

audit: venv  ## known vulnerabilities in what uv.lock names
	$(UV) export --quiet --frozen --no-emit-project --format requirements-txt --output-file .tools/locked.txt
	$(BIN)/pip-audit --disable-pip --require-hashes --requirement .tools/locked.txt

lock: $(TOOL_STAMP)  ## write uv.lock anew after a change of dependencies
	$(UV) lock --python "$$(command -v $(PYTHON))"

clean:  ## remove what the other targets made
	rm -rf .venv .tools dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
