"""The texts of people as word ids. Knows no weights and no rounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path

import numpy as np

from foreword.errors import TextError
from foreword.text.corpus import Source, messages_by_sender, names_of, text_source
from foreword.text.sources import read_sources
from foreword.text.tokenizer import Tokenizer
from foreword.text.tokens import tokenise

FEWEST_WORDS = 2
"""The smallest number of words from which a model can learn."""


@dataclass(frozen=True)
class People:
    """The texts of many people, each by itself.

    Attributes:
        text: the name of the texts, without folders or people's names.
        ids: each person's text as word ids, (N,), in the order of their names.
        empty: the number of people that were left out because they have too few words.
        sha256: the digest of all ids in their order, which identifies these people.
    """

    text: str
    ids: tuple[np.ndarray, ...]
    empty: int
    sha256: str

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def words(self) -> int:
        """The number of words of all people."""
        return sum(len(ids) for ids in self.ids)


def read_people(
    texts: Sequence[str | PathLike[str]],
    tokenizer: Tokenizer,
    *,
    say: Callable[[str], None] = lambda _: None,
    progress: Callable[[str, int, int | None], None] = lambda *_: None,
    scratch: Path | None = None,
) -> People:
    """Read everybody's text.

    Args:
        texts: files, or folders of files, of which each is the text of one person; none: the part
            for training of the carried chats, by their senders.
        tokenizer: that of the model that training begins from, whose words are the only known ones.
        say: called with sentences about what was read.
        progress: called with (activity, number done, number in all).
        scratch: the folder on whose disk converted text is stored while it is read.

    Raises:
        TextError: there is nobody, or nobody has written anything.
    """
    if texts:
        sources = read_sources(
            texts, tokenizer.config, words=tokenizer.words, say=say, scratch=scratch
        )
        people: dict[str, list[Source]] = {}
        for source in sources:
            people.setdefault(source.name, []).append(source)
    else:
        people = {
            sender: [text_source("carried chats", "\n".join(messages))]
            for sender, messages in messages_by_sender("train").items()
        }
    ids, digest = [], sha256()
    for number, name in enumerate(sorted(people), 1):
        tokens = tokenise(people[name], tokenizer, directory=scratch)
        progress("reading people's text", number, len(people))
        if len(tokens) < FEWEST_WORDS:
            continue
        # A copy in memory: each mapping would keep a file open.
        ids.append(np.array(tokens.ids))
        digest.update(bytes.fromhex(tokens.sha256))
    what = names_of(texts) or "carried chats (train), by their senders"
    if not ids:
        raise TextError(
            f"{what}: nobody has a text of {FEWEST_WORDS} words or more, so there is nobody to "
            "learn from. Give a folder with a text file for each person"
        )
    empty = len(people) - len(ids)
    if empty:
        say(f"{empty:,} of {len(people):,} people have written nothing, and take no part")
    return People(what, tuple(ids), empty, digest.hexdigest())
