"""Learn the written text in the background. Knows no bus and no keys."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from foreword.errors import ForewordError
from foreword.predictor.personal import Network, Personal

_log = logging.getLogger("foreword")


class Learner:
    """Learns texts one after another in a thread of its own, so that no key waits for it."""

    def __init__(self, layer: Personal, path: Path, network: Network | None = None) -> None:
        """Take an open personal file.

        Args:
            layer: the personal layer.
            path: its file.
            network: adapts the layer's weight; see `Personal.learn`.
        """
        self.layer = layer
        self._path = path
        self._network = network
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._read_at = self._changed_at()

    def learn(self, text: str) -> None:
        """Learn a text soon."""
        self._soon(lambda: self.layer.learn(text, self._network))

    def refresh(self) -> None:
        """Read the file again soon, if another process has changed it."""
        if self._changed_at() != self._read_at:
            self._soon(self.layer.refresh)

    def close(self) -> None:
        """Wait until all is learned, and close the file."""
        self._worker.shutdown()
        self.layer.close()

    def _soon(self, work: Callable[[], object]) -> None:
        def attempt() -> None:
            try:
                work()
                self._read_at = self._changed_at()
            except ForewordError as error:  # typing must continue
                _log.warning("%s", error)

        self._worker.submit(attempt)

    def _changed_at(self) -> int:
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return 0
