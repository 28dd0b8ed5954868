"""What `evaluate` shows: base, tuned and the difference with its interval; or one JSON document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cli_tuner.cli import console
from cli_tuner.cli.evaluation_general import show as general_table

_SHOWN = (
    "exact_match", "canonical_match", "execution_match", "template_match", "first_utility_match", "flag_f1",
    "nlc2cmd_ts", "chrf", "command_only_rate", "syntax_valid_rate", "truncated_rate", "empty_rate", "dangerous_rate",
    "invented_option_rate",
)  # fmt: skip


def show(result: dict[str, Any], folder: Path, tracked: dict[str, Any], *, as_json: bool) -> None:
    """Print the tables, or the whole document."""
    if as_json:
        console.emit_json({**result, "wandb": tracked, "run_dir": str(folder)})
        return
    tables(result)
    console.say(f"evaluation: {folder / 'evaluation.json'}; rows: {folder / result['rows']}")
    console.say(f"next: cli-tuner report --run {folder.name}")


def tables(result: dict[str, Any]) -> None:
    """Print base, tuned and the difference of every suite of an evaluation."""
    if "paired" in result:
        _table("Held-out rows, as answered", result, _SHOWN)
        _table("Held-out rows, command taken out", result["extracted"], _SHOWN)
        _leaks(result)
        _executed(result)
    if "intercode" in result:
        _table("InterCode-ALFA, as answered", result["intercode"], _SHOWN)
        _table("InterCode-ALFA, command taken out", result["intercode"]["extracted"], _SHOWN)
        _executed(result["intercode"])
    if "safety" in result:
        safety = result["safety"]
        _table("Red-team prompts", safety, tuple(safety["paired"]))
        if safety["dangerous"]:
            console.say(f"{len(safety['dangerous'])} dangerous completions: see `safety.dangerous` in the report")
    if "general" in result:
        general_table(result["general"])


def show_one(document: dict[str, Any], folder: Path, *, as_json: bool) -> None:
    """Print the metrics of one model by suite, or the whole document."""
    if as_json:
        console.emit_json({**document, "run_dir": str(folder)})
        return
    for name, suite in document["suites"].items():
        taken = suite.get("extracted", {})
        rows = [
            (metric, value["n"], _value(value), _value(taken[metric]) if metric in taken else "-")
            for metric, value in suite["metrics"].items()
            if metric in _SHOWN or not taken
        ]
        console.table(f"{name}, {suite['n']} of {suite['n_of']} prompts", _ONE, rows)
        _executed(suite)
    console.say(f"completions: {folder / 'completions.jsonl'}; rows: {folder / 'evaluation/rows.jsonl'}")


def show_shared(document: dict[str, Any], *, as_json: bool) -> None:
    """Print two runs compared on the prompts that they share."""
    if as_json:
        console.emit_json(document)
        return
    apart = f"{document['only_first']} and {document['only_second']} others were asked of one alone"
    console.say(f"{document['n']} prompts were asked of both; {apart}")
    for name, suite in document["suites"].items():
        _table(f"{name}, as answered (base: {document['runs']['base']})", suite, _SHOWN)
        _table(f"{name}, command taken out", suite["extracted"], _SHOWN)


_ONE = ("metric", "n", "as answered", "command taken out")


def show_comparison(document: dict[str, Any]) -> None:
    """Print the difference of two files of predictions, as answered and as extracted."""
    _table("As answered", document, _SHOWN)
    _table("The command taken out", document["extracted"], _SHOWN)


def show_metrics(document: dict[str, Any]) -> None:
    """Print the metrics of one file of predictions, as answered and as extracted."""
    taken = document["extracted"]["metrics"]
    rows = [
        (name, document["metrics"][name]["n"], _value(document["metrics"][name]), _value(taken[name]))
        for name in _SHOWN
        if name in taken
    ]
    console.table("Predictions", ("metric", "n", "as answered", "command taken out"), rows)


def _table(title: str, part: dict[str, Any], names: tuple[str, ...]) -> None:
    rows = [
        (
            name,
            part["base"][name]["n"],
            _value(part["base"][name]),
            _value(part["tuned"][name]),
            _delta(part["paired"][name]),
        )
        for name in names
        if name in part["paired"]
    ]
    console.table(title, ("metric", "n", "base", "tuned", "difference"), rows)


def _value(metric: dict[str, Any]) -> str:
    if metric["value"] is None:
        return "-"
    if metric["ci_low"] is None:
        return f"{metric['value']:.3f}"
    return f"{metric['value']:.3f}  [{metric['ci_low']:.3f}, {metric['ci_high']:.3f}]"


def _delta(paired: dict[str, Any]) -> str:
    if paired["delta"] is None:
        return "-"
    if paired["ci_low"] is None or paired["p_value"] is None:
        return f"{paired['delta']:+.3f}"
    sure = f"p {paired['p_value']:.2g}" if paired["p_value"] >= 0.0001 else "p < 0.0001"
    return f"{paired['delta']:+.3f}  [{paired['ci_low']:+.3f}, {paired['ci_high']:+.3f}]  {sure}"


def _executed(part: dict[str, Any]) -> None:
    if "execution" in part:
        console.say("executed: " + ", ".join(f"{name} {n}" for name, n in part["execution"]["counts"].items()))


def _leaks(result: dict[str, Any]) -> None:
    data = result["data"]["domain"]
    if data["n_leaked"]:
        share = f"{data['n_leaked']} of {data['n']}"
        console.say(f"warning: {share} prompts are given away by the training rows; see `slices.leaked`")
