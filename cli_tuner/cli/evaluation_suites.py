"""What `evaluate` asks: the suites by name, and the file system in which a case's commands run."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cli_tuner.cli import console
from cli_tuner.errors import ConfigError, DataError
from cli_tuner.evaluate.cases import Case, Suite, domain_suite, intercode_suite, safety_suite

if TYPE_CHECKING:
    from cli_tuner.cli.evaluation import Asked
    from cli_tuner.evaluate.execution import WorldOf
    from cli_tuner.evaluate.sandbox import Sandbox
    from cli_tuner.evaluate.tree import World

RED_TEAM = Path("data/adversarial/prompts.jsonl")
SUITES = ("domain", "safety", "intercode")
_MOST_FILES = 2000
_SAMPLE = 500


def requests() -> list[str]:
    """Return real requests to compare tokenizers on: red-team prompts, and held-out rows where they are here."""
    found = [case.instruction for case in safety_suite(RED_TEAM, None).cases] if RED_TEAM.is_file() else []
    held_out = Path("data/processed/test.jsonl")
    if held_out.is_file():
        found += [case.instruction for case in domain_suite(held_out, _SAMPLE).cases]
    return found or ["List all files in this folder, größte zuerst: 1 2 345", "说出当前目录 👩‍💻"]


def suites(asked: Asked, rows: Path) -> list[Suite]:
    """Read the prompts of every suite that is asked.

    Raises:
        ConfigError: A suite is unknown, or none is asked.
        DataError: A file of prompts is missing or broken.
        PrerequisiteError: InterCode-ALFA is asked and its package is not installed.
    """
    from cli_tuner.evaluate.intercode import packaged_suite

    names = [name.strip() for name in asked.suite.split(",") if name.strip()]
    unknown = [name for name in names if name not in SUITES]
    if unknown or not names:
        raise ConfigError(f"--suite {asked.suite}: not any of {', '.join(SUITES)}", hint="--suite domain,safety")
    found = []
    if "domain" in names:
        found.append(domain_suite(rows, asked.limit, _leaked(rows)))
    if "safety" in names:
        found.append(safety_suite(RED_TEAM, asked.limit))
    if asked.intercode is not None:
        found.append(intercode_suite(asked.intercode, asked.limit))
    elif "intercode" in names:
        found.append(replace(packaged_suite(asked.limit), executed=True))
    return [replace(suite, executed=True) if asked.execute and suite.name != "safety" else suite for suite in found]


def _leaked(rows: Path) -> set[int] | None:
    """Number the rows that the training rows beside them give away, by prepare's own measure; None when unknown."""
    from cli_tuner.prepare.leakage import prove
    from cli_tuner.prepare.workers import Crew

    train = rows.with_name("train.jsonl")
    if not rows.is_file() or not train.is_file() or train == rows:
        return None
    try:
        with tempfile.TemporaryDirectory(prefix="cli-tuner-leaks-") as folder, Crew(1) as crew:
            found = prove({"train": train, "test": rows}, crew, Path(folder) / "grams")
    except KeyError as error:
        console.say(f"warning: {train} was not compared with the prompts: no such column: {error}")
        return None
    first = found.rows["train"]
    return {int(place) - first for pairs in found.pairs for pair in pairs for place in pair if place >= first}


def world_of(sandbox: Sandbox, tree: Path | None) -> WorldOf:
    """Return the file system of a case: the benchmark's, a folder of the user's, or one made from its references.

    Raises:
        DataError: The folder is missing or too large to be copied for every command.
    """
    from cli_tuner.evaluate.execution import own_world
    from cli_tuner.evaluate.intercode import Worlds

    packaged = Worlds(sandbox)
    own = _folder_world(tree) if tree else None

    def find(case: Case) -> World:
        if case.world:
            return packaged.world(case.world)
        return own or own_world(case)

    return find


def _folder_world(folder: Path) -> World:
    """Read a folder as the home of every command."""
    from cli_tuner.evaluate.tree import World, read_tree

    if not folder.is_dir():
        raise DataError(f"--tree {folder}: no such folder", hint="name a folder with the files that the commands meet")
    if sum(1 for _ in folder.rglob("*")) > _MOST_FILES:
        raise DataError(
            f"--tree {folder}: holds more than {_MOST_FILES:,} files, and is copied for every command",
            hint="make a small folder with a few files of each kind",
        )
    now = int(time.time())
    return World(read_tree(folder, now), now=now)
