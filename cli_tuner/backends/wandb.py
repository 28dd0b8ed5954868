"""A Weights & Biases run behind the Tracker port: the real client, online or offline."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cli_tuner.backends.wandb_lineage import use
from cli_tuner.errors import PrerequisiteError


class WandbTracker:
    """One W&B run.

    Args:
        project: W&B project.
        name: Shown name of the run.
        group: Id of the training run it belongs to.
        job_type: Phase, such as `validate`.
        config: What the run was asked to do; no secrets.
        folder: Where offline runs are kept.
        mode: `online`, `offline` or `disabled`.

    Raises:
        PrerequisiteError: W&B cannot be reached or refuses the key.
    """

    def __init__(
        self,
        *,
        project: str,
        name: str,
        group: str,
        job_type: str,
        config: Mapping[str, Any],
        folder: Path,
        mode: str,
    ) -> None:
        import wandb

        os.environ["WANDB_SILENT"] = "true"
        os.environ.setdefault("WANDB_DATA_DIR", str(folder / "wandb"))
        folder.mkdir(parents=True, exist_ok=True)
        self._wandb = wandb
        self._mode = mode
        try:
            self._run = wandb.init(
                project=project,
                name=name,
                group=group,
                job_type=job_type,
                config=dict(config),
                dir=str(folder),
                mode=mode,  # type: ignore[arg-type]  # checked by config.environment.wandb_mode
            )
        except wandb.Error as error:
            raise PrerequisiteError(
                f"W&B cannot start a run: {error}",
                hint="everything else is done and kept; WANDB_MODE=offline goes on without the network",
            ) from error

    def log(self, values: Mapping[str, float]) -> None:
        """Record numbers, also as the run's summary."""
        self._run.log(dict(values))

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Record a table."""
        self._run.log({name: self._wandb.Table(columns=list(columns), data=[list(row) for row in rows])})

    def summary(self, values: Mapping[str, Any]) -> None:
        """Record what the run comes to: one value a name, shown beside the run and open to sorting."""
        self._run.summary.update(dict(values))

    def artifact(self, artifact: Any, *, used: bool = False) -> None:
        """Declare an artifact of `wandb_lineage` as what this run wrote or, with `used`, as what it read."""
        if used:
            use(self._run, artifact)
        else:
            self._run.log_artifact(artifact)

    def finish(self) -> Mapping[str, Any]:
        """Close the run; return its id, mode, folder and, when online, its URL."""
        facts = {
            "run_id": self._run.id,
            "mode": self._mode,
            "dir": str(Path(self._run.dir).parent),
            "url": self._run.url,
        }
        self._run.finish()
        return facts
