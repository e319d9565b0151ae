# DanceNow's chores.  PYTHON=... names the Python to use, PIP_ARGS="..." goes to pip,
# ARGS="..." to the program that demo, test or bench runs.
.PHONY: help setup demo test lint bench clean

BIN := .venv/bin
export PYTHON PIP_ARGS

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s  %s\n", $$1, $$2 }' Makefile

setup: ## make .venv and install everything in it, if anything changed
	@sh scripts/setup.sh

demo: setup ## make a sample performer dance another's dance, into demo/
	$(BIN)/dancenow demo $(ARGS)

test: setup ## run all tests and print their coverage
	$(BIN)/python -m pytest --cov=dancenow --cov-report=term:skip-covered $(ARGS)

lint: setup ## check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: setup ## run every script of benchmarks/
	@failed=0; for script in benchmarks/[a-z]*.py; do \
		echo "== $$script"; $(BIN)/python "$$script" $(ARGS) || failed=1; \
	done; exit $$failed

clean: ## remove .venv and the caches; what was made in demo/ and runs/ stays
	rm -rf .venv build dist htmlcov .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
