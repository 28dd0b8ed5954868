"""How `cli-tuner why` shows what it found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

import yaml

from cli_tuner.cli import console
from cli_tuner.errors import CliTunerError
from cli_tuner.prepare.preview import paint
from cli_tuner.runs.layout import RunDir
from cli_tuner.runs.why import Costly, Why
from cli_tuner.train.proof import Proof


class Cut(TypedDict):
    """A piece of a row's text."""

    text: str
    trained: bool


class NamedRow(TypedDict):
    """What is known of one row; lines and text only where the prepared rows are still there."""

    row: str
    step: int
    loss: float
    typical_loss: float
    stands_out: bool
    trained_tokens: int
    times_seen: int
    loss_is_the_micro_batchs: bool
    lines: list[str]
    text: list[Cut]


def named_rows(run: RunDir, ranked: Sequence[Costly]) -> list[NamedRow]:
    """Return what is known of each row, its text and lines where the prepared rows are still there."""
    texts: dict[int, Any] = {}
    try:
        from cli_tuner.backends.hf_rows import find_rows
        from cli_tuner.backends.hf_tokenizer import load_tokenizer

        config = yaml.safe_load(run.config.read_text(encoding="utf-8"))
        decode = load_tokenizer(str(config.get("tokenizer_config") or config["base_model"])).decode
        texts = find_rows(config, {one.record.row for one in ranked}, decode) if ranked else {}
    except (CliTunerError, OSError, KeyError, ValueError) as error:
        console.say(f"the rows are shown by name alone: {error}")
    return [_row(one, texts.get(one.record.row)) for one in ranked]


def _row(one: Costly, text: Any) -> NamedRow:
    return {
        "row": f"{one.record.row:016x}",
        "step": one.record.step,
        "loss": one.record.loss,
        "typical_loss": one.typical,
        "stands_out": one.stands_out,
        "trained_tokens": one.record.n_tokens,
        "times_seen": one.times,
        "loss_is_the_micro_batchs": one.record.shared,
        "lines": text.lines if text else [],
        "text": [{"text": part, "trained": trained} for part, trained in text.parts] if text else [],
    }


def show_facts(found: Why) -> None:
    """Print how the run went."""
    lines: list[tuple[str, str]] = [("ended", f"{found['state']}: {found['why']}"), ("steps", str(found["steps"]))]
    lines += [(f"attempt {n}", f"{one['state']} {one.get('why') or ''}") for n, one in enumerate(found["attempts"], 1)]
    lines += [("time", f"{seconds:.0f} s {state}") for state, seconds in found["seconds"].items()]
    lines += [("speed", f"{found['tokens_per_s']:.0f} tokens/s a process")] if found["tokens_per_s"] else []
    lines += [("GPU memory", f"peak {found['peak_gib']:.2f} GiB")] if found["peak_gib"] else []
    lines += [("warning", text) for text in found["warnings"]]
    lines += [
        ("spike", f"step {one['step']}: {one['what']} {one['value']:.4g} after {one['before']:.4g}")
        for one in found["spikes"]
    ]
    if found["compared_with"]:
        lines.append(("compared with", found["compared_with"]))
        lines += [("differs", text) for text in found["differs"]] or [("differs", "nothing that is recorded")]
    console.table(f"Run {found['run_id']}", ("what", "recorded"), lines)


def show_rows(rows: Sequence[NamedRow], step: int | None) -> None:
    """Print rows and, for one step, their text: trained tokens green on a terminal, else between ⟦ and ⟧."""
    if not rows:
        console.say("no losses of rows are recorded of this" + (" step" if step else " run"))
        return
    shown = [
        (one["step"], f"{one['loss']:.3f}", f"{one['typical_loss']:.3f}", one["trained_tokens"], _where(one))
        for one in rows
    ]
    title = f"Rows of step {step}" if step else "Rows that cost most"
    console.table(title, ("step", "loss", "around it", "trained tokens", "row"), shown)
    for one in rows if step else ():
        text = paint([(part["text"], part["trained"]) for part in one["text"]], colour=console.colours())
        console.emit(f"{_where(one)}{'  STANDS OUT' if one['stands_out'] else ''}\n{text.strip()}\n")


def _where(one: NamedRow) -> str:
    return ", ".join(one["lines"][:3]) or str(one["row"])


def show_proof(proof: Proof) -> None:
    """Print the steps as recorded, trained again, and without the rows."""

    def number(values: dict[str, float], key: str) -> str:
        return f"{values[key]:.4f}" if key in values else "-"

    shown = [
        (one["step"], what, *(number(one[name], key) for name in ("recorded", "again", "without")))
        for one in proof["steps"]
        for what, key in (("loss", "loss"), ("gradient norm", "grad_norm"))
    ]
    console.table(f"Without {proof['left_out']} rows", ("step", "what", "recorded", "again", "without"), shown)
    start = Path(proof["checkpoint"]).name if proof["checkpoint"] else "step 0"
    same = "the recorded numbers again, exactly" if proof["exact"] else "OTHER numbers than were recorded"
    console.say(f"from {start}: {same}")
    gone = {True: "the spike is gone without these rows", False: "the spike stays without these rows"}
    console.say("no spike is recorded at this step" if proof["gone"] is None else gone[proof["gone"]])
