"""What makes a release load elsewhere: its base by an id that everybody can ask for, and the code that does it.

The law: an adapter that names a folder of this machine never leaves. What names it is rewritten, and the record says
what was rewritten and from which bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tuner.errors import CheckpointError, CliTunerError
from cli_tuner.files import dump_json, read_json, sha256_text
from cli_tuner.provenance.manifest import RECORD_NAME
from cli_tuner.release.contents import Contents
from cli_tuner.release.local_paths import portable

_ID = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*)(?:@([0-9a-f]{40}))?")
_CONFIG = "adapter_config.json"
_PORTABLE = (".json", ".yaml", ".md")


@dataclass(frozen=True, slots=True)
class Base:
    """The base model as a stranger asks for it.

    Attributes:
        id: `owner/name` on the hub; None where only this machine has it.
        revision: The commit; None where nobody recorded one.
        local: The folder that the training names, where it was one.
    """

    id: str | None
    revision: str | None
    local: str | None = None


def public_base(training: Mapping[str, Any], base_id: str | None) -> Base:
    """Return how a stranger names the base model of a training.

    Args:
        training: The training's record.
        base_id: `owner/name` or `owner/name@commit`, as the user says; it wins over what was recorded.

    Raises:
        CliTunerError: `base_id` is no such id.
    """
    known = training.get("base_model") or {}
    name, revision = known.get("name"), known.get("revision")
    if base_id is not None:
        match = _ID.fullmatch(base_id)
        if match is None:
            raise CliTunerError(f"--base-id {base_id}: is no id", hint="--base-id owner/name, or owner/name@COMMIT")
        same = match[1] == name
        return Base(match[1], match[2] or (revision if same else None), None if same else name)
    if not isinstance(name, str):
        return Base(None, None)
    on_hub = _ID.fullmatch(name) and (revision or (known.get("digests") is None and not Path(name).is_dir()))
    return Base(name, revision) if on_hub else Base(None, None, name)


def base_fault(contents: Contents, base: Base) -> str:
    """Return why nobody else could load a release, or an empty string; a whole model needs no base."""
    if contents.is_merged or base.id:
        return ""
    return (
        f"its base model, {base.local or 'which nobody recorded'}, is not on the hub: nobody else could load it; "
        "--base-id owner/name says where the same files are"
    )


def rewritten(contents: Contents, base: Base) -> dict[str, str]:
    """Return the files that leave with another content than they have here: base and paths as strangers know them.

    Raises:
        CheckpointError: The adapter's config cannot be read.
    """
    texts = {
        name: moved
        for name, path in contents.files.items()
        if name.endswith(_PORTABLE) and (text := path.read_text("utf-8", "replace")) != (moved := portable(name, text))
    }
    if contents.is_merged or not base.id or _CONFIG not in contents.files:
        return texts
    config = read_json(contents.files[_CONFIG])
    if not isinstance(config, dict):
        raise CheckpointError(f"{contents.files[_CONFIG]}: is no adapter config", hint="train again")
    named = {"base_model_name_or_path": base.id, "revision": base.revision or config.get("revision")}
    if {**config, **named} == config:
        return texts
    text = dump_json({**config, **named})
    subjects = contents.record["subjects"]
    record = {
        **contents.record,
        "base_model": {**contents.record.get("base_model", {}), "id": base.id},
        "subjects": {**subjects, _CONFIG: sha256_text(text)},
        "rewritten": {_CONFIG: {"sha256_before": subjects.get(_CONFIG), "keys": sorted(named)}},
    }
    return {**texts, _CONFIG: text, RECORD_NAME: portable(RECORD_NAME, dump_json(record))}


def usage(repo: str, base: Base, *, is_merged: bool, system_prompt: str | None) -> str:
    """Return the section of the card that loads the release and asks it once; it is run as it stands by a test."""
    revision = f', revision="{base.revision}"' if base.revision else ""
    load = (
        [f'model = AutoModelForCausalLM.from_pretrained("{repo}", dtype="auto")']
        if is_merged
        else [
            f'base = AutoModelForCausalLM.from_pretrained("{base.id}"{revision}, dtype="auto")',
            f'model = PeftModel.from_pretrained(base, "{repo}")',
        ]
    )
    system = [f'    {{"role": "system", "content": {dump_json(system_prompt).strip()}}},'] if system_prompt else []
    return "\n".join(
        [
            "## How to use",
            "",
            "```python",
            *([] if is_merged else ["from peft import PeftModel"]),
            "from transformers import AutoModelForCausalLM, AutoTokenizer",
            "",
            *load,
            f'tokenizer = AutoTokenizer.from_pretrained("{repo}")',
            "messages = [",
            *system,
            '    {"role": "user", "content": "list all files, hidden ones too"},',
            "]",
            'inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", '
            "return_dict=True)",
            "output = model.generate(**inputs, max_new_tokens=64, do_sample=False)",
            'print(tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))',
            "```",
            "",
            "The chat template of the tokenizer is the one that was trained.",
            "**Never run an answer unread.** The model is not trusted: pass what it says to `cli-tuner check` first.",
            "",
            "To check every byte and where it comes from: `cli-tuner verify FOLDER --key SIGNER.pub`, or "
            "`python verify_release.py FOLDER --key SIGNER.pub`, with a key from a source that you trust.",
            "",
        ]
    )
