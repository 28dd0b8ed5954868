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
.PHONY: help setup lint types test check prepare train smoke demo demo-base validate evaluate clean unit faults docs schema

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
	$(BIN)/pytest -n 2 -m 'not e2e and not slow and not contract and not law and not integration'

test: lint types ## Lint, types, unit, contract and end-to-end tests (one real training)
	$(BIN)/pytest -n 2 -m 'not (slow or contract or e2e)'
	$(BIN)/pytest -n 2 --dist loadfile -m '(contract or e2e) and not slow'

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

# One thread: the same bytes whatever the number of cores, and on two busy cores faster than two threads.
smoke demo demo-base unit test check faults: export OMP_NUM_THREADS := 1

demo: $(STAMP) ## Proof that the loop learns: a tiny base is taught twelve commands, evaluated, reported (CPU, offline)
	$(BIN)/cli-tuner prepare --config configs/data/demo.yaml --out data/processed/demo
	$(BIN)/cli-tuner train --config configs/demo.yaml
	$(BIN)/cli-tuner validate --checkpoint-dir models/checkpoints/demo --sample-size 50 --allow-cpu
	$(BIN)/cli-tuner evaluate --checkpoint-dir models/checkpoints/demo --suite domain,safety --allow-cpu
	$(BIN)/cli-tuner report --run latest

demo-base: $(STAMP) ## Rebuild models/demo_base from its rows and a seed: the same bytes on the same kind of CPU
	$(BIN)/python data/demo/generate.py
	$(BIN)/cli-tuner prepare --config configs/data/demo_base.yaml --out data/processed/demo_base
	$(BIN)/cli-tuner train --config configs/demo_base.yaml

validate: $(STAMP) ## Validate CHECKPOINT (default models/checkpoints/phase2-final)
	$(BIN)/cli-tuner validate --checkpoint-dir $(CHECKPOINT)

evaluate: $(STAMP) ## Base against tuned on held-out rows, for CHECKPOINT
	$(BIN)/cli-tuner evaluate --checkpoint-dir $(CHECKPOINT)

faults: $(STAMP) ## Kill real trainings at 20 random points and compare what resumes, bit for bit (about 15 minutes)
	KILL_POINTS=20 $(BIN)/pytest -m e2e tests/e2e/test_faults.py

docs: $(STAMP) ## Rewrite docs/cli.md from the real help
	$(BIN)/python -m typer cli_tuner.cli.main utils docs --name cli-tuner > docs/cli.md

schema: $(STAMP) ## Rewrite the cached list of Axolotl's keys after changing its version
	$(BIN)/python -m cli_tuner.backends.axolotl_schema

clean: ## Remove what runs made (not .venv, not data/samples)
	rm -rf data/processed data/logs data/validation data/raw wandb
	rm -rf models/tiny_base models/demo_init models/checkpoints models/runs models/ablations
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
