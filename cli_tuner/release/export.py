"""A merged model for other programs: what each needs, what was checked here, and what was not.

    vllm      the folder itself, its config looked through
    ollama    the folder and a Modelfile with the exact template
    gguf      llama.cpp's own converter, in a child process
    onnx      optimum's own exporter, in a child process, which compares the logits itself

The law: a report never claims a check that did not run.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cli_tuner.errors import CheckpointError, CliTunerError, LaunchError, PrerequisiteError
from cli_tuner.files import read_json, sha256_file, write_text
from cli_tuner.ports import Tokenizer
from cli_tuner.provenance.environment import code
from cli_tuner.provenance.manifest import RECORD_NAME, digests
from cli_tuner.records.merge import ExportRecord, MergeRecord
from cli_tuner.release.ollama import modelfile
from cli_tuner.release.prompts import PROMPTS
from cli_tuner.runs.layout import now

_CONVERTER = "convert_hf_to_gguf.py"
_ATOL = 1e-3


@dataclass(slots=True)
class Export:
    """What came out.

    Attributes:
        format: `vllm`, `ollama`, `gguf` or `onnx`.
        out: The folder.
        checked: What was checked here, in words.
        not_checked: What was not, in words.
        command: How to use it.
    """

    format: str
    out: str
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    command: str = ""

    def to_json(self) -> dict[str, object]:
        """Return it as plain data."""
        return asdict(self)


def export(
    model: Path,
    kind: str,
    out: Path,
    tokenizer: Tokenizer,
    llama_cpp: Path | None,
    compare: Callable[[Path, Sequence[str]], Mapping[str, Any]],
    record: MergeRecord,
) -> Export:
    """Write `model` for another program into the new folder `out`.

    Args:
        model: A merged model whose files were compared with its record.
        kind: `vllm`, `ollama`, `gguf` or `onnx`.
        out: Must not exist.
        tokenizer: The model's own.
        llama_cpp: A checkout of llama.cpp, for `gguf`.
        compare: Compares the tokens of texts under the tokenizer's file and its class.
        record: The model's own, which its files were compared with.

    Raises:
        CliTunerError: `out` exists.
        TemplateError: The class cuts a prompt into other tokens than the file, which other programs read.
        CheckpointError: The model's config is not fit to be served.
        PrerequisiteError: The tool that does it is not installed.
        LaunchError: The tool failed.
    """
    if out.exists():
        raise CliTunerError(f"{out}: is there already", hint="choose another --out")
    tokens = compare(model, PROMPTS)
    work: dict[str, Callable[[Path], Export]] = {
        "vllm": lambda folder: _vllm(model, folder, tokenizer),
        "ollama": lambda folder: _ollama(model, folder, tokenizer),
        "gguf": lambda folder: _gguf(model, folder, llama_cpp),
        "onnx": lambda folder: _onnx(model, folder),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        staging.chmod(0o755)
        done = work[kind](staging)
        done.out = str(out)
        if tokens.get("why"):
            done.not_checked.append(f"tokens: {tokens['why']}")
        else:
            done.checked.append(f"{tokens['compared']} prompts have the same tokens by {tokens['class']}")
        known = {
            **done.to_json(), "merge": record, "merge_sha256": sha256_file(model / RECORD_NAME), "ended": now(),
            "subjects": digests(staging, leave_out=()), "code": code(),
        }  # fmt: skip
        ExportRecord.model_validate(known).write(staging / "export.json")
        staging.rename(out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return done


def stop_texts(model: Path, tokenizer: Tokenizer) -> list[str]:
    """Return the tokens that end an answer, as text, by the generation config.

    Raises:
        CheckpointError: It names none.
    """
    path = model / "generation_config.json"
    config = read_json(path if path.is_file() else model / "config.json")
    ids = config.get("eos_token_id")
    texts = [tokenizer.decode([number]) for number in (ids if isinstance(ids, list) else [ids]) if number is not None]
    if not texts or not all(texts):
        raise CheckpointError(f"{path}: names no end token", hint="the model would never stop; merge again")
    return texts


def _vllm(model: Path, out: Path, tokenizer: Tokenizer) -> Export:
    config = read_json(model / "config.json")
    faults = [
        f"config.json has no {key}" for key in ("architectures", "model_type", "vocab_size") if not config.get(key)
    ]
    highest = max((*tokenizer.special_ids, 0))
    if not faults and highest >= config["vocab_size"]:
        faults.append(f"token {highest} is beyond the vocabulary of {config['vocab_size']}")
    index = model / "model.safetensors.index.json"
    named = set(read_json(index)["weight_map"].values()) if index.is_file() else {"model.safetensors"}
    faults += [f"{name} is missing" for name in sorted(named) if not (model / name).is_file()]
    if faults:
        raise CheckpointError(f"{model}: not fit to be served: {'; '.join(faults)}", hint="merge again")
    stops = stop_texts(model, tokenizer)
    _copy(model, out)
    return Export(
        "vllm",
        "",
        [
            "every file is as the merge recorded it, and the merge was proved equal to the adapter",
            f"config: {config['architectures'][0]}, vocabulary {config['vocab_size']}, all weight files there",
            f"chat template there; an answer ends at {', '.join(stops)}",
        ],
        ["vLLM itself was not started: that its kernels give the same tokens is not shown here"],
        "vllm serve FOLDER; then cli-tuner serve --upstream http://127.0.0.1:8000/v1 --tokenizer FOLDER --port 8001",
    )


def _ollama(model: Path, out: Path, tokenizer: Tokenizer) -> Export:
    stops = stop_texts(model, tokenizer)
    text = modelfile("./model", tokenizer, stops)
    (out / "model").mkdir()
    _copy(model, out / "model")
    write_text(out / "Modelfile", text)
    return Export(
        "ollama",
        "",
        [
            "the template writes the model's own prompts, character for character, on three conversations",
            f"stop tokens: {', '.join(stops)}",
        ],
        ["Ollama itself was not started: its import, and that it gives the same tokens, are not shown here"],
        "ollama create NAME -f Modelfile",
    )


def _gguf(model: Path, out: Path, llama_cpp: Path | None) -> Export:
    script = _converter(llama_cpp)
    target = out / "model.gguf"
    words = [str(script), str(model.resolve()), "--outfile", str(target.resolve()), "--outtype", "auto"]
    _child([sys.executable, *words], out)
    n_tensors = _gguf_tensors(target)
    return Export(
        "gguf",
        "",
        [f"llama.cpp's converter ended well; a GGUF file of {n_tensors} tensors"],
        ["llama.cpp itself was not run on it: that it gives the same tokens is not shown here"],
        "llama-cli -m model.gguf",
    )


def gguf_vocabulary(model: Path, llama_cpp: Path) -> str:
    """Ask llama.cpp's converter whether it knows a model's tokenizer; return its reason, empty when it does.

    It knows byte-pair tokenizers by a digest of what they make of a test text, so only it can tell. 6 s of CPU.
    """
    with tempfile.TemporaryDirectory(prefix="cli-tuner-gguf-") as folder:
        words = [str(_converter(llama_cpp)), str(model.resolve()), "--vocab-only", "--outfile", f"{folder}/vocab.gguf"]
        done = subprocess.run(
            [sys.executable, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    return _last_lines(done.stderr, 1)[0] if done.returncode else ""


def _converter(llama_cpp: Path | None) -> Path:
    found = llama_cpp / _CONVERTER if llama_cpp else None
    if found is None:
        on_path = shutil.which(_CONVERTER)
        found = Path(on_path) if on_path else None
    if found is None or not found.is_file():
        raise PrerequisiteError(
            f"llama.cpp's {_CONVERTER} was not found" + (f" in {llama_cpp}" if llama_cpp else ""),
            hint="git clone https://github.com/ggml-org/llama.cpp, then --llama-cpp FOLDER or LLAMA_CPP_DIR",
        )
    return found


def _gguf_tensors(path: Path) -> int:
    """Return how many tensors a GGUF file promises; https://github.com/ggml-org/ggml/blob/master/docs/gguf.md."""
    head = path.read_bytes()[:24] if path.is_file() else b""
    if len(head) < 24 or head[:4] != b"GGUF":
        raise LaunchError(f"{path.name}: the converter wrote no GGUF file", hint="look at its output with --debug")
    version, tensors = struct.unpack("<IQ", head[4:16])
    if version < 2 or tensors == 0:
        raise LaunchError(f"{path.name}: GGUF version {version} with {tensors} tensors", hint="update llama.cpp")
    return int(tensors)


def _onnx(model: Path, out: Path) -> Export:
    missing = [name for name in ("optimum", "onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise PrerequisiteError(
            f"the ONNX exporter needs {', '.join(missing)}, which want another transformers than the training here",
            hint="use an environment of its own: python3 -m venv onnx && onnx/bin/pip install "
            "'optimum-onnx[onnxruntime]' && "
            f"onnx/bin/python -m optimum.exporters.onnx --model {model} --task text-generation-with-past OUT",
        )
    argv = [sys.executable, "-m", "optimum.exporters.onnx", "--model", str(model.resolve())]
    _child([*argv, "--task", "text-generation-with-past", "--atol", str(_ATOL), str(out.resolve())], out)
    files = sorted(path.name for path in out.glob("*.onnx"))
    if not files:
        raise LaunchError("optimum wrote no ONNX file", hint="run it by hand: python -m optimum.exporters.onnx --help")
    return Export(
        "onnx",
        "",
        [f"optimum compared the logits of {', '.join(files)} with the model's in onnxruntime, tolerance {_ATOL:g}"],
        ["whole completions were not compared"],
        "onnxruntime, or optimum.onnxruntime.ORTModelForCausalLM",
    )


def _child(argv: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=folder)
    except OSError as error:
        raise LaunchError(f"{argv[1]}: does not start: {error}", hint="is it installed?") from error
    if done.returncode:
        what = "\n".join(
            [f"{Path(argv[1]).name} failed with exit code {done.returncode}", *_last_lines(done.stderr, 3)]
        )
        by_hand = " ".join(argv).replace(str(folder.resolve()), "OUT")
        raise LaunchError(what, hint=f"by hand, OUT being an empty folder: {by_hand}")


def _last_lines(text: str, count: int) -> list[str]:
    return [line for line in text.splitlines() if line.strip()][-count:] or ["(it said nothing)"]


def _copy(model: Path, out: Path) -> None:
    for path in model.iterdir():
        if path.is_file():
            shutil.copyfile(path, out / path.name)
