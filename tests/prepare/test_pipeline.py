from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_tuner.chat.messages import SYSTEM_PROMPT
from cli_tuner.errors import CliTunerError, DataError, LaunchError
from cli_tuner.prepare.run import Outcome
from tests.fakes import ByteTokenizer
from tests.prepare.conftest import pairs, read_rows, write_rows

pytestmark = pytest.mark.integration

Run = Callable[..., Outcome]


def test_every_loaded_row_is_kept_rejected_or_a_duplicate(run: Run, tmp_path: Path) -> None:
    rows = pairs(120)
    bad = [{"instruction": "", "command": "ls"}, {"instruction": "Quote", "command": "echo 'x"}, rows[0]]
    gates = run([*rows, *bad]).provenance["gates"]
    assert gates["loaded"] == 123 == gates["kept"] + gates["rejected"] + gates["deduplicated"]
    rejected = read_rows(tmp_path / "out/logs/rejected.jsonl")
    assert {(r["filter"], r["reason"]) for r in rejected} == {
        ("schema", "empty_instruction"),
        ("syntax", "parse_error"),
    }
    assert [r["origin"].rsplit(":", 1)[1] for r in rejected] == ["121", "122"]
    (duplicate,) = [r for r in read_rows(tmp_path / "out/logs/dedupe.jsonl") if r["kind"] == "exact"]
    assert duplicate["kept_origin"].endswith(":1") and duplicate["origin"].endswith(":123")


def test_rows_have_the_columns_that_training_reads(run: Run, tmp_path: Path) -> None:
    run(pairs(60))
    rows = [row for name in ("train", "val", "test") for row in read_rows(tmp_path / f"out/{name}.jsonl")]
    assert {tuple((k, type(v).__name__) for k, v in row.items()) for row in rows} == {
        (
            ("id", "str"), ("messages", "list"), ("instruction", "str"), ("command", "str"), ("references", "list"),
            ("group", "str"), ("utility", "str"), ("safety", "str"), ("safety_rules", "str"), ("lint", "str"),
                ("fixed", "str"),
            ("n_tokens", "int"), ("n_trained", "int"), ("source", "str"), ("origin", "str"),
        )
    }  # fmt: skip
    row = rows[0]
    assert row["messages"] == [
        {"role": "system", "content": SYSTEM_PROMPT},
        {"role": "user", "content": row["instruction"]},
        {"role": "assistant", "content": row["command"]},
    ]
    assert row["references"] == [row["command"]] and len({row["id"] for row in rows}) == len(rows)


def test_several_commands_of_one_instruction_are_references_of_one_example(run: Run, tmp_path: Path) -> None:
    same = [
        {"instruction": "List all files", "command": "ls -a"},
        {"instruction": "list all files!", "command": "ls -A"},
    ]
    outcome = run([*pairs(40), *same])
    rows = [row for name in ("train", "val", "test") for row in read_rows(tmp_path / f"out/{name}.jsonl")]
    (row,) = [row for row in rows if row["instruction"] == "List all files"]
    assert row["references"] == ["ls -a", "ls -A"]
    assert outcome.provenance["gates"]["deduplicated_by_kind"]["reference"] == 1


def test_no_group_is_in_two_splits_and_the_proof_is_clean(run: Run, tmp_path: Path) -> None:
    near = [
        {
            "instruction": f"Show the {n} biggest files below the folder projects/archive/2019",
            "command": f"du -a projects | sort -n | tail -{n}",
        }
        for n in range(1, 30)
    ]
    outcome = run([*pairs(100), *near])
    split_of: dict[str, set[str]] = {}
    for name in ("train", "val", "test"):
        for row in read_rows(tmp_path / f"out/{name}.jsonl"):
            split_of.setdefault(row["group"], set()).add(name)
    assert all(len(names) == 1 for names in split_of.values())
    assert outcome.provenance["leakage"]["clean"] is True and outcome.provenance["leakage"]["rounds"] == 1


def test_the_same_inputs_and_seed_give_the_same_bytes(run: Run, tmp_path: Path) -> None:
    rows = pairs(80)
    run(rows, "a")
    run(rows, "b")
    names = ["train.jsonl", "val.jsonl", "test.jsonl", "train_smoke.jsonl", "val_smoke.jsonl", "provenance.json"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_another_seed_gives_another_split(run: Run, tmp_path: Path) -> None:
    run(pairs(80), "a")
    run(pairs(80), "b", seed=7)
    assert (tmp_path / "a/test.jsonl").read_bytes() != (tmp_path / "b/test.jsonl").read_bytes()


def test_a_rerun_with_nothing_changed_does_nothing(run: Run, tmp_path: Path) -> None:
    first = run(pairs(30))
    before = (tmp_path / "out/train.jsonl").stat().st_mtime_ns
    again = run(pairs(30))
    assert (first.up_to_date, again.up_to_date) == (False, True)
    assert (tmp_path / "out/train.jsonl").stat().st_mtime_ns == before


@pytest.mark.parametrize("spoil", ["outputs", "input", "seed"])
def test_a_rerun_after_any_change_runs(run: Run, tmp_path: Path, spoil: str) -> None:
    run(pairs(30))
    if spoil == "outputs":
        (tmp_path / "out/val.jsonl").write_text("")
    rows = pairs(31) if spoil == "input" else pairs(30)
    assert run(rows, seed=1 if spoil == "seed" else 42).up_to_date is False


def test_a_failing_run_leaves_earlier_outputs_alone(run: Run, tmp_path: Path) -> None:
    run(pairs(30))
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir() if p.is_file()}
    with pytest.raises(DataError, match="30 of 30 rows would be lost"):
        run(pairs(30), sequence_len=16)
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir() if p.is_file()} == before


def test_a_killed_run_resumes_at_its_first_missing_shard(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli_tuner.prepare import stage, workers

    monkeypatch.setattr(workers, "SHARD_ROWS", 10)
    real, done = stage.run_shard, []

    def dies_at_third(folder: Path, number: int, *rest: object) -> dict[str, int]:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(number)
        return real(folder, number, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(workers, "run_shard", dies_at_third)
    with pytest.raises(KeyboardInterrupt):
        run(pairs(50))
    assert not (tmp_path / "out/train.jsonl").exists()

    def counts(folder: Path, number: int, *rest: object) -> dict[str, int]:
        done.append(number)
        return real(folder, number, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(workers, "run_shard", counts)
    assert run(pairs(50)).provenance["gates"]["loaded"] == 50
    assert done == [0, 1, 2, 3, 4]


def test_outputs_do_not_depend_on_the_size_of_shards(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cli_tuner.prepare import workers

    run(pairs(50), "a")
    monkeypatch.setattr(workers, "SHARD_ROWS", 7)
    run(pairs(50), "b")
    assert (tmp_path / "a/train.jsonl").read_bytes() == (tmp_path / "b/train.jsonl").read_bytes()


def test_weights_sample_and_repeat(run: Run, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "w.jsonl", pairs(100))
    half = run(path, "half", sources=[{"path": str(path), "weight": 0.5}]).provenance["gates"]
    assert 30 < half["rejected_by_reason"]["sample/not_sampled"] < 70
    twice = run(path, "twice", sources=[{"path": str(path), "weight": 2.0}]).provenance
    assert (
        twice["files"]["train.jsonl"] + (twice["files"]["val.jsonl"] + twice["files"]["test.jsonl"]) * 2
        == 2 * (twice["gates"]["kept"])
    )
    ids = [row["id"] for row in read_rows(tmp_path / "twice/train.jsonl")]
    assert len(ids) == len(set(ids))


def test_a_benchmark_is_kept_out_by_the_same_measures(run: Run, tmp_path: Path) -> None:
    rows = pairs(60)
    benchmark = [
        {**rows[3], "instruction": rows[3]["instruction"].upper() + "?"},
        {"nl": "x y z", "bash": rows[5]["command"]},
    ]
    first = write_rows(tmp_path / "bench1.jsonl", benchmark[:1])
    second = write_rows(tmp_path / "bench2.jsonl", benchmark[1:])
    outcome = run(rows, split={"exclude": [str(first), str(second)]})
    assert outcome.provenance["gates"]["rejected_by_reason"]["exclude/in_benchmark"] >= 2
    texts = "".join((tmp_path / f"out/{n}.jsonl").read_text() for n in ("train", "val", "test"))
    assert rows[3]["instruction"] not in texts and json.dumps(rows[5]["command"])[1:-1] not in texts


def test_smoke_rows_are_rows_of_their_split(run: Run, tmp_path: Path) -> None:
    run(pairs(200), split={"smoke_train": 8, "smoke_val": 2})
    train, smoke = read_rows(tmp_path / "out/train.jsonl"), read_rows(tmp_path / "out/train_smoke.jsonl")
    assert len(smoke) == 8 and all(row in train for row in smoke)
    assert len(read_rows(tmp_path / "out/val_smoke.jsonl")) == 2


def test_a_full_disk_is_one_error_and_leaves_earlier_outputs_alone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli_tuner.prepare import run as steps

    run(pairs(30))
    before = (tmp_path / "out/train.jsonl").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "x.grams")

    monkeypatch.setattr(steps, "cut_piece", full)
    with pytest.raises(CliTunerError, match=r"x\.grams: No space left on device"):
        run(pairs(31))
    assert (tmp_path / "out/train.jsonl").read_bytes() == before


def test_a_worker_that_dies_is_one_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures.process import BrokenProcessPool

    from cli_tuner.prepare import workers

    def dies(*_: object) -> None:
        raise BrokenProcessPool

    monkeypatch.setattr(workers, "run_shard", dies)
    with pytest.raises(LaunchError, match="a worker process died"):
        run(pairs(30))


def test_tokenised_rows_lie_under_the_digest_of_the_rows(run: Run, tmp_path: Path) -> None:
    provenance = run(pairs(30), tokens=True).provenance
    assert provenance["tokens"] == f"tokens/{provenance['content_sha256'][:16]}"
    row = read_rows(tmp_path / "out" / provenance["tokens"] / "train.jsonl")[0]
    trained = [label for label in row["labels"] if label != -100]
    text = read_rows(tmp_path / "out/train.jsonl")[0]["command"]
    assert ByteTokenizer().decode(trained) == f"{text}<|im_end|>"
    assert len(row["input_ids"]) == len(row["labels"]) == len(row["attention_mask"])


def test_many_answers_that_begin_after_the_rows_that_are_looked_at_first_are_found(run: Run, tmp_path: Path) -> None:
    same = [{"instruction": f"Write Bash {i % 3}", "command": row["command"]} for i, row in enumerate(pairs(40)[20:])]
    rows = [*pairs(20), *same]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cli_tuner.prepare.sources._CHECKED_ROWS", 20)
        with pytest.raises(DataError, match="20 of 40 different rows have a request with 5 or more") as caught:
            run(rows)
        assert "Write Bash" in caught.value.message and "--allow many_answers" in caught.value.hint
        assert run(rows, allow=["many_answers"]).provenance["gates"]["kept"]
