"""Metrics for Prometheus: requests, their times, connections, the queue. Knows no texts."""

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """The metrics of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = _Requests()
        self._registry.register(self._requests)
        self._keystrokes = _Keystrokes()
        self._registry.register(self._keystrokes)
        self.connections = Gauge(
            "foreword_websockets", "Typists connected.", registry=self._registry
        )
        self.reloads = Counter(
            "foreword_reloads", "Models reloaded.", ["outcome"], registry=self._registry
        )
        self.refusals = Counter(
            "foreword_connections_refused",
            "Connections that were refused or closed, by why.",
            ["cause"],
            registry=self._registry,
        )
        # Looking up a child by its labels is slow, and there are only a few.
        self.refusal = lru_cache(maxsize=16)(self.refusals.labels)
        self._waiting = Gauge(
            "foreword_waiting", "Requests that wait to be computed.", registry=self._registry
        )

    def refused(self, cause: str) -> None:
        """Count a connection that was refused or closed."""
        self.refusal(cause).inc()

    def keystroke(self, outcome: str) -> None:
        """Count a frame of a typist."""
        self._keystrokes.counts[outcome] += 1

    def watch(self, waiting: Callable[[], int]) -> None:
        """Set the function that returns the number of waiting requests."""
        self._waiting.set_function(waiting)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request. The path is that of an endpoint, never a client's own text."""
        self._requests.add(path, status, seconds)

    def text(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self._registry)


class _Keystrokes(Collector):
    """Frames of typists by their outcome, added up by one thread without locks."""

    def __init__(self) -> None:
        self.counts: Tally[str] = Tally()

    def collect(self) -> Iterator[Metric]:
        frames = CounterMetricFamily(
            "foreword_keystrokes", "Frames of typists.", labels=["outcome"]
        )
        for outcome, count in self.counts.items():
            frames.add_metric([outcome], count)
        yield frames


class _Requests(Collector):
    """Requests and their times, added up by one thread without locks."""

    def __init__(self) -> None:
        self._count: Tally[tuple[str, int]] = Tally()
        self._seconds: dict[str, float] = {}
        self._buckets: dict[str, list[int]] = {}

    def add(self, path: str, status: int, seconds: float) -> None:
        self._count[path, status] += 1
        if path not in self._buckets:
            self._buckets[path] = [0] * (len(_BUCKETS) + 1)
            self._seconds[path] = 0.0
        self._seconds[path] += seconds
        self._buckets[path][bisect_left(_BUCKETS, seconds)] += 1

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "foreword_requests", "Requests answered.", labels=["path", "status"]
        )
        for (path, status), count in self._count.items():
            requests.add_metric([path, str(status)], count)
        yield requests
        times = HistogramMetricFamily(
            "foreword_request_seconds",
            "From a request's head to its answer's end.",
            labels=["path"],
        )
        bounds = [*map(str, _BUCKETS), "+Inf"]
        for path, counts in self._buckets.items():
            cumulative = zip(bounds, accumulate(counts), strict=True)
            times.add_metric([path], list(cumulative), self._seconds[path])
        yield times
