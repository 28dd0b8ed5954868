"""`cli-tuner init`: a new folder with everything a checkout has that is not code.

Recipes, sample rows, red-team prompts, the toy base model, an example of `.env`, a Makefile and a
.gitignore. They come from the checkout, or from the wheel's shared data, found by the wheel's own record of files.
"""

from __future__ import annotations

import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from cli_tuner.errors import CliTunerError, PrerequisiteError
from cli_tuner.install.environment import CHECKOUT

PARTS = (
    ".env.example", "configs", "data/adversarial", "data/chat", "data/toy", "data/samples", "models/toy_base",
)  # fmt: skip
_MARK = "share/cli-tuner/"
IGNORED = (
    ".venv/", ".env", "wandb/", "data/raw/", "data/processed/", "data/logs/", "data/validation/", "models/tiny_base/",
    "models/smollm2-135m/",
    "models/toy_init/", "models/checkpoints/", "models/runs/", "models/ablations/", "models/merged/",
    "models/releases/", "last_run_prepared/",
)  # fmt: skip
MAKEFILE = """\
# Written by `cli-tuner init`. Recipes are in configs/, rows in data/; each target is one or two commands you can type.

CONFIG ?= configs/full.yaml
CHECKPOINT ?= models/checkpoints/phase2-final

.DEFAULT_GOAL := help
.PHONY: help setup doctor smoke prepare train validate evaluate report

help: ## Show this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\\t/' | expand -t 12

setup: ## Put the tested training packages into the environment of cli-tuner
	cli-tuner setup

doctor: ## Is everything here that a training needs?
	cli-tuner doctor

smoke: export OMP_NUM_THREADS := 1
smoke: ## The whole product, made small: prepare, train in 4 bits, validate (CPU or GPU, offline)
	cli-tuner prepare
	cli-tuner train --config configs/smoke.yaml
	cli-tuner validate --checkpoint-dir models/checkpoints/smoke --allow-cpu
	cli-tuner runs show latest

prepare: ## Raw rows -> data/processed/{train,val,test}.jsonl
	cli-tuner prepare

train: ## Train CONFIG (default configs/full.yaml; needs a 24 GB GPU)
	cli-tuner train --config $(CONFIG)

validate: ## Validate CHECKPOINT
	cli-tuner validate --checkpoint-dir $(CHECKPOINT)

evaluate: ## Base against tuned on held-out rows, for CHECKPOINT
	cli-tuner evaluate --checkpoint-dir $(CHECKPOINT)

report: ## One page about the latest run
	cli-tuner report --run latest
"""


def init(folder: Path) -> list[str]:
    """Write a new project.

    Args:
        folder: Does not exist yet, or is empty.

    Returns:
        What was written, by its name at the top of `folder`.

    Raises:
        CliTunerError: The folder holds something already, or cannot be written; nothing is written.
        PrerequisiteError: The installed package lacks its shared data.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CliTunerError(f"{folder} is not empty", hint="name a new folder: cli-tuner init my-model")
    sources = _sources()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as made:
            new = Path(made) / folder.name
            for part, source in sources.items():
                _copy(source, new / part)
            (new / "Makefile").write_text(MAKEFILE, encoding="utf-8")
            (new / ".gitignore").write_text("\n".join(IGNORED) + "\n", encoding="utf-8")
            if folder.exists():
                folder.rmdir()
            new.rename(folder)
    except OSError as error:
        raise CliTunerError(f"{folder} cannot be written: {error.strerror or error}") from error
    return sorted(path.name for path in folder.iterdir())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "checkpoint-*", "*.log"))
    else:
        shutil.copyfile(source, target)


def _sources() -> dict[str, Path]:
    root = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else _shared()
    missing = [part for part in PARTS if not (root / part).exists()]
    if missing:
        raise PrerequisiteError(
            f"this installation of cli-tuner lacks {missing[0]}", hint="pip install --force-reinstall cli-tuner"
        )
    return {part: root / part for part in PARTS}


def _shared() -> Path:
    """Return the folder of the wheel's shared data; one that does not exist where it has none."""
    try:
        files = distribution("cli-tuner").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        before, mark, _ = file.as_posix().partition(_MARK)
        if mark:
            return Path(str(file.locate())).resolve().parents[len(file.parts) - len(Path(before + mark).parts) - 1]
    return Path("share/cli-tuner")
