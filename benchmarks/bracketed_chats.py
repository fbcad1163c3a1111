"""Writes a text whose brackets stay open for tens of words: chats, stretches of them bracketed.

python benchmarks/bracketed_chats.py FILE

The text is the chats that come with a dependency. Outside of brackets each message is a line;
inside, messages stand in one line with slashes between. Each stretch has 20 to 60 words and
continues to the end of its message; brackets of the chats themselves are left out. To predict this
text, a model must remember for that long whether a bracket is open, since the text after a message
depends on it.
"""

import random
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from foreword.text.corpus import chat_source

MESSAGES = 60_000
SHORTEST, LONGEST = 20, 60
"""Words of a stretch, before it goes on to the end of its message."""


def lines(messages: Iterable[str], seed: int = 1) -> Iterator[str]:
    """The messages, one a line; by turns a stretch of them is one line in brackets."""
    draw = random.Random(seed)
    stretch: list[str] = []
    inside, left = False, draw.randint(SHORTEST, LONGEST)
    for message in messages:
        stretch.append(message)
        left -= len(message.split())
        if left <= 0:
            yield from [f"({' / '.join(stretch)})"] if inside else stretch
            stretch, inside, left = [], not inside, draw.randint(SHORTEST, LONGEST)


def main() -> None:
    pieces = (re.sub(r"[()]", "", piece.text) for piece in chat_source("train").read())
    messages = islice((text for text in pieces if text.strip()), MESSAGES)
    Path(sys.argv[1]).write_text("\n".join(lines(messages)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
