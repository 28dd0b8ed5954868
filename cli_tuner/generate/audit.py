"""The audit log: one JSON line a decision, appended before anything is shown.

By default it holds digests, not text: who has the text can prove what was decided, who has only the log learns
nothing of it. A log that cannot be written stops the answer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli_tuner.errors import CliTunerError
from cli_tuner.files import sha256_text
from cli_tuner.generate.guard import Guarded
from cli_tuner.runs.layout import now


class AuditLog:
    """Appends to a JSONL file that only its owner can read.

    Args:
        path: The file; made when it is missing, never truncated.
        with_text: Keep request, completion and command in the clear as well.
        model: What answered: its name, and digests where known.
    """

    def __init__(self, path: Path, *, with_text: bool, model: Mapping[str, Any]) -> None:
        self._path = path
        self._with_text = with_text
        self._model = dict(model)

    def note(self, request: str, guarded: Guarded | None, action: str) -> None:
        """Append one decision.

        Args:
            request: What was asked.
            guarded: What came of it; None when the request was refused.
            action: `shown`, `marked`, `withheld`, `declined`, `no_command` or `refused`.

        Raises:
            CliTunerError: The line cannot be written.
        """
        texts = {"request": request}
        facts: dict[str, object] = {"time": now(), "action": action, "model": self._model}
        if guarded:
            texts |= {"completion": guarded.completion.text, "command": guarded.command}
            facts |= {"verdict": guarded.level.value, "rules": sorted({f.rule_id for f in guarded.verdict.findings})}
            facts["n_tokens"] = guarded.completion.n_tokens
        facts |= {f"{name}_sha256": sha256_text(text) for name, text in texts.items()}
        self._append({**facts, **(texts if self._with_text else {})})

    def _append(self, line: dict[str, object]) -> None:
        data = (json.dumps(line, sort_keys=True) + "\n").encode()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                whole = os.write(handle, data) == len(data)
            finally:
                os.close(handle)
        except OSError as error:
            raise self._refused(error.strerror or str(error)) from error
        if not whole:
            raise self._refused("only a part of the line fits")

    def _refused(self, why: str) -> CliTunerError:
        return CliTunerError(f"{self._path}: the audit log cannot be written: {why}", hint="nothing was shown")
