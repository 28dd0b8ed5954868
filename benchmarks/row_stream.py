"""What keeping the loss of every row costs: training steps with and without it, in turn, in one process.

    python benchmarks/row_stream.py [--steps 200]

The toy base (0.9 M parameters) in float32, one thread, micro batches of 1, 4 and 32 rows of the toy's data, forward and
backward; the collator names the rows, the loss of each is taken from the logits, and each step is written. The smaller
the model, the larger the share. Prints processor time a step of both and the median ratio of the pairs of blocks.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
BLOCK = 10


def features(tokenizer: Any) -> list[dict[str, list[int]]]:
    from cli_tuner.chat.messages import prompt_messages, training_messages

    found = []
    for line in (ROOT / "data/toy/new/rows.jsonl").read_text("utf-8").splitlines()[:320]:
        row = json.loads(line)
        whole = training_messages(row["instruction"], row["command"])
        ids = tokenizer.apply_chat_template(whole, return_dict=False)
        asked = prompt_messages(row["instruction"])
        masked = len(tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=False))
        found.append({"input_ids": ids, "attention_mask": [1] * len(ids), "labels": [-100] * masked + ids[masked:]})
    return found


def stepper(model: Any, collator: Any, rows: Any) -> Callable[[int, list[dict[str, list[int]]]], None]:
    """Return one training step; `rows` keeps the losses, None for a step as it is without us."""

    def step(number: int, batch: list[dict[str, list[int]]]) -> None:
        inputs = collator([dict(row) for row in batch])
        facts = rows.take(inputs) if rows else None
        outputs = model(**inputs)
        if rows:
            rows.note(number, facts, outputs.loss, outputs, inputs["labels"])
        outputs.loss.backward()
        if rows:
            rows.flush()

    return step


def main() -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, DataCollatorForSeq2Seq

    from cli_tuner.backends.training_rows import NamingCollator, RowLog

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=200)
    blocks = parser.parse_args().steps // BLOCK
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(ROOT / "models/toy_base")
    model = AutoModelForCausalLM.from_pretrained(ROOT / "models/toy_base", dtype=torch.float32)
    made, plain = features(tokenizer), DataCollatorForSeq2Seq(tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        without = stepper(model, plain, None)
        kept = stepper(model, NamingCollator(plain), RowLog(Path(folder), 0))
        for size in (1, 4, 32):
            batches = [made[start : start + size] for start in range(0, BLOCK * size, size)]
            seconds: dict[Any, list[float]] = {without: [], kept: []}
            for block in range(blocks + 1):
                for step in (without, kept) if block % 2 else (kept, without):
                    started = time.process_time()
                    for number, batch in enumerate(batches):
                        step(block * BLOCK + number, batch)
                    seconds[step].append((time.process_time() - started) / BLOCK)
            pairs = list(zip(seconds[without][1:], seconds[kept][1:], strict=True))  # the first warms up
            ratio = statistics.median(b / a for a, b in pairs)
            medians = [1000 * statistics.median(side) for side in zip(*pairs, strict=True)]
            print(f"{size} rows: {medians[0]:.2f} ms without, {medians[1]:.2f} ms with; ratio {ratio:.4f}")


if __name__ == "__main__":
    main()
