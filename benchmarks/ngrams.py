"""The n-gram model of `foreword.ngrams` as the simulated typist's predictor, in trigrams."""

import re
from collections.abc import Sequence

import numpy as np

from foreword.ngrams.kneser_ney import learn
from foreword.predictor.lexicon import Lexicon
from foreword.text.corpus import text_source
from foreword.text.tokenizer import EOS_ID, SPECIAL, UNK_ID, Tokenizer, TokenizerConfig

WORD_AT_THE_END = re.compile(r"\w+(?:'\w+)*'?$")


class Ngrams:
    """P(word | the two before it), over a vocabulary that is learned from the same lines."""

    def __init__(self, lines: Sequence[str], vocab_size: int) -> None:
        source = text_source("training text", "\n".join(lines))
        config = TokenizerConfig(case="fold")
        self.tokenizer = Tokenizer.learn(source.read(), config, vocab_size=vocab_size, min_count=2)
        self._lexicon = Lexicon(self.tokenizer.words, hidden=len(SPECIAL))
        self._marks = np.array([not re.search(r"\w", word) for word in self.tokenizer.words])
        self._marks[[UNK_ID, EOS_ID]] = True
        ids = self.tokenizer.encode_lines(lines)
        stream = np.concatenate([[*line, EOS_ID] for line in ids if len(line)])
        self._table = learn(stream, self.tokenizer.vocab_size, 3)

    @property
    def size(self) -> int:
        """Bytes, as it lies in memory."""
        return sum(part.nbytes for part in self._table.to_arrays().values())

    def probabilities(self, context: Sequence[int]) -> np.ndarray:
        """P(word | context), (V,); sums to 1."""
        words = np.array([EOS_ID, *context])[:, None]
        contexts = [part[-1] for part in self._table.contexts(words)]
        return self._table.probabilities(contexts)[0]

    def suggest(self, text: str, k: int) -> list[str]:
        """Next words, or completions."""
        unfinished = WORD_AT_THE_END.search(text)
        start = unfinished.start() if unfinished else len(text)
        shares = self.probabilities(self.tokenizer.encode(text[:start]))
        if unfinished:
            ids = self._lexicon.beginning(self.tokenizer.normalise(text[start:]))
        else:
            ids = np.flatnonzero(~self._marks)
        best = ids[np.argsort(-shares[ids], kind="stable")[:k]]
        return [self.tokenizer.word_of(index) for index in best]
