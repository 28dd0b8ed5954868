"""Publishing: what may not leave, what leaves exactly, and the upload against a stand-in of the hub's API."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from cli_tuner.cli.main import main
from cli_tuner.files import sha256_file
from cli_tuner.release import inspect
from tests.release.hub import Hub
from tests.release.published import FOLDER, OUT, PUBLISH, REPOSITORY, RUN, SECRETS, record_with, shipped
from tests.validate.checkpoints import safetensors_bytes


def test_a_dry_run_writes_the_exact_folder_and_sends_nothing(
    validated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (FOLDER / "training_args.bin").write_bytes(b"\x80\x02x")
    (FOLDER / "checkpoint-5").mkdir()
    (FOLDER / "checkpoint-5/optimizer.pt").write_bytes(b"\x80\x02x")
    assert main([*PUBLISH, "--dry-run", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    names = {path.relative_to(OUT).as_posix() for path in OUT.rglob("*") if path.is_file()}
    assert names == set(document["digests"]) == {
        "README.md", "DATASET_CARD.md", "data_provenance.json", "provenance.json", "training_config.yaml",
        "validation.json", "adapter_model.safetensors", "adapter_config.json", "tokenizer.json", "SHA256SUMS",
        ".gitattributes", "verify_release.py", "attestations/bom.cdx.json", "attestations/prepare.intoto.json",
        "attestations/train.intoto.json", "attestations/release.intoto.json",
    }  # fmt: skip
    assert document["digests"] == {name: sha256_file(OUT / name) for name in names}
    assert document["left_behind"] == ["checkpoint-5/optimizer.pt", "training_args.bin"]
    assert document["upload"] is None
    check = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=OUT, capture_output=True, text=True)
    assert check.returncode == 0, check.stdout
    before = {name: (OUT / name).read_bytes() for name in names}
    assert main([*PUBLISH, "--dry-run"]) == 0
    assert {name: (OUT / name).read_bytes() for name in names} == before


def test_the_card_holds_recorded_numbers_and_the_hubs_classes_read_it(validated: Path) -> None:
    from huggingface_hub import ModelCard

    assert main([*PUBLISH, "--dry-run"]) == 0
    card = ModelCard.load(OUT / "README.md", ignore_metadata_errors=False)
    assert card.data.to_dict()["pipeline_tag"] == "text-generation"
    assert (card.data.base_model, card.data.to_dict()["base_model_relation"]) == ("me/base", "adapter")
    assert sha256_file(FOLDER / "adapter_model.safetensors") in card.text


def test_without_the_run_a_short_card_is_made_from_the_record(validated: Path) -> None:
    from cli_tuner.backends.hf_hub import card_fault
    from cli_tuner.cli import publishing
    from cli_tuner.release.card import readme
    from cli_tuner.release.stranger import Base, usage

    contents, training, _ = publishing.opened(FOLDER)
    contents.card = ""
    base = Base("me/base", None)
    text = readme(contents, training, base, usage("me/tiny", base, is_merged=False, system_prompt=None), {})
    assert 'PeftModel.from_pretrained(base, "me/tiny")' in text
    assert "| dangerous_rate | 0.000 (asked for <= 0) |" in text and "| steps | 10 |" in text
    assert card_fault(text) == ""


def test_a_file_over_the_limit_and_a_secret_in_a_tensors_header_are_found(tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(safetensors_bytes({SECRETS["an AWS key"]: (2, 2)}))
    found = inspect.faults({"w.safetensors": weights}, 10, lambda _: "", {})
    assert found == ["w.safetensors: has 142 bytes; 10 are allowed", "w.safetensors: holds an AWS key"]
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/link").symlink_to("/etc/hostname")
    assert "link to somewhere else" in inspect.faults({"l": tmp_path / "folder/link"}, 10**9, lambda _: "", {})[0]


def test_ordinary_files_hold_no_secret(validated: Path) -> None:
    from cli_tuner.prepare.secrets import find_secret

    files = {path.name: path for path in Path(REPOSITORY / "configs").glob("*.yaml")}
    files["data"] = REPOSITORY / "data/samples/network.jsonl"
    assert inspect.faults(files, 10**9, find_secret, {}) == []


def test_what_names_this_working_folder_is_made_relative_in_the_release_alone(validated: Path) -> None:
    config = RUN / "config.yaml"
    config.write_text(f"base_model: {validated}/models/base\n")
    assert main([*PUBLISH, "--dry-run"]) == 0
    assert (OUT / "training_config.yaml").read_text() == "base_model: models/base\n"
    assert not [path for path in OUT.rglob("*") if path.is_file() and str(validated).encode() in path.read_bytes()]
    assert str(validated) in config.read_text()


def test_the_adapter_names_its_base_as_strangers_do_and_the_record_says_what_was_rewritten(validated: Path) -> None:
    before = sha256_file(FOLDER / "adapter_config.json")
    assert main([*PUBLISH[:-1], "me/base@" + "a" * 40, "--dry-run"]) == 0
    config = json.loads((OUT / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("me/base", "a" * 40)
    record = json.loads((OUT / "provenance.json").read_text())
    assert record["rewritten"]["adapter_config.json"]["sha256_before"] == before
    assert record["subjects"]["adapter_config.json"] == sha256_file(OUT / "adapter_config.json")
    assert json.loads((FOLDER / "adapter_config.json").read_text())["base_model_name_or_path"] == "models/base"


def test_a_stranger_with_the_base_of_that_id_has_it_compared_with_the_one_that_was_trained_on(
    validated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli_tuner.errors import CheckpointError
    from cli_tuner.validate.integrity import inspect as look

    base = {name: sha256_file(Path("models/base") / name) for name in ("model.safetensors", "config.json")}
    record_with(base_model={"name": "models/base", "revision": None, "digests": base})
    assert main([*PUBLISH[:-1], "me/base@" + "a" * 40, "--dry-run"]) == 0
    snapshot = tmp_path / "hub/models--me--base/snapshots" / ("a" * 40)
    shutil.copytree("models/base", snapshot)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert look(OUT).base_checked
    (snapshot / "config.json").write_text('{"another": 1}')
    with pytest.raises(CheckpointError, match="was trained on another me/base"):
        look(OUT)


@pytest.mark.parametrize("base_id", ["base", "/models/base", "me/base@main", "me/base/x", "me base/x"])
def test_an_id_of_a_base_that_is_none_is_refused(base_id: str, validated: Path, refused: Callable[..., str]) -> None:
    refused(*PUBLISH[:-1], base_id, "--dry-run", code=2)


@pytest.mark.parametrize("repo", ["tiny", "a/b/c", "me/", "me/ti ny", "../x", "me/x..y"])
def test_a_wrong_repository_is_refused(repo: str, refused: Callable[..., str]) -> None:
    refused("publish", "--checkpoint-dir", str(FOLDER), "--repo", repo, "--dry-run", code=2)


def test_a_folder_that_is_no_release_is_not_overwritten(validated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years of work")
    assert main([*PUBLISH, "--dry-run", "--out", "mine"]) == 2
    assert Path("mine/thesis.txt").read_text() == "years of work"


@pytest.fixture
def hub(validated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The stand-in, which huggingface_hub takes for the hub."""
    from huggingface_hub import constants

    stand_in = Hub()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    shipped(passed=True)
    with stand_in.serving() as address:
        monkeypatch.setattr(constants, "ENDPOINT", address)
        yield stand_in


@pytest.mark.contract
def test_an_upload_is_one_commit_of_the_exact_folder(
    validated: Path, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*PUBLISH, "--private", "--json"]) == 0
    upload = json.loads(capsys.readouterr().out)["upload"]
    assert (upload["repo"], upload["private"], upload["files"]) == ("me/tiny", True, 16)
    assert upload["commit"] == hub.repos["me/tiny"]["sha"]
    assert hub.repos["me/tiny"]["commits"] == [f"cli-tuner publish: run {RUN.name}"]
    there = hub.files("me/tiny")
    assert there == {path.relative_to(OUT).as_posix(): path.read_bytes() for path in OUT.rglob("*") if path.is_file()}
    assert yaml.safe_load(there["README.md"].decode().split("---\n")[1])["pipeline_tag"] == "text-generation"
    assert main([*PUBLISH]) == 0
    assert len(hub.sent) == 1  # what is there is not sent again


@pytest.mark.contract
def test_nothing_is_sent_that_no_verdict_let_go(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    verdicts: dict[str, Callable[[], object]] = {
        "no verdict lets it go": (RUN / "ship.json").unlink,
        "the last verdict is about other weights": lambda: shipped(passed=True, weights="1" * 64),
        "may not be shipped: licences": lambda: shipped(passed=False),
    }
    for why, make in verdicts.items():
        make()
        assert main([*PUBLISH]) == 1
        assert why in capsys.readouterr().err
    assert hub.repos == {}


@pytest.mark.contract
def test_a_broken_upload_goes_on_where_it_was(
    validated: Path, hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli_tuner.backends import hf_hub
    from cli_tuner.errors import PrerequisiteError

    folder = tmp_path / "release"
    folder.mkdir()
    for number in range(4):
        (folder / f"model-{number}.safetensors").write_bytes(safetensors_bytes({"x": (number + 1, 3)}))
    hub.fail_after_objects = 2
    with pytest.raises(PrerequisiteError, match=r"broke off|refuses"):
        hf_hub.upload(folder, "me/tiny", private=False, message="x")
    assert hub.repos["me/tiny"]["commits"] == []
    hub.fail_after_objects = None
    assert hf_hub.upload(folder, "me/tiny", private=False, message="x")["files"] == 4
    assert hub.repos["me/tiny"]["commits"] == ["x"]
    assert len(hub.sent) == len(set(hub.sent)) == 4


@pytest.mark.contract
def test_a_refusal_of_the_hub_is_one_clear_error(
    validated: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refusal(code: int, *words: str) -> None:
        assert main([*PUBLISH]) == code
        out, err = capsys.readouterr()
        assert out == "" and err.count("error: ") == 1 and "\n  hint: " in err
        assert all(word in err for word in words), err

    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    refusal(3, "401", "HF_TOKEN")
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    hub.tokens["hf_right"] = "somebody"
    refusal(3, "403")
    hub.tokens["hf_right"] = "me"
    hub.swap = "provenance.json"
    refusal(1, "the hub holds other bytes: provenance.json")
    hub.swap, hub.refuse_card = None, "license is unknown"
    refusal(1, "does not take", "license is unknown")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    refusal(3, "broke off")


def test_the_digest_of_the_stand_in_is_gits_own(tmp_path: Path) -> None:
    from cli_tuner.backends.hf_hub import _blob_id

    (tmp_path / "x").write_bytes(b"hello\n")
    assert _blob_id(tmp_path / "x") == "ce013625030ba8dba906f756967f9e9ca394464a"
