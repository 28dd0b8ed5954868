"""Batched generation against the one-at-a-time loop: the same prompts, greedy, float32, one thread.

One line runs it: `python benchmarks/generation.py`. Sides alternate within one process; the ratio is what counts.
Prints prompts/s of both sides, their ratio, and whether all completions are equal token for token.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from cli_tuner.backends.hf_generate import BatchGenerator, Decoding
from cli_tuner.backends.tiny_base import FOLDER, ensure
from cli_tuner.chat.messages import prompt_messages
from cli_tuner.files import read_jsonl

SHAPES = {
    "tiny": None,
    "0.1B": {"hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 12},
    "0.5B": {"hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24, "num_attention_heads": 14},
}
BATCH = {"tiny": 64, "0.1B": 16, "0.5B": 16}
VOCABULARY = {"0.1B": 32_000, "0.5B": 151_936}


def load(name: str, folder: Path) -> tuple[Any, Any]:
    """Return a random Qwen2 of the named shape, and the tiny tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen2Config

    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    if not (shape := SHAPES[name]):
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval(), tokenizer
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=VOCABULARY[name], num_key_value_heads=2, tie_word_embeddings=True,
        max_position_embeddings=2048, **shape,
    )  # fmt: skip
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval(), tokenizer


def seconds(generator: BatchGenerator, chats: list[Any]) -> tuple[float, list[Any]]:
    """Answer all chats; return how long it took and the completions."""
    start = time.perf_counter()
    answers = generator.generate(chats)
    return time.perf_counter() - start, answers


def main() -> None:
    """Measure each shape in alternating rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=list(SHAPES), action="append")
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--new-tokens", type=int, default=32)
    parser.add_argument("--batch-size", type=int, help="default: 64 for the tiny shape, 16 for the others")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    import torch

    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as temporary:
        folder = FOLDER if FOLDER.is_dir() else Path(temporary) / "tiny"
        ensure(folder)
        files = sorted(Path("data/samples").glob("template_*.jsonl"))
        rows = [row for file in files for row in read_jsonl(file)]
        asked = [row["instruction"] for row in rows][:: max(1, len(rows) // args.prompts)]
        chats = [prompt_messages(text) for text in asked[: args.prompts]]
        for name in args.shape or ["tiny", "0.1B"]:
            measure(name, folder, chats, args)


def measure(name: str, folder: Path, chats: list[Any], args: argparse.Namespace) -> None:
    """Print one line: the loop, the batches, their ratio."""
    from contextlib import nullcontext

    model, tokenizer = load(name, folder)
    wide = args.batch_size or BATCH[name]
    model.generation_config.eos_token_id = None  # both sides write every token that they may
    one, many = (
        BatchGenerator(model, tokenizer, Decoding(args.new_tokens, batch_size=size), nullcontext) for size in (1, wide)
    )
    seconds(many, chats[:2])
    ratios, slow, fast = [], [], []
    equal = True
    for _ in range(args.rounds):
        loop_s, loop = seconds(one, chats)
        batch_s, batch = seconds(many, chats)
        equal &= loop == batch
        ratios.append(loop_s / batch_s)
        slow.append(len(chats) / loop_s)
        fast.append(len(chats) / batch_s)
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    print(
        f"{name:5} {millions:6.1f} M  loop {statistics.median(slow):6.2f} prompts/s  "
        f"batch of {wide} {statistics.median(fast):7.2f} prompts/s  "
        f"ratio {statistics.median(ratios):5.2f}x ({min(ratios):.2f}-{max(ratios):.2f})  equal: {equal}"
    )


if __name__ == "__main__":
    main()
