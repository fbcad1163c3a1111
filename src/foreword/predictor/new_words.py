"""Words that no text has had, for languages that inflect. Knows words; no texts and no networks."""

from foreword.predictor.letter_model import LetterModel
from foreword.predictor.lexicon import Lexicon, RareWords
from foreword.text.segments import is_unspaced

CONTEXT = 5
"""The number of letters on which the next one depends."""
FEWEST, MOST = 2, 40
"""The fewest and the most typed letters after which a new word is suggested."""
LEAST = 0.05
"""The least P(ending | typed letters, a new word)."""


class NewWords:
    """Completes words that are neither in the vocabulary nor among the rare words.

    A language that inflects builds many forms of a word, of which a text has few. Their endings are
    those of other words.

    >>> words = ["<unk>", "<eos>", "walking", "talking", "working", "walked", "talked"]
    >>> new = NewWords(Lexicon(words, hidden=2), RareWords([]))
    >>> [word for _, word in new.beginning("worke")]
    ['worked']
    """

    def __init__(self, lexicon: Lexicon, rare: RareWords) -> None:
        """Take the known words."""
        folds = {*lexicon.folds, *map(lexicon.fold, rare.words)}
        self._model = LetterModel(filter(str.isalpha, folds), CONTEXT)
        self._lexicon, self._rare = lexicon, rare

    def beginning(self, fold: str) -> list[tuple[float, str]]:
        """Return P(word | neither in the vocabulary nor rare), and the words that begin so.

        Args:
            fold: folded letters.
        """
        if not FEWEST <= len(fold) <= MOST or not fold.isalpha() or is_unspaced(fold):
            return []
        begun = self._model.probability(fold)
        words = ((begun * p, fold + ending) for p, ending in self._model.endings(fold, LEAST))
        return [(p, word) for p, word in words if p > 0 and not self._is_known(word)]

    def _is_known(self, word: str) -> bool:
        return bool(self._lexicon.forms(word)) or self._rare.has(word)
