"""A process that divides texts into words for `foreword.text.cutting`, by request and answer.

`python -m foreword.text.cutting_worker`. It is a separate program and not a pool's child, so that
it does not import the script that started it, and Ctrl-C in the terminal reaches only its parent.
It ends when its standard input does.
"""

import json
import signal
import sys
from collections import Counter
from typing import Any

from foreword.text.cutting import joined, receive, send
from foreword.text.tokenizer import Tokenizer, TokenizerConfig, word_counts


class _Cutter:
    """Answers requests, each of which has one key."""

    def __init__(self) -> None:
        self._config = TokenizerConfig()
        self._counts: Counter[str] = Counter()
        self._tokenizer = Tokenizer((), self._config)

    def answer(self, request: dict[str, Any]) -> bytes:
        [(kind, value)] = request.items()
        match kind:
            case "config":
                self._config, self._counts = TokenizerConfig(**value), Counter()
            case "count":
                self._counts.update(word_counts(value, self._config))
            case "counts":
                return json.dumps(self._counts, ensure_ascii=False).encode()
            case "tokenizer":
                config = TokenizerConfig(**value["config"])
                self._tokenizer = Tokenizer(value["words"], config, marks=value["marks"])
            case "encode":
                return joined(self._tokenizer.encode_lines(value))
            case _:
                raise ValueError(kind)
        return b""


def main() -> None:
    """Answer the requests from standard input on standard output until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cutter = _Cutter()
    while (request := receive(sys.stdin.buffer)) is not None:
        send(sys.stdout.buffer, cutter.answer(json.loads(request)))


if __name__ == "__main__":
    main()
