"""Tells someone that a training has ended: a command or a webhook that the config names.

The law: however it goes, neither the run nor its exit code changes; what goes wrong is a warning. `text` is the one
line that chats such as Slack and Mattermost show.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress

from cli_tuner.config.secrets import redacted_text
from cli_tuner.config.sections import Notify
from cli_tuner.errors import DataError
from cli_tuner.files import read_json
from cli_tuner.process import feed
from cli_tuner.runs.layout import RunDir
from cli_tuner.runs.progress import Course, Tail

_COMMAND_S, _POST_S = 60.0, 10.0


def missing(settings: Notify) -> str:
    """Return why nobody could be told, to be said before a training starts; empty where somebody can."""
    if settings.webhook_env and not os.environ.get(settings.webhook_env):
        return f"cli_tuner.notify.webhook_env: {settings.webhook_env} is not set: nobody will be told at the end"
    return ""


def notify(settings: Notify, run: RunDir, say: Callable[[str], None]) -> None:
    """Tell how a run has ended.

    Args:
        settings: Whom to tell.
        run: The run; its record says how it ended.
        say: Hears what went wrong.
    """
    if not settings.command and not settings.webhook_env:
        return
    document = json.dumps(message(run))
    if settings.command and (why := feed(settings.command, document, timeout_s=_COMMAND_S)):
        say(f"warning: cli_tuner.notify.command: {why}")
    if settings.webhook_env and (why := _post(os.environ.get(settings.webhook_env, ""), document)):
        say(f"warning: cli_tuner.notify.webhook_env: {settings.webhook_env}: {why}")


def message(run: RunDir) -> dict[str, object]:
    """Return what is told."""
    record: dict[str, object] = {}
    with suppress(DataError):
        record = read_json(run.record)
    course = Course(Tail(run.metrics).lines())
    state, why = str(record.get("state") or "unknown"), redacted_text(str(record.get("fault") or ""))
    text = f"{run.run_id}: {state}, {course.text()}" + (f": {why}" if why else "")
    return {
        "text": text,
        "run_id": run.run_id,
        "state": state,
        "why": why,
        "step": course.step,
        "max_steps": course.max_steps,
        "loss": course.losses[-1] if course.losses else None,
        "started": record.get("started"),
        "ended": record.get("ended"),
    }


def _post(address: str, document: str) -> str:
    """Post the document; return what went wrong, without the address, which is a secret."""
    if not address.startswith(("https://", "http://")):
        return "is not set, or holds no address"
    try:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(address, document.encode(), headers, method="POST")  # noqa: S310  (checked above)
        with urllib.request.urlopen(request, timeout=_POST_S):  # noqa: S310
            return ""
    except urllib.error.HTTPError as error:
        return f"the server answered {error.code}"
    except urllib.error.URLError as error:
        return f"cannot be reached: {error.reason}"
    except (OSError, ValueError) as error:
        return f"cannot be reached: {type(error).__name__}"
