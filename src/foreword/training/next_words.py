"""The task of a next-word model: its run, its measures, its folder. Holds no loop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreword.evaluation.perplexity import Reset, Score, score
from foreword.evaluation.report import evaluation_of
from foreword.folder.architecture import format_version
from foreword.folder.config import Evaluation, FolderConfig, TrainingRecord
from foreword.folder.saving import write_folder
from foreword.folder.usage import misspellings_of
from foreword.models.build import count_parameters
from foreword.models.model import NextWordModel
from foreword.training.card import model_card
from foreword.training.corpus import Corpus
from foreword.training.interrupt import StopWish
from foreword.training.preparing import new_run, vectors_of_text
from foreword.training.progress import Note, Reporter, TextProgress
from foreword.training.ranks import ALONE, Ranks
from foreword.training.session import training_record
from foreword.training.settings import TrainingSettings
from foreword.training.trainer import Run

KNOWN_BY_HEART = 2.0
"""The perplexity below which a text measures nothing, as no human writing is so predictable."""

SHORTEST_PASSAGE = 128
"""The smallest number of words in a passage, since other words must be read before it."""


@dataclass(frozen=True)
class Validation:
    """How the held-out text is read.

    Attributes:
        words: about the number of words that count in each validation during training; None: all.
            They are spread over the whole text. The evaluation at the end reads all of them.
        streams: the largest number of passages that are read side by side then; see `score`.
        last_streams: their number in the evaluation at the end.
    """

    words: int | None = 60_000
    streams: int = 64
    last_streams: int = 1


EACH = Validation()
"""How `foreword train` reads the held-out text."""


class NextWordTask:
    """A next-word model on a corpus that has been read."""

    def __init__(
        self,
        corpus: Corpus,
        settings: TrainingSettings,
        rare: Sequence[str] = (),
        validation: Validation = EACH,
        ranks: Ranks = ALONE,
    ) -> None:
        """Prepare the task.

        Args:
            corpus: the text as ids.
            settings: settings, whose open choices the corpus decides.
            rare: words beyond the vocabulary, which are stored in the folder.
            validation: how the held-out text is read.
            ranks: the processes that train the model.
        """
        self.corpus = corpus
        self.settings = corpus.fill_in(settings)
        self.config = corpus.model_config(self.settings)
        self.rare = rare
        self.validation = validation
        self.ranks = ranks
        self.refuse_other = corpus.refuse_other
        self._model: NextWordModel | None = None
        self._evaluation: Evaluation | None = None
        self._misspellings: dict[str, str] = {}
        self._searched_at = 0  # the step after which they were searched for

    @property
    def fingerprint(self) -> Mapping[str, str | None]:
        """Checksums that identify this text, for resuming."""
        return self.corpus.fingerprint

    @property
    def is_validated(self) -> bool:
        """Whether there is a held-out text."""
        return self.corpus.valid is not None

    @property
    def reset(self) -> Reset:
        """Whether the state starts from zero at each line: as in training."""
        return "sentence" if self.settings.bptt.bptt == "sentence" else "never"

    @property
    def model(self) -> NextWordModel:
        """The model, once the run has begun."""
        assert self._model is not None
        return self._model

    def begin(self, report: Reporter, *, fresh: bool) -> Run:
        """Return the run before its first step."""
        run, self._model = new_run(
            self.corpus, self.config, self.settings, report, fresh=fresh, ranks=self.ranks
        )
        return run

    def summary(self) -> str:
        """Return a sentence on the model and its text."""
        corpus = self.corpus
        held_out = f", {len(corpus.valid):,} held out" if corpus.valid is not None else ""
        return (
            f"{self.config.name}, {count_parameters(self.config):,} parameters; "
            f"{len(corpus.train):,} words{held_out}; vocabulary {corpus.tokenizer.vocab_size:,}, "
            f"{corpus.train.unknown / len(corpus.train):.1%} of the words outside"
        )

    def validate(self) -> Score:
        """Measure the model on passages or lines from the whole of the held-out text."""
        assert self.corpus.valid is not None
        ids, words = self.corpus.valid.ids, self.validation.words
        counted = len(ids) if words is None else min(words, len(ids))
        streams = max(1, min(self.validation.streams, counted // SHORTEST_PASSAGE))
        own = slice(self.ranks.rank, None, self.ranks.count)
        part = score(self.model, ids, reset=self.reset, streams=streams, words=words, own=own)
        sums = self.ranks.summed(
            part.words, part.nats, part.top1, part.top3, part.top5, part.reciprocal_ranks
        )
        words_read, nats, top1, top3, top5, reciprocal = sums
        return Score(
            *(int(words_read), nats, int(top1), int(top3), int(top5), reciprocal, part.seconds)
        )

    def evaluate(self, run: Run, wish: StopWish, report: Reporter) -> None:
        """Measure the model on all held-out text, unless it is interrupted."""
        del run
        assert self.corpus.valid is not None

        def progress(done: int, total: int) -> None:
            report(TextProgress("evaluating", done, total))
            if wish:
                raise InterruptedError

        ids, streams = self.corpus.valid.ids, self.validation.last_streams
        try:
            measured = score(self.model, ids, reset=self.reset, streams=streams, progress=progress)
        except InterruptedError:
            return
        valid, name = self.corpus.valid, self.corpus.valid_name
        evaluation = evaluation_of(measured, valid, name, self.reset)
        if evaluation.perplexity < KNOWN_BY_HEART:
            report(
                Note(
                    f"a perplexity of {evaluation.perplexity:.2f} means that almost every word of "
                    "the held-out text was known before it came, as in what a program wrote or "
                    "what stands in the text twice. It says nothing of how well writing is "
                    "predicted."
                )
            )
        self._evaluation = evaluation

    def record(self, run: Run, *, finished: bool) -> TrainingRecord:
        """Return how the model was trained so far."""
        corpus = self.corpus
        return training_record(
            run, self.settings, text=corpus.name, words=len(corpus.train), finished=finished
        )

    def described(self, record: TrainingRecord) -> FolderConfig:
        """Return the content of `config.json`."""
        tokenizer = self.corpus.tokenizer.config
        return FolderConfig(
            format_version=format_version(self.config, "float32", tokenizer),
            model=self.config,
            tokenizer=tokenizer,
            training=record,
            evaluation=self._evaluation,
        )

    def write(
        self, folder: Path, weights: Mapping[str, Any], record: TrainingRecord, *, ends: bool
    ) -> FolderConfig:
        """Write the model folder, with the misspellings that the weights reveal.

        The search takes a second or two. Before the end it runs only after twice as many steps as
        the last time; so even a run that is killed has misspellings.
        """
        tokenizer, written = self.corpus.tokenizer, self.described(record)
        if ends or record.steps >= 2 * self._searched_at:
            vectors = self._vectors_of_use(weights)
            self._misspellings = misspellings_of(tokenizer, vectors, self.corpus.train.ids)
            self._searched_at = max(1, record.steps)
        card = model_card(written)
        write_folder(folder, written, weights, tokenizer, card, self.rare, self._misspellings)
        return written

    def _vectors_of_use(self, weights: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return weights in which words have similar vectors only if they are used alike.

        If words share parts, those that are spelled alike have similar vectors, whatever their use.
        Then the words beside each word in the text say more.
        """
        if not self.settings.model.share_parts:
            return weights
        return {"embedding.weight": vectors_of_text(self.corpus, self.settings).numpy()}
