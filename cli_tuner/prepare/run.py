"""The steps of one run, each timed: check rows, compare them, deal them out, write, prove, publish.

Gates, each asserted: loaded = checked + rejected; checked = kept + deduplicated + excluded; the written files
hold the kept rows, and no pair of them leaks.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cli_tuner.chat.labels import style_of
from cli_tuner.chat.style import Style
from cli_tuner.errors import CliTunerError, DataError
from cli_tuner.files import write_json
from cli_tuner.prepare import record
from cli_tuner.prepare.cuts import Cuts, cut_piece, pieces_of_files
from cli_tuner.prepare.dedupe import Duplicates, find_equal, find_near
from cli_tuner.prepare.doubts import check_all_answers
from cli_tuner.prepare.exclude import near_benchmark
from cli_tuner.prepare.folds import write_folds
from cli_tuner.prepare.groups import NEAR_VIEW, UnionFind, compare_views, connect_equal
from cli_tuner.prepare.judge import Tools
from cli_tuner.prepare.keys import NORMALISED
from cli_tuner.prepare.leakage import Leakage, prove
from cli_tuner.prepare.losses import STOPPED, check_losses
from cli_tuner.prepare.settings import SPLITS, Settings
from cli_tuner.prepare.shingles import Hashes
from cli_tuner.prepare.sources import OpenSource, load_rows
from cli_tuner.prepare.split import assign, keep_parts, make_groups
from cli_tuner.prepare.table import Table
from cli_tuner.prepare.tokenised import TokenParity, sample_of, write_tokens
from cli_tuner.prepare.workers import Crew, Progress, ShardRunner
from cli_tuner.prepare.write import (
    DATA_FILES,
    count_lines,
    write_duplicates,
    write_fixed,
    write_rejected,
    write_splits,
)
from cli_tuner.process import release_memory

PROOF_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run writes.

    Attributes:
        out: The rows and their provenance.
        logs: Refused and duplicate rows, and the timings.
        cache: Folder of judgements and of shellcheck's verdicts, shared by all runs.
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


@dataclass(slots=True)
class _Compared:
    """The checked rows, and what is known of them together."""

    table: Table
    instructions: Hashes
    found: Duplicates
    groups: UnionFind
    excluded: list[dict[str, Any]]


class Run:
    """One run: its plan, its work folder and the time that each step took."""

    def __init__(
        self,
        settings: Settings,
        places: Places,
        tools: Tools,
        plan: dict[str, Any],
        crew: Crew,
        progress: Progress,
        parity: TokenParity | None = None,
    ) -> None:
        self.settings, self.places, self.tools, self.plan = settings, places, tools, plan
        self.crew, self.progress, self.parity = crew, progress, parity
        self.work = places.out.absolute() / ".work" / record.plan_digest(plan)[:16]
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, rows: int = 0) -> Iterator[None]:
        """Tell and time one step."""
        self.progress(name, rows)
        start = time.perf_counter()
        yield
        release_memory()
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 3)

    def go(self, sources: list[OpenSource], shards: ShardRunner) -> Outcome:
        """Run all steps."""
        rows = load_rows(sources, self.settings, self.tools.tokenizer)
        with self.step("check rows"):
            counts = shards(rows, self.work, self.tools, crew=self.crew, progress=self.progress)
        total: Counter[str] = Counter()
        for shard in counts:
            total.update(shard)
        check_losses(self.settings, total, self.places.logs / STOPPED, self.work, len(counts))
        table = Table(self.work, len(counts))
        if len(table) != total["kept"]:
            raise AssertionError(f"{len(table)} rows in the shards, {total['kept']} were kept")
        if not len(table):
            raise DataError(
                f"no row passed its filters ({total['loaded']} loaded)",
                hint=f"the reasons: {dict(total.most_common(5))}",
            )
        outcome = self._write(self._compare(table), total, len(counts))
        shutil.rmtree(self.places.out / ".work", ignore_errors=True)
        return outcome

    def _compare(self, table: Table) -> _Compared:
        """Find duplicates, groups and rows of benchmarks over all checked rows."""
        dedupe, split = self.settings.dedupe, self.settings.split
        folder = self.work / "cuts"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        with self.step("cut rows", len(table)):
            pieces = list(pieces_of_files(zip(table.files, table.shard_rows, strict=True)))
            tasks = ((folder, number, piece) for number, piece in enumerate(pieces))
            if (cut := sum(self.crew.results(cut_piece, tasks))) != len(table):
                raise AssertionError(f"{cut} of {len(table)} rows were cut")
        with self.step("compare rows", len(table)):
            cuts = Cuts(folder, len(pieces))
            keys = cuts.keys()
            found = find_equal(keys, merge_references=dedupe.references == "merge")
            instructions = keys.instruction(NORMALISED)
            if self.settings.task == "command":
                check_all_answers(instructions, found.kinds, table.read, self.settings.allow)
            groups = UnionFind(np.arange(len(keys)))
            connect_equal(groups, keys)
            near = (dedupe.near_threshold, dedupe.permutations if dedupe.method == "minhash" else 0)
            pairs = compare_views(
                groups, cuts, split.threshold(len(keys)), self.crew, folder, near if near[0] < 1.0 else None
            )
            if len(pairs):
                with cuts.sets(NEAR_VIEW) as sets:
                    find_near(found, sets, dedupe.near_threshold, pairs)
            found.settle()
            excluded = near_benchmark(table, keys, cuts, found, self.settings, self.crew) if split.exclude else []
        shutil.rmtree(folder)
        return _Compared(table, instructions, found, groups, excluded)

    def _write(self, rows: _Compared, total: Counter[str], n_shards: int) -> Outcome:
        staging = self.work / "staging"
        written, proof = self._deal_and_prove(rows, staging)
        with self.step("write"):
            n_rejected = write_rejected(staging / "rejected.jsonl", self.work, n_shards, rows.excluded)
            write_fixed(staging / "fixed.jsonl", self.work, n_shards)
            n_duplicates = write_duplicates(staging / "dedupe.jsonl", rows.table, rows.found)
        rows.table.close()
        self._account(total, written, n_rejected, n_duplicates, rows.found)
        return self._publish(staging, proof, total, rows)

    def _deal_and_prove(self, rows: _Compared, staging: Path) -> tuple[dict[str, int], dict[str, Any]]:
        """Write the splits and prove them; where they leak, join what leaks and deal again."""
        n_kept, style = (
            int(rows.found.kept.sum()),
            Style() if self.settings.documents else style_of(self.tools.tokenizer),
        )
        for number in range(1, PROOF_ROUNDS + 1):
            split_of_row, names = self._deal(rows)
            with self.step("write", n_kept):
                written = write_splits(staging, rows.table, rows.found, split_of_row, names, self.settings, style)
            with self.step("prove", n_kept):
                proof = prove({n: staging / f"{n}.jsonl" for n in SPLITS}, self.crew, self.work / "proof")
            if not proof.total:
                return written, {**proof.record(), "rounds": number}
            self._join_leaks(rows.groups, proof, split_of_row)
        raise CliTunerError(f"the splits leak: {proof.counts}", hint="please report this as a bug")

    def _deal(self, rows: _Compared) -> tuple[Any, Hashes]:
        """Return the split of each row, -1 where it is not kept, and the key of its group."""
        kept = np.flatnonzero(rows.found.kept)
        if not len(kept):
            raise DataError("no row is left after deduplication and exclusion")
        made = make_groups(rows.groups.roots[kept], rows.instructions[kept], rows.table.utilities[kept])
        dealt = assign(made, self.settings.split, self.settings.seed)
        dealt = keep_parts(made, dealt, self._parts(rows)[kept])
        split_of_row = np.full(len(rows.table), -1, dtype=np.int64)
        split_of_row[kept] = dealt[made.of_row]
        self._check_splits(np.bincount(dealt[made.of_row], minlength=len(SPLITS)).tolist(), len(made.keys))
        names = np.zeros(len(rows.table), dtype=np.uint64)
        names[kept] = made.keys[made.of_row]
        return split_of_row, names

    def _parts(self, rows: _Compared) -> Any:
        """Return the split that each row has to be in (-1: any): the last of those of its duplicates and its own."""
        named = np.array([SPLITS.index(s.part) if s.part else -1 for s in self.settings.sources], dtype=np.int8)
        parts = named[rows.table.sources]
        repeated = np.flatnonzero(rows.found.kinds > 0)
        np.maximum.at(parts, rows.found.kept_by[repeated], parts[repeated])
        return parts

    def _check_splits(self, rows: list[int], n_groups: int) -> None:
        """Stop where a split that was asked for has no rows."""
        asked = (self.settings.split.train, self.settings.split.val, self.settings.split.test)
        empty = [name for name, share, count in zip(SPLITS, asked, rows, strict=True) if share and not count]
        if empty and "empty_split" not in self.settings.allow:
            raise DataError(
                f"no rows for {' and '.join(empty)}: {sum(rows)} rows are left, in {n_groups} groups of rows that say "
                "nearly the same and may not be parted",
                hint="add rows, set the shares under `split:`, or go on without: --allow empty_split",
            )

    def _join_leaks(self, groups: UnionFind, proof: Leakage, split_of_row: Any) -> None:
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

    def _publish(self, staging: Path, proof: dict[str, Any], total: Counter[str], rows: _Compared) -> Outcome:
        """Move everything into place, the record last."""
        kept = rows.found.kept
        sizes = np.bincount(rows.groups.roots[kept])
        gates = record.gates(total, rows.found.counts(), len(rows.excluded))
        facts: dict[str, Any] = {
            "gates": gates,
            "groups": {
                "threshold": self.settings.split.threshold(len(rows.table)),
                "count": int((sizes > 0).sum()),
                "largest": sorted(map(int, sizes))[-5:][::-1],
            },
            "files": {name: count_lines(staging / name) for name in DATA_FILES},
            "leakage": proof,
        }
        if self.parity is not None:
            with self.step("compare tokens"):
                facts["tokenizer_parity"] = self.parity(*sample_of(staging, self.tools))
        if self.settings.split.folds:
            held = write_folds(staging, self.places.out / "folds", self.settings.split.folds, self.settings.seed)
            facts["folds"] = {"count": len(held), "rows": held}
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
                write_tokens(
                    staging / name,
                    self.places.out / folder / name,
                    self.tools.tokenizer,
                    chat=self.settings.task == "chat",
                )
        return folder
