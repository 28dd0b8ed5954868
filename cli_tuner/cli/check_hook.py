"""`cli-tuner check --hook FORMAT`: read a host's JSON on stdin, answer in its own words.

The law: fails closed. Input that cannot be read ends with exit code 2, which all three hosts take for "blocked". A SAFE
command gets no answer, so that the host's own rules still hold. Formats: the hooks references of Claude Code
(PreToolUse), Codex (PreToolUse) and Gemini CLI (BeforeTool).
"""

from __future__ import annotations

import json
from enum import Enum
from typing import TYPE_CHECKING

from cli_tuner.errors import DataError

if TYPE_CHECKING:
    from cli_tuner.safety.policy import Policy
    from cli_tuner.safety.verdict import Verdict


class Hook(str, Enum):
    """The host that asks."""

    CLAUDE = "claude"
    CODEX = "codex"
    GEMINI = "gemini"


def answer(text: bytes, host: Hook, policy: Policy) -> dict[str, object] | None:
    """Return what the host is told about the command in `text`; `None` where there is nothing to object to.

    Raises:
        DataError: `text` is not the JSON of a tool call.
    """
    from cli_tuner.safety.analyze import analyze
    from cli_tuner.safety.verdict import Level

    command = _command(text)
    verdict = analyze(command, policy) if command is not None else None
    if verdict is None or verdict.level is Level.SAFE:
        return None
    reason = _reason(verdict)
    dangerous = verdict.level is Level.DANGEROUS
    if host is Hook.GEMINI and dangerous:
        return {"decision": "deny", "reason": reason}
    if not dangerous and host is not Hook.CLAUDE:
        return {"systemMessage": reason}  # these hosts ask the user by rules of their own
    decision = "deny" if dangerous else "ask"
    told = {"hookEventName": "PreToolUse", "permissionDecision": decision, "permissionDecisionReason": reason}
    return {"hookSpecificOutput": told}


def _command(text: bytes) -> str | None:
    hint = "a hook gets one JSON object on stdin, with the command in tool_input.command"
    try:
        call = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"the hook's input is not JSON: {error}", hint=hint) from None
    if not isinstance(call, dict) or not isinstance(call.get("tool_input", {}), dict):
        raise DataError("the hook's input is not a tool call", hint=hint)
    command = call.get("tool_input", {}).get("command")
    if isinstance(command, list):
        import shlex

        command = shlex.join(str(part) for part in command)
    if command is not None and not isinstance(command, str):
        raise DataError("tool_input.command is not text", hint=hint)
    return command


def _reason(verdict: Verdict) -> str:
    shown = [f"{each.rule_id} {each.why} ({each.invocation}); safer: {each.mend}" for each in verdict.findings[:3]]
    return f"{verdict.level.value}: " + " | ".join(shown)
