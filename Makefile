# `make` sets up and runs the pipeline; `make help` tells the rest.
PYTHON ?= python3
BIN := .venv/bin
export OUTSIDE := $(subst $(CURDIR)/$(BIN):,,$(PATH))
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Into .venv, wherever else the user's pip may install; and scripts find the folder that they are in.
export PIP_USER := 0
unexport PIP_PREFIX PIP_ROOT PIP_TARGET PYTHONSAFEPATH
# DVC's own place is world-writable, and what others put there is run: CVE-2025-69872.
export DVC_SITE_CACHE_DIR := $(or $(DVC_SITE_CACHE_DIR),$(CURDIR)/.dvc/tmp/site)
# Of the environment they are none of ours: WSL's NAME is the machine's.
$(foreach name,DATA TEST NAME PRESET DATASET A B,$(if $(findstring command,$(origin $(name))),,$(eval unexport $(name))))
given = $(filter-out 0 n N no No NO off Off OFF false False FALSE,$($(1)))
LOCKS := $(if $(call given,HASHES),locks/)
RUNTIME := $(LOCKS)requirements$(if $(call given,GPU),-gpu).txt
DEVELOPMENT := $(LOCKS)requirements-dev.txt
PAGES := $(wildcard *.md docs/*.md docs/*/*.md .github/*.md)

ifneq ($(findstring :,$(CURDIR)),)
  $(error $(CURDIR) has a colon in its path, and neither venv nor make can work there: rename the folder)
endif

.PHONY: all help setup whole-lock test quick lint lint-code lint-docs lint-github check-lock check-catalog \
  bench bench-gpu new run compare report demo tensorboard lock clean
.DELETE_ON_ERROR:
.NOTPARALLEL:

all: setup ## set up and run the pipeline: what has not run yet, and what a change makes stale
	@dvc repro
	@python -c 'import json; m = json.load(open("metrics/evaluate.json")); print( \
	  "\ntest accuracy {test_accuracy:.2%} (95 % interval {test_accuracy_low:.2%} to {test_accuracy_high:.2%}); " \
	  "always the most frequent class: {majority_baseline:.2%}\n" \
	  "exported models, and how to call them: export/MODEL_CARD.md\n" \
	  "next: . .venv/bin/activate && dvc exp run -S train.steps=4000 && dvc metrics diff".format(**m))'

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'GPU=1 installs CUDA too; HASHES=1 installs only files whose SHA-256 stands in locks/.'

setup: whole-lock .venv/$(RUNTIME).done .dvc/vega.js | .dvc/tmp/site ## only set up .venv

# DVC writes dvc.lock in place: killed meanwhile, it leaves an empty one, or one that ends within an entry.
# So it does with the list of who reads and writes what.
whole-lock:
	@[ ! -e dvc.lock ] || case "$$(tail -n 1 dvc.lock | tr -d '\0'):$$(tail -c 1 dvc.lock | tr -d '\0')" in \
	  :|schema:*|*::|*:?) git restore --source=HEAD dvc.lock && echo "dvc.lock was cut off; restored from HEAD" ;; esac
	@[ ! -e .dvc/tmp/rwlock ] || python -m json.tool .dvc/tmp/rwlock >/dev/null 2>&1 || [ $$? != 1 ] || rm .dvc/tmp/rwlock

.venv/bin/python:
	@$(PYTHON) -c 'import shutil, sys; v = sys.version_info; (3, 11) <= v < (3, 14) or sys.exit( \
	  f"Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is {v[0]}.{v[1]}; " + ( \
	  "get one: uv venv --python \047>=3.11,<3.14\047, then make again" if shutil.which("uv") else \
	  "name another: make PYTHON=python3.12"))'
	@$(PYTHON) -m venv .venv

# uv is quicker, but ignores pip's settings, which readers behind a mirror need. Its own venvs have no pip.
.venv/%.done: % | .venv/bin/python
	@echo "installing $< (once; a few minutes)"
	@python -m pip --version >/dev/null 2>&1 || python -m ensurepip >/dev/null
	@if uv=$$(PATH="$$OUTSIDE"; command -v uv) && ! python -m pip config list | grep -E '(index|index-url|find-links)=' >/dev/null; \
	then set -- "$$uv" pip install --python $(BIN)/python; else set -- python -m pip install; fi; \
	"$$@" --quiet $(if $(call given,HASHES),--require-hashes) --requirement $<
	@mkdir -p $(@D) && touch $@

# DVC itself would make it world-writable.
.dvc/tmp/site:
	@mkdir -p -m 700 $@

# For `dvc plots show` and `dvc plots diff` without a network.
.dvc/vega.js: .venv/$(RUNTIME).done
	@python -c 'import vl_convert; print(vl_convert.javascript_bundle())' > $@

test: setup .venv/$(DEVELOPMENT).done ## run the tests
	@pytest -n 2 --dist loadfile --no-loadscope-reorder

quick: .venv/$(DEVELOPMENT).done ## run the tests that need neither TensorFlow nor dvc
	@pytest -n 2 --dist loadfile --quick

lint: lint-code lint-docs lint-github ## check the code, the pages, and what GitHub reads

lint-code: .venv/$(DEVELOPMENT).done ## check the code: style and types
	@ruff check
	@ruff format --check
	@mypy

# What it asks for stands at the top of tests/check_docs.py; `mdformat PAGE` mends the layout.
lint-docs: .venv/$(DEVELOPMENT).done ## check the pages: layout, spelling, links, paths
	@mdformat --check $(PAGES); layout=$$?; git ls-files -z | xargs -0 codespell; spelling=$$?; \
	python tests/check_docs.py $(PAGES) && [ $$layout$$spelling = 00 ]

lint-github: .venv/$(DEVELOPMENT).done ## check workflow, templates and CITATION.cff
	@check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/test.yml
	@check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml \
	  .github/ISSUE_TEMPLATE/idea.yml
	@check-jsonschema --quiet --builtin-schema vendor.citation-file-format CITATION.cff
	@zizmor --offline --quiet --no-progress .github

# Without data, dvc ends at a stale stage whose input is missing.
check-lock: setup ## say whether dvc.lock fits the code and params.yaml
	@plan=$$(dvc repro --dry --allow-missing 2>&1) || failed=1; \
	stale=$$(echo "$$plan" | sed -n "s/^Running stage '\(.*\)':/\1/p; \
	  s/^ERROR: failed to reproduce '\([^']*\)': .*No such file.*/\1/p" | xargs); \
	if [ -n "$$stale" ]; then echo "dvc.lock is stale: $$stale would run again"; \
	  echo "cure: dvc repro, then commit dvc.lock, metrics/ and plots/"; exit 1; fi; \
	if [ -n "$$failed" ]; then echo "$$plan"; exit 1; fi; echo "dvc.lock fits the code and params.yaml"

check-catalog: .venv/$(RUNTIME).done ## check every entry of datasets/
	@python tools/check_catalog.py

# seeds.py and choices.py train for longer, inference.py tells the formats apart.
bench: setup ## measure what takes a few minutes: reading, generalization, training
	@for name in readers generalization loops; do python benchmarks/$$name.py || exit 1; done

bench-gpu: setup ## measure training on a GPU
	@python benchmarks/gpu.py

new: setup ## describe your own images, ready to train: DATA=~/Downloads/thing.zip NAME=thing TEST=more.zip
	@python tools/describe.py --add "$${DATA:---help}" $${TEST:+--test "$$TEST"} $${NAME:+--name "$$NAME"}

run: setup ## run a preset as an experiment: PRESET=accurate DATASET=fashion-mnist ARGS='-n mine -S train.seed=3'
	@python tools/run.py "$${PRESET:---help}" $${DATASET:+--dataset "$$DATASET"} $(ARGS)

compare: setup ## compare two revisions or experiments: A=main B=short (without B: the workspace)
	@python tools/compare.py $${A:+"$$A"} $${B:+"$$B"}

report: setup ## write report/index.html, a page to open and to send
	@python tools/report.py

demo: setup .venv/$(LOCKS)requirements-demo.txt.done ## serve a page to draw on, for this machine alone
	@python tools/demo.py

tensorboard: setup ## show training in the browser, from logs/
	@logs=$$(PYTHONPATH=stages python -c 'from pathlib import Path; from shared.console import run; \
	  from shared.environment import named_folder; run(lambda: print(named_folder("LOG_DIR", Path("logs"))))') && \
	tensorboard "--logdir=$$logs"

# A hashed copy pins what its original pins, for every platform.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links \
  --custom-compile-command 'make lock'
lock: .venv/$(DEVELOPMENT).done ## pin all that is needed; UPGRADE=1 takes the newest versions
	@for name in requirements requirements-demo requirements-parquet requirements-search requirements-dev requirements-gpu; do \
	  $(COMPILE) --fork-strategy fewest $(if $(call given,UPGRADE),--upgrade) $$name.in -o $$name.txt && \
	  $(COMPILE) --no-deps --no-annotate --generate-hashes $$name.txt -o locks/$$name.txt || exit 1; done

STEP := [0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]
# By name, since a person's notes may lie beside it.
clean: ## remove .venv and what the tools wrote; data, models and dvc's cache stay
	@rm -rf .venv
	@rm -f .dvc/vega.js comparison/comparison.md comparison/comparison.json report/index.html \
	  dvc_plots/index.html dvc_plots/static/*_plots_*.png logs/*/events.out.tfevents.*.stage logs/*/seconds.json \
	  .checkpoints/*.pid .checkpoints/*/$(STEP).npz .checkpoints/*/.$(STEP).partial.npz
	@find logs .checkpoints dvc_plots comparison report -depth -type d -empty -delete 2>/dev/null || true
