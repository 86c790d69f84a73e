# One entry for each habit. `make test` and `make run` set up all they need.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# A file at a time: what its tests share is made once. Four workers: half of the time tests wait for
# clocks of venues. Long files first: see tests/conftest.py.
PYTEST := $(BIN)/python -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder
PYX := $(shell find market books connectors cache engine arb replay sim api -name '*.pyx' -o -name '*.pxd' 2>/dev/null)

.PHONY: help setup build run test lint types unit coverage sanitize soak simtest bench clean

help:
	@echo "make run       set up, then trade at two simulated venues (Ctrl-C ends it)"
	@echo "make test      set up, then lint, types, tests and sanitizers"
	@echo "make simtest   the whole node under seeded faults in virtual time (SEEDS=1..200)"
	@echo "make coverage  the tests once more, with the lines that they reach (95 % are the least)"
	@echo "make bench     the benchmarks with their peers (installs the extra 'bench')"
	@echo "make soak      the long tests and fuzzers"
	@echo "make clean     remove what was built"

# A virtual environment without the system's packages; ensurepip may be missing on Debian.
.venv/ready: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv \
	  || { echo "python3-venv is missing: apt-get install python3-venv python3-dev gcc"; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet "setuptools>=77" "Cython>=3.1"
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable ".[dev]"
	@mkdir -p build && touch $@ build/core

# An editable install does not rebuild: compiled modules follow their sources here.
build/core: $(PYX) setup.py | .venv/ready
	$(BIN)/python setup.py --quiet build_ext --inplace
	@mkdir -p build && touch $@

setup: .venv/ready build/core
build: setup

run: setup
	$(BIN)/crossquote run --strategy xemm

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

unit: setup
	$(PYTEST)

test: lint types unit sanitize

# Lines of the rooms below the daemon; compiled modules count by their plain twins.
coverage: setup
	$(PYTEST) --cov --cov-report term:skip-covered

# The decoder, scanner, ladder, book, cache and segment tests with ASan and UBSan.
sanitize: setup
	bash fuzz/sanitize.sh

# SEEDS=1..20000 takes an hour or more of processor time: see --resume.
SEEDS ?= 1..200
JOBS ?= 2
simtest: setup
	$(BIN)/crossquote simtest --seeds $(SEEDS) --jobs $(JOBS)

# Fuzzing: half the time guided by atheris where its wheel can be had, half on the sanitized build.
SOAK_SECONDS ?= 600
SOAK_HOURS ?= 72
SOAK_HALF := $(shell expr $(SOAK_SECONDS) / 2)
soak: setup
	$(BIN)/python -m pytest -q -m slow
	$(PYTEST) --hypothesis-profile search
	$(BIN)/crossquote simtest --soak --hours $(SOAK_HOURS)
	$(BIN)/crossquote simtest --scenario all --hours 1
	$(BIN)/python -m pip install --quiet "atheris>=3" || echo "no atheris: inputs at random"
	SOAK_OUT=$(CURDIR)/build/soak $(BIN)/python -m fuzz.soak $(SOAK_HALF)
	SOAK_OUT=$(CURDIR)/build/soak bash fuzz/sanitize.sh -m fuzz.soak $(SOAK_HALF) --random

clean:
	rm -rf build dist .venv *.egg-info
	find market books connectors cache engine arb replay sim api -name '*.so' -delete
