"""`cli-tuner why`: what a run's records say of how it went, down to the rows of a spike."""

from __future__ import annotations

from typing import Annotated

import typer

from cli_tuner.cli import console, options

HELP = """Say why a run went as it did: how it ended, where time went, what differs, and which rows cost most.

Recorded facts only. Every row of every step was kept with its loss, in packed, resumed and multi-process runs too.
`--step` shows the rows of one step, their trained tokens coloured. `--prove` trains from the last checkpoint before
that step twice, once as it was and once with the rows masked that stand out (or, if none does, cost most), and shows
whether the spike goes; the run itself is not touched.

Examples:

  cli-tuner why latest

  cli-tuner why latest --rows 50 --json

  cli-tuner why 20261125-141446-smoke-819d --step 7

  cli-tuner why 20261125-141446-smoke-819d --step 7 --prove
"""


def why(
    run_id: Annotated[str, typer.Argument(help="A run id, or `latest`.")] = "latest",
    step: Annotated[int | None, typer.Option(min=1, help="Show the rows of this step.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="How many rows to show.")] = 25,
    prove: Annotated[
        bool, typer.Option("--prove", help="Train again up to that step, with and without its costliest rows.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Say why a run went as it did."""
    from cli_tuner.cli.why_report import named_rows, show_facts, show_proof, show_rows
    from cli_tuner.errors import ConfigError
    from cli_tuner.runs.layout import find_run
    from cli_tuner.runs.rows import read
    from cli_tuner.runs.why import costly, facts, suspects

    if prove and step is None:
        raise ConfigError("--prove needs a step", hint="`cli-tuner why RUN` names the steps that stood out")
    run = find_run(run_id)
    ranked = costly(read(run.path), step)
    known, named, proof = facts(run), named_rows(run, ranked[:rows]), None
    if prove and step is not None:
        from cli_tuner.train.proof import prove as proved

        proof = proved(run, step, suspects(ranked[:rows]), console.say)
    if json:
        found = {**known, "step": step, "rows": named}
        console.emit_json({**found, "proof": proof} if proof else found)
        return
    if step is None:
        show_facts(known)
    show_rows(named, step)
    if proof:
        show_proof(proof)
