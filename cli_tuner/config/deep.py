"""The question to the real Axolotl, asked in a child process: does it take this config on that machine?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import Any

from cli_tuner.config.load import SECTION_KEY, Config
from cli_tuner.config.targets import Target
from cli_tuner.errors import PrerequisiteError

_CHILD = "cli_tuner.backends.axolotl_check"


def ask_axolotl(config: Config, target: Target, *, timeout_s: float = 180.0) -> dict[str, Any]:
    """Return `{"faults": [text], "realised": {key: value}}` from the installed Axolotl.

    Raises:
        PrerequisiteError: Axolotl is not installed, or does not answer in time.
    """
    with tempfile.TemporaryDirectory(prefix="cli-tuner-check-") as scratch:
        raw = {**config.complete(), "output_dir": scratch}
        raw[SECTION_KEY] = {**raw[SECTION_KEY], "run_dir": scratch}
        question = json.dumps({"config": raw, "capabilities": target.capabilities()}, default=str)
        try:
            done = subprocess.run(
                [sys.executable, "-m", _CHILD], input=question, capture_output=True, text=True, timeout=timeout_s
            )
        except subprocess.TimeoutExpired as error:
            raise PrerequisiteError(f"Axolotl did not answer within {timeout_s:.0f} s") from error
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        reason = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise PrerequisiteError(
            f"Axolotl could not be asked: {reason}", hint="run `make setup`, then `cli-tuner doctor`"
        )
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer
