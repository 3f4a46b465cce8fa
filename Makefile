# Needs Python >= 3.11, make and the package registries; everything else is installed into .venv.
# PYTHON=python3.12 picks another interpreter (after `make clean`).

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.made-from-constraints
# Options for the command that a target ends in, as in: make lab ARGS="--no-browser --port 8899"
ARGS ?=
# Runs that each repair must survive in `make soak`.
RUNS ?= 1000

.DEFAULT_GOAL := help
.PHONY: help env lab test lint notebooks bench soak constraints clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env: $(STAMP) ## make .venv, or bring it up to date

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "distlab needs Python 3.11 or later; this is $$($(PYTHON) --version 2>&1): make PYTHON=python3.12 env"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo "no venv module (on Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || echo "uv is not to be had; pip does it, more slowly"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[lab,test,real,dask,bench]' || \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[lab,test,real,dask,bench]'
	@touch $@

lab: env ## open the course: JupyterLab on your own copy of the notebooks
	@$(BIN)/distlab lab $(ARGS)

test: lint ## everything: lint, types, tests, every notebook with its outputs compared
	$(BIN)/pytest $(ARGS)

lint: env ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

notebooks: env ## run the notebooks again and write their outputs (ARGS="notebooks/01_cap.ipynb" for one)
	$(BIN)/python tests/notebooks/normalise.py $(ARGS)

bench: env ## measure beside peers (ARGS="locks ids" for some) and write data/benchmarks.json
	$(BIN)/python -m tests.benchmarks $(ARGS)

soak: env ## every scenario and every repair under a thousand schedules (RUNS=10000 for more); minutes
	$(BIN)/pytest -m soak tests $(ARGS)
	$(BIN)/distlab bugs --prove $(RUNS) --write --workers 2

constraints: env ## pin the newest versions that fit pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --upgrade \
	  --no-header --no-annotate --no-emit-index-url --output-file constraints.txt pyproject.toml

clean: ## remove .venv and the caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
