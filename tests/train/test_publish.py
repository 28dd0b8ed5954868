"""Publishing: the earlier output is in its place or the new one is, and nothing is lost."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from cli_tuner.errors import LaunchError
from cli_tuner.train.launch import publish

OUTPUT, STAGING = Path("models/checkpoints/mine"), Path("models/checkpoints/mine.run-1.partial")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def output(name: str = "") -> str:
    return (OUTPUT.with_name(OUTPUT.name + name) / "adapter_model.safetensors").read_text()


def write_output(text: str, folder: Path = OUTPUT) -> None:
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_text(text)


def test_the_first_output_is_moved_and_a_lone_previous_is_kept() -> None:
    write_output("new", STAGING)
    write_output("older", OUTPUT.with_name("mine.previous"))
    publish(STAGING, OUTPUT)
    assert (output(), output(".previous")) == ("new", "older")


@pytest.mark.parametrize("failing", [1, 2, 3, 4])
@pytest.mark.parametrize("before", [("old", "older"), ("old", None), (None, None)])
def test_publish_never_loses_an_output_whichever_rename_fails(
    monkeypatch: pytest.MonkeyPatch, failing: int, before: tuple[str | None, str | None]
) -> None:
    write_output("new", STAGING)
    for text, name in zip(before, ("mine", "mine.previous"), strict=True):
        if text:
            write_output(text, OUTPUT.with_name(name))
    calls = 0
    rename = Path.rename

    def sometimes(source: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", sometimes)
    try:
        publish(STAGING, OUTPUT)
    except LaunchError as error:
        assert "No space left on device" in error.message
        assert (STAGING / "adapter_model.safetensors").read_text() == "new"
        expected = {name: text for name, text in zip(("mine", "mine.previous"), before, strict=True) if text}
        found = {path.name: (path / "adapter_model.safetensors").read_text() for path in OUTPUT.parent.iterdir()}
        assert found == {**expected, STAGING.name: "new"}
    else:
        assert calls < failing
        assert output() == "new"
        assert before[0] is None or output(".previous") == before[0]
