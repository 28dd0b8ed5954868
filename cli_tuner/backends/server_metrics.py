"""What `serve` counts, in Prometheus's text format: requests, verdicts, batches, and where the time goes."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_GUARD_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1)
_PATHS = frozenset(["/v1/chat/completions", "/v1/models", "/healthz", "/metrics"])


class Metrics:
    """The counters of one server.

    Args:
        waiting: Returns how many requests wait for the model.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        prefix, into = "cli_tuner_", self._registry
        self._answers = Counter(
            f"{prefix}http_responses", "Answers by path and status", ["path", "status"], registry=into
        )
        self._verdicts = Counter(
            f"{prefix}verdicts", "Completions by verdict and action", ["verdict", "action"], registry=into
        )
        self._tokens = Counter(f"{prefix}tokens", "Tokens by kind", ["kind"], registry=into)
        self._took = Histogram(f"{prefix}request_seconds", "From request to answer", buckets=_SECONDS, registry=into)
        self._guard = Histogram(
            f"{prefix}guard_cpu_seconds", "CPU time of judging one completion", buckets=_GUARD_SECONDS, registry=into
        )
        self._batch = Histogram(
            f"{prefix}batch_size", "Requests a batch", buckets=(1, 2, 4, 8, 16, 32, 64), registry=into
        )
        Gauge(f"{prefix}waiting", "Requests that wait for the model", registry=into).set_function(waiting)

    def note_answer(self, path: str, status: int) -> None:
        """Count one HTTP answer; unknown paths share one name, so that a scan makes no new series."""
        self._answers.labels(path if path in _PATHS else "other", str(status)).inc()

    def note_batch(self, size: int) -> None:
        """Note how many requests were answered together."""
        self._batch.observe(size)

    def note_reply(self, verdict: str, action: str, guard_s: float) -> None:
        """Count one judged completion."""
        self._verdicts.labels(verdict, action).inc()
        self._guard.observe(guard_s)

    def note_tokens(self, prompt: int, completion: int, took_s: float) -> None:
        """Count the tokens and the time of one answered request."""
        self._tokens.labels("prompt").inc(prompt)
        self._tokens.labels("completion").inc(completion)
        self._took.observe(took_s)

    def text(self) -> bytes:
        """Return all of it."""
        text: bytes = generate_latest(self._registry)
        return text
