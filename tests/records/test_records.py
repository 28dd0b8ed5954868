"""Records: one class writes and reads, older versions load, later and foreign ones are refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.errors import DataError
from cli_tuner.records.base import Record
from cli_tuner.records.run import RunRecord
from cli_tuner.records.schemas import ALL, schemas

FIXTURES = Path(__file__).parents[1] / "fixtures/records/v1"
DOCS = Path(__file__).parents[2] / "docs/records"
BY_KIND = {record.KIND: record for record in ALL}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_record_of_version_1_loads_and_nothing_of_it_is_lost(kind: str, tmp_path: Path) -> None:
    record = BY_KIND[kind].read(FIXTURES / f"{kind}.json")
    before = json.loads((FIXTURES / f"{kind}.json").read_text("utf-8"))
    record.write(tmp_path / "again.json")
    after = json.loads((tmp_path / "again.json").read_text("utf-8"))
    assert after.pop("schema") == BY_KIND[kind].current()
    before.pop("schema", None)
    assert after == before
    assert BY_KIND[kind].read(tmp_path / "again.json").document() == record.document()


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_later_version_and_another_kind_are_refused_by_name(kind: str) -> None:
    document = json.loads((FIXTURES / f"{kind}.json").read_text("utf-8"))
    with pytest.raises(DataError, match=f"cli-tuner/{kind}/99 is newer"):
        BY_KIND[kind].parse({**document, "schema": f"cli-tuner/{kind}/99"})
    for other in ("cli-tuner/other/1", f"cli-tuner/{kind}/x", f"cli-tuner/{kind}/0", kind, 7):
        with pytest.raises(DataError, match=f"is not {BY_KIND[kind].TITLE}, but {other}"):
            BY_KIND[kind].parse({**document, "schema": other})


@pytest.mark.parametrize("document", [None, [], "x", {"state": ["x"]}, {"attempts": [{"why": ""}]}])
def test_what_does_not_fit_is_refused_with_the_file_and_the_place(document: object) -> None:
    with pytest.raises(DataError, match=r"run\.json: is not a run record: ") as caught:
        RunRecord.parse(document, Path("run.json"))
    assert caught.value.hint


@given(st.dictionaries(st.text(min_size=1, max_size=8).filter(lambda key: key not in known()), VALUES, max_size=4))
def test_keys_that_nobody_knows_are_kept(extra: dict[str, object]) -> None:
    document = {"state": "succeeded", **extra}
    assert RunRecord.parse(document).document() == {**document, "schema": RunRecord.current()}


def known() -> set[str]:
    return {"schema", "schema_name", *RunRecord.model_fields, *dir(Record)}


def test_a_file_that_cannot_be_read_is_none_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{")
    assert RunRecord.find(tmp_path / "run.json") is None
    assert RunRecord.find(tmp_path / "none.json") is None


def test_the_schemas_in_the_documentation_are_the_real_ones() -> None:
    there = {path.name: path.read_text("utf-8") for path in DOCS.glob("*.json")}
    assert there == schemas(), "run `make docs`"


@pytest.mark.parametrize("kind", BY_KIND)
def test_the_present_form_of_a_record_fits_its_published_schema(kind: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    document = BY_KIND[kind].read(FIXTURES / f"{kind}.json").document()
    jsonschema.validate(document, json.loads(schemas()[f"{kind}-{BY_KIND[kind].VERSION}.json"]))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "schema": 7}, json.loads(schemas()[f"{kind}-{BY_KIND[kind].VERSION}.json"]))
