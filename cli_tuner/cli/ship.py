"""`cli-tuner ship`: may this model be released? One verdict by a policy, and a page that says why."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli_tuner.cli import console, options
from cli_tuner.errors import DataError, ExitCode

if TYPE_CHECKING:
    from cli_tuner.config.ship import ShipPolicy
    from cli_tuner.records.evaluation import PairedRow
    from cli_tuner.release.ship import Check, Evidence
    from cli_tuner.runs.layout import RunDir

HELP = """Decide whether an adapter may be released, by a policy, and write a page that says why.

Asked are: validated and evaluated, of these very bytes; verified back to the sources; no worse than the base and than
the last release beyond chance, by paired intervals; leak-free; licences of data and base known and compatible; no
secret and no place of this machine in any file. What was not recorded does not pass. Exits 0 or 1.

Examples:

  cli-tuner ship --checkpoint-dir models/checkpoints/smoke --base-id me/tiny-base

  cli-tuner ship --checkpoint-dir models/checkpoints/full --policy configs/ship.yaml --json
"""


def ship(
    checkpoint_dir: Annotated[Path, typer.Option(help="Folder that `cli-tuner train` wrote.")],
    policy: Annotated[Path | None, typer.Option(help="A policy; see configs/ship.yaml for the defaults.")] = None,
    base_id: Annotated[str | None, typer.Option(help="Where others find a base that is a folder here.")] = None,
    key: Annotated[Path | None, typer.Option(help="Public key of who signed the run's records.")] = None,
    json: options.Json = False,
) -> int:
    """Decide about a release."""
    from cli_tuner.config.ship import load_policy
    from cli_tuner.files import write_text
    from cli_tuner.records.checks import ShipRecord
    from cli_tuner.release.ship import checks, passed

    asked = load_policy(policy)
    evidence = _evidence(checkpoint_dir, asked, base_id, key)
    found = checks(evidence, asked)
    weights = evidence.record.subjects["adapter_model.safetensors"]
    listed = [asdict(one) for one in found]
    verdict = {"passed": passed(found), "weights": weights, "policy": str(policy) if policy else None, "checks": listed}
    ShipRecord.model_validate(verdict).write(evidence.run / "ship.json")
    page = evidence.run / "ship.html"
    write_text(page, _page(checkpoint_dir, policy, found, passed(found)))
    if json:
        console.emit_json({**verdict, "page": str(page)})
    else:
        console.table(
            f"Ship {checkpoint_dir}", ("question", "answer", "why"), [(c.name, c.state, c.why) for c in found]
        )
        console.say(f"page: {page}")
        failed = ", ".join(one.name for one in found if one.state == "failed")
        console.say(f"may not be shipped: {failed}" if failed else "may be shipped; next: cli-tuner publish … --sign")
    return ExitCode.OK if passed(found) else ExitCode.GATE_FAILED


def _evidence(folder: Path, policy: ShipPolicy, base_id: str | None, key: Path | None) -> Evidence:
    from cli_tuner.cli import publishing
    from cli_tuner.provenance import verifier
    from cli_tuner.provenance.signing import public_key
    from cli_tuner.records.data import DataRecord
    from cli_tuner.records.training import TrainingRecord
    from cli_tuner.release.contents import DATA_RECORD
    from cli_tuner.release.publish import Asked, examined
    from cli_tuner.release.ship import Evidence
    from cli_tuner.runs import walk
    from cli_tuner.runs.layout import RunDir

    contents, training, allowed = publishing.opened(folder)
    if contents.is_merged or contents.run is None:
        raise DataError(
            f"{folder}: is no adapter of a run here", hint="ship the adapter; its merge is proved by itself"
        )
    run = RunDir(contents.run)
    walked = walk.walk_run(run)
    signer = public_key(key) if policy.signed else None
    walk.signed(walked, run.path / verifier.FOLDER, signer, allow_unsigned=not policy.signed)
    request = Asked("owner/name", base_id, publishing.system_prompt(contents))
    data = DataRecord.read(contents.files[DATA_RECORD]) if DATA_RECORD in contents.files else None
    return Evidence(
        run.path, TrainingRecord.parse(training), data, walked.findings,
        [why for why in examined(contents, training, allowed, request)[2] if not why.startswith("gate failed")],
        _last_release(run) if policy.against_last_release else None,
    )  # fmt: skip


def _last_release(run: RunDir) -> tuple[str, list[PairedRow]] | None:
    """Return the run of the newest other release, and what the paired tests say of this one against it."""
    from cli_tuner.evaluate.compare import compare
    from cli_tuner.report.comparison import paired
    from cli_tuner.runs.facts import all_facts
    from cli_tuner.runs.layout import RUNS, RunDir
    from cli_tuner.runs.space import needed

    others = [
        one for one in all_facts() if one["run_id"] in needed(("models/releases",)) and one["run_id"] != run.run_id
    ]
    if not others:
        return None
    last = str(others[-1]["run_id"])
    return last, list(paired(RunDir(RUNS / last), run, compare))


def _page(folder: Path, policy: Path | None, found: list[Check], ok: bool) -> str:
    from cli_tuner.report.templating import asset, environment
    from cli_tuner.report.templating import policy as page_policy

    style = asset("style.css")
    template = environment(html=True).get_template("ship.html.j2")
    return template.render(
        what=str(folder), policy_file=str(policy or "the defaults"), checks=found, passed=ok, style=style, script="",
        policy=page_policy(style),
    )  # fmt: skip
