"""A translation memory: sentences that somebody has translated, looked up exactly."""

import unicodedata
from collections.abc import Iterable

from foreword.text.corpus import Paths
from foreword.text.pairs.reading import read_pairs


class TranslationMemory:
    """Translations by their sources. Immutable.

    A source is found if it differs from the one looked up in spaces or in the Unicode form alone
    (NFC); capitals and marks must be the same. Of several translations of one source, the last one
    counts, since memories grow at their end.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Remember pairs; those that are empty on one side are left out."""
        self._targets = {
            _key(source): target.strip()
            for source, target in pairs
            if source.strip() and target.strip()
        }

    @classmethod
    def read(cls, paths: Paths, languages: tuple[str, str] | None = None) -> "TranslationMemory":
        """Read a memory from files in any form of `foreword.text.pairs.reading.read_pairs`.

        Args:
            paths: the files.
            languages: the codes of source and target; None for those that the files hold.

        Raises:
            TextError, SettingsError: as `read_pairs` does.
        """
        pairs = read_pairs(paths, languages=languages)
        return cls(zip(pairs.sources, pairs.targets, strict=True))

    def __len__(self) -> int:
        return len(self._targets)

    def get(self, source: str) -> str | None:
        """Return the translation of a sentence, if it is remembered.

        >>> TranslationMemory([("Guten  Morgen.", "Good morning.")]).get("Guten Morgen.")
        'Good morning.'
        """
        return self._targets.get(_key(source))


def _key(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))
