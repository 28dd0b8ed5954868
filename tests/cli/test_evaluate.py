"""`cli-tuner evaluate`: bad input is one clear line; a good one is a result that is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.backends import hf_model, wandb_evaluation
from cli_tuner.cli.main import main
from cli_tuner.errors import CheckpointError
from tests.fakes import FakeGenerator
from tests.validate.checkpoints import make_base, make_checkpoint, write_record

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = Path("models/checkpoints/smoke")
EVALUATE = ("evaluate", "--checkpoint-dir", str(FOLDER), "--allow-cpu", "--suite", "domain")
GOOD = {"n_tensors": 2, "n_not_finite": 0, "all_zero": False}


class Pair:
    def __init__(self, *_: Any, **__: Any) -> None:
        self.base, self.tuned = FakeGenerator(default="pwd"), FakeGenerator(default="ls")

    def facts(self) -> dict[str, Any]:
        return {"device": "cpu"}

    def prove_active(self, chats: Any) -> dict[str, float]:
        assert chats
        return {"max_logit_difference": 1.0, "mean_kl": 0.5}


@pytest.fixture
def fake(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hf_model, "HfPair", Pair)
    monkeypatch.setattr(hf_model, "adapter_facts", lambda _: GOOD)
    monkeypatch.setattr(wandb_evaluation, "track_evaluation", lambda *_, **__: {"mode": "offline"})


@pytest.mark.usefixtures("fake")
def test_the_result_is_kept_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    run = Path("models/runs/20260101-000000-smoke-abcd")
    run.mkdir(parents=True)
    assert main([*EVALUATE, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    kept = json.loads((run / "evaluation.json").read_text("utf-8"))
    assert {key: found[key] for key in kept} == kept
    assert (found["base"]["exact_match"]["value"], found["tuned"]["exact_match"]["value"]) == (0.0, 1.0)
    assert found["model"]["adapter"]["mean_kl"] == 0.5
    assert (run / "evaluation/rows.jsonl").is_file()
    assert main([*EVALUATE]) == 0
    out, err = capsys.readouterr()
    assert "exact_match" in out and "cli-tuner report --run" in err


@pytest.mark.usefixtures("fake")
def test_a_checkpoint_without_a_run_gets_a_folder_of_its_own_the_same_each_time() -> None:
    assert main([*EVALUATE]) == 0
    (folder,) = Path("models/runs").glob("smoke-evaluate-*")
    assert main([*EVALUATE]) == 0
    assert list(Path("models/runs").glob("*evaluat*")) == [folder]


@pytest.mark.usefixtures("fake")
def test_rows_that_stand_in_train_are_scored_apart(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"id": "1", "instruction": "list files", "command": "ls", "references": ["ls"]}
    other = {**row, "id": "2", "instruction": "say where I am", "command": "pwd", "references": ["pwd"]}
    Path("data/processed/train.jsonl").write_text(json.dumps(row) + "\n")
    Path("data/processed/test.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(other) + "\n")
    assert main([*EVALUATE, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["data"]["domain"]["n_leaked"] == 1
    assert found["slices"]["leaked"]["leaked"]["n"] == 1


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("--compare", str(FOLDER)), 2, "is the checkpoint itself"),
        (("--compare", "models/none"), 2, "no such checkpoint folder"),
        (("--suite", "domain,magic"), 2, "not any of"),
        (("--suite", ","), 2, "not any of"),
        (("--data", "none.jsonl"), 2, "no such file"),
        (("--limit", "0"), 2, "0"),
    ],
)
def test_wrong_input_is_one_clear_line(
    flags: tuple[str, ...], code: int, words: str, fake: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*EVALUATE, *flags]) == code
    out, err = capsys.readouterr()
    assert out == "" and words in err and "Traceback" not in err
    assert not Path("models/runs").exists()


def test_without_a_gpu_it_asks_before_it_is_slow(fake: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--checkpoint-dir", str(FOLDER), "--suite", "domain"]) == 3
    assert "--allow-cpu" in capsys.readouterr().err


def test_an_empty_test_file_is_refused(fake: None, refused: Callable[..., str]) -> None:
    Path("empty.jsonl").write_text("")
    assert "holds no rows" in refused(*EVALUATE, "--data", "empty.jsonl", code=2)


@pytest.mark.parametrize(
    ("facts", "words"), [({**GOOD, "all_zero": True}, "nothing was trained"), ({**GOOD, "n_not_finite": 1}, "NaN")]
)
def test_an_untrained_or_broken_adapter_is_refused(
    facts: dict[str, Any], words: str, fake: None, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hf_model, "adapter_facts", lambda _: facts)
    assert words in refused(*EVALUATE, code=1)


def test_an_adapter_that_changes_nothing_is_refused(
    fake: None, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def same(*_: Any) -> dict[str, float]:
        raise CheckpointError("the checkpoint answers exactly as what it is compared with", hint="look inside")

    monkeypatch.setattr(Pair, "prove_active", same)
    assert "answers exactly as" in refused(*EVALUATE, code=1)


def test_a_tokenizer_that_is_not_the_training_s_is_refused(fake: None, refused: Callable[..., str]) -> None:
    (FOLDER / "tokenizer.json").write_text("{}")
    write_record(FOLDER, "models/base")
    (FOLDER / "tokenizer.json").write_text('{"changed": 1}')
    assert "not the bytes that the training recorded: tokenizer.json" in refused(*EVALUATE, code=1)


def test_without_a_record_the_tokenizer_must_be_the_base_s(fake: None, refused: Callable[..., str]) -> None:
    (FOLDER / "provenance.json").unlink()
    (FOLDER / "tokenizer.json").write_text("{}")
    Path("models/base/tokenizer.json").write_text('{"other": 1}')
    assert "its tokenizer is not that of models/base" in refused(*EVALUATE, code=1)


def test_a_foreign_adapter_s_tokenizer_is_compared_by_ids_not_by_bytes(
    fake: None, refused: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    (FOLDER / "provenance.json").unlink()
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        text = (REPOSITORY / "models/toy_base" / name).read_text("utf-8")
        Path("models/base", name).write_text(text)
        (FOLDER / name).write_text(json.dumps(json.loads(text), indent=7) if name.endswith(".json") else text)
    assert main([*EVALUATE, "--json"]) == 0
    capsys.readouterr()
    template = FOLDER / "chat_template.jinja"
    template.write_text(template.read_text("utf-8").replace("assistant", "model"))
    assert "by its own files and" in refused(*EVALUATE, code=1)


class Only(FakeGenerator):
    """A server with one model; its address decides what it says."""

    def __init__(self, url: str, model: str, **_: Any) -> None:
        assert model == ""
        super().__init__(default="ls" if "tuned" in url else "pwd")
        self.url = url

    def facts(self) -> dict[str, Any]:
        return {"model": f"only of {self.url}", "decoding": {"temperature": 0.0}}


def test_two_servers_with_one_model_each(
    fake: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli_tuner.backends import http_model

    monkeypatch.setattr(http_model, "HttpGenerator", Only)
    flags = ("--server", "base=http://a/v1,tuned=http://tuned/v1", "--json")
    assert main(["evaluate", "--checkpoint-dir", str(FOLDER), "--suite", "domain", *flags]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["base"]["exact_match"]["value"], found["tuned"]["exact_match"]["value"]) == (0.0, 1.0)
    assert found["model"]["models"] == ["only of http://a/v1", "only of http://tuned/v1"]
    assert main(["evaluate", "--checkpoint-dir", str(FOLDER), "--suite", "domain", "--server", "base=http://a/v1"]) == 2
    assert "two addresses are needed" in capsys.readouterr().err


def test_a_server_with_one_model_needs_no_checkpoint_and_a_model_no_base(
    fake: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli_tuner.backends import http_model

    class Whole(FakeGenerator):
        def __init__(self, base: str, adapter: Path | None, **_: Any) -> None:
            assert (base, adapter) == ("models/base", None)
            super().__init__(default="pwd")

        def facts(self) -> dict[str, Any]:
            return {"device": "cpu"}

    monkeypatch.setattr(http_model, "HttpGenerator", Only)
    monkeypatch.setattr(hf_model, "HfGenerator", Whole)
    runs = []
    for flags in (("--model", "models/base"), ("--server", "http://tuned/v1")):
        assert main(["evaluate", *flags, "--suite", "domain", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        runs.append(Path(found["run_dir"]))
        assert found["suites"]["domain"]["metrics"]["exact_match"]["value"] == float("--server" in flags)
        assert main(["evaluate", *flags, "--suite", "domain"]) == 0
        assert "exact_match" in capsys.readouterr().out
    assert main(["evaluate", "--predictions", str(runs[1]), "--compare", str(runs[0]), "--json"]) == 0
    both = json.loads(capsys.readouterr().out)
    assert both["suites"]["domain"]["paired"]["exact_match"]["delta"] == 1.0
    assert both["n"] == both["suites"]["domain"]["n"] and both["only_first"] == both["only_second"] == 0
    assert main(["evaluate", "--predictions", str(runs[1]), "--compare", "models"]) == 2
    assert "was not evaluated" in capsys.readouterr().err


def test_an_adapter_is_no_whole_model(fake: None, refused: Callable[..., str]) -> None:
    assert "--checkpoint-dir" in refused("evaluate", "--model", str(FOLDER), "--suite", "domain", code=2)


def test_a_checkpoint_of_another_base_is_not_compared(fake: None, refused: Callable[..., str]) -> None:
    make_base(Path("models/base2"))
    make_checkpoint(Path("models/checkpoints/other"), "models/base2")
    assert "was trained on models/base2" in refused(*EVALUATE, "--compare", "models/checkpoints/other", code=2)


def test_a_server_that_holds_both_models_is_asked_by_their_names(
    fake: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli_tuner.backends import http_model

    class Server(FakeGenerator):
        def __init__(self, url: str, model: str, **_: Any) -> None:
            assert url == "http://gpu:8000/v1"
            super().__init__(default={"qwen": "pwd", "mine": "ls"}[model])

        def facts(self) -> dict[str, Any]:
            return {"decoding": {"temperature": 0.0}}

    monkeypatch.setattr(http_model, "HttpGenerator", Server)
    flags = ("--server", "http://gpu:8000/v1", "--served", "qwen,mine", "--json")
    assert main(["evaluate", "--checkpoint-dir", str(FOLDER), "--suite", "domain", *flags]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["base"]["exact_match"]["value"], found["tuned"]["exact_match"]["value"]) == (0.0, 1.0)
    assert (found["model"]["models"], found["model"]["decoding"]) == (["qwen", "mine"], {"temperature": 0.0})


@pytest.mark.parametrize("served", ["one", "same,same", ",tuned"])
def test_a_server_needs_two_names(served: str, fake: None, refused: Callable[..., str]) -> None:
    err = refused(*EVALUATE, "--server", "http://gpu:8000/v1", "--served", served, code=2)
    assert "two names of models" in err


def test_intercode_is_a_suite_of_its_own(fake: None, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"query": "list files", "gold": "ls -1", "gold2": "ls", "difficulty": 0}, {"query": "where", "gold": "pwd"}]
    Path("alfa.json").write_text(json.dumps(rows))
    assert main([*EVALUATE, "--intercode", "alfa.json", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["suites"] == ["domain", "intercode"]
    assert (
        found["intercode"]["tuned"]["exact_match"]["value"] == found["intercode"]["base"]["exact_match"]["value"] == 0.5
    )
    assert found["data"]["intercode"] == {**found["data"]["intercode"], "n": 2, "n_leaked": None}
    Path("bad.json").write_text('{"query": "x"}')
    assert main([*EVALUATE, "--intercode", "bad.json"]) == 2
    assert "is no list of rows" in capsys.readouterr().err


def test_execute_runs_the_intercode_suite_too(
    fake: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from contextlib import nullcontext

    from cli_tuner.evaluate import session
    from cli_tuner.evaluate.execution import Executed, Judgement

    def execute(cases: Any, sides: Any, *_: Any) -> Executed:
        return Executed({side: [Judgement(1.0, "alike")] * len(cases) for side in sides}, {"counted": len(cases)})

    monkeypatch.setattr("cli_tuner.evaluate.sandbox.Sandbox", lambda: nullcontext(object()))
    monkeypatch.setattr(session, "execute", execute)
    Path("alfa.json").write_text(json.dumps([{"query": "list files", "gold": "ls -1"}]))
    assert main([*EVALUATE, "--intercode", "alfa.json", "--execute", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["intercode"]["execution"]["counts"]["counted"] == 1
    assert found["intercode"]["tuned"]["execution_match"] == found["intercode"]["base"]["execution_match"]
    assert found["intercode"]["tuned"]["execution_match"]["value"] == 1.0
    assert found["intercode"]["execution"]["accepted_because"]["tuned"] == {"alike": 1}
    assert found["execution"]["counts"]["counted"] > 0


def test_predictions_need_rows_and_no_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers, rows = tmp_path / "answers.jsonl", tmp_path / "rows.jsonl"
    answers.write_text('{"completion": "ls"}\n')
    rows.write_text('{"instruction": "list", "command": "ls"}\n')
    assert main(["evaluate", "--predictions", str(answers)]) == 2
    assert "--data" in capsys.readouterr().err
    assert main(["evaluate", "--predictions", str(answers), "--data", str(rows), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["exact_match"]["value"] == 1.0
    assert main(["evaluate"]) == 2
    assert "--predictions" in capsys.readouterr().err
