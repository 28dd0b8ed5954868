"""Signed releases of made chains, and the verifier that lies in them, loaded by itself."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cli_tuner.provenance.signing import open_signer
from tests.release.chain import release


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two releases of one signer, one of each kind, and a stranger's key."""
    place = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("XDG_CONFIG_HOME", str(place / "mine"))
        signer = open_signer()
        patch.setenv("XDG_CONFIG_HOME", str(place / "theirs"))
        kinds = {"adapter": False, "merged": True}
        made = {kind: release(1, place / kind, signer, merged=merged) for kind, merged in kinds.items()}
        other = {kind: release(2, place / f"{kind}-other", signer, merged=merged) for kind, merged in kinds.items()}
        stranger = open_signer()
    alone = alone_in(made["adapter"])
    key = alone.Key(signer.public.read_bytes())
    return {
        "alone": alone, "alone_key": key, "signer": signer, "stranger": stranger, "made": made, "other": other,
        "place": place,
    }  # fmt: skip


def alone_in(folder: Path) -> Any:
    """Load the verifier that a release holds, by itself."""
    module = ModuleType("verify_release")  # compiled here: an import would leave its bytecode in the release
    exec(compile((folder / "verify_release.py").read_text("utf-8"), "verify_release.py", "exec"), vars(module))
    return module
