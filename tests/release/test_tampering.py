"""Whatever is done to a release is found and named; whatever is not done to it is not."""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.provenance import verifier
from cli_tuner.provenance.signing import Signer, open_signer
from tests.release.chain import release

ROOT = "attestations/release.dsse.json"
Expected = set[tuple[str, str]]


def resigned(path: Path, signer: Signer) -> None:
    envelope = json.loads(path.read_bytes())
    path.write_bytes(signer.envelope(json.loads(base64.b64decode(envelope["payload"]))))


def tamper(folder: Path, other: Path, stranger: Signer, draw: random.Random) -> Expected:
    """Do one thing to a release, drawn at random; return what must be said of it."""
    name = draw.choice(sorted(verifier.files_of(folder)))
    path, statements = folder / name, [one for one in verifier.files_of(folder) if one.endswith(".dsse.json")]
    kind = draw.choice(
        ("byte", "byte", "field", "cut", "grown", "added", "removed", "renamed", "swapped", "resigned", "bared")
    )
    if kind == "field":
        name = draw.choice([one for one in verifier.files_of(folder) if one.endswith(".json")])
        path = folder / name
        change_a_field(path, draw)
    elif kind == "byte":
        content = bytearray(path.read_bytes())
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(content)
    elif kind == "cut":
        path.write_bytes(path.read_bytes()[: -draw.randint(1, 5)])
    elif kind == "grown":
        path.write_bytes(path.read_bytes() + draw.choice([b"\n", b" ", b"x", b"\0"]))
    elif kind == "added":
        where = draw.choice(
            ["new.txt", "model-2.safetensors", ".hidden", "attestations/extra.dsse.json", "sub/folder/x.py"]
        )
        (folder / where).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / where)
        return {("added", where)}
    elif kind == "removed":
        path.unlink()
        return {("missing", name)}
    elif kind == "renamed":
        path.rename(path.with_name(f"{path.name}.bak"))
        return {("missing", name)} | (set() if name == ROOT else {("added", f"{name}.bak")})
    elif kind == "swapped" and (other / name).is_file() and (other / name).read_bytes() != path.read_bytes():
        shutil.copyfile(other / name, path)
        return {("changed", "*")} if name == ROOT else {("changed", name)}
    elif kind == "resigned":
        name = draw.choice(statements)
        resigned(folder / name, stranger)
        return {("wrong key", name)}
    elif kind == "bared":
        name = draw.choice(statements)
        bare = name.replace(".dsse.json", ".intoto.json")
        envelope = json.loads((folder / name).read_bytes())
        (folder / bare).write_bytes(base64.b64decode(envelope["payload"]))
        (folder / name).unlink()
        return {("unsigned", bare)} if name == ROOT else {("missing", name), ("added", bare)}
    else:
        path.write_bytes(path.read_bytes() + b"\n")
    return {("changed", name)}


def change_a_field(path: Path, draw: random.Random) -> None:
    document = json.loads(path.read_bytes())
    if path.name.endswith(".dsse.json") and draw.random() < 0.7:  # inside what was signed, as a forger would
        payload = json.loads(base64.b64decode(document["payload"]))
        change(payload, draw)
        document["payload"] = base64.b64encode(verifier.canonical(payload)).decode()
    else:
        change(document, draw)
    path.write_bytes(verifier.canonical(document))


def change(document: Any, draw: random.Random) -> None:
    here = document
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = draw.choice(keys) if keys else None
        if key is None:
            here["new" if isinstance(here, dict) else slice(0, 0)] = ["x"]
            return
        if isinstance(here[key], (dict, list)) and here[key] and draw.random() < 0.9:
            here = here[key]
            continue
        value = here[key]
        here[key] = (
            not value if isinstance(value, bool) else value + 1 if isinstance(value, (int, float)) else f"{value}x"
        )
        return


def found_in(folder: Path, key: verifier.Key | None) -> Expected:
    return {(one.word, one.name) for one in verifier.check(folder, key)}


def check_tamperings(world: dict[str, Any], count: int, seed: int, tmp_path: Path) -> None:
    for number in range(count):
        draw = random.Random(seed * 1_000_003 + number)
        kind = draw.choice(["adapter", "merged"])
        folder = tmp_path / f"{number}"
        shutil.copytree(world["made"][kind], folder)
        expected = tamper(folder, world["other"][kind], world["stranger"], draw)
        found = found_in(folder, world["signer"].key)
        assert world["alone"].check(folder, world["alone_key"]) == verifier.check(folder, world["signer"].key)
        if expected == {("changed", "*")}:  # a true statement of another release: then it is the files that are wrong
            assert found and {word for word, _ in found} <= {"changed", "missing", "added"}, (number, found)
        else:
            assert found == expected, (number, kind, expected, found)
        shutil.rmtree(folder)


def test_a_sample_of_random_tamperings_is_found_and_named(world: dict[str, Any], tmp_path: Path) -> None:
    check_tamperings(world, 60, 1, tmp_path)


@pytest.mark.slow
def test_a_thousand_random_tamperings_are_found_and_named(world: dict[str, Any], tmp_path: Path) -> None:
    check_tamperings(world, 1000, 2, tmp_path)


@pytest.mark.parametrize("kind", ["adapter", "merged"])
def test_the_verifier_in_a_release_says_the_same_without_us(kind: str, world: dict[str, Any], tmp_path: Path) -> None:
    key = world["signer"].public
    for number in range(4):
        folder = tmp_path / f"{number}"
        shutil.copytree(world["made"][kind], folder)
        expected = tamper(folder, world["other"][kind], world["stranger"], random.Random(number)) if number else set()
        script = world["made"][kind] / "verify_release.py"
        argv = [sys.executable, "-I", str(script), str(folder), "--key", str(key)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == (1 if expected else 0), done.stderr
        said = {tuple(line.split(": ")[:2]) for line in done.stdout.splitlines() if not line.startswith("ok")}
        assert said == expected or ("changed", "*") in expected


def test_the_verifier_in_a_release_is_ours_and_at_most_200_lines(world: dict[str, Any]) -> None:
    ours = Path(verifier.__file__).read_bytes()
    assert (world["made"]["adapter"] / "verify_release.py").read_bytes() == ours
    assert len(ours.splitlines()) <= 200
    imported = {
        line.split()[1].partition(".")[0]
        for line in ours.decode().splitlines()
        if line.lstrip().startswith(("import ", "from "))
    }
    assert imported <= sys.stdlib_module_names | {"cryptography", "__future__"}


def test_a_release_that_someone_else_signed_whole_is_of_a_wrong_key(world: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "forged"
    shutil.copytree(world["made"]["adapter"], folder)
    for path in (folder / "attestations").glob("*.dsse.json"):
        resigned(path, world["stranger"])
    root = json.loads(base64.b64decode(json.loads((folder / ROOT).read_bytes())["payload"]))
    for one in root["subject"]:
        one["digest"]["sha256"] = verifier.sha256(folder / one["name"])
    (folder / ROOT).write_bytes(world["stranger"].envelope(root))
    words = {word for word, _ in found_in(folder, world["signer"].key)}
    assert words == {"wrong key"}
    assert {word for word, _ in found_in(folder, None)} == {"unknown"}
    assert found_in(folder, world["stranger"].key) == set()


def copied(folder: Path, to: Path) -> None:
    shutil.copytree(folder, to)


def zipped(folder: Path, to: Path) -> None:
    archive = shutil.make_archive(str(to.with_suffix(".tmp")), "zip", folder)
    shutil.unpack_archive(archive, to)


def cloned(folder: Path, to: Path) -> None:
    origin = to.with_name(f"{to.name}-origin")
    shutil.copytree(folder, origin)
    git = [
        "git",
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@y.z",
        "-c",
        "core.autocrlf=true",
        "-c",
        "init.defaultBranch=main",
    ]
    for argv in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *argv], cwd=origin, check=True, capture_output=True)
    subprocess.run([*git, "clone", "-q", str(origin), str(to)], check=True, capture_output=True)


def of_another_user(folder: Path, to: Path) -> None:
    shutil.copytree(folder, to)
    for path in to.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)


def from_the_hubs_cache(folder: Path, to: Path) -> None:
    blobs = to.with_name(f"{to.name}-blobs")
    shutil.copytree(folder, blobs)
    for name, path in verifier.files_of(blobs).items():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).symlink_to(path)


WAYS: tuple[Callable[[Path, Path], None], ...] = (copied, zipped, cloned, of_another_user, from_the_hubs_cache)


def check_untouched(count: int, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "keys"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    signer = open_signer()
    for seed in range(count):
        made = release(seed, place / f"made-{seed}", signer, merged=bool(seed % 2), rows=seed + 1)
        assert verifier.check(made, signer.key) == []
        there = place / "elsewhere" / f"{seed} ü"
        WAYS[seed % len(WAYS)](made, there)
        assert verifier.check(there, signer.key) == [], WAYS[seed % len(WAYS)].__name__


def test_untouched_releases_raise_no_alarm_however_they_travel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_untouched(5, tmp_path, monkeypatch)


@pytest.mark.slow
def test_a_hundred_untouched_releases_raise_no_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_untouched(100, tmp_path, monkeypatch)


def test_an_unsigned_release_says_so_and_its_bytes_can_still_be_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = release(1, tmp_path / "made", None)
    assert {word for word, _ in found_in(made, None)} == {"unsigned"}
    assert verifier.check(made, None, allow_unsigned=True) == []
    (made / "README.md").write_text("another")
    assert [(one.word, one.name) for one in verifier.check(made, None, allow_unsigned=True)] == [
        ("changed", "README.md")
    ]
