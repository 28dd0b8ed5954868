"""What a search may vary, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_tuner.ablate.space import read_space
from cli_tuner.config.load import load
from cli_tuner.errors import ConfigError

REPOSITORY = Path(__file__).parents[2]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("path", sorted((REPOSITORY / "configs/search").glob("*.yaml")), ids=lambda path: path.name)
def test_the_searches_of_the_repository_vary_keys_of_their_recipe_and_hold_its_own_values(path: Path) -> None:
    space = read_space(path)
    for values in space.corners():
        load(REPOSITORY / space.config, space.overrides(values))
    assert space.own(load(REPOSITORY / space.config, space.overrides({})))


def test_a_choice_may_be_any_yaml(tmp_path: Path) -> None:
    text = "config: x.yaml\naxes:\n  lora_target_modules: [[q_proj, v_proj], [q_proj]]\n  bf16: [true, false]\n"
    space = read_space(written(tmp_path, text))
    assert space.axes[0].choices == ("[q_proj, v_proj]", "[q_proj]")
    assert space.axes[1].choices == ("true", "false")
    assert space.overrides({"bf16": "true"}) == ["bf16=true"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config: x.yaml", "axes: Field required"),
        ("config: x.yaml\naxes: {}", "axes"),
        ("config: x.yaml\naxes: {lora_r: [8]}", "axes.lora_r"),
        ("config: x.yaml\naxes: {lora_r: {low: 8, high: 4}}", "low must be below high"),
        ("config: x.yaml\naxes: {lora_r: {low: 0, high: 4, log: true}}", "above 0"),
        ("config: x.yaml\naxes: {lora_r: [4, 8]}\ntrails: 3", "trails"),
        ("config: x.yaml\naxes: {lora_r: [4, 8]}\nrepeats: 1", "repeats"),
        ("- a", "the file"),
        ("a: [", "not readable"),
        ("", "config"),
    ],
)
def test_a_wrong_search_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.yaml") as refused:
        read_space(written(tmp_path, text))
    assert said in refused.value.message


def test_a_missing_search_names_where_some_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_space(tmp_path / "none.yaml")
