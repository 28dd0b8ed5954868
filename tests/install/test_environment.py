import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli_tuner.errors import LaunchError, PrerequisiteError
from cli_tuner.install import environment, stamp, torch_build
from cli_tuner.install.command import main

ROOT = Path(__file__).parents[2]
VERSION = "{}.{}".format(*sys.version_info[:2])


class Steps(list[str]):
    """The steps taken, and the fillings (from 1) that fail."""

    failing: frozenset[int] = frozenset()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Steps:
    """Replace locks and installation steps by small ones that leave what real ones leave."""
    done = Steps()
    locks = tmp_path / "locks"
    locks.mkdir()
    for name, text in {"": "one==1 \\\n", "-full": "two==2 \\\n"}.items():
        (locks / f"py{VERSION.replace('.', '')}{name}.txt").write_text(text, encoding="utf-8")

    def create(folder: Path, python: str) -> None:
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        if not (folder / "bin" / "python").exists():
            (folder / "bin" / "python").symlink_to(sys.executable)
        done.append("create")

    def fill(folder: Path, locks: list[Path], say: environment.Say, *, warn_of_cuda: bool) -> None:
        done.append("fill")
        if done.count("fill") in done.failing:
            raise LaunchError("uv ended with 2: no network")
        for lock in locks:
            for name, version in stamp.pinned(lock).items():
                (folder / f"lib/python{VERSION}/site-packages/{name}-{version}.dist-info").mkdir(
                    parents=True, exist_ok=True
                )

    monkeypatch.setattr(environment, "LOCKS", locks)
    monkeypatch.setattr(environment, "_create", create)
    monkeypatch.setattr(environment, "_fill", fill)
    monkeypatch.setattr(environment.start, "check_disk", lambda *_: None)
    monkeypatch.setattr(environment.start, "check_system", lambda: None)
    return done


def test_a_second_call_does_nothing(steps: Steps, tmp_path: Path) -> None:
    said: list[str] = []
    environment.make(tmp_path / "v", said.append)
    assert steps == ["create", "fill"] and "installing the tested environment" in said[0]
    environment.make(tmp_path / "v", said.append)
    assert steps == ["create", "fill"] and len(said) == 1


def test_an_interrupted_installation_leaves_no_stamp_and_is_continued(steps: Steps, tmp_path: Path) -> None:
    said: list[str] = []
    steps.failing = frozenset({1})
    with pytest.raises(LaunchError):
        environment.make(tmp_path / "v", said.append)
    assert stamp.read(tmp_path / "v") is None
    environment.make(tmp_path / "v", said.append)
    assert "was not finished" in said[-1] and stamp.read(tmp_path / "v") is not None


def test_a_missing_distribution_is_installed_again(steps: Steps, tmp_path: Path) -> None:
    said: list[str] = []
    environment.make(tmp_path / "v", said.append)
    (tmp_path / f"v/lib/python{VERSION}/site-packages/one-1.dist-info").rmdir()
    environment.make(tmp_path / "v", said.append)
    assert said[-1] == "v is incomplete (one is missing): installing the rest" and steps.count("fill") == 2


def test_a_changed_lock_is_followed_and_a_full_environment_stays_full(steps: Steps, tmp_path: Path) -> None:
    said: list[str] = []
    environment.make(tmp_path / "v", said.append, full=True)
    environment.make(tmp_path / "v", said.append)
    assert steps.count("fill") == 1 and set(stamp.installed(tmp_path / "v")) == {"one", "two"}
    (environment.LOCKS / f"py{VERSION.replace('.', '')}.txt").write_text("one==2 \\\n", encoding="utf-8")
    environment.make(tmp_path / "v", said.append)
    assert "the lock changed" in said[-1] and steps.count("fill") == 2


def test_another_python_that_was_asked_for_is_not_the_one_that_is_there(
    steps: Steps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.make(tmp_path / "v", lambda _: None)
    monkeypatch.setattr(environment.sys, "version_info", (3, 10 if VERSION != "3.10" else 12, 0))
    with pytest.raises(PrerequisiteError, match="you asked for"):
        environment.make(tmp_path / "v", lambda _: None, this_python=True)
    environment.make(tmp_path / "v", lambda _: None)


def test_a_fault_is_one_line_with_its_hint_and_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment.start, "has_nvidia_gpu", lambda: False)
    monkeypatch.setattr(environment.start.shutil, "disk_usage", lambda _: type("", (), {"free": 1e6}))
    assert main(["--into", str(tmp_path / "v")]) == 3
    told = capsys.readouterr().err.splitlines()
    assert told[-2].startswith("error: ") and told[-1].startswith("  hint: ") and not (tmp_path / "v").exists()


def test_a_failed_step_names_its_reason_and_its_log(tmp_path: Path) -> None:
    log = tmp_path / "install.log"
    script = tmp_path / "uv"
    script.write_text("#!/bin/sh\necho 'error: no such host'\necho 'hint: look again'\nexit 2\n", encoding="utf-8")
    script.chmod(0o755)
    installer = environment.Installer(Path(sys.executable), ("false",), str(script), log)
    with pytest.raises(LaunchError, match="uv ended with 2: error: no such host") as told:
        installer.install("x")
    assert str(log) in told.value.hint


@pytest.mark.parametrize(
    ("url", "cuda"),
    [
        ("https://files/torch-2.13.0-cp313-cp313-manylinux_2_28_x86_64.whl", True),
        ("https://host/whl/cpu/torch-2.13.0%2Bcpu-cp313-cp313-manylinux_2_28_x86_64.whl", False),
        ("file:///wheels/torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl", False),
        ("https://files/torch-2.13.0-cp313-cp313-manylinux_2_28_aarch64.whl", False),
    ],
)
def test_the_build_that_pip_would_take_is_known_before_the_download(url: str, cuda: bool, tmp_path: Path) -> None:
    pip = tmp_path / "pip"
    report = json.dumps({"install": [{"download_info": {"url": url}}]})
    pip.write_text(f"#!/bin/sh\ncat <<'E'\n{report}\nE\n", encoding="utf-8")
    pip.chmod(0o755)
    assert torch_build.would_take_cuda([str(pip)], "torch==2.13.0", {}) is cuda


def test_a_pip_that_cannot_say_is_unknown() -> None:
    assert torch_build.would_take_cuda(["false"], "torch==2.13.0", {}) is None


@pytest.mark.parametrize("version", [(3, 6), (3, 9), (3, 14)])
def test_an_unsupported_python_is_told_in_one_line(version: tuple[int, int]) -> None:
    source = (ROOT / "cli_tuner/install/__main__.py").read_text("utf-8")
    code = f"import sys; sys.version_info = {(*version, 0)}; exec({source!r}, {{'__name__': '__main__'}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    told = done.stderr.splitlines()
    assert (
        done.returncode == 3
        and len(told) == 2
        and told[0].startswith(f"error: this is Python {version[0]}.{version[1]};")
    )
