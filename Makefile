# `make` sets up and runs the pipeline; `make test` sets up and runs the tests. GPU=1 adds CUDA.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
RUNTIME := $(if $(GPU),requirements-gpu.txt,requirements.txt)
INSTALL = echo "installing $(1) (once; a few minutes)" && python -m pip install --quiet --requirement $(1)

.PHONY: all setup test lint lint-docs check-catalog bench bench-gpu compare report demo tensorboard lock clean
.DELETE_ON_ERROR:
.NOTPARALLEL:

all: setup
	@dvc repro
	@python -c 'import json; m = json.load(open("metrics/evaluate.json")); print( \
	  "\ntest accuracy {test_accuracy:.2%} (95 % interval {test_accuracy_low:.2%} to {test_accuracy_high:.2%})\n" \
	  "exported models, and how to call them: export/MODEL_CARD.md\n" \
	  "next: . .venv/bin/activate && dvc exp run -S train.steps=4000 && dvc metrics diff".format(**m))'

setup: .venv/$(RUNTIME).done .dvc/vega.js

.venv/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; (3, 11) <= v < (3, 14) or sys.exit(f"Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is {v[0]}.{v[1]}; name another: make PYTHON=python3.12")'
	@$(PYTHON) -m venv .venv

.venv/%.done: % | .venv/bin/python
	@$(call INSTALL,$<)
	@touch $@

# The charting library, for `dvc plots show` and `dvc plots diff` without a network.
.dvc/vega.js: .venv/$(RUNTIME).done
	@python -c 'import vl_convert; print(vl_convert.javascript_bundle())' > $@

test: setup .venv/requirements-dev.txt.done
	@pytest

lint: .venv/requirements-dev.txt.done
	@ruff check
	@ruff format --check
	@mypy

# What it asks for stands at the top of tests/check_docs.py; `mdformat PAGE` mends the layout.
PAGES := $(wildcard *.md docs/*.md docs/*/*.md .github/*.md)
lint-docs: .venv/requirements-dev.txt.done
	@mdformat --check $(PAGES)
	@git ls-files -z | xargs -0 codespell
	@python tests/check_docs.py $(PAGES)

check-catalog: .venv/$(RUNTIME).done
	@PYTHONPATH=stages python -c 'from functools import partial; from pathlib import Path; \
	  from downloading.catalog import check_catalog; from shared.console import run; \
	  run(partial(check_catalog, Path("datasets")))'

# Those of a few minutes: seeds.py and choices.py train for longer, inference.py tells the formats apart.
bench: setup
	@for name in preprocess generalization training; do python benchmarks/$$name.py || exit 1; done

bench-gpu: setup
	@python benchmarks/gpu.py

# make compare A=main B=short; without B, A and the workspace.
compare: setup
	@python tools/compare.py $(if $(A),'$(A)') $(if $(B),'$(B)')

# A page to open and to send: report/index.html.
report: setup
	@python tools/report.py

# A page to draw on, for this machine alone.
demo: setup .venv/requirements-demo.txt.done
	@python tools/demo.py

tensorboard: setup
	@tensorboard --logdir $${LOG_DIR:-logs}

# Pins the closure for every supported Python; `make lock UPGRADE=1` takes the newest versions.
lock: .venv/requirements-dev.txt.done
	@for name in requirements requirements-demo requirements-search requirements-dev requirements-gpu; do \
	  uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest $(if $(UPGRADE),--upgrade) \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $$name.in -o $$name.txt || exit 1; done

clean:
	@rm -rf .venv .dvc/vega.js logs .checkpoints dvc_plots comparison report
