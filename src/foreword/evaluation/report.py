"""Turn a score into the record that people read. Knows nothing of models or files."""

import math
from typing import Literal

from foreword.evaluation.perplexity import Score
from foreword.folder.config import Evaluation
from foreword.text.tokens import Tokens


def evaluation_of(
    score: Score, tokens: Tokens, text: str, reset: Literal["never", "sentence"] = "never"
) -> Evaluation:
    """Return means over the predicted words. `tokens` are the words that were measured."""
    words = score.words
    return Evaluation(
        text=text,
        words=words,
        perplexity=score.perplexity,
        cross_entropy_nats=score.cross_entropy,
        cross_entropy_bits=score.cross_entropy / math.log(2.0),
        top1=score.top1 / words,
        top3=score.top3 / words,
        top5=score.top5 / words,
        mean_reciprocal_rank=score.reciprocal_ranks / words,
        out_of_vocabulary=tokens.unknown / max(1, words - tokens.lines),
        words_per_second=words / max(score.seconds, 1e-9),
        reset=reset,
    )
