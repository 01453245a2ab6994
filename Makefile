# Set-up is one file, $(VENV)/.ready: each target makes it once and reuses it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Extra pip arguments, for instance an index of CPU-only torch wheels.
PIP_ARGS ?=
CONFIG ?= configs/compact.yaml
RUN ?= runs/compact
ARTICLE ?= data/article.txt

.PHONY: train test check clean

train: $(VENV)/.ready
	$(BIN)/python train.py $(CONFIG) --run-dir $(RUN) --overwrite
	$(BIN)/python predict.py $(ARTICLE) --model $(RUN)/model --pretty

test: $(VENV)/.ready
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest

check: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest

# torch goes first and pinned: an open range would take a build with gigabytes of CUDA.
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q $(PIP_ARGS) "$$(grep '^torch==' constraints.txt)"
	$(BIN)/python -m pip install -q $(PIP_ARGS) -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache
