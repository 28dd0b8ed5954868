"""What a watcher is shown is true of now, wherever the stream is cut."""

from __future__ import annotations

import json
from pathlib import Path

from cli_tuner.runs.progress import Course, Tail


def test_a_tail_gives_whole_lines_once_and_starts_again_where_the_file_was_cut_back(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    tail = Tail(path)
    assert tail.lines() == []
    path.write_text('{"step": 1}\n{"step"')
    assert tail.lines() == [{"step": 1}]
    with path.open("a") as handle:
        handle.write(": 2}\nnot json\n[1]\n")
    assert tail.lines() == [{"step": 2}]
    path.write_text('{"step": 1}\n')
    assert tail.lines() == [{"step": 1}]
    assert Tail(path, from_start=False).lines() == []


def test_speed_memory_and_time_left_are_shown_where_they_are_known() -> None:
    line = {
        "step": 2, "max_steps": 10, "elapsed_s": 4.0, "loss": 2.5, "tokens/train_per_sec_per_gpu": 1234.5,
        "memory/max_active (GiB)": 7.25,
    }  # fmt: skip
    assert Course([line]).text() == "step 2/10  loss 2.5  tokens/s 1234  GiB 7.25  16 s left"
    assert Course([{**line, "memory/max_active (GiB)": 0.0}]).text() == "step 2/10  loss 2.5  tokens/s 1234  16 s left"
    assert Course().text() == "step 0/?"
    assert Course([{"step": 2, "train_loss": 1.0}]).step == 0


def test_the_course_of_the_loss_is_drawn_low_where_it_is_low() -> None:
    falling = Course([{"step": step, "loss": 8.0 - step} for step in range(8)])
    assert falling.drawn() == "█▇▆▅▄▃▂▁"
    assert len(Course([{"step": step, "loss": 1.0 / (step + 1)} for step in range(1000)]).drawn()) <= 16
    assert Course([{"step": 1, "loss": 2.0}, {"step": 2, "loss": 2.0}]).drawn() == "▁▁"
    assert Course([{"step": 1, "loss": 2.0}]).drawn() == ""
    assert Course([json.loads('{"step": 1, "loss": "nan"}')]).losses == []
