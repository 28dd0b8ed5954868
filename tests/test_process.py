"""The supervised child: it is waited for, asked to save once, killed when it will not, and its end is told truly.

Signals go to this very process, as a terminal or a scheduler sends them; the children are real.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli_tuner import process
from cli_tuner.errors import LaunchError
from cli_tuner.process import answer, interrupts_held, supervise

SAVES = """
import pathlib, signal, sys, time
def save(*_):
    time.sleep(0.05)
    pathlib.Path("saved").touch()
    sys.exit({code})
signal.signal(signal.SIGINT, save)
pathlib.Path("ready").touch()
while True: time.sleep(0.01)
"""
DEAF = """
import pathlib, signal, time
from sys import exit
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path("ready").touch()
while True: time.sleep(0.01)
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(process, "_POLL_S", 0.01)
    monkeypatch.chdir(tmp_path)
    earlier = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored, and a test would wait for it
    yield
    signal.signal(signal.SIGHUP, earlier)


class Child:
    """A Python child under supervision; sends us signals once it is ready."""

    def __init__(self, script: str, signals: tuple[int, ...] = (), *, saver: bool = True, grace_s: float = 30) -> None:
        self.script, self.signals, self.saver, self.grace_s = script, list(signals), saver, grace_s
        self.saver_file = Path("pid")

    def tick(self) -> None:
        if self.signals and Path("ready").exists():
            os.kill(os.getpid(), self.signals.pop(0))

    def run(self) -> tuple[int, bool]:
        argv = [sys.executable, "-S", "-c", f"import os; open('pid', 'w').write(str(os.getpid()))\n{self.script}"]
        return supervise(
            argv,
            log=Path("logs/child.log"),
            env=dict(os.environ),
            tick=self.tick,
            saver_pid=lambda: int(self.saver_file.read_text()) if self.saver else None,
            grace_s=self.grace_s,
        )


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


@pytest.mark.parametrize("code", [0, 1, 7])
def test_the_exit_status_is_the_childs_own(code: int) -> None:
    assert Child(f"raise SystemExit({code})").run() == (code, False)


def test_a_child_that_died_of_a_signal_says_which() -> None:
    assert Child("import os; os.kill(os.getpid(), 15)").run() == (-signal.SIGTERM, False)


def test_what_the_child_prints_goes_to_the_log_and_is_appended() -> None:
    for word in ("first", "second"):
        Child(f"import sys; print('{word}'); print('{word} error', file=sys.stderr)").run()
    lines = Path("logs/child.log").read_text().split("\n")
    assert sorted(filter(None, lines)) == ["first", "first error", "second", "second error"]


def test_the_child_reads_no_terminal_and_lives_in_a_session_of_its_own() -> None:
    Child("import os, sys; print(os.getsid(0) == os.getpid(), repr(sys.stdin.read()))").run()
    assert Path("logs/child.log").read_text() == "True ''\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGHUP, 3)])
def test_a_child_that_saves_when_asked_is_waited_for(number: int, code: int) -> None:
    assert Child(SAVES.format(code=code), (number,)).run() == (code, True)
    assert Path("saved").exists()


def test_a_child_that_is_deaf_is_killed_after_the_grace() -> None:
    assert Child(DEAF, (signal.SIGINT,), grace_s=0.1).run() == (-signal.SIGKILL, True)


def test_a_second_signal_kills_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_ONE_WISH_S", 0.0)
    script = DEAF.replace("signal.SIG_IGN", "lambda *_, seen=[]: exit(5) if seen else seen.append(1)")
    assert Child(script, (signal.SIGINT, signal.SIGINT)).run() == (-signal.SIGKILL, True)


def test_a_signal_that_arrives_twice_is_one_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    """`timeout` signals the process, then its whole group."""
    monkeypatch.setattr(process, "_ONE_WISH_S", 60.0)
    assert Child(SAVES.format(code=0), (signal.SIGTERM, signal.SIGTERM)).run() == (0, True)
    assert Path("saved").exists()


def test_a_child_that_cannot_save_yet_is_killed_by_the_first_signal() -> None:
    assert Child(SAVES.format(code=0), (signal.SIGINT,), saver=False).run() == (-signal.SIGKILL, True)
    assert not Path("saved").exists()


@pytest.mark.parametrize("foreign", [os.getppid(), 1, 0, -1, 2**22 + 1])
def test_only_a_process_that_descends_from_the_child_is_signalled(
    monkeypatch: pytest.MonkeyPatch, foreign: int
) -> None:
    sent: list[tuple[int, int]] = []
    kill = os.kill
    child = Child(DEAF, (signal.SIGINT,))

    def noted(pid: int, number: int) -> None:
        if pid == os.getpid():
            kill(pid, number)
        else:
            sent.append((pid, number))

    monkeypatch.setattr(process.os, "kill", noted)
    child.saver_file = Path("foreign")
    child.saver_file.write_text(str(foreign))
    assert child.run() == (-signal.SIGKILL, True)
    assert sent == []


WORKER = """
import pathlib, subprocess, sys, time
worker = subprocess.Popen([sys.executable, "-S", "-c", sys.stdin.read() or SCRIPT], start_new_session=True)
pathlib.Path("worker").write_text(str(worker.pid))
sys.exit(worker.wait())
"""


def test_a_worker_in_a_session_of_its_own_is_asked_to_save() -> None:
    """torchrun starts its workers so."""
    child = Child(f"SCRIPT = {SAVES.format(code=0)!r}" + WORKER, (signal.SIGINT,))
    child.saver_file = Path("worker")
    assert child.run() == (0, True)
    assert Path("saved").exists()


def test_a_worker_in_a_session_of_its_own_is_killed_too() -> None:
    child = Child(f"SCRIPT = {DEAF!r}" + WORKER, (signal.SIGINT,), saver=False)
    assert child.run() == (-signal.SIGKILL, True)
    assert eventually(lambda: not alive(int(Path("worker").read_text())))


def test_nothing_of_the_childs_group_outlives_it() -> None:
    Child(
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'])\n"
        "open('grandchild', 'w').write(str(p.pid))"
    ).run()
    pid = int(Path("grandchild").read_text())
    assert eventually(lambda: not alive(pid))


def eventually(condition: Callable[[], bool], timeout_s: float = 10) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_a_display_that_breaks_leaves_no_child_behind() -> None:
    child = Child(DEAF)

    def broken() -> None:
        if Path("ready").exists():
            raise RuntimeError("the display broke")

    child.tick = broken  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="the display broke"):
        child.run()
    assert eventually(lambda: not alive(int(Path("pid").read_text())))


def test_a_child_that_hangs_is_killed_and_that_is_no_interrupt() -> None:
    Path("pid").write_text("0")
    code = supervise(
        [sys.executable, "-S", "-c", DEAF],
        log=Path("log"),
        env=dict(os.environ),
        tick=lambda: None,
        saver_pid=lambda: None,
        hung=lambda: Path("ready").exists(),
    )
    assert code == (-signal.SIGKILL, False)


def test_a_program_that_is_not_there_is_a_launch_error_with_a_hint() -> None:
    with pytest.raises(LaunchError, match="no/such/program: cannot be started") as caught:
        supervise(["no/such/program"], log=Path("log"), env={}, tick=lambda: None, saver_pid=lambda: None)
    assert caught.value.hint


def test_a_log_that_cannot_be_written_names_the_log() -> None:
    Path("log").mkdir()
    with pytest.raises(LaunchError, match="log: cannot be written: Is a directory"):
        supervise([sys.executable], log=Path("log"), env={}, tick=lambda: None, saver_pid=lambda: None)


def test_the_earlier_handlers_come_back() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    with interrupts_held() as held:
        os.kill(os.getpid(), signal.SIGTERM)
    assert held.count == 1
    assert [signal.getsignal(number) for number in numbers] == before


def test_nohup_is_respected() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts_held() as held:
            os.kill(os.getpid(), signal.SIGHUP)
        assert held.count == 0
    finally:
        signal.signal(signal.SIGHUP, before)


ANSWERS = {
    "what it prints": ("print('yes')", "yes\n"),
    "None when it fails": ("raise SystemExit(1)", None),
    "None when it takes too long": ("import time; time.sleep(60)", None),
    "bytes that are no text": ("import sys; sys.stdout.buffer.write(b'\\xff')", "\ufffd"),
    "without waiting for us to type": ("import sys; print(repr(sys.stdin.read()))", "''\n"),
}


@pytest.mark.parametrize(("script", "expected"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_is(script: str, expected: str | None) -> None:
    timeout_s = 0.2 if "sleep" in script else 30.0
    assert answer([sys.executable, "-S", "-c", script], timeout_s=timeout_s) == expected


def test_a_program_that_is_missing_answers_none() -> None:
    assert answer(["no-such-program-anywhere"]) is None
