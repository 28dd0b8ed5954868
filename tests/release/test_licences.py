"""The card states a licence that somebody said, or that everything in the release has; else none, and it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cli_tuner.errors import CliTunerError
from cli_tuner.files import read_json, sha256_file, write_json
from cli_tuner.release.contents import gather
from cli_tuner.release.licences import common
from cli_tuner.release.publish import Asked, assemble
from tests.release.chain import ALLOWED, make_chain


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def base_says(licence: str) -> None:
    Path("models/base").mkdir(parents=True)
    Path("models/base/README.md").write_text(f"---\nlicense: {licence}\n---\n# Base\n")


def stated(licence: str | None = None, languages: tuple[str, ...] = ()) -> tuple[dict[str, object], list[str]]:
    contents, training = make_chain(1)
    assemble(contents, training, Path("out"), ALLOWED, Asked("me/tiny", "me/base", None, licence, languages))
    return yaml.safe_load(Path("out/README.md").read_text().split("---\n")[1]), contents.remarks


def test_what_base_and_rows_have_in_common_is_stated() -> None:
    base_says("mit")
    card, remarks = stated()
    assert card["license"] == "mit"
    assert [one for one in remarks if "licence" in one] == []


@pytest.mark.parametrize("base", [None, "apache-2.0"])
def test_where_they_differ_or_one_is_not_known_none_is_and_all_are_named(base: str | None) -> None:
    if base:
        base_says(base)
    card, remarks = stated()
    assert "license" not in card
    (told,) = [one for one in remarks if "licence" in one]
    assert "raw: MIT" in told and f"base model models/base: {base or 'not known'}" in told


def test_what_somebody_says_is_stated() -> None:
    base_says("mit")
    card, remarks = stated("apache-2.0", ("en", "pt-BR"))
    assert (card["license"], card["language"]) == ("apache-2.0", ["en", "pt-BR"])
    assert [one for one in remarks if "states no" in one] == []


@pytest.mark.parametrize("licence", ["", "a b", "mit\nbase_model: x", "../x"])
def test_what_is_no_name_is_refused_and_nothing_written(licence: str) -> None:
    with pytest.raises(CliTunerError, match="is no such name"):
        stated(licence)
    assert not Path("out").exists()


def test_two_sources_of_one_place_with_other_licences_have_none_in_common() -> None:
    base_says("mit")
    contents, training = make_chain(1)
    path = Path("data/provenance.json")
    record = read_json(path)
    write_json(path, {**record, "sources": [{**record["sources"][0], "licence": "cc0-1.0"}, *record["sources"]]})
    training["materials"]["data_provenance"] = {str(path): sha256_file(path)}
    again = gather(contents.folder, training, is_merged=False, training=training)
    assemble(again, training, Path("out"), ALLOWED, Asked("me/tiny", "me/base"))
    assert "license:" not in Path("out/README.md").read_text().split("---\n")[1]
    assert common([("a", "MIT"), ("b", "mit")]) == "mit" and common([("a", None)]) is None and common([]) is None
