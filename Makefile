# DanceNow's chores.  PYTHON=... names the Python to use, PIP_ARGS="..." goes to pip,
# ARGS="..." to the program that demo, test, samples or others run.
.PHONY: help setup develop demo test test-all coverage lint fuzz kill-test wheel docs bench samples gpu-kit gpu-check clean

BIN := .venv/bin
export PYTHON PIP_ARGS
# Else every process that a test starts would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s  %s\n", $$1, $$2 }' Makefile

setup: ## make .venv and install what DanceNow needs in it, if anything changed
	@sh scripts/setup.sh

develop: ## the same, with what the tests and checks need
	@sh scripts/setup.sh dev

demo: setup ## make a sample performer dance another's dance, into demo/
	$(BIN)/dancenow demo $(ARGS)

# A process more than there are cores, since some wait for a browser or another program; more
# than four would need more memory than many laptops have.
export PYTEST_XDIST_AUTO_NUM_WORKERS ?= $(shell expr 1 + `getconf _NPROCESSORS_ONLN`)
PYTEST = $(BIN)/python -m pytest -n logical --maxprocesses 4

test: develop ## run the tests, but for those that take long
	$(PYTEST) -m "not slow" $(ARGS)

test-all: develop ## run all tests, as every night
	$(PYTEST) $(ARGS)

coverage: develop ## the same, and print what they do not reach
	$(PYTEST) --cov=dancenow --cov-report=term:skip-covered $(ARGS)

lint: develop ## check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

ROUND ?= --seed 0

fuzz: develop ## read a thousand spoiled files, each in a process that is watched: ROUND="--seed N"
	$(BIN)/python tests/attacks/fuzz.py $(ROUND)

kill-test: develop ## end every long verb at chance moments, and see that it goes on
	$(BIN)/python tests/attacks/killing.py $(ROUND)

wheel: develop ## build the wheel, and use it in an empty environment
	@sh scripts/try_wheel.sh

docs: develop ## make the documentation's site, into build/site
	$(BIN)/python scripts/make_docs.py

CLIP ?= runs/bench.mp4

bench: develop ## run the scripts of benchmarks/, on CLIP=... or a sample performer
	@mkdir -p runs
	@[ -f runs/bench.mp4 ] || $(BIN)/dancenow sample -o runs/bench.mp4 --seconds 8
	@$(BIN)/dancenow pose runs/bench.mp4 -o runs/bench.npz --raw
	$(BIN)/python benchmarks/decode.py $(CLIP)
	$(BIN)/python benchmarks/pose_extraction.py $(CLIP)
	$(BIN)/python benchmarks/estimators.py
	$(BIN)/python benchmarks/drawing.py
	$(BIN)/python benchmarks/filters.py runs/bench.npz runs/bench.pose.npz
	$(BIN)/python benchmarks/performer.py $(CLIP)
	$(BIN)/python benchmarks/retarget.py
	$(BIN)/python benchmarks/edn.py
	$(BIN)/python benchmarks/dancenet.py
	$(BIN)/python benchmarks/sample_rendering.py --seconds 3
	$(BIN)/python benchmarks/memory.py --minutes 1 --verbs pose

samples: develop ## make the shipped clips and dancers of the sample performers anew
	$(BIN)/python scripts/make_samples.py $(ARGS)

GPU_KIT ?= runs/gpu-kit

gpu-kit: develop ## make what gpu-check needs, on any machine: runs/gpu-kit
	$(BIN)/python benchmarks/gpu.py kit $(GPU_KIT) $(ARGS)

gpu-check: ## prove a GPU: PYTHON=... may have PyTorch and little else
	PYTHONPATH="src$${PYTHONPATH:+:$$PYTHONPATH}" $(or $(PYTHON),$(BIN)/python) benchmarks/gpu.py check $(GPU_KIT) --json $(GPU_KIT)/result.json $(ARGS)

clean: ## remove .venv and the caches; what was made in demo/ and runs/ stays
	rm -rf .venv build dist htmlcov .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
