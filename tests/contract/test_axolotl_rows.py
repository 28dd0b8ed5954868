"""Axolotl's own tokenisation of our rows: the same tokens and the same labels as ours, nothing else trained."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_prepare import make_tokenizer, prepare
from tests.prepare.conftest import pairs, write_rows

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("axolotl")]
REPOSITORY = Path(__file__).parents[2]

# A process of its own: Axolotl takes seconds to import and sets global state.
PROGRAM = """
import sys
from pathlib import Path

def main():
    count = sum(compare(Path(folder), sys.argv[1:]) for folder in ("tok", "mistral"))
    print("equal rows:", count)

def compare(folder, files):
    from axolotl.prompt_strategies.chat_template import load
    from axolotl.utils.dict import DictDefault
    from datasets import load_dataset
    from transformers import AutoTokenizer
    from cli_tuner.backends.hf_tokenizer import HfTokenizer
    from cli_tuner.chat.labels import label_row

    theirs = AutoTokenizer.from_pretrained(str(folder))
    ours = HfTokenizer(folder)
    entry = {"path": files[0], "type": "chat_template", "field_messages": "messages",
             "roles_to_train": ["assistant"], "train_on_eos": "turn"}
    cfg = DictDefault({"chat_template": "tokenizer_default", "sequence_len": 1024, "train_on_inputs": False,
                       "datasets": [entry]})
    strategy = load(theirs, cfg, ds_cfg=DictDefault(entry))
    count = 0
    for file in files:
        for row in load_dataset("json", data_files=file, split="train"):
            expected = strategy.tokenize_prompt(row)
            found = label_row(ours, row["instruction"], row["command"])
            assert expected["input_ids"] == found.input_ids, row
            assert expected["labels"] == found.labels, row
            count += 1
    return count

if __name__ == "__main__":
    main()
"""


def test_axolotl_trains_exactly_the_tokens_that_we_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("axolotl")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(REPOSITORY / "configs")
    config = make_tokenizer(tmp_path / "tok") / "tokenizer_config.json"
    config.write_text(config.read_text().replace("{", '{"tokenizer_class": "PreTrainedTokenizerFast", ', 1))
    mistral = make_tokenizer(tmp_path / "mistral", "mistral", ("</s>", "<s>", "[INST]", "[/INST]"))
    names = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>"}
    settings = json.loads((mistral / "tokenizer_config.json").read_text())
    (mistral / "tokenizer_config.json").write_text(json.dumps({**settings, **names}))
    odd = [
        {"instruction": "Zähle die Zeilen in „é.txt“, then stop", "command": "wc -l 'é.txt'"},
        {"instruction": "Print a\ttab and\na newline", "command": r"printf 'a\tb\n'"},
        {"instruction": "print the text assistant", "command": "echo assistant"},
    ]
    write_rows(tmp_path / "rows.jsonl", [*pairs(60), *odd])
    assert prepare("--source", "rows.jsonl", "--off", "lint") == 0
    (tmp_path / "compare.py").write_text(PROGRAM)
    files = [f"data/processed/{name}.jsonl" for name in ("train", "val", "test", "train_smoke")]
    environment = {
        **os.environ, "PYTHONPATH": str(REPOSITORY), "HF_HUB_OFFLINE": "1", "AXOLOTL_DO_NOT_TRACK": "1",
        "HF_HOME": str(tmp_path / "hf"),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "compare.py", *files],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout.split("equal rows:")[1]) >= 2 * 63
