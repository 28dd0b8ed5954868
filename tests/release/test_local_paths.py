"""Places of a machine are found wherever they stand, and what people say of paths is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from cli_tuner.release.local_paths import local_paths, portable

HERE = Path("/srv/team/project")


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "cwd", lambda: HERE)


@pytest.mark.parametrize(
    "path", ["/home/carol/x", "/Users/carol/models/x", "C:\\Users\\carol\\x", "/srv/team/project/x"]
)
@pytest.mark.parametrize("name", ["README.md", "tokenizer.json", "provenance.json", "training_config.yaml", "x.jinja"])
def test_a_home_or_this_folder_is_found_in_every_kind_of_file(path: str, name: str) -> None:
    document = {"deep": [{"key": f"see {path} there"}], "key": path}
    text = json.dumps(document) if name.endswith(".json") else yaml.safe_dump(document)
    assert local_paths(name, text) != []


@pytest.mark.parametrize(
    "path", ["/mnt/disk/models", "~/models", "D:\\models\\x", "/opt/my models/base", "\\\\server\\share"]
)
def test_a_value_that_is_an_absolute_path_is_found_in_records_and_configs(path: str) -> None:
    assert local_paths("config.json", json.dumps({"name_or_path": path})) == [path]
    assert local_paths("training_config.yaml", yaml.safe_dump({"datasets": [{"path": path}]})) == [path]
    inside = {"config": {"text": yaml.safe_dump({"base_model": path, "seed": 1})}}
    assert local_paths("provenance.json", json.dumps(inside)) == [path]


@pytest.mark.parametrize(
    "document",
    [
        {"command": "/sbin/reboot"},
        {"probes": [{"completion": "/usr/bin/env"}]},
        {"references": ["/bin/ls"]},
        {"utility": "/bin/ls"},
        {"slices": {"utility": {"/bin/ls": {"n": 1}}}},
        {"path": "models/base"},
        {"url": "https://example.org/a/b"},
        {"x": "/"},
        {"x": "/etc"},
        {"regex": "^/home/$"},
        {"instruction": "list /home/user/docs"},
        {"x": "a/b"},
        {"x": "and/or"},
    ],
)
def test_what_people_and_models_say_of_paths_is_left_alone(document: object) -> None:
    assert local_paths("validation.json", json.dumps(document)) == []
    assert local_paths("README.md", "run `ls /etc/cron.d` or `cat /home/user/notes`, see https://a.b/c/d") == []


def test_this_folder_is_made_relative(monkeypatch: pytest.MonkeyPatch) -> None:
    assert portable("a.yaml", "base: /srv/team/project/models/base\n") == "base: models/base\n"
    monkeypatch.setattr(Path, "cwd", lambda: Path("/data"))
    text = json.dumps({"path": "/data/rows.jsonl", "command": "ls /data/logs", "url": "x"}, indent=2)
    assert json.loads(portable("a.json", text)) == {"path": "rows.jsonl", "command": "ls /data/logs", "url": "x"}
    config = "base: /data/base\nlist:\n- /data/rows\nsay: ls /data/logs /data/x\n"
    assert portable("a.yaml", config) == "base: base\nlist:\n- rows\nsay: ls /data/logs /data/x\n"
    monkeypatch.setattr(Path, "cwd", lambda: Path("/"))
    assert portable("a.md", "https://example.org /x") == "https://example.org /x"
