"""An n-gram model with torch's interface: the state is the last n - 1 words."""

import torch
from torch import Tensor

from foreword.models.model import LanguageModel, Scorer, State
from foreword.ngrams.table import NgramTable
from foreword.text.tokenizer import EOS_ID


class NgramModel(LanguageModel):
    """A table of smoothed n-grams, whose logits are ln P. On the processor, without gradients."""

    def __init__(self, table: NgramTable) -> None:
        super().__init__()
        self.table = table

    @property
    def device(self) -> torch.device:
        """The processor."""
        return torch.device("cpu")

    def start(self, batch_size: int) -> State:
        """Return (n - 1, B) word ids, all `<eos>`."""
        return (torch.full((self.table.order - 1, batch_size), EOS_ID),)

    def scorer(self, ids: Tensor, state: State) -> tuple[Scorer, State]:
        """Return the scorer of the words after `ids` (T, B), and the state after them."""
        (earlier,) = state
        words = torch.cat([earlier, ids])
        contexts = [part[len(earlier) :].reshape(-1) for part in self.table.contexts(words.numpy())]

        def scores(positions: Tensor) -> Tensor:
            shares = self.table.probabilities([part[positions.numpy()] for part in contexts])
            # Without a context there is one row, the same for all positions.
            rows = torch.from_numpy(shares).log_()
            return rows if len(rows) == len(positions) else rows.repeat(len(positions), 1)

        return scores, (words[len(words) - len(earlier) :],)
