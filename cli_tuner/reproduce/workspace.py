"""A folder in which a recorded training can be made again: its config, its recipe of rows, links to what it took.

The laws: what the record pins is compared before anything runs; nothing outside the folder is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from cli_tuner.errors import CliTunerError, DataError
from cli_tuner.files import sha256_file, write_text
from cli_tuner.provenance.base import snapshot
from cli_tuner.provenance.manifest import changed
from cli_tuner.records.data import DataRecord, Source
from cli_tuner.reproduce.original import Original

CONFIG, RECIPE, OUTPUT = Path("reproduce.yaml"), Path("rows.yaml"), Path("models/checkpoints/reproduced")
_TINY = "models/tiny_base"  # built on first use, the same bytes everywhere
_RUN_KEYS = ("run_id", "run_dir")
_PART_KEYS = ("parts", "left_out")


def lay_out(original: Original, into: Path) -> None:
    """Write config and recipe into a new folder, and link what they name.

    Raises:
        CliTunerError: The folder is there already.
        DataError: Something that the training took is not here, or has other bytes; all of it is named.
    """
    if into.exists() and any(into.iterdir()):
        raise CliTunerError(f"{into}: is there already", hint="choose another --into, or remove it")
    faults = [*_sources_that_differ(original.data), *_base_that_differs(original)]
    if faults:
        raise DataError(
            "\n".join(["what it was made from is not here as it was:", *faults]),
            hint="restore the original files below the working folder, then run the same command again",
        )
    into.mkdir(parents=True, exist_ok=True)
    config = trained_config(original)
    write_text(into / CONFIG, yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    named = [str(config.get("base_model"))]
    if original.data is not None:
        write_text(into / RECIPE, yaml.safe_dump(recipe(original.data), sort_keys=False, allow_unicode=True))
        tokenizer = str(original.data.settings.get("tokenizer"))
        named += [*(source.path for source in original.data.sources if source.path), *original.data.exclude, tokenizer]
    else:
        named += list(original.record.materials.data)
    for name in dict.fromkeys(named):
        _link(name, into)


def trained_config(original: Original) -> dict[str, object]:
    """Return the config that was trained, less what belonged to that one run."""
    config = yaml.safe_load(original.record.config.text or "")
    if not isinstance(config, dict):
        raise DataError("the recorded config is not keys and values", hint="the record is damaged")
    own = {key: value for key, value in (config.get("cli_tuner") or {}).items() if key not in _RUN_KEYS}
    prepared = Path(str(config.get("dataset_prepared_path") or "data/processed/.tokenized/x")).parent
    config.pop("resume_from_checkpoint", None)
    return {**config, "output_dir": str(OUTPUT), "dataset_prepared_path": str(prepared), "cli_tuner": own}


def recipe(record: DataRecord) -> dict[str, object]:
    """Return the recipe of rows, with its sources as they were pinned."""
    return {**record.settings, "sources": [_pinned(source) for source in record.sources]}


def _pinned(source: Source) -> dict[str, object]:
    asked = {
        key: value for key, value in source.model_dump(mode="json", exclude_unset=True).items() if key not in _PART_KEYS
    }
    commit = next((part.commit for part in source.parts if part.commit), None)
    return {**asked, **({"revision": commit} if source.hub and commit else {})}


def differing_rows(original: Original, into: Path) -> list[str]:
    """Return the row files that were made again with other bytes."""
    rows = original.record.materials.data
    return [name for name, digest in rows.items() if not (into / name).is_file() or sha256_file(into / name) != digest]


def _sources_that_differ(record: DataRecord | None) -> Iterator[str]:
    files: Mapping[str, str] = {}
    if record is not None:
        files = {
            name: digest for source in record.sources for part in source.parts for name, digest in part.files.items()
        }
        files = {**files, **record.exclude}
    for name, digest in files.items():
        if not Path(name).is_file():
            yield f"{name}: is not here"
        elif sha256_file(Path(name)) != digest:
            yield f"{name}: has other bytes"


def _base_that_differs(original: Original) -> Iterator[str]:
    base = original.record.base_model
    if base.name in (None, _TINY):
        return
    folder = snapshot(str(base.name), base.revision)
    if folder is None:
        yield f"base model {base.name}: is not on this machine"
    else:
        yield from (
            f"base model {base.name}: {name} has other bytes"
            for name in changed(folder, base.digests or {}, links=True)
        )


def _link(name: str, into: Path) -> None:
    """Link a file or folder of the working folder to the same relative place below `into`; hub ids need no link."""
    here, there = Path(name), into / name
    if here.is_absolute() or name == _TINY or not here.exists() or there.exists():
        return
    there.parent.mkdir(parents=True, exist_ok=True)
    there.symlink_to(here.resolve(), target_is_directory=here.is_dir())
