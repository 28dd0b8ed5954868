"""Which of several configs is better, where chance does not explain it: paired differences over seeds.

Each seed trains every config once, so a difference is taken within a seed and what the seed does to all of them drops
out. The interval is Student's t of these differences (Student, Biometrika 6, 1908). Not covered: that seeds stand for
other rows; the evaluation rows are the same in all of them.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from cli_tuner.errors import PrerequisiteError

LEVEL = 0.95
Losses = Mapping[int, float]
"""Seed -> evaluation loss, nats a token."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference with its interval.

    Attributes:
        mean: Mean over seeds, nats a token; below 0 where the first is better.
        low: Lower end of the 95 % interval; None under two seeds.
        high: Upper end.
        n: Seeds that trained both.
    """

    mean: float
    low: float | None
    high: float | None
    n: int

    @property
    def is_seen(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def __str__(self) -> str:
        if self.low is None:
            return f"{self.mean:+.4f} (one seed has no interval)"
        return f"{self.mean:+.4f} (95 % interval {self.low:+.4f} to {self.high:+.4f}, {self.n} seeds)"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a search found.

    Attributes:
        winner: The config that is better than every other; None where no difference is seen.
        best: The lowest mean.
        runner_up: The second lowest; None where there is no other.
        to_runner_up: The difference of the best to it.
        to_recipe: The difference of the best to the recipe; None where the recipe is the best.
        text: It in words.
    """

    winner: str | None
    best: str | None
    runner_up: str | None
    to_runner_up: Difference | None
    to_recipe: Difference | None
    text: str


def difference(one: Losses, other: Losses) -> Difference | None:
    """Return the paired difference of two configs; None without a common seed.

    Raises:
        PrerequisiteError: scipy is not installed.
    """
    pairs = [one[seed] - other[seed] for seed in sorted(one.keys() & other.keys())]
    if not pairs:
        return None
    mean = statistics.fmean(pairs)
    if len(pairs) < 2:
        return Difference(mean, None, None, len(pairs))
    half = _t_quantile(len(pairs) - 1) * statistics.stdev(pairs) / len(pairs) ** 0.5
    return Difference(mean, mean - half, mean + half, len(pairs))


def decide(losses: Mapping[str, Losses], recipe: str) -> Verdict:
    """Decide between configs.

    Args:
        losses: Config -> its losses by seed.
        recipe: Name of the recipe among them.
    """
    ranked = sorted((name for name in losses if losses[name]), key=lambda name: (_mean(losses[name]), name))
    if not ranked:
        return Verdict(None, None, None, None, None, "nothing was trained to its end: there is nothing to compare")
    best, second = ranked[0], ranked[1] if len(ranked) > 1 else None
    ahead = difference(losses[best], losses[second]) if second else None
    gain = difference(losses[best], losses[recipe]) if best != recipe and losses.get(recipe) else None
    winner = best if ahead is not None and ahead.is_seen else None
    return Verdict(winner, best, second, ahead, gain, _in_words(winner, best, second, ahead, gain, recipe))


def _in_words(
    winner: str | None, best: str, second: str | None, ahead: Difference | None, gain: Difference | None, recipe: str
) -> str:
    if second is None:
        return f"only {best} was trained to its end: there is nothing to compare"
    first = f"{winner} is the best: {ahead}" if winner else f"no difference seen between {best} and {second}: {ahead}"
    if best == recipe:
        return f"{first}; nothing is shown to beat the recipe"
    if gain is None:
        return f"{first}; the recipe itself was not trained to its end"
    said = "beats the recipe" if gain.is_seen else "is not shown to beat the recipe"
    return f"{first}; {best} {said}" + ("" if second == recipe else f": {gain}")


def _mean(losses: Losses) -> float:
    return statistics.fmean(losses.values())


def _t_quantile(freedom: int) -> float:
    try:
        from scipy.stats import t
    except ImportError as error:
        raise PrerequisiteError("intervals need scipy", hint="pip install 'cli-tuner[search]'") from error
    return float(t.ppf((1 + LEVEL) / 2, freedom))
