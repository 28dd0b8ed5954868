"""Chat formats of 36 families: Axolotl's tokens and labels are ours, and begin with the prompt of generation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chat.families import FAMILIES
from tests.cli.test_prepare import make_tokenizer

pytestmark = pytest.mark.e2e
REPOSITORY = Path(__file__).parents[2]

# A process of its own: Axolotl takes seconds to import and sets global state.
PROGRAM = """
import sys
from pathlib import Path

ROWS = [("list files", "ls -l"), ("Zähle „é“", "wc -l 'é.txt'"), ("say assistant", "echo assistant user model")]

def main():
    for name in sys.argv[1:]:
        try:
            compare(Path(name))
            print("equal:", name)
        except AssertionError as error:
            print("differs:", name, error)

def compare(folder):
    from axolotl.prompt_strategies.chat_template import load
    from axolotl.prompt_strategies.input_output import load as load_segments
    from axolotl.utils.dict import DictDefault
    from transformers import AutoTokenizer
    from cli_tuner.backends.hf_tokenizer import HfTokenizer
    from cli_tuner.chat.conversation import label_chat
    from cli_tuner.chat.labels import label_row, prompt_ids, style_of
    from cli_tuner.chat.messages import prompt_messages, training_messages
    from cli_tuner.chat.passage import label_passage

    theirs, ours = AutoTokenizer.from_pretrained(str(folder)), HfTokenizer(folder)
    style = style_of(ours)
    entry = {"path": "x", "type": "chat_template", "field_messages": "messages", "roles_to_train": ["assistant"],
             "train_on_eos": "turn"}
    keys = {"chat_template": "tokenizer_default", "sequence_len": 4096, "train_on_inputs": False, "datasets": [entry]}
    if style.own_end:
        keys["eot_tokens"] = [style.end]
    if style.arguments:
        keys["chat_template_kwargs"] = dict(style.arguments)
    strategy = load(theirs, DictDefault(keys), ds_cfg=DictDefault(entry))
    for instruction, command in ROWS:
        expected = strategy.tokenize_prompt({"messages": style.row(training_messages(instruction, command))})
        found = label_row(ours, instruction, command)
        assert expected["input_ids"] == found.input_ids, (folder, instruction)
        assert expected["labels"] == found.labels, (str(folder), instruction, [
            (token, a, b) for token, a, b in zip(theirs.convert_ids_to_tokens(found.input_ids), expected["labels"],
                                                 found.labels) if a != b])
        asked = sent(theirs, prompt_messages(instruction))
        assert asked == prompt_ids(ours, instruction) == found.input_ids[: len(asked)], (folder, instruction)

    chat = style.row([*prompt_messages("one"), {"role": "assistant", "content": "first answer"},
                      {"role": "user", "content": "two"}, {"role": "assistant", "content": "second answer"}])
    expected, found = strategy.tokenize_prompt({"messages": chat}), label_chat(ours, chat[: 5 - style.fold_system])
    assert expected["input_ids"] == found.input_ids and expected["labels"] == found.labels, (str(folder), "chat", [
        (token, a, b) for token, a, b in zip(theirs.convert_ids_to_tokens(found.input_ids), expected["labels"],
                                             found.labels) if a != b])

    plain = [*prompt_messages("one"), {"role": "assistant", "content": "first answer"},
             {"role": "user", "content": "which nobody answers"}]
    if not folder.name.startswith("qwen3"):  # those think before the very last answer only, and are refused
        expected, found = strategy.tokenize_prompt({"messages": style.row(plain)}), label_chat(ours, plain)
        assert expected["input_ids"] == found.input_ids and expected["labels"] == found.labels, (str(folder), "open")

    segments = [{"label": False, "text": "what was read before "}, {"label": True, "text": "and what is new."},
                {"label": True, "text": theirs.eos_token}]
    expected = load_segments(theirs, DictDefault(keys)).tokenize_prompt({"segments": segments})
    found = label_passage(ours, segments)
    assert expected["input_ids"] == found.input_ids and expected["labels"] == found.labels, (str(folder), "passage")

    entry["message_field_training"] = "train"
    strategy = load(theirs, DictDefault(keys), ds_cfg=DictDefault(entry))
    chat = [{**turn, "train": False} if turn["content"] == "first answer" else turn for turn in chat]
    expected, found = strategy.tokenize_prompt({"messages": chat}), label_chat(ours, chat[: 5 - style.fold_system])
    assert expected["input_ids"] == found.input_ids and expected["labels"] == found.labels, (str(folder), "last answer")
    assert "second answer" in ours.decode(found.trained_ids) and "first" not in ours.decode(found.trained_ids)

def sent(tokenizer, chat):
    from types import SimpleNamespace
    from cli_tuner.backends.hf_generate import Decoding, BatchGenerator
    model = SimpleNamespace(generation_config=SimpleNamespace(eos_token_id=tokenizer.eos_token_id))
    return BatchGenerator(model, tokenizer, Decoding(), None).render(chat)

if __name__ == "__main__":
    main()
"""


def test_axolotl_trains_the_tokens_that_we_label_in_every_family(tmp_path: Path) -> None:
    pytest.importorskip("axolotl")
    for family in FAMILIES:
        special = tuple(dict.fromkeys([family.eos, family.bos, *family.controls]))
        folder = make_tokenizer(tmp_path / family.name, special=special)
        settings = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": family.eos,
            "bos_token": family.bos,
            "chat_template": family.template,
        }
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (tmp_path / "compare.py").write_text(PROGRAM)
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "HF_HUB_OFFLINE": "1",
        "AXOLOTL_DO_NOT_TRACK": "1",
        "HF_HOME": str(tmp_path / "hf"),
    }
    done = subprocess.run(
        [sys.executable, "compare.py", *(family.name for family in FAMILIES)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "differs:" not in done.stdout, done.stdout[-3000:]
    assert done.stdout.count("equal:") == len(FAMILIES)
