# CLI-Tuner. Every target that needs the environment makes it first (.venv, once).
# A fresh machine needs Python 3.10 to 3.12 and make; nothing else.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
CONFIG ?= configs/full.yaml
CHECKPOINT ?= models/checkpoints/phase2-final

# Without cached bytecode, importing Axolotl takes three times as long; some machines switch the cache off.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup lint types test check prepare train smoke validate clean unit faults docs schema

help: ## Show this help
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(STAMP) ## Make .venv with the tested versions (about 4 minutes, 4.3 GB)

# torch first: a CPU build is taken where one is offered. A failed install leaves no stamp, so the next call continues.
$(STAMP): pyproject.toml constraints.txt
	@echo "installing the tested environment into $(VENV): about 4 minutes"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq -c constraints.txt torch==2.13.0
	$(BIN)/python -m pip install -qq -c constraints.txt -e '.[train,data,eval,serve,scale,dev]'
	$(BIN)/python -m compileall -q cli_tuner
	touch $@

lint: $(STAMP) ## Style, formatting and the floors (imports only point down)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP) ## mypy --strict
	$(BIN)/mypy

unit: $(STAMP) ## Unit tests only: no torch, no network, seconds
	$(BIN)/pytest -m 'not e2e and not slow and not contract and not law and not integration'

test: lint types ## Lint, types, unit, contract and end-to-end tests (one real training)
	$(BIN)/pytest -m 'not slow'

check: test ## Everything, the slow reproductions of Axolotl's traps included
	HYPOTHESIS_PROFILE=search $(BIN)/pytest -m 'slow or law'

prepare: $(STAMP) ## Raw rows -> data/processed/{train,val,test}.jsonl
	$(BIN)/cli-tuner prepare

train: $(STAMP) ## Train CONFIG (default configs/full.yaml; needs a 24 GB GPU)
	$(BIN)/cli-tuner train --config $(CONFIG)

smoke: $(STAMP) ## The whole product, made small: prepare, train in 4 bits, validate (CPU or GPU, offline)
	$(BIN)/cli-tuner prepare
	$(BIN)/cli-tuner train --config configs/smoke.yaml
	$(BIN)/cli-tuner validate --checkpoint-dir models/checkpoints/smoke --allow-cpu
	$(BIN)/cli-tuner runs show latest

validate: $(STAMP) ## Validate CHECKPOINT (default models/checkpoints/phase2-final)
	$(BIN)/cli-tuner validate --checkpoint-dir $(CHECKPOINT)

faults: $(STAMP) ## Kill real trainings at 20 random points and compare what resumes, bit for bit (about 15 minutes)
	KILL_POINTS=20 $(BIN)/pytest -m e2e tests/e2e/test_faults.py

docs: $(STAMP) ## Rewrite docs/cli.md from the real help
	$(BIN)/python -m typer cli_tuner.cli.main utils docs --name cli-tuner > docs/cli.md

schema: $(STAMP) ## Rewrite the cached list of Axolotl's keys after changing its version
	$(BIN)/python -m cli_tuner.backends.axolotl_schema

clean: ## Remove what runs made (not .venv, not data/samples)
	rm -rf data/processed data/logs data/validation data/raw models/tiny_base models/checkpoints models/runs models/ablations wandb
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
