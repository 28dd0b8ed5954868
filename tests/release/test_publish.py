"""Publishing: what may not leave, what leaves exactly, and the upload against a stand-in of the hub's API."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli_tuner.cli.main import main
from cli_tuner.files import sha256_file, write_json
from cli_tuner.release import inspect
from tests.release.hub import Hub
from tests.validate.checkpoints import safetensors_bytes, write_record

FOLDER = Path("models/checkpoints/smoke")
RUN = Path("models/runs/20260101-000000-smoke-abcd")
OUT = Path("models/releases/me--tiny")
PUBLISH = ("publish", "--checkpoint-dir", str(FOLDER), "--repo", "me/tiny", "--base-id", "me/base")
REPOSITORY = Path(__file__).parents[2]
# Made up, and cut in two so that nobody's scanner stumbles over this file.
KEYS = {
    "an AWS secret key": ("aws_secret_access", "_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzKEY12"),
    "an npm token": ("npm", "_0123456789abcdefghijABCDEFGHIJ012345"),
    "a PyPI token": ("pypi", "-AgEIcHlwaS5vcmcCJDAxMjM0NTY3LTg5YWItY2RlZi0wMTIzLTQ1Njc4OWFiY2RlZg"),
    "a Telegram token": ("123456789", ":AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"),
    "a Databricks token": ("dapi", "0123456789abcdef0123456789abcdef"),
    "a Replicate token": ("r8", "_0123456789abcdefghijABCDEFGHIJ0123456"),
    "a Groq key": ("gsk", "_0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCD"),
    "a JSON Web Token": ("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"),
    "an address with a password": ("postgres://app:", "s3cr3t-9x@db.example.org/rows"),
    "a Google key": ("AIza", "SyA0123456789abcdefghijklmnopqrstuv"),
    "a Slack token": ("xoxb", "-0123456789-abcdefghij"),
    "a SendGrid key": ("SG.", "0123456789abcdefghij01.0123456789abcdefghij0123456789abcdefghij012"),
    "a Stripe key": ("sk_live", "_0123456789abcdefghijABCD"),
    "a DigitalOcean token": ("dop_v1", "_" + "0123456789abcdef" * 4),
    "an Azure key": (
        "AccountKey",
        "=0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCD==",
    ),
    "a value that is named like a secret": ("client_secret", ": Zx81kQ99vTbn3LmW02ppRs"),
}
SECRETS = {
    "a Hugging Face token": "hf_" + "oauth_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH",
    "a GitHub token": "ghp_" + "0123456789abcdefghij0123456789abcdef",
    "an AWS key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "a W&B key": "WANDB_API_KEY=" + "0123456789abcdef" * 2 + "01234567",
    "the value of MY_API_KEY": "correct-horse-battery",
    **{what: "".join(parts) for what, parts in KEYS.items()},
}


@pytest.fixture
def validated(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint that was validated, with the record and card of its data."""
    monkeypatch.setenv("MY_API_KEY", SECRETS["the value of MY_API_KEY"])
    data = Path("data/processed")
    (data / "DATASET_CARD.md").write_text("# Data\n")
    write_json(data / "provenance.json", {"outputs": {"DATASET_CARD.md": sha256_file(data / "DATASET_CARD.md")}})
    record_with()
    RUN.mkdir(parents=True)
    (RUN / "config.yaml").write_text("base_model: models/base\n")
    write_json(RUN / "run.json", {"run_id": RUN.name, "state": "succeeded", "output_dir": str(FOLDER)})
    validation(passed=True)
    return checkout


def record_with(**changes: Any) -> None:
    named = {"data/processed/provenance.json": sha256_file(Path("data/processed/provenance.json"))}
    facts = {"materials": {"data_provenance": named}, "phase": "smoke", "result": {"steps": 10}}
    write_record(FOLDER, "models/base", **{**facts, **changes})


def validation(*, passed: bool, run_id: str = RUN.name) -> None:
    gate = {"name": "dangerous_rate", "passed": passed, "value": 0.0, "threshold": "<= 0"}
    write_json(RUN / "validation.json", {"passed": passed, "run_id": run_id, "gates": [gate]})


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
    text = readme(contents, training, base, usage("me/tiny", base, is_merged=False, system_prompt=None))
    assert 'PeftModel.from_pretrained(base, "me/tiny")' in text
    assert "| dangerous_rate | 0.000 (asked for <= 0) |" in text and "| steps | 10 |" in text
    assert card_fault(text) == ""


CARD = "cli_tuner.report.card.model_card"


def bad_card(text: str) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda monkeypatch: monkeypatch.setattr(CARD, lambda _: text)


def secret_in(name: str, what: str) -> Callable[[], None]:
    def change() -> None:
        path = FOLDER / name
        path.write_text(json.dumps({"x": SECRETS[what]}))
        record_with()

    return change


PLACES = {
    "a home folder": "/home/carol/models/base",
    "a home folder of a Mac": "/Users/carol/models",
    "a home folder of Windows": "C:\\Users\\carol\\models",
    "a shell's home": "~/models/base",
    "a mounted disk": "/mnt/disk1/models",
}


def place_in(path: str) -> Callable[[], None]:
    def change() -> None:
        (FOLDER / "tokenizer_config.json").write_text(json.dumps({"name_or_path": path}))
        record_with()

    return change


def changed_tokenizer() -> None:
    (FOLDER / "chat_template.jinja").write_text("late")


def pickle_weights() -> None:
    (FOLDER / "pytorch_model.bin").write_bytes(b"\x80\x02x")


def pickle_in_disguise() -> None:
    (FOLDER / "tokenizer.json").write_bytes(b"PK\x03\x04archive/data.pkl")
    record_with()


def no_validation() -> None:
    (RUN / "validation.json").unlink()


def other_data() -> None:
    (Path("data/processed") / "provenance.json").write_text("{}")


def no_data_card() -> None:
    (Path("data/processed") / "DATASET_CARD.md").unlink()


def no_record() -> None:
    (FOLDER / "provenance.json").unlink()


FAULTS: dict[str, tuple[Callable[..., object], str]] = {
    "a failed gate": (lambda: validation(passed=False), "gate failed: dangerous_rate"),
    "no validation": (no_validation, "never validated"),
    "the validation of another run": (lambda: validation(passed=True, run_id="other"), "of another run"),
    "no record": (no_record, "no record"),
    "a file that is not as recorded": (changed_tokenizer, "the record does not verify: chat_template.jinja"),
    "other data than recorded": (other_data, "not the data record"),
    "no data card": (no_data_card, "DATASET_CARD.md: is missing"),
    "weights as a pickle": (pickle_weights, "pytorch_model.bin: is a pickle"),
    "a pickle in disguise": (pickle_in_disguise, "tokenizer.json: is a pickle"),
    "a card that is not YAML": (bad_card("---\na: [\n---\n"), "not YAML"),
    "a card with a wrong id": (bad_card("---\nbase_model: a/b/c\n---\n# x\n"), "README.md: is not a model card"),
    "a card with a wrong index": (bad_card("---\nmodel-index: [{name: x}]\n---\n# x\n"), "README.md:"),
    **{f"{what} in a config": (secret_in("generation_config.json", what), f"holds {what}") for what in SECRETS},
    **{f"{what} as a place": (place_in(path), "names a place on this machine") for what, path in PLACES.items()},
    "a base that only this machine has": (lambda: None, "models/base, is not on the hub"),
    "a token in a vocabulary": (secret_in("tokenizer.json", "a Hugging Face token"), "tokenizer.json: holds a Hugging"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_leaves_with(
    fault: str, validated: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change, why = FAULTS[fault]
    change(*([monkeypatch] if "card" in fault and "data card" not in fault else []))
    code = main([*(PUBLISH[:-2] if "only this machine" in fault else PUBLISH), "--dry-run"])
    out, err = capsys.readouterr()
    assert code in (1, 2)
    assert (why in err, out) == (True, ""), err
    assert not any(secret in err for secret in SECRETS.values())
    assert not OUT.exists()


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
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The stand-in, which huggingface_hub takes for the hub."""
    from huggingface_hub import constants

    stand_in = Hub()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_right")
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
