"""The phase as a whole: sources to leak-free, verified rows, with every row accounted for.

Gates, each asserted: loaded = checked + rejected; checked = kept + deduplicated + excluded; the written files
hold the kept rows, and no pair of them leaks. Same inputs, same recipe, same code: the same bytes.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cli_tuner.chat.labels import label_row
from cli_tuner.errors import CliTunerError, DataError, LaunchError
from cli_tuner.files import write_json
from cli_tuner.ports import Tokenizer
from cli_tuner.prepare import record
from cli_tuner.prepare.dedupe import Duplicates, find_equal, find_near, minhash_pairs
from cli_tuner.prepare.exclude import near_benchmark
from cli_tuner.prepare.groups import UnionFind, connect_near, equal_pairs, view_sets
from cli_tuner.prepare.keys import COMMAND_FORMS
from cli_tuner.prepare.leakage import Leakage, prove
from cli_tuner.prepare.settings import SPLITS, Settings
from cli_tuner.prepare.sources import HubOpener, OpenSource, load_rows, open_sources
from cli_tuner.prepare.split import assign, make_groups
from cli_tuner.prepare.stage import Tools
from cli_tuner.prepare.table import Table
from cli_tuner.prepare.workers import Progress, run_shards
from cli_tuner.prepare.write import (
    DATA_FILES,
    count_lines,
    write_duplicates,
    write_rejected,
    write_splits,
    write_tokens,
)
from cli_tuner.shell.lint import shellcheck_path, shellcheck_version

PROOF_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run writes.

    Attributes:
        out: The rows and their provenance.
        logs: Refused and duplicate rows, and the timings.
        cache: shellcheck's verdicts, shared by all runs.
    """

    out: Path
    logs: Path
    cache: Path


@dataclass(slots=True)
class Outcome:
    """What a run did.

    Attributes:
        up_to_date: True when nothing had changed and nothing was done.
        provenance: The record as written.
        seconds: Wall time by step; empty when up to date.
    """

    up_to_date: bool
    provenance: dict[str, Any]
    seconds: dict[str, float] = field(default_factory=dict)


def prepare(
    settings: Settings,
    places: Places,
    tokenizer: Tokenizer,
    *,
    hub: HubOpener | None = None,
    workers: int = 1,
    progress: Progress = lambda step, rows: None,
    force: bool = False,
) -> Outcome:
    """Run the phase, or find that its outputs are current.

    Raises:
        DataError: A source is missing, empty or doubtful; no row is left; a split leaks.
        TemplateError: The chat template does not show what is trained.
        PrerequisiteError: shellcheck is missing.
    """
    label_row(tokenizer, "Show the date", "date")
    shellcheck = _shellcheck(settings)
    sources = open_sources(settings, hub)
    plan = record.plan(settings, [source.facts() for source in sources], tokenizer, shellcheck)
    if not force and (current := record.current(places.out, places.logs, plan)):
        return Outcome(True, current)
    with _locked(places.out):
        tools = Tools(settings, tokenizer, shellcheck, places.cache)
        try:
            return _Run(settings, places, tools, plan, progress).go(sources, workers)
        except OSError as error:
            raise CliTunerError(
                f"{error.filename or places.out}: {error.strerror or error}",
                hint="earlier outputs are as they were; free some space, then run the same command again",
            ) from error
        except BrokenProcessPool as error:
            raise LaunchError(
                "a worker process died, as the system does it when memory runs out",
                hint="run the same command again with fewer --workers; it continues where it stopped",
            ) from error


def _shellcheck(settings: Settings) -> tuple[str, str] | None:
    if "lint" in settings.filters.off:
        return None
    binary = shellcheck_path()
    return binary, shellcheck_version(binary)


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Hold the folder: two runs at a time would mix their outputs."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CliTunerError(
                f"{out}: another `prepare` is writing here", hint="wait for it, or choose --out"
            ) from error
        yield


class _Run:
    """One run: its plan, its work folder and the time that each step took."""

    def __init__(
        self, settings: Settings, places: Places, tools: Tools, plan: dict[str, Any], progress: Progress
    ) -> None:
        self.settings, self.places, self.tools, self.plan, self.progress = (
            settings,
            places,
            tools,
            plan,
            progress,
        )
        self.work = places.out / ".work" / record.plan_digest(plan)[:16]
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, rows: int = 0) -> Iterator[None]:
        """Tell and time one step."""
        self.progress(name, rows)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 3)

    def go(self, sources: list[OpenSource], workers: int) -> Outcome:
        """Run all steps."""
        rows = load_rows(sources, stop_at_fault=self.settings.filters.bad_line == "stop")
        with self.step("check rows"):
            counts = run_shards(rows, self.work, self.tools, workers=workers, progress=self.progress)
        total: Counter[str] = Counter()
        for shard in counts:
            total.update(shard)
        table = Table(self.work, len(counts))
        if not len(table):
            raise DataError(
                f"no row passed its filters ({total['loaded']} loaded)",
                hint=f"the reasons: {dict(total.most_common(5))}",
            )
        found, groups = self._compare(table)
        outcome = self._write(table, found, groups, total, len(counts))
        shutil.rmtree(self.places.out / ".work", ignore_errors=True)
        return outcome

    def _compare(self, table: Table) -> tuple[Duplicates, UnionFind]:
        """Find duplicates and groups over all checked rows."""
        dedupe, split = self.settings.dedupe, self.settings.split
        with self.step("compare rows", len(table)):
            column = list(COMMAND_FORMS).index("canonical")
            found = find_equal(table, column, merge_references=dedupe.references == "merge")
            groups = UnionFind(len(table))
            groups.connect(equal_pairs(table.instruction_keys, np.arange(len(table))))
            for form in range(len(COMMAND_FORMS)):
                groups.connect(equal_pairs(table.entry_keys[:, form], table.entry_rows))
            views = view_sets(table.chunks(), self.work / "grams")
            for sets in views.values():
                connect_near(groups, sets, split.threshold(len(table)))
            if dedupe.near_threshold < 1.0:
                sets = views["pair_chars"]
                minhash = dedupe.method == "minhash"
                pairs = minhash_pairs(sets, dedupe.near_threshold, dedupe.permutations) if minhash else None
                find_near(found, sets, dedupe.near_threshold, pairs)
            found.settle()
        return found, groups

    def _write(self, table: Table, found: Duplicates, groups: UnionFind, total: Counter[str], n_shards: int) -> Outcome:
        staging = self.work / "staging"
        excluded = near_benchmark(table, found, self.settings) if self.settings.split.exclude else []
        for _ in range(PROOF_ROUNDS):
            split_of_row, names = self._deal(table, found, groups)
            with self.step("write"):
                written = write_splits(staging, table, found, split_of_row, names, self.settings)
            with self.step("prove"):
                proof = prove({name: staging / f"{name}.jsonl" for name in SPLITS})
            if not proof.total:
                break
            self._join_leaks(groups, proof, found, split_of_row)
        if proof.total:
            raise CliTunerError(f"the splits leak: {proof.counts}", hint="please report this as a bug")
        n_rejected = write_rejected(staging / "rejected.jsonl", self.work, n_shards, excluded)
        n_duplicates = write_duplicates(staging / "dedupe.jsonl", table, found)
        self._account(total, written, n_rejected, n_duplicates, found)
        return self._publish(staging, proof, total, found, groups, excluded)

    def _deal(self, table: Table, found: Duplicates, groups: UnionFind) -> tuple[Any, dict[int, str]]:
        kept = np.flatnonzero(found.kept)
        if not len(kept):
            raise DataError("no row is left after deduplication and exclusion")
        made = make_groups(groups.roots[kept], table.instruction_keys[kept], table.utilities[kept])
        dealt = assign(made, self.settings.split, self.settings.seed)
        split_of_row = np.full(len(table), -1, dtype=np.int64)
        split_of_row[kept] = dealt[made.of_row]
        names = {int(row): f"g{made.keys[group]:016x}" for row, group in zip(kept, made.of_row, strict=True)}
        return split_of_row, names

    def _join_leaks(self, groups: UnionFind, proof: Leakage, found: Duplicates, split_of_row: Any) -> None:
        """Put leaking rows in one group, so that the next round keeps them together."""
        order = np.concatenate([np.flatnonzero(split_of_row == number) for number in range(len(SPLITS))])
        if len(order) == sum(proof.rows.values()):
            groups.connect(np.concatenate([order[pairs] for pairs in proof.pairs]))

    def _account(
        self,
        total: Counter[str],
        written: dict[str, int],
        n_rejected: int,
        n_duplicates: int,
        found: Duplicates,
    ) -> None:
        n_kept = int(found.kept.sum())
        if n_kept + n_rejected + n_duplicates != total["loaded"]:
            raise AssertionError(f"{n_kept} + {n_rejected} + {n_duplicates} rows, {total['loaded']} loaded")
        repeated = sum(written[f"{name}.jsonl"] for name in SPLITS) - n_kept
        if repeated < 0 or (repeated and all(source.weight <= 1.0 for source in self.settings.sources)):
            raise AssertionError(f"{repeated} rows more were written than kept")

    def _publish(
        self,
        staging: Path,
        proof: Leakage,
        total: Counter[str],
        found: Duplicates,
        groups: UnionFind,
        excluded: list[dict[str, Any]],
    ) -> Outcome:
        """Move everything into place, the record last."""
        kept = found.kept
        sizes = np.bincount(groups.roots[kept])
        gates = record.gates(total, found.counts(), len(excluded))
        facts: dict[str, Any] = {
            "gates": gates,
            "groups": {
                "threshold": self.settings.split.threshold(len(kept)),
                "count": int((sizes > 0).sum()),
                "largest": sorted(map(int, sizes))[-5:][::-1],
            },
            "files": {name: count_lines(staging / name) for name in DATA_FILES},
            "leakage": proof.record(),
        }
        if self.settings.tokens:
            facts["tokens"] = self._tokens(staging)
        provenance = record.publish(staging, self.places.out, self.places.logs, self.plan, facts)
        write_json(self.places.logs / "prepare.json", {"seconds": self.seconds, "gates": gates})
        return Outcome(False, provenance, self.seconds)

    def _tokens(self, staging: Path) -> str:
        """Write the tokenised rows under a name that their content decides; return it."""
        folder = f"tokens/{record.content_digest(staging)[:16]}"
        with self.step("tokenise"):
            for name in DATA_FILES:
                write_tokens(staging / name, self.places.out / folder / name, self.tools.tokenizer)
        return folder
