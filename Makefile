# `make run` and `make test` need Python 3.11 or newer and nothing else.

ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -Ic 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
endif
VENV := .venv
BIN := $(VENV)/bin
SCENARIO ?= updates/allocator_race/scenario.toml
RESULTS := build/test-all.xml
PYTEST := $(BIN)/pytest -n 2

.PHONY: run test test-all lint clean environment development

run: environment
	@$(BIN)/evergreen run $(SCENARIO)

test: development
	@$(BIN)/evergreen build
	@$(PYTEST) -m "not matrix"

# What it ran and how that ended is a page of the docs.
test-all: development
	@$(BIN)/evergreen build
	@$(PYTEST) --junitxml=$(RESULTS); status=$$?; \
	$(BIN)/python -m tests.matrix_table $(RESULTS) docs/test-matrix.md && exit $$status

lint: development
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

environment development:
	@$(if $(PYTHON),,$(error Python 3.11 or newer is needed: install it, or say make PYTHON=/path/to/python))
	@$(PYTHON) -I toolchain/environment.py $(VENV) $(if $(filter development,$@),--extra dev --extra bench)
