# make demo | test | check | bench; each sets up what it needs in .venv, with the pinned versions.
PYTHON ?= python3
BIN    := .venv/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# One BLAS thread per test worker: two workers on two cores.
export TOKENIZERS_PARALLELISM := false

.PHONY: demo test test-slow check bench lock clean

demo: .venv/.core
	$(BIN)/llmrec demo

test: .venv/.dev
	$(BIN)/llmrec models pull
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow"

test-slow: .venv/.dev
	$(BIN)/llmrec models pull
	$(BIN)/python -m pytest -m slow

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python scripts/reference.py --check
	$(BIN)/python scripts/reference_hardware.py --check
	$(BIN)/python -m pytest -q tests/unit/test_layers.py tests/unit/test_packaging.py

bench: .venv/.dev
	$(BIN)/llmrec models pull
	$(BIN)/python scripts/bench/main_path.py

lock:
	$(PYTHON) scripts/lock.py

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "llmrec needs Python 3.10 or later; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv

.venv/.core: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing llmrec and its pinned dependencies into .venv (a few minutes, once)"
	$(PIP) -e .
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing llmrec, its extras and the development tools into .venv (a few minutes, once)"
	$(PIP) -e '.[cpu,quant,train,eval,serve,dev]'
	@touch $@ .venv/.core

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache demo-shop bench-work
