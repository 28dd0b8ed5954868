"""The Markdown report: the same facts as the HTML one, for a review, a pull request or a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from cli_tuner.report import metrics, view
from cli_tuner.report.annexes import annexes
from cli_tuner.report.curves import SERIES
from cli_tuner.report.facts import Facts
from cli_tuner.report.findings import finding_text
from cli_tuner.report.headline import sentences
from cli_tuner.report.more import sections
from cli_tuner.report.run_record import overlap, run_record, words
from cli_tuner.report.samples import answers_of, examples
from cli_tuner.report.templating import environment


def markdown(facts: Facts, plots: Sequence[tuple[str, str]]) -> str:
    """Render the Markdown report.

    Args:
        facts: What is known of the run.
        plots: File names of pictures beside the report, with what they show.
    """
    safety = facts.evaluation.safety if facts.evaluation else None
    text = (
        environment(html=False)
        .get_template("report.md.j2")
        .render(
            facts=facts,
            plots=plots,
            started=facts.record.get("started"),
            sentences=sentences(facts),
            curves=[(SERIES[name], facts.curves.points(name)) for name in SERIES if facts.curves.points(name)],
            readings=view.readings(facts),
            other="base" if facts.evaluation is None or facts.evaluation.compare in (None, "base") else "compared",
            slices=view.slices(facts),
            sliced_by=view.SLICED_BY,
            other_suites=view.other_suites(facts),
            sections=sections(facts),
            safety=view.safety_lines(facts),
            dangerous=safety.dangerous if safety else [],
            splits=view.split_lines(facts),
            overlap=overlap(facts),
            examples=examples(facts),
            record=run_record(facts),
            annexes=annexes(facts),
            words=words,
            finding_text=finding_text,
            answers_of=answers_of,
            meaning=metrics.meaning,
            shown=metrics.shown,
            interval=metrics.interval,
            score_text=metrics.score_text,
            delta_text=metrics.delta_text,
            p_text=metrics.p_text,
            tally=metrics.tally,
        )
    )
    return text.strip() + "\n"
