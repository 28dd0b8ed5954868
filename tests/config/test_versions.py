"""Which Axolotl a config is judged by, and that two of them are told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_tuner.config import versions
from cli_tuner.config.check import check
from cli_tuner.config.load import load, read
from cli_tuner.config.versions import axolotl_version, releases, schema_of
from cli_tuner.errors import ConfigError

SMOKE = Path("configs/smoke.yaml")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch):
    def install(version: str | None, python: tuple[int, int] = (3, 13)) -> None:
        monkeypatch.setattr(versions, "_installed", lambda: version)
        monkeypatch.setattr(versions.sys, "version_info", (*python, 0))

    return install


@pytest.mark.parametrize("release", releases())
def test_the_installed_version_is_the_one_that_is_spoken_of(release: str, installed) -> None:
    installed(f"{release}.0")
    assert (axolotl_version().release, axolotl_version().is_installed, axolotl_version().note) == (release, True, "")


@pytest.mark.parametrize("release", releases())
def test_where_none_is_installed_it_is_the_newest_for_this_python(release: str, installed) -> None:
    installed(None, tuple(schema_of(release)["python"]))
    assert axolotl_version().release == release
    assert not axolotl_version().is_installed


@pytest.mark.parametrize(("here", "nearest"), [("0.20.1", "0.19"), ("0.22.0.dev0", "0.21"), ("0.5.0", "0.19")])
def test_an_unknown_version_is_judged_by_the_nearest_and_that_is_said(here: str, nearest: str, installed) -> None:
    installed(here)
    assert axolotl_version().release == nearest
    assert here in axolotl_version().note and nearest in axolotl_version().note
    assert not axolotl_version().is_installed


def test_a_version_without_a_file_cannot_be_asked_for() -> None:
    with pytest.raises(ConfigError, match=r"--axolotl 0\.3"):
        axolotl_version("0.3")


@pytest.mark.parametrize(("one", "other", "key"), [("0.21", "0.19", "full_determinism"), ("0.19", "0.21", "fsdp")])
def test_a_key_of_one_version_is_none_of_the_other(one: str, other: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"extends: {SMOKE.resolve()}\n{key}: [x]\n")
    faults = {version: str(read(tmp_path / "c.yaml", axolotl=version).faults) for version in (one, other)}
    assert f"{key} is" not in faults[one]
    assert f"{key} is a key of Axolotl {one}, not of {other}" in faults[other]


def test_the_key_of_a_plugin_that_is_not_named_says_which_plugin_to_name() -> None:
    with pytest.raises(ConfigError, match=r"kd_alpha.*plugins: \[axolotl\.integrations\.kd\.KDPlugin\]"):
        load(SMOKE, ["kd_alpha=0.5"])


@pytest.mark.parametrize("release", releases())
def test_every_plugin_that_ships_brings_its_own_keys(release: str, tmp_path: Path) -> None:
    schema = schema_of(release)
    for plugin, model in schema["plugins"].items():
        keys = [key for key, kinds in schema["models"][model].items() if "null" in kinds] if model else []
        lines = [f"{key}: null" for key in keys if key not in schema["models"][schema["root"]]]
        (tmp_path / "c.yaml").write_text("\n".join([f"plugins: [{plugin}]", *lines]) + "\n")
        draft = read(tmp_path / "c.yaml", axolotl=release)
        assert [fault for fault in (*draft.faults, *draft.notes) if "key" in fault.rule] == [], plugin


def test_a_trap_that_a_version_closed_is_no_rule_there(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"extends: {SMOKE.resolve()}\nuse_trackio: true\n")
    found = {version: [one.id for one in check(tmp_path / "c.yaml", axolotl=version).remarks] for version in releases()}
    assert {version: "trackio-broken" in ids for version, ids in found.items()} == {
        version: "trackio-broken" not in schema_of(version)["closed"] for version in releases()
    }


def test_where_axolotl_cannot_be_asked_that_is_said_and_its_best_known_rules_are_ours(
    tmp_path: Path, installed
) -> None:
    installed(None)
    (tmp_path / "c.yaml").write_text(f"extends: {SMOKE.resolve()}\nsave_steps: 5\nsaves_per_epoch: 2\n")
    report = check(tmp_path / "c.yaml")
    assert "axolotl-not-asked" in [one.id for one in report.warnings]
    assert [one.id for one in report.errors] == ["saves-twice"]
