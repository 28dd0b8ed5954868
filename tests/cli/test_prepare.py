"""`cli-tuner prepare` on the command line: what a person gives it, and what it answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from cli_tuner.cli.main import main
from tests.prepare.conftest import pairs, read_rows, write_rows

pytestmark = pytest.mark.integration

tokenizers = pytest.importorskip("tokenizers")
REPOSITORY = Path(__file__).parents[2]
NAMES = ("train.jsonl", "val.jsonl", "test.jsonl", "train_smoke.jsonl", "val_smoke.jsonl", "provenance.json")


CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def make_tokenizer(folder: Path, template_name: str = "qwen25", special: Sequence[str] = CHATML) -> Path:
    """A byte-level tokenizer with control tokens, ChatML's by default, and nothing learnt."""
    folder.mkdir(parents=True)
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*special, *alphabet])}
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[]))
    made.add_special_tokens(list(special))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.save(str(folder / "tokenizer.json"))
    template = (REPOSITORY / f"tests/fixtures/chat_templates/{template_name}.jinja").read_text(encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|im_end|>", "chat_template": template}))
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(REPOSITORY / "configs")
    make_tokenizer(tmp_path / "tok")
    return tmp_path


FLAGS = ("--tokenizer", "tok", "--sequence-len", "1024", "--workers", "1")


def prepare(*argv: str) -> int:
    return main(["prepare", *FLAGS, *argv])


def test_rows_are_written_and_the_answer_is_one_json_document(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(here / "rows.jsonl", [*pairs(50), {"instruction": "Go", "command": "exit -1"}])
    assert prepare("--source", "rows.jsonl", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["gates"]["loaded"] == 51 and answer["up_to_date"] is False
    assert answer["versions"]["shellcheck"][0].isdigit()
    assert {p.name for p in (here / "data/processed").iterdir() if not p.name.startswith(".")} == {
        *NAMES, "DATASET_CARD.md", "croissant.json",
    }  # fmt: skip
    rows = read_rows(here / "data/processed/train.jsonl")
    assert (here / "data/logs/rejected.jsonl").exists() and all(row["lint"] == "" for row in rows)


def test_another_output_folder_keeps_its_own_logs(here: Path) -> None:
    write_rows(here / "rows.jsonl", pairs(30))
    assert prepare("--source", "rows.jsonl", "--out", "other", "--off", "lint") == 0
    assert (here / "other/logs/rejected.jsonl").exists() and not (here / "data/logs").exists()


def test_a_second_run_says_that_nothing_changed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(here / "rows.jsonl", pairs(30))
    assert prepare("--source", "rows.jsonl", "--off", "lint") == 0
    capsys.readouterr()
    assert prepare("--source", "rows.jsonl", "--off", "lint") == 0
    assert "up to date" in capsys.readouterr().err


def test_lines_that_cannot_be_read_are_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(here / "rows.jsonl", pairs(30))
    with (here / "rows.jsonl").open("a") as handle:
        handle.write('{"instruction": \n' * 4)
    assert prepare("--source", "rows.jsonl", "--off", "lint", "--json") == 2
    assert "--max-lost 0.12" in capsys.readouterr().err
    assert prepare("--source", "rows.jsonl", "--off", "lint", "--json", "--max-lost", "0.2") == 0
    err = capsys.readouterr().err
    assert "4 lines could not be read" in err and "rows.jsonl:31: broken_json" in err and "rejected.jsonl" in err


def test_a_preview_shows_rows(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(here / "rows.jsonl", pairs(30))
    assert prepare("--source", "rows.jsonl", "--off", "lint", "--preview", "2") == 0
    assert capsys.readouterr().out.count(" trained ") == 2


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (("--source", "none.jsonl"), 2, "no such file"),
        (("--source", "empty.jsonl"), 2, "holds no rows"),
        (("--source", "columns.csv"), 2, "no instruction column"),
        (("--source", "swapped.jsonl"), 2, "look wrong"),
        (("--source", "broken.jsonl", "--on-bad-line", "stop"), 2, "broken.jsonl:2: broken_json"),
        (("--source", "few.jsonl"), 2, "--allow empty_split"),
        (("--source", "rows.jsonl", "--tokenizer", "none"), 2, "no such tokenizer"),
        (("--source", "rows.jsonl", "--off", "everything"), 2, "filters.off"),
        (("--source", "rows.jsonl", "--column", "text"), 2, "instruction=NAME"),
        (("--column", "command=x"), 2, "--source"),
        (("--config", "none.yaml"), 2, "none.yaml"),
        (("--source", "rows.jsonl", "--sequence-len", "3"), 2, "sequence_len"),
    ],
)
def test_bad_input_is_one_clear_error(
    here: Path, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], code: int, message: str
) -> None:
    good = pairs(20)
    write_rows(here / "rows.jsonl", good)
    (here / "empty.jsonl").write_bytes(b"")
    (here / "columns.csv").write_text("text,label\na,b\n")
    write_rows(here / "swapped.jsonl", [{"instruction": r["command"], "command": r["instruction"]} for r in good])
    (here / "broken.jsonl").write_text(json.dumps(good[0]) + '\n{"instr\n' + json.dumps(good[1]) + "\n")
    write_rows(here / "few.jsonl", good[:2])
    assert prepare(*argv) == code
    err = capsys.readouterr().err
    assert message in err and err.count("error: ") == 1 and "Traceback" not in err
    assert not (here / "data/processed/train.jsonl").exists()


def test_no_shellcheck_is_a_missing_prerequisite(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli_tuner.shell import lint

    monkeypatch.setattr(lint.sys, "executable", str(here / "python"))
    monkeypatch.setenv("PATH", str(here))
    write_rows(here / "rows.jsonl", pairs(20))
    assert prepare("--source", "rows.jsonl") == 3
    assert "shellcheck is not installed" in capsys.readouterr().err


def test_two_runs_at_a_time_do_not_share_a_folder(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import fcntl

    write_rows(here / "rows.jsonl", pairs(20))
    (here / "out").mkdir()
    with (here / "out/.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert prepare("--source", "rows.jsonl", "--out", "out", "--off", "lint") == 2
    assert "another `prepare`" in capsys.readouterr().err


def _start(here: Path, *argv: str) -> subprocess.Popen[bytes]:
    program = "import sys; from cli_tuner.cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "prepare", "--tokenizer", "tok", "--off", "lint", *argv]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(command, cwd=here, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.contract
def test_kill_9_leaves_earlier_outputs_and_the_next_run_resumes(here: Path) -> None:
    write_rows(here / "rows.jsonl", pairs(200))
    argv = ("--source", "rows.jsonl", "--sequence-len", "1024", "--out", "out", "--workers", "1")
    assert _start(here, *argv).wait(60) == 0
    before = {name: (here / "out" / name).read_bytes() for name in NAMES}
    write_rows(here / "rows.jsonl", pairs(2500))
    child = _start(here, *argv)
    work = here / "out/.work"
    deadline = time.monotonic() + 60
    while not list(work.glob("*/*.done.json")) and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    done = {path.name: path.stat().st_mtime_ns for path in work.glob("*/*.done.json")}
    assert done and {name: (here / "out" / name).read_bytes() for name in NAMES} == before
    assert main(["prepare", "--tokenizer", "tok", "--off", "lint", *argv]) == 0
    assert not work.exists() and len(read_rows(here / "out/train.jsonl")) > 200
