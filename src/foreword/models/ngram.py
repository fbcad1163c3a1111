"""An n-gram model as torch's rooms see it: the state is the last n - 1 words. Looks up, no more."""

import torch
from torch import Tensor

from foreword.models.model import LanguageModel, Scorer, State
from foreword.ngrams.table import Table
from foreword.text.tokenizer import EOS_ID


class NgramModel(LanguageModel):
    """A table of smoothed n-grams; logits are log P. On the processor, and without gradients."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self.table = table

    @property
    def device(self) -> torch.device:
        """The processor."""
        return torch.device("cpu")

    def start(self, batch_size: int) -> State:
        """(n - 1, B) word ids, all `<eos>`."""
        return (torch.full((self.table.order - 1, batch_size), EOS_ID),)

    def scorer(self, ids: Tensor, state: State) -> tuple[Scorer, State]:
        """What scores the words after `ids` (T, B), and the state after them."""
        (earlier,) = state
        words = torch.cat([earlier, ids])
        contexts = [part[len(earlier) :].reshape(-1) for part in self.table.contexts(words.numpy())]

        def scores(places: Tensor) -> Tensor:
            shares = self.table.probabilities([part[places.numpy()] for part in contexts])
            # Without a context there is one row, the same for all places.
            rows = torch.from_numpy(shares).log_()
            return rows if len(rows) == len(places) else rows.repeat(len(places), 1)

        return scores, (words[len(words) - len(earlier) :],)
