"""`cli-tuner serve`: the guarded model behind an OpenAI-compatible address."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HELP = """Serve the model at an OpenAI-compatible address. Every answer is judged before its first byte is sent.

A SAFE command is the message. One that needs a REVIEW comes as a comment, which no shell runs. A DANGEROUS one is
withheld: the finish reason is `content_filter`. Streams are held until judged. Listens on this machine only; any
other --host needs an API key in the variable CLI_TUNER_SERVE_TOKEN. docs/serve.md has limits and metrics.

Examples:

  cli-tuner serve --checkpoint-dir models/checkpoints/smoke

  CLI_TUNER_SERVE_TOKEN=… cli-tuner serve --host 0.0.0.0 --checkpoint-dir models/merged

  cli-tuner serve --upstream http://127.0.0.1:8000/v1 --tokenizer models/merged --port 8001
"""


def serve(
    checkpoint_dir: Annotated[
        Path | None, typer.Option(help="A checkpoint or merged model.  [default: of the newest run]")
    ] = None,
    upstream: Annotated[str | None, typer.Option(metavar="URL", help="Guard this server instead, up to /v1.")] = None,
    upstream_model: Annotated[str, typer.Option(help="Its name there.  [default: the only one]")] = "",
    tokenizer: Annotated[Path | None, typer.Option(help="With --upstream: the model's folder here.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    name: Annotated[str | None, typer.Option(help="What clients call the model.  [default: its folder's name]")] = None,
    profile: Annotated[str, typer.Option(help="default, ops, strict, or one of the policy.")] = "default",
    policy: Annotated[Path | None, typer.Option(help="A policy file, such as configs/safety.yaml.")] = None,
    audit: Annotated[Path | None, typer.Option(help="Append every decision to this JSONL file, as digests.")] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, max=4096, help="Longest completion, in tokens.")] = 128,
    max_prompt_tokens: Annotated[int, typer.Option(min=1, help="Longest message, in tokens.")] = 1024,
    max_body_bytes: Annotated[int, typer.Option(min=256, help="Largest request.")] = 65536,
    max_waiting: Annotated[int, typer.Option(min=1, help="Requests under way; more get 503.")] = 512,
    rate: Annotated[int, typer.Option(min=0, help="Requests a minute and client; 0 for no limit.")] = 600,
    timeout_s: Annotated[float, typer.Option(min=0.1, help="Longest wait for an answer, in seconds.")] = 120.0,
    body_timeout_s: Annotated[float, typer.Option(min=0.1, help="Longest wait for a request to arrive.")] = 10.0,
    batch_size: Annotated[int, typer.Option(min=1, max=1024, help="Requests that are answered together.")] = 16,
    load_in_4bit: Annotated[bool | None, typer.Option(help="Quantise to NF4.  [default: as it was trained]")] = None,
    allow_cpu: Annotated[bool, typer.Option("--allow-cpu", help="Run a large model without a GPU.")] = False,
) -> None:
    """Serve the model."""
    from cli_tuner.backends.hf_generate import Decoding
    from cli_tuner.backends.server_gate import Limits
    from cli_tuner.cli import models, serving
    from cli_tuner.generate.ingress import Limits as PromptLimits
    from cli_tuner.safety.policy import load_policy

    token = serving.token_for(host)
    rules = load_policy(policy, profile)
    decoding = Decoding(max_new_tokens, batch_size=batch_size)
    if upstream:
        opened = models.open_upstream(upstream, upstream_model, tokenizer, decoding)
    else:
        opened = models.open_model(checkpoint_dir, load_in_4bit=load_in_4bit, allow_cpu=allow_cpu, decoding=decoding)
    limits = Limits(max_body_bytes, body_timeout_s, timeout_s, rate, max_waiting, max_new_tokens)
    prompts = PromptLimits(max_chars=max_body_bytes, max_tokens=max_prompt_tokens)
    service = serving.service(opened, name, rules, prompts, audit, batch_size)
    serving.run(service, limits, host=host, port=port, token=token)
