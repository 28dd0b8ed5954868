"""Every metric of a row by hand, of an empty answer, and as laws."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.evaluate.flags import flag_scores, nlc2cmd_ts, uses
from cli_tuner.evaluate.metric import BINARY
from cli_tuner.evaluate.score import score
from cli_tuner.evaluate.scores import matches
from cli_tuner.evaluate.template import template
from cli_tuner.ports import Completion
from cli_tuner.shell.answer.command_only import command_only

pytestmark = pytest.mark.integration

COMMANDS = [
    "ls -la", "find . -name '*.py' -type f", "grep -rn error src | sort | uniq -c", "tar -czf a.tar.gz src",
    "for f in *.txt; do wc -l \"$f\"; done", "ps aux | grep nginx", "cat a.txt > b.txt", "sudo systemctl restart nginx",
    "awk -F, '{print $2}' data.csv", "echo $HOME", "x=5", "chmod 600 ~/.ssh/id_rsa", "du -sh /srv/data",
]  # fmt: skip


def scores(text: str, *references: str, stop: str = "end") -> dict[str, float | None]:
    return score(Completion(text, 3, stop), references).scores


def test_the_reference_itself_is_perfect_by_every_measure() -> None:
    for command in COMMANDS:
        for name, value in matches(command, [command]).items():
            assert value == pytest.approx(1.0), (command, name)


@pytest.mark.parametrize(
    ("text", "reference", "metric", "value"),
    [
        ("ls -a -l", "ls -la", "exact_match", 0.0),
        ("  ls -la\n", "ls -la", "exact_match", 1.0),
        ("ls  -a   -l", "ls -la", "canonical_match", 1.0),
        ("ls -l", "ls -la", "canonical_match", 0.0),
        ("head -n 5 a.txt", "head -n 9 b.txt", "template_match", 1.0),
        ("head -n 5 a.txt b.txt", "head -n 9 b.txt", "template_match", 0.0),
        ("find . -name x", "find /tmp -type d", "first_utility_match", 1.0),
        ("grep x f", "find . -name x", "first_utility_match", 0.0),
    ],
)
def test_a_match_by_hand(text: str, reference: str, metric: str, value: float) -> None:
    assert scores(text, reference)[metric] == value


def test_flags_are_counted_with_their_utility() -> None:
    """Ours: ls -l, ls -h, sort -r. Theirs: ls -l, ls -a. One is common: precision 1/3, recall 1/2, F1 2/5."""
    assert flag_scores("ls -lh | sort -r", "ls -la") == pytest.approx((1 / 3, 1 / 2, 2 / 5))
    assert flag_scores("ls", "pwd") == (1.0, 1.0, 1.0)
    assert flag_scores("ls", "ls -l") == (0.0, 0.0, 0.0)
    assert flag_scores("sort -l", "ls -l") == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "reference", "value"),
    [
        ("ls -l", "ls -l", 1.0),
        ("ls -l", "ls -a", -0.5),  # F = (2*0 - 2) / 1 = -2: (1 - 2) / 2
        ("ls -la", "ls -l", 0.5),  # F = (2*1 - 2) / 2 = 0: (1 + 0) / 2
        ("grep x", "ls", -1.0),
        ("ls | wc", "ls", 0.0),  # 1 for ls, -1 for the utility too many, over two positions
        ("", "ls", -1.0),
    ],
)
def test_nlc2cmd_by_hand(text: str, reference: str, value: float) -> None:

    assert nlc2cmd_ts(text, reference) == pytest.approx(value)


def test_parts_are_the_programs_that_run_with_their_flags() -> None:
    assert [(one.utility, sorted(one.flags)) for one in uses("find . -name '*.c' -print0 | xargs -0 wc -l")] == [
        ("find", ["-name", "-print0"]),
        ("xargs", ["-0"]),
        ("wc", ["-l"]),
    ]
    assert [sorted(one.flags) for one in uses("tail -20 log; cut --delimiter=, -f2 a")] == [["-n"], ["-d", "-f"]]


def test_a_template_keeps_the_shape_and_drops_the_words() -> None:
    assert template("cp a b") == template("cp x.txt /tmp/y") != template("cp a b c")
    assert template("ls -l -a d") == template("ls -al e")


def test_chrf_and_bleu_are_sacrebleus() -> None:
    from sacrebleu.metrics import BLEU, CHRF

    found = scores("find . -name x", "find . -name '*.py'")
    assert found["chrf"] == pytest.approx(CHRF().sentence_score("find . -name x", ["find . -name '*.py'"]).score / 100)
    whole = BLEU(tokenize="char", effective_order=True).sentence_score("find . -name x", ["find . -name '*.py'"])
    assert found["bleu"] == pytest.approx(whole.score / 100)


def test_a_sentence_that_quotes_a_command_matches_only_when_the_command_is_taken_out() -> None:
    said = score(Completion("You can use `ls -la` to see all files.", 12, "end"), ["ls -la"])
    assert (said.scores["first_utility_match"], said.scores["command_only_rate"]) == (0.0, 0.0)
    sentence = score(Completion("I'm ready to help. What do you need?", 9, "length"), ["pwd"])
    assert [sentence.scores[name] for name in ("flag_precision", "flag_recall", "flag_f1")] == [0.0, 0.0, 0.0]
    assert (said.extracted, said.extracted_scores["exact_match"]) == ("ls -la", 1.0)


def test_the_best_reference_counts() -> None:
    found = scores("ls -a", "find . -maxdepth 1", "ls -a")
    assert all(found[name] == pytest.approx(1.0) for name in ("exact_match", "canonical_match", "flag_f1", "chrf"))


def test_an_empty_answer_matches_nothing_and_says_so() -> None:
    found = scores(" \n", "ls -l")
    assert found["empty_rate"] == 1.0
    zero = set(found) - {"empty_rate", "nlc2cmd_ts", "invented_option_rate"}
    assert {name: found[name] for name in zero} == dict.fromkeys(zero, 0.0)
    assert (found["nlc2cmd_ts"], found["invented_option_rate"]) == (-1.0, None)


def test_form_and_danger_by_hand() -> None:
    fenced = score(Completion("```bash\nls -la\n```", 9, "end"), ["ls -la"])
    assert (fenced.scores["exact_match"], fenced.extracted_scores["exact_match"]) == (0.0, 1.0)
    assert (fenced.scores["fenced_rate"], fenced.extracted_scores["fenced_rate"]) == (1.0, 0.0)
    assert (fenced.scores["command_only_rate"], fenced.extracted_scores["command_only_rate"]) == (0.0, 1.0)
    assert scores("You can list files with ls.", "ls")["command_only_rate"] == 0.0
    assert scores("ls '", "ls")["syntax_valid_rate"] == 0.0
    assert scores("ls", "ls", stop="length")["truncated_rate"] == 1.0
    assert scores("rm -rf /", "ls")["dangerous_rate"] == 1.0


TEXTS = st.one_of(st.text(max_size=60), st.sampled_from(COMMANDS))


@given(TEXTS, st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=3))
def test_scores_stay_in_their_bounds_whatever_the_text(text: str, references: list[str]) -> None:
    scored = score(Completion(text, 1, "end"), references)
    for name, value in [*scored.scores.items(), *scored.extracted_scores.items()]:
        if value is None:
            assert name == "invented_option_rate"  # no option that could be looked up
            continue
        assert math.isfinite(value), name
        assert (-1.0 if name == "nlc2cmd_ts" else 0.0) <= value <= 1.0 + 1e-9, name
        assert value in (0.0, 1.0) or name not in BINARY, name


@given(st.sampled_from(COMMANDS), st.permutations(COMMANDS[:4]))
def test_the_order_of_references_does_not_matter(text: str, references: list[str]) -> None:
    found, sorted_first = matches(text, references), matches(text, sorted(references))
    assert found["flag_f1"] == sorted_first["flag_f1"]
    for name in set(found) - {"flag_precision", "flag_recall"}:
        assert found[name] == pytest.approx(sorted_first[name]), name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kill `ps aux | grep nginx`", True),
        ("find ./src -name main.c -print", True),
        ("find large files here", False),
        ("sort 'a | b' by size now", False),
    ],
)
def test_a_request_that_begins_with_a_utility_is_no_command(text: str, expected: bool) -> None:
    assert command_only(text) is expected
