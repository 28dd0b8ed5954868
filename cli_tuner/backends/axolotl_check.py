"""Asks the installed Axolotl itself whether it takes a config, on a machine that need not be there.

Run as a child (`python -m cli_tuner.backends.axolotl_check`), because the import takes long and prints: the question
comes in as JSON on stdin (`config`, `capabilities`, `deep`), one JSON line goes out on stdout: `{"faults": [text],
"warnings": [text], "realised": {key: value}, "plugin_keys": [key], "unanswered": [name]}`.

Axolotl's validators need neither torch nor transformers; a question that is not `deep` is asked with stand-ins for
these, which takes less than a second instead of 10 to 30. What a validator then asks of them in vain is named in
`unanswered`, and its verdict is worth nothing. Foreign plugins are imported, as Axolotl does.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
import os
import sys
from contextlib import redirect_stdout
from importlib.metadata import version
from typing import Any

import pydantic

from cli_tuner.backends.axolotl_plugins import foreign_keys
from cli_tuner.backends.stand_ins import NotAnswered, StandIns
from cli_tuner.config.axolotl import foreign_plugins

_HEAVY = (
    "torch", "transformers", "accelerate", "datasets", "peft", "trl", "bitsandbytes", "triton", "torchao",
    "liger_kernel", "cut_cross_entropy", "axolotl.loaders", "axolotl.utils.bench", "axolotl.monkeypatch",
    "axolotl.core", "axolotl.kernels", "axolotl.cli",
)  # fmt: skip


def ask(
    raw: dict[str, object], capabilities: dict[str, object], stand_ins: StandIns | None = None
) -> dict[str, object]:
    """Validate `raw` with Axolotl's own validators for a machine with `capabilities`.

    Args:
        raw: The config.
        capabilities: What the machine can do, as Axolotl names it.
        stand_ins: What is installed in place of the heavy packages; None where the real ones are imported.
    """
    os.environ.setdefault("AXOLOTL_DO_NOT_TRACK", "1")
    from axolotl.utils.config import prepare_plugins, validate_config
    from axolotl.utils.dict import DictDefault

    heard = _Warnings()
    logging.getLogger().addHandler(heard)
    answer: dict[str, object] = {"faults": [], "realised": {}}
    config = DictDefault(raw)
    not_done: list[str] = []
    try:
        try:
            prepare_plugins(config)
        except NothingIsStarted as error:
            heard.lines.append(f"a plugin would {error} when it is registered; a check does not")
        if stand_ins is not None:
            stand_ins.strict = True
        torch_version = version("torch").split("+")[0]
        taken = validate_config(config, capabilities=capabilities, env_capabilities={"torch_version": torch_version})
        answer["realised"] = {key: value for key, value in taken.to_dict().items() if value is not None}
    except pydantic.ValidationError as error:
        answer["faults"] = [f"{_path(one['loc'])}{one['msg'].removeprefix('Value error, ')}" for one in error.errors()]
    except NotAnswered:
        pass
    except NothingIsStarted as error:
        answer["faults"] = []
        not_done = [f"it would {error}, which a check does not"]
    except (ValueError, ImportError, DeprecationWarning) as error:
        answer["faults"] = [str(error)]
    except (AttributeError, KeyError, TypeError) as error:
        if stand_ins is not None and not stand_ins.strict:  # a plugin's module needs more than a stand-in
            stand_ins.unanswered.append(str(error))
        else:  # a value that no validator expects
            answer["faults"] = [f"Axolotl fails on it: {type(error).__name__}: {error}"]
    finally:
        logging.getLogger().removeHandler(heard)
    answer["plugin_keys"] = sorted(foreign_keys(foreign_plugins(raw)))
    answer["warnings"] = list(dict.fromkeys(heard.lines))
    answer["unanswered"] = [*not_done, *(stand_ins.unanswered if stand_ins is not None else [])]
    return answer


class NothingIsStarted(PermissionError):
    """A plugin or validator wanted to start a process or to open a connection."""


def start_nothing() -> None:
    """Let no code of this process start another one or connect to anything from now on: a check only looks.

    NVIDIA's gym plugin clones a repository and starts servers as soon as it is registered.
    """
    starts = {
        "subprocess.Popen": "start",
        "os.system": "start",
        "os.posix_spawn": "start",
        "socket.connect": "connect to",
    }

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in starts:
            named = arguments[1] if event != "os.system" else arguments[0]
            text = " ".join(map(str, named)) if isinstance(named, (list, tuple)) else str(named)
            raise NothingIsStarted(f"{starts[event]} `{text[:80]}`")

    sys.addaudithook(watch)


class _Warnings(logging.Handler):
    """Keeps what Axolotl warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("axolotl"):
            self.lines.append(record.getMessage())


def _path(loc: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in loc) + ": " if loc else ""


def light() -> StandIns:
    """Put stand-ins in place of what the validators only mention, and return them."""
    names = [name for name in _HEAVY if not name.startswith("axolotl.cli")]

    def no(*_: Any, **__: Any) -> bool:
        return False

    def offline(*_: Any, **__: Any) -> Any:
        raise OSError("no model is looked up here")

    auto_config = type("AutoConfig", (), {"from_pretrained": staticmethod(offline)})
    fp8 = any(importlib.util.find_spec(name) for name in ("torchao", "transformer_engine", "msamp"))
    stand_ins = StandIns(names, {
        "torch.cuda.is_available": no, "transformers.AutoConfig": auto_config,
        "transformers.utils.is_torch_npu_available": no, "transformers.utils.import_utils.is_torch_npu_available": no,
        "transformers.utils.is_torch_bf16_gpu_available": no, "accelerate.utils.is_fp8_available": lambda: fp8,
    })  # fmt: skip
    stand_ins.install()
    pydantic.BaseModel.model_config = pydantic.ConfigDict(defer_build=True)  # only the class that is asked is built
    return stand_ins


def main() -> None:
    """Read the question from stdin, answer on stdout; whatever Axolotl prints goes to stderr."""
    question = json.load(sys.stdin)
    with redirect_stdout(sys.stderr):
        stand_ins = None if question["deep"] else light()
        importlib.import_module("axolotl.utils.config")  # while processes may start: torch looks for libraries so
        start_nothing()
        answer = ask(question["config"], question["capabilities"], stand_ins)
    sys.stdout.write(json.dumps(answer, default=str) + "\n")


if __name__ == "__main__":
    main()
