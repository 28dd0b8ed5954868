"""What may not leave: every kind of secret and place, pickles, failed gates, records that do not verify."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_tuner.cli.main import main
from tests.release.published import FOLDER, OUT, PUBLISH, RUN, SECRETS, record_with, validation

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
