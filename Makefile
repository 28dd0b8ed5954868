# CLI-Tuner. Every target that needs the environment makes it first (.venv, once) and checks it in 0.1 s after that.
# A fresh machine needs Python 3.10 to 3.13 and make. Without make: python3 -m cli_tuner.install

VENV   := .venv
BIN    := $(VENV)/bin
ifdef PYTHON
ASKED  := --this-python
else
PYTHON := $(or $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; \
	done),python3)
endif
CONFIG ?= configs/full.yaml
CHECKPOINT ?= models/checkpoints/phase2-final

# Without cached bytecode, importing Axolotl takes three times as long; some machines switch the cache off.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup env lock fresh lint types test check prepare train smoke demo toy-base validate evaluate clean unit faults docs schema gpu-proof site

help: ## Show this help
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: env ## Make .venv with the tested versions; FULL=1: all that Axolotl declares

env:
	@$(PYTHON) -m cli_tuner.install --into $(VENV) $(ASKED) $(if $(FULL),--full)

lock: env ## Rewrite cli_tuner/install/locks (needs uv); UPGRADE=1: to the newest versions that fit
	$(BIN)/python -m cli_tuner.install.lock $(if $(UPGRADE),--upgrade)

fresh: env ## Prove both commands on a bare Debian root: SUITE=trixie or bookworm (root, debootstrap)
	$(BIN)/python benchmarks/fresh.py $(or $(SUITE),trixie)

lint: env ## Style, formatting and the floors (imports only point down)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: env ## mypy --strict
	$(BIN)/mypy

unit: env ## Unit tests only: no torch, no network, seconds
	$(BIN)/pytest -n 2 -m 'not e2e and not slow and not contract and not law and not integration'

test: lint types ## Lint, types, unit, contract and end-to-end tests (one real training)
	$(BIN)/pytest -n 2 --durations=10 -m 'not (slow or contract or e2e)'
	$(BIN)/pytest -n 2 --durations=10 --dist loadfile --no-loadscope-reorder -m '(contract or e2e) and not slow'

check: test ## Everything, the slow reproductions of Axolotl's traps included
	HYPOTHESIS_PROFILE=search $(BIN)/pytest -m 'slow or law'

prepare: env ## Raw rows -> data/processed/{train,val,test}.jsonl
	$(BIN)/cli-tuner prepare

train: env ## Train CONFIG (default configs/full.yaml; needs a 24 GB GPU)
	$(BIN)/cli-tuner train --config $(CONFIG)

smoke: env ## The whole product, made small: prepare, train in 4 bits, validate (CPU or GPU, offline)
	$(BIN)/cli-tuner prepare
	$(BIN)/cli-tuner train --config configs/smoke.yaml
	$(BIN)/cli-tuner validate --checkpoint-dir models/checkpoints/smoke --allow-cpu
	$(BIN)/cli-tuner runs show latest

# One thread: the same bytes whatever the number of cores, and on two busy cores faster than two threads.
smoke toy-base unit test check faults: export OMP_NUM_THREADS := 1

# All cores, which sleep instead of spinning while they wait: a model of 135 million parameters fills them.
CORES  := $(or $(OMP_NUM_THREADS),$(shell nproc 2>/dev/null || echo 2))
RECIPE := $(if $(LONG),demo_long,demo)
comma  := ,
SUITES := domain$(if $(shell command -v bwrap),$(comma)intercode)

demo: export OMP_NUM_THREADS := $(CORES)
demo: export OMP_WAIT_POLICY := PASSIVE
demo: env ## A real model learns Bash on a CPU: SmolLM2-135M, base against tuned, reported; LONG=1: more steps
	$(BIN)/cli-tuner model add smollm2-135m
	$(BIN)/cli-tuner prepare --config configs/data/demo.yaml --out data/processed/demo
	$(BIN)/cli-tuner train --config configs/$(RECIPE).yaml
	@command -v bwrap >/dev/null || echo "bubblewrap is not installed: InterCode-ALFA is left out, as its commands run nowhere else"
	$(BIN)/cli-tuner evaluate --checkpoint-dir models/checkpoints/$(RECIPE) --suite $(SUITES) $(if $(LONG),,--limit 60) --allow-cpu
	$(BIN)/cli-tuner report --checkpoint-dir models/checkpoints/$(RECIPE) --examples 5

toy-base: env ## Rebuild models/toy_base from its rows and a seed: the same bytes on the same kind of CPU
	$(BIN)/python data/toy/generate.py
	$(BIN)/cli-tuner prepare --config configs/data/toy_base.yaml --out data/processed/toy_base
	$(BIN)/cli-tuner train --config configs/toy_base.yaml

validate: env ## Validate CHECKPOINT (default models/checkpoints/phase2-final)
	$(BIN)/cli-tuner validate --checkpoint-dir $(CHECKPOINT)

evaluate: env ## Base against tuned on held-out rows, for CHECKPOINT
	$(BIN)/cli-tuner evaluate --checkpoint-dir $(CHECKPOINT)

faults: env ## Kill real trainings at 20 random points and compare what resumes, bit for bit (about 15 minutes)
	KILL_POINTS=20 $(BIN)/pytest -m e2e tests/e2e/test_faults.py

gpu-proof: env ## Prove NF4, kernels, bf16, fp16, packing, resume, merge and memory on this CUDA GPU (10 minutes, offline)
	$(BIN)/python -m benchmarks.gpu_proof

docs: env ## Rewrite docs/cli.md from the real help, docs/records from the record classes
	$(BIN)/python -m typer cli_tuner.cli.main utils docs --name cli-tuner > docs/cli.md
	$(BIN)/python -m cli_tuner.records.schemas docs/records

SITE   := build/site-env
site: $(SITE)/.installed ## The documents as a site with search, in build/site: strict, and nothing in it asks another machine
	PYTHONPATH=. $(BIN)/python docs/site/stage.py build/docs
	@NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --strict -f docs/site/mkdocs.yml
	@echo "build/site is made; look at it: python3 -m http.server --directory build/site"

# An environment of its own: its pins would change those of the training.
$(SITE)/.installed: docs/site/requirements.txt | env
	$(BIN)/python -m venv --clear $(SITE)
	$(SITE)/bin/python -m pip install --quiet --require-hashes -r $<
	touch $@

schema: env ## Rewrite the cached list of Axolotl's keys, and of transformers' modules, after changing a version
	$(BIN)/python -m cli_tuner.backends.axolotl_schema
	$(BIN)/python -m cli_tuner.backends.architecture_tables

clean: ## Remove what runs made (not .venv, not data/samples)
	rm -rf data/processed data/logs data/validation data/raw wandb
	rm -rf models/tiny_base models/toy_init models/smollm2-135m models/checkpoints models/runs models/ablations
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
