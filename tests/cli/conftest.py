"""A folder that looks like a checkout to the command line, with rows, a base model and an earlier checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_tuner.cli.main import main
from cli_tuner.provenance import environment
from tests.validate.checkpoints import make_base, make_checkpoint

REPOSITORY = Path(__file__).parents[2]
ROW = {"instruction": "list files", "command": "ls"}
MESSAGES = [{"role": "user", "content": "list files"}, {"role": "assistant", "content": "ls"}]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("WANDB_API_KEY", "WANDB_MODE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(environment, "gpus", list)
    (tmp_path / "configs").symlink_to(REPOSITORY / "configs")
    rows = tmp_path / "data/processed"
    rows.mkdir(parents=True)
    for name in ("train", "val", "train_smoke", "val_smoke", "test"):
        (rows / f"{name}.jsonl").write_text(json.dumps({**ROW, "messages": MESSAGES}) + "\n")
    make_base(tmp_path / "models/base")
    make_checkpoint(tmp_path / "models/checkpoints/smoke", "models/base")
    return tmp_path


def outputs(folder: Path) -> dict[str, bytes]:
    """Everything that an earlier command made."""
    kept = [folder / "data", folder / "models/checkpoints"]
    return {str(path): path.read_bytes() for top in kept for path in top.rglob("*") if path.is_file()}


@pytest.fixture
def refused(checkout: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must be refused: one clear error, a hint, the code, and nothing that was there is touched."""

    def run(*argv: str, code: int) -> str:
        before = outputs(checkout)
        assert main(list(argv)) == code
        out, err = capsys.readouterr()
        assert outputs(checkout) == before
        assert out == ""
        assert err.count("error: ") == 1, err
        assert "\n  hint: " in err
        assert "Traceback" not in err
        return err

    return run
