from __future__ import annotations

from pathlib import Path

import pytest

from cli_tuner.backends.tiny_base import ensure
from cli_tuner.errors import DataError
from tests.prepare.conftest import pairs, write_rows

pytest.importorskip("tokenizers")


def test_a_base_that_is_there_needs_no_samples(tmp_path: Path) -> None:
    samples = write_rows(tmp_path / "samples/rows.jsonl", pairs(300))
    assert ensure(tmp_path / "base", tmp_path / "samples") and not ensure(tmp_path / "base", tmp_path / "samples")
    samples.unlink()
    assert not ensure(tmp_path / "base", tmp_path / "samples")
    (tmp_path / "base/tokenizer.json").write_text("{}")
    with pytest.raises(DataError, match=r"no \*\.jsonl rows"):
        ensure(tmp_path / "base", tmp_path / "samples")
