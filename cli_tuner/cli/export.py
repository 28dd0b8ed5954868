"""`cli-tuner export`: a merged model for vLLM, Ollama, llama.cpp or ONNX."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from cli_tuner.cli import console, options
from cli_tuner.errors import CheckpointError


class Format(str, Enum):
    """What the model is written for."""

    VLLM = "vllm"
    OLLAMA = "ollama"
    GGUF = "gguf"
    ONNX = "onnx"


HELP = """Write a merged model for another program, and say what was checked and what was not.

vllm: the folder, its config looked through. ollama: the folder and a Modelfile with the exact template (ChatML as
Qwen writes it; others are refused). gguf: by llama.cpp's converter. onnx: by optimum, which compares the logits. A
tool that is missing exits 3, one that fails exits 4.

Examples:

  cli-tuner export --checkpoint-dir models/merged/smoke --format ollama --out models/exports/smoke-ollama

  cli-tuner export --checkpoint-dir models/merged/smoke --format gguf --llama-cpp ../llama.cpp --out models/exports/gguf
"""


def export(
    checkpoint_dir: Annotated[Path, typer.Option(help="What `cli-tuner merge` made.")],
    format: Annotated[Format, typer.Option(help="What it is for.")],
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    llama_cpp: Annotated[
        Path | None, typer.Option(envvar="LLAMA_CPP_DIR", help="A checkout of llama.cpp, for gguf.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Export a merged model."""
    from cli_tuner.backends.hf_tokenizer import HfTokenizer
    from cli_tuner.cli.training import compare_tokens
    from cli_tuner.release.export import export as write
    from cli_tuner.release.merged import is_model, require_recorded

    record = require_recorded(checkpoint_dir) if is_model(checkpoint_dir) else None
    if record is None or not record.passed:
        raise CheckpointError(
            f"{checkpoint_dir}: is not a merged model that was proved",
            hint="cli-tuner merge --checkpoint-dir … --out …",
        )
    done = write(checkpoint_dir, format.value, out, HfTokenizer(checkpoint_dir), llama_cpp, compare_tokens, record)
    if json:
        console.emit_json(done.to_json())
        return
    rows = [*(("yes", one) for one in done.checked), *(("NO", one) for one in done.not_checked)]
    console.table(f"{done.format}: {done.out}", ("checked", "what"), rows)
    console.say(f"use it: {done.command}")
