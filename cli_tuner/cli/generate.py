"""`cli-tuner generate`: ask the model for one command, and see it only when it was judged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli_tuner.errors import CliTunerError

HELP = """Ask the model for one Bash command. Every answer is judged before it is shown; nothing is ever run.

A SAFE command goes to stdout as it is. One that needs a REVIEW is asked about at a terminal; without one it is
printed as a comment, so that no shell runs it. A DANGEROUS one is withheld; --show-blocked prints it as a comment.

Exits 0 when all are shown, 5 when one waits for a review, 1 when one was withheld, refused or missing.

Examples:

  cli-tuner generate "list all pdf files"

  cli-tuner generate -i --checkpoint-dir models/checkpoints/smoke

  cli-tuner generate - --json < requests.txt

  cli-tuner generate "remove the build folder" --audit audit.jsonl
"""


def generate(
    request: Annotated[
        str | None, typer.Argument(help="What to do, in words, or `-` for one request a line.", show_default=False)
    ] = None,
    interactive: Annotated[bool, typer.Option("-i", "--interactive", help="Ask again and again.")] = False,
    checkpoint_dir: Annotated[
        Path | None, typer.Option(help="A checkpoint or merged model.  [default: of the newest run]")
    ] = None,
    profile: Annotated[str, typer.Option(help="default, ops, strict, or one of the policy.")] = "default",
    policy: Annotated[Path | None, typer.Option(help="A policy file, such as configs/safety.yaml.")] = None,
    show_blocked: Annotated[bool, typer.Option("--show-blocked", help="Print a DANGEROUS command, marked.")] = False,
    audit: Annotated[Path | None, typer.Option(help="Append every decision to this JSONL file, as digests.")] = None,
    audit_text: Annotated[bool, typer.Option("--audit-text", help="Keep the texts in it as well.")] = False,
    max_new_tokens: Annotated[int, typer.Option(min=1, max=4096, help="Longest completion, in tokens.")] = 128,
    load_in_4bit: Annotated[bool | None, typer.Option(help="Quantise to NF4.  [default: as it was trained]")] = None,
    allow_cpu: Annotated[bool, typer.Option("--allow-cpu", help="Run a large model without a GPU.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a request, in input order.")] = False,
) -> int:
    """Ask for one command."""
    from cli_tuner.backends.hf_generate import Decoding
    from cli_tuner.cli import generate_report, generate_requests, models
    from cli_tuner.generate.audit import AuditLog
    from cli_tuner.generate.ingress import Limits
    from cli_tuner.generate.session import Action, ask
    from cli_tuner.safety.policy import load_policy

    if interactive == (request is not None):
        raise CliTunerError("give one request, `-`, or -i", hint='cli-tuner generate "list all pdf files"')
    rules = load_policy(policy, profile)
    decoding = Decoding(max_new_tokens)
    opened = models.open_model(checkpoint_dir, load_in_4bit=load_in_4bit, allow_cpu=allow_cpu, decoding=decoding)
    log = AuditLog(audit, with_text=audit_text, model=opened.facts) if audit else None
    confirm = generate_report.confirmer(as_json=json)
    done: list[Action] = []
    for chunk in generate_requests.requests(request):
        answers = ask(opened.generator, chunk, opened.tokenizer, rules, Limits())
        done += generate_report.deliver(answers, confirm, log, as_json=json, show_blocked=show_blocked)
    return generate_report.exit_code(done)
