"""Asks the installed Axolotl itself whether it takes a config, on a machine that need not be there.

Run as a child (`python -m cli_tuner.backends.axolotl_check`), because the import takes seconds and prints: the
config and the target's capabilities come in as JSON on stdin, one JSON line goes out on stdout:
`{"faults": [text], "realised": {key: value}}`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import redirect_stdout
from typing import Any


def ask(raw: dict[str, Any], capabilities: dict[str, Any]) -> dict[str, Any]:
    """Validate `raw` with Axolotl's own validators for a machine with `capabilities`."""
    os.environ.setdefault("AXOLOTL_DO_NOT_TRACK", "1")
    from axolotl.cli.config import prepare_plugins
    from axolotl.utils.config import validate_config
    from axolotl.utils.dict import DictDefault
    from pydantic import ValidationError

    config = DictDefault(raw)
    try:
        prepare_plugins(config)
        taken = validate_config(config, capabilities=capabilities, env_capabilities={"torch_version": "2.13.0"})
    except ValidationError as error:
        return {"faults": [f"{_path(one['loc'])}{one['msg']}" for one in error.errors()], "realised": {}}
    except (ValueError, ImportError) as error:
        return {"faults": [str(error)], "realised": {}}
    return {"faults": [], "realised": {key: value for key, value in taken.to_dict().items() if value is not None}}


def _path(loc: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in loc) + ": " if loc else ""


def main() -> None:
    """Read the question from stdin, answer on stdout; whatever Axolotl prints goes to stderr."""
    logging.disable(logging.WARNING)
    question = json.load(sys.stdin)
    with redirect_stdout(sys.stderr):
        answer = ask(question["config"], question["capabilities"])
    sys.stdout.write(json.dumps(answer, default=str) + "\n")


if __name__ == "__main__":
    main()
