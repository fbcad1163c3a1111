"""Numbers for Prometheus: requests, their times, what waits. Knows no texts."""

from collections.abc import Callable
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        requests = Counter(
            "foreword_requests",
            "Requests answered.",
            ["path", "status"],
            registry=self._registry,
        )
        seconds = Histogram(
            "foreword_request_seconds",
            "From a request's head to its answer's end.",
            ["path"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self.keystrokes = Counter(
            "foreword_keystrokes", "Frames of typists.", ["outcome"], registry=self._registry
        )
        self.connections = Gauge(
            "foreword_websockets", "Typists connected.", registry=self._registry
        )
        self.reloads = Counter(
            "foreword_reloads", "Models read anew.", ["outcome"], registry=self._registry
        )
        self._waiting = Gauge(
            "foreword_waiting", "Requests that wait to be computed.", registry=self._registry
        )
        # Children are looked up by labels at some cost; there are few.
        self._count = lru_cache(maxsize=512)(lambda path, status: requests.labels(path, status))
        self._seconds = lru_cache(maxsize=64)(seconds.labels)
        self.keystroke = lru_cache(maxsize=16)(self.keystrokes.labels)

    def watch(self, waiting: Callable[[], int]) -> None:
        """Takes what tells how many requests wait."""
        self._waiting.set_function(waiting)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Counts a request. The path is one of the endpoints', never a client's words."""
        self._count(path, status).inc()
        self._seconds(path).observe(seconds)

    def text(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self._registry)
