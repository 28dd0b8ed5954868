"""What someone who knows the verifier would try: each is found, and named for what it is; what is no change is none."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from cli_tuner.cli.main import main
from cli_tuner.provenance import verifier

ROOT, TRAIN = "attestations/release.dsse.json", "attestations/train.dsse.json"
WEIGHTS, CARD = "adapter_model.safetensors", "README.md"
Do = Callable[[Path], object]


def instead(name: str, make: Do) -> Do:
    """Put something else in the place of a file."""

    def do(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return do


def link_to(target: str) -> Do:
    return lambda path: path.symlink_to(target)


def with_text(change: Callable[[bytes], bytes], name: str) -> Do:
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def in_envelope(change: Callable[[dict[str, Any]], object], name: str = ROOT) -> Do:
    """Change an envelope and write it in the one form that the verifier takes."""

    def do(folder: Path) -> None:
        envelope = json.loads((folder / name).read_bytes())
        change(envelope)
        (folder / name).write_bytes(verifier.canonical(envelope))

    return do


def in_payload(change: Callable[[dict[str, Any]], object], name: str = ROOT) -> Do:
    def do(envelope: dict[str, Any]) -> None:
        statement = json.loads(base64.b64decode(envelope["payload"]))
        change(statement)
        envelope["payload"] = base64.b64encode(verifier.canonical(statement)).decode()

    return in_envelope(do, name)


def other_half(envelope: dict[str, Any]) -> None:
    """Make the second signature that holds of the same bytes, without the key."""
    r, s = decode_dss_signature(base64.b64decode(envelope["signatures"][0]["sig"]))
    other = encode_dss_signature(r, 2 * verifier.HALF_ORDER + 1 - s)
    envelope["signatures"][0]["sig"] = base64.b64encode(other).decode()


def copied(source: str, target: str) -> Do:
    return lambda folder: shutil.copyfile(folder / source, folder / target)


def renamed(source: str, target: str) -> Do:
    return lambda folder: (folder / source).rename(folder / target)


def written(name: str, text: str = "{}") -> Do:
    def do(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    return do


def without(*names: str) -> Do:
    def do(folder: Path) -> None:
        for name in names:
            shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()

    return do


def named_in_bytes(folder: Path) -> None:
    with open(os.fsencode(folder) + b"/x\xff", "wb"):  # noqa: PTH123  (a name that is no UTF-8)
        pass


def deep(folder: Path) -> None:
    for _ in range(400):
        folder = folder / "d"
        folder.mkdir()


CASES: dict[str, tuple[Do, set[str]]] = {
    "link to other bytes": (instead(CARD, link_to("/etc/passwd")), {f"changed {CARD}"}),
    "link to nothing": (instead(CARD, link_to("/nonexistent/x")), {f"missing {CARD}"}),
    "link to itself": (instead(CARD, link_to(CARD)), {f"missing {CARD}"}),
    "link to a device without end": (instead(CARD, link_to("/dev/zero")), {f"changed {CARD}"}),
    "a pipe": (instead(CARD, os.mkfifo), {f"changed {CARD}"}),
    "a pipe for a statement": (instead(TRAIN, os.mkfifo), {f"changed {TRAIN}"}),
    "a pipe for the release's own": (instead(ROOT, os.mkfifo), {f"changed {ROOT}"}),
    "a folder": (instead(CARD, Path.mkdir), {f"missing {CARD}", f"added {CARD}/"}),
    "a folder for the release's own": (instead(ROOT, Path.mkdir), {f"changed {ROOT}"}),
    "a link beside": (lambda folder: (folder / "zz").symlink_to("/nonexistent"), {"added zz"}),
    "a link to a folder beside": (lambda folder: (folder / "zz").symlink_to("/etc"), {"added zz"}),
    "a pipe beside": (lambda folder: os.mkfifo(folder / "zz"), {"added zz"}),
    "empty folders": (lambda folder: (folder / "zz/y").mkdir(parents=True), {"added zz/y/"}),
    "folders without end": (deep, {"added " + "d/" * 400}),
    "other case": (renamed(CARD, "readme.md"), {f"missing {CARD}", "added readme.md"}),
    "a letter that looks alike": (copied(CARD, "R\u0415ADME.md"), {"added R\u0415ADME.md"}),
    "an accent in two parts": (written("e\u0301.txt"), {"added e\u0301.txt"}),
    "a name of two lines": (written("x\nok: 20 files"), {"added x\nok: 20 files"}),
    "a name that is no text": (named_in_bytes, {"added x\udcff"}),
    "a repository inside": (written("sub/.git/x"), {"added sub/.git/x"}),
    "beside the hub's folder": (written(".cache/other/x"), {"added .cache/other/x"}),
    "looks like a run": (written("run.json"), {"added run.json"}),
    "looks like an export": (written("export.json"), {"added export.json"}),
    "a final newline": (with_text(lambda text: text + b"\n", "tokenizer.json"), {"changed tokenizer.json"}),
    "other line ends": (with_text(lambda text: text.replace(b"\n", b"\r\n"), CARD), {f"changed {CARD}"}),
    "a key twice": (with_text(lambda text: text.replace(b"{", b'{"r": 1,', 1), "adapter_config.json"),
                    {"changed adapter_config.json"}),
    "half the weights": (with_text(lambda weights: weights[: len(weights) // 2], WEIGHTS), {f"changed {WEIGHTS}"}),
    "no weights": (with_text(lambda _: b"", WEIGHTS), {f"changed {WEIGHTS}"}),
    "bytes after the weights": (with_text(lambda weights: weights + bytes(8), WEIGHTS), {f"changed {WEIGHTS}"}),
    "line ends of an envelope": (with_text(lambda text: text.replace(b"\n", b"\r\n"), ROOT), {f"changed {ROOT}"}),
    "a byte order mark": (with_text(lambda text: b"\xef\xbb\xbf" + text, ROOT), {f"changed {ROOT}"}),
    "another encoding": (with_text(lambda text: text.decode().encode("utf-16"), ROOT), {f"changed {ROOT}"}),
    "an envelope's key twice": (with_text(lambda text: text.replace(b"{", b'{"payload": "",', 1), ROOT),
                                {f"changed {ROOT}"}),
    "on one line": (with_text(lambda text: json.dumps(json.loads(text)).encode(), ROOT), {f"changed {ROOT}"}),
    "deeper than a parser goes": (with_text(lambda _: b"[" * 100_000, ROOT), {f"changed {ROOT}"}),
    "a number without end": (with_text(lambda _: b"1" * 10_000, ROOT), {f"changed {ROOT}"}),
    "signed twice": (in_envelope(lambda one: one["signatures"].extend(one["signatures"])), {f"changed {ROOT}"}),
    "signed by none": (in_envelope(lambda one: one["signatures"].clear()), {f"changed {ROOT}"}),
    "the other signature of the same bytes": (in_envelope(other_half), {f"changed {ROOT}"}),
    "another type of payload": (in_envelope(lambda one: one.update(payloadType="text/plain")), {f"changed {ROOT}"}),
    "a key more": (in_envelope(lambda one: one.update(x=1)), {f"changed {ROOT}"}),
    "a name that is a number": (in_payload(lambda one: one["subject"][0].update(name=5)), {f"changed {ROOT}"}),
    "a subject twice": (in_payload(lambda one: one["subject"].extend(one["subject"])), {f"changed {ROOT}"}),
    "no subject": (in_payload(lambda one: one["subject"].clear()), {f"changed {ROOT}"}),
    "the statement of another step": (copied(TRAIN, ROOT), {f"changed {ROOT}"}),
    "of another step, further down": (copied(TRAIN, "attestations/validate.dsse.json"),
                                      {"changed attestations/validate.dsse.json"}),
    "no attestations": (without("attestations"), {f"missing {ROOT}"}),
    "no attestations and no sums": (without("attestations", "SHA256SUMS"), {f"missing {ROOT}"}),
    "another verifier": (written("verify_release.py", "print('ok')"), {"changed verify_release.py"}),
}  # fmt: skip


def relinked(folder: Path) -> None:
    for path in [one for one in folder.rglob("*") if one.is_file()]:
        os.link(path, path.with_name("tmp"))
        path.unlink()
        path.with_name("tmp").rename(path)


def opened(folder: Path) -> None:
    for path in folder.rglob("*"):
        path.chmod(0o777)
        os.utime(path, (0, 0))


UNTOUCHED: dict[str, Do] = {
    "hard links": relinked,
    "permissions and times": opened,
    "the file of a submodule": written(".git", "gitdir: ../.git/modules/x"),
    "a download of the hub": written(".cache/huggingface/download/README.md.metadata"),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_found_and_named_by_both(case: str, world: dict[str, Any], tmp_path: Path) -> None:
    do, expected = CASES[case]
    folder = tmp_path / "release"
    shutil.copytree(world["made"]["adapter"], folder)
    do(folder)
    found = verifier.check(folder, world["signer"].key)
    assert {f"{one.word} {one.name}" for one in found} == expected
    assert world["alone"].check(folder, world["alone_key"]) == found


@pytest.mark.parametrize("case", UNTOUCHED)
def test_it_is_no_change(case: str, world: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "release"
    shutil.copytree(world["made"]["adapter"], folder)
    UNTOUCHED[case](folder)
    assert verifier.check(folder, world["signer"].key) == []


@pytest.mark.parametrize("case", ["looks like a run", "no attestations and no sums", "a name of two lines"])
def test_verify_says_what_the_verifier_says(
    case: str, world: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "release"
    shutil.copytree(world["made"]["adapter"], folder)
    CASES[case][0](folder)
    assert main(["verify", str(folder), "--key", str(world["signer"].public), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert {f"{one['word']} {one['name']}" for one in found} == CASES[case][1]


@pytest.mark.parametrize("case", ["a name of two lines", "a name that is no text"])
def test_no_name_writes_a_line_of_its_own(case: str, world: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "release"
    shutil.copytree(world["made"]["adapter"], folder)
    CASES[case][0](folder)
    argv = [sys.executable, "-I", str(verifier.__file__), str(folder), "--key", str(world["signer"].public)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (1, 1, "")


@pytest.mark.parametrize("argv", [["nowhere"], [".", "--key", "nowhere.pub"], [".", "--key", "verify_release.py"]])
def test_what_cannot_be_checked_at_all_is_a_wrong_use(argv: list[str], world: dict[str, Any]) -> None:
    done = subprocess.run(
        [sys.executable, "-I", str(verifier.__file__), *argv],
        cwd=world["made"]["adapter"], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "Traceback" not in done.stderr and "error: " in done.stderr
