"""Exports: exact templates, honest reports, and tools that are missing or fail."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.cli.main import main
from cli_tuner.errors import TemplateError
from cli_tuner.files import sha256_file, write_json
from cli_tuner.provenance.manifest import digests
from cli_tuner.records.merge import MergeRecord
from cli_tuner.release.export import gguf_vocabulary
from cli_tuner.release.ollama import modelfile
from tests.fakes import CHATML, ByteTokenizer
from tests.validate.checkpoints import safetensors_bytes

TOKENIZER = {
    "version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}, "normalizer": None,
    "pre_tokenizer": None, "post_processor": None, "decoder": None, "truncation": None, "padding": None,
    "added_tokens": [
        {"id": 2, "content": "<|im_end|>", "special": True, "normalized": False,
         "single_word": False, "lstrip": False, "rstrip": False},
    ],
}  # fmt: skip


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    folder = tmp_path / "merged"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(safetensors_bytes({"w": (2, 2)}))
    write_json(folder / "config.json", {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": 3})
    write_json(folder / "generation_config.json", {"eos_token_id": [2]})
    write_json(folder / "tokenizer.json", TOKENIZER)
    write_json(folder / "tokenizer_config.json", {"eos_token": "<|im_end|>"})
    (folder / "chat_template.jinja").write_text(CHATML)
    record(folder)
    return folder


def record(folder: Path, **changes: Any) -> None:
    write_json(
        folder / "provenance.json",
        {"schema": MergeRecord.current(), "passed": True, "subjects": digests(folder), **changes},
    )


def exported(merged: Path, kind: str, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, Any, str]:
    out = merged.parent / "out"
    code = main(["export", "--checkpoint-dir", str(merged), "--format", kind, "--out", str(out), "--json", *more])
    shown, err = capsys.readouterr()
    return code, json.loads(shown) if shown else None, err


def test_a_folder_for_vllm_is_the_merged_one(merged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document, _ = exported(merged, "vllm", capsys)
    out = merged.parent / "out"
    assert code == 0
    assert sha256_file(out / "model.safetensors") == sha256_file(merged / "model.safetensors")
    written = json.loads((out / "export.json").read_text())
    assert document.items() <= written.items()
    assert written["subjects"] == digests(out, leave_out=("export.json",)) and written["merge"]["passed"] is True
    assert any("<|im_end|>" in line for line in document["checked"])
    assert any("was not started" in line for line in document["not_checked"])
    assert exported(merged, "vllm", capsys)[0] == 2  # it is there already


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("config.json", {"architectures": [], "model_type": "x", "vocab_size": 3}, "no architectures"),
        ("config.json", {"architectures": ["A"], "model_type": "x", "vocab_size": 2}, "beyond the vocabulary"),
        ("generation_config.json", {"do_sample": False}, "no end token"),
        ("model.safetensors.index.json", {"weight_map": {"w": "m-1.safetensors"}}, "m-1.safetensors is missing"),
    ],
)  # fmt: skip
def test_a_config_that_cannot_be_served_is_refused(
    file: str, content: Any, why: str, merged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(merged / file, content)
    (merged / "provenance.json").unlink()
    record(merged)
    code, document, err = exported(merged, "vllm", capsys)
    assert (code, document) == (1, None)
    assert why in err
    assert {path.name for path in merged.parent.iterdir()} == {"merged"}


def test_an_ollama_modelfile_has_the_exact_template(merged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exported(merged, "ollama", capsys)[0] == 0
    text = (merged.parent / "out/Modelfile").read_text()
    assert text.startswith(
        'FROM ./model\nTEMPLATE """{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n'
    )
    assert 'PARAMETER stop "<|im_end|>"\n' in text and "PARAMETER temperature 0\n" in text
    assert "PARAMETER repeat_penalty 1\n" in text and "PARAMETER top_p 1\n" in text
    assert "You translate a request into one Bash command." in text
    assert (merged.parent / "out/model/model.safetensors").is_file()


@pytest.mark.parametrize(
    "template",
    [
        CHATML.replace("<|im_start|>", "<s>"),
        CHATML.replace("message['content']", "message['content'] | trim"),
        "{% for m in messages %}[INST] {{ m['content'] }} [/INST]{% endfor %}",
    ],
)
def test_a_template_that_says_anything_else_is_refused(template: str) -> None:
    assert template != CHATML
    with pytest.raises(TemplateError, match="not ChatML"):
        modelfile("./model", ByteTokenizer(template), ["<|im_end|>"])


CONVERTER = """
import json, struct, sys
from pathlib import Path
Path(__file__).with_name("argv.json").write_text(json.dumps(sys.argv[1:]))
{body}
"""
WRITES = "Path(sys.argv[sys.argv.index('--outfile') + 1]).write_bytes(b'GGUF' + struct.pack('<IQQ', 3, 7, 0))"


def llama_cpp(folder: Path, body: str) -> Path:
    folder.mkdir()
    (folder / "convert_hf_to_gguf.py").write_text(CONVERTER.format(body=body))
    return folder


def test_gguf_is_made_by_the_converter_with_the_right_arguments(
    merged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = llama_cpp(merged.parent / "llama.cpp", WRITES)
    code, document, err = exported(merged, "gguf", capsys, "--llama-cpp", str(tool))
    assert code == 0, err
    argv = json.loads((tool / "argv.json").read_text())
    assert argv[0] == str(merged) and argv[1] == "--outfile" and argv[3:] == ["--outtype", "auto"]
    assert "7 tensors" in document["checked"][0]
    assert (merged.parent / "out/model.gguf").is_file()


@pytest.mark.parametrize(
    ("body", "code", "why"),
    [
        ("print('unknown architecture', file=sys.stderr); sys.exit(1)", 4, "unknown architecture"),
        ("pass", 4, "no GGUF file"),
        (WRITES.replace("7, 0", "0, 0"), 4, "0 tensors"),
    ],
)
def test_a_converter_that_fails_is_named(
    body: str, code: int, why: str, merged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = llama_cpp(merged.parent / "llama.cpp", body)
    got, document, err = exported(merged, "gguf", capsys, "--llama-cpp", str(tool))
    assert (got, document) == (code, None)
    assert why in err
    assert f"{merged.parent}/.out" not in err, "the hint names a folder that is gone"
    assert not (merged.parent / "out").exists()


def test_a_tokenizer_that_the_converter_does_not_know_is_told_before_anything_is_merged(merged: Path) -> None:
    says_no = llama_cpp(merged.parent / "one", "sys.exit('NotImplementedError: BPE pre-tokenizer was not recognized')")
    assert "pre-tokenizer was not recognized" in gguf_vocabulary(merged, says_no)
    assert json.loads((says_no / "argv.json").read_text())[:2] == [str(merged), "--vocab-only"]
    assert gguf_vocabulary(merged, llama_cpp(merged.parent / "two", WRITES)) == ""


def test_a_missing_tool_is_a_prerequisite(
    merged: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("LLAMA_CPP_DIR", raising=False)
    code, _, err = exported(merged, "gguf", capsys)
    assert code == 3 and "llama.cpp" in err
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr("cli_tuner.release.export.find_spec", lambda name: None if name == "onnx" else object())
    code, _, err = exported(merged, "onnx", capsys)
    assert code == 3 and "needs onnx" in err and "onnx/bin/pip install" in err


def test_only_a_proved_and_untouched_merge_is_exported(merged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (merged / "chat_template.jinja").write_text("late")
    assert "not the bytes" in exported(merged, "vllm", capsys)[2]
    (merged / "provenance.json").unlink()
    record(merged, passed=False)
    assert "not a merged model that was proved" in exported(merged, "vllm", capsys)[2]
    assert exported(merged.parent, "vllm", capsys)[0] == 1
