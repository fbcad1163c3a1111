"""The objective and the task of a translation model: its batches, measures and folder. No loop."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from foreword.errors import MissingExtraError, TextError
from foreword.evaluation.calibration import fit
from foreword.evaluation.pairs import evaluation_of_pairs, greedy, on_device, score_pairs
from foreword.evaluation.perplexity import Score
from foreword.evaluation.translation import measure
from foreword.folder.calibration import Calibration
from foreword.folder.config import (
    ShortlistSizes,
    TrainingRecord,
    TranslationEvaluation,
    TranslationFolderConfig,
)
from foreword.folder.translation_store import TranslationFolder, write_translation
from foreword.models.build import device_named, load_weights
from foreword.nn.softmax import IGNORED
from foreword.text.pair_batches import Ends, Ids, PairBatches
from foreword.text.placeholders import masked_pair
from foreword.text.shortlist import Shortlist, learn_shortlist
from foreword.text.spellings import Spellings
from foreword.training.adapting import FORGOTTEN, PARTS, Base, between, with_old
from foreword.training.interrupt import StopWish
from foreword.training.pair_corpus import PairCorpus
from foreword.training.precision import precision_of
from foreword.training.preparing import regularisation
from foreword.training.progress import Note, Reporter, TextProgress
from foreword.training.session import training_record
from foreword.training.settings import TrainingSettings
from foreword.training.trainer import Run
from foreword.training.translation_card import translation_card
from foreword.translation.model import TranslationModel
from foreword.translator.translator import Translator

VALIDATED = 10_000
"""About the number of target sub-words that each validation during training reads; the evaluation
at the end reads all."""

CALIBRATED = 400
"""The most held-out pairs that are translated to calibrate confidences."""


class Translations:
    """The objective of a translation model: the mean loss of a batch of pairs."""

    def __init__(
        self,
        model: TranslationModel,
        batches: PairBatches,
        smoothing: float,
        precision: torch.dtype = torch.float32,
        base: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Take a model, its batches and the options of the loss.

        Args:
            model: the model to train.
            batches: batches of pairs.
            smoothing: that of labels; see `TranslationModel.loss`.
            precision: that of matrix products.
            base: the weights of the model that is continued, which checkpoints keep.
        """
        self.base = dict(base or {})
        self._model = model
        self.batches = batches
        self.smoothing = smoothing
        self.precision = precision

    @property
    def model(self) -> TranslationModel:
        """What is trained."""
        return self._model

    @property
    def epochs(self) -> float:
        """The number of passes over the pairs so far."""
        return self.batches.epochs

    def backward(self, done: float) -> tuple[Tensor, int]:
        """Read the next batch, and leave the gradients of its mean loss in the parameters."""
        del done
        batch = self.batches.next()
        count = int((batch.targets != IGNORED).sum())
        tensors = on_device(batch, self.model.device)
        loss = self.model.loss(*tensors, smoothing=self.smoothing, precision=self.precision) / count
        self.model.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach(), count

    def advance(self) -> None:
        """Does nothing, since no state is carried from batch to batch."""

    def look(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Returns no insight, since a translation model has none."""
        return {}, {}

    def news(self) -> str | None:
        """Returns nothing."""
        return None

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the weights of the model that is continued."""
        return self.base

    def document(self) -> dict[str, Any]:
        """Return the position of the batches."""
        return self.batches.state()

    def restore(self, arrays: Mapping[str, np.ndarray], document: Mapping[str, Any]) -> None:
        """Return to the position of a checkpoint.

        Raises:
            ValueError: it belongs to another model.
        """
        self.base = {name: np.array(weight) for name, weight in arrays.items()}
        shapes = {name: tuple(weight.shape) for name, weight in self.model.state_dict().items()}
        if self.base and {name: weight.shape for name, weight in self.base.items()} != shapes:
            raise ValueError("the weights of the model that was continued have other shapes")
        self.batches.restore(dict(document))


def validation_sample(sources: Ids, targets: Ids) -> tuple[Ids, Ids]:
    """Return pairs that are spread over all, of about `VALIDATED` target sub-words."""
    wanted = min(len(targets.lengths), round(VALIDATED / (targets.lengths.mean() + 1)))
    chosen = np.unique(np.linspace(0, len(targets.lengths) - 1, max(1, wanted)).astype(int))
    return (
        Ids.of([sources[k].tolist() for k in chosen]),
        Ids.of([targets[k].tolist() for k in chosen]),
    )


def balanced(old: Score, new: Score) -> Score:
    """Return a score with the means of both scores' measures, whatever their numbers of words."""
    weight = old.words / new.words

    def mean(one: float, other: float) -> float:
        return (one + weight * other) / 2

    return replace(
        old,
        nats=mean(old.nats, new.nats),
        top1=round(mean(old.top1, new.top1)),
        top3=round(mean(old.top3, new.top3)),
    )


class TranslationTask:
    """A translation model on pairs that have been read."""

    def __init__(
        self, corpus: PairCorpus, settings: TrainingSettings, base: Base | None = None
    ) -> None:
        """Let the pairs decide the choices that the settings leave open.

        Args:
            corpus: the pairs.
            settings: the chosen settings.
            base: the model from whose weights a fresh run begins; None draws new ones.
        """
        self.corpus = corpus
        self.settings = corpus.fill_in(settings)
        self.config = corpus.model_config(self.settings)
        self.refuse_other = corpus.refuse_other
        self.ends = Ends(corpus.subwords.start, corpus.subwords.end)
        self._valid: tuple[Ids, Ids] | None = None
        if corpus.valid is not None:
            self._valid = corpus.ids(corpus.valid.sources), corpus.ids(corpus.valid.targets)
            self._sample = validation_sample(*self._valid)
        self._learned: tuple[Ids, Ids] | None = None
        if corpus.learned is not None:
            learned = corpus.learned
            self._learned = validation_sample(
                corpus.ids(learned.sources), corpus.ids(learned.targets)
            )
        self._base = base
        self._model: TranslationModel | None = None
        self._evaluation: TranslationEvaluation | None = None
        self._calibration: Calibration | None = None

    @property
    def fingerprint(self) -> Mapping[str, str | None]:
        """Checksums that identify these pairs, for resuming."""
        return self.corpus.fingerprint

    @property
    def is_validated(self) -> bool:
        """Whether there are held-out pairs."""
        return self._valid is not None

    @property
    def model(self) -> TranslationModel:
        """The model, once the run has begun."""
        assert self._model is not None
        return self._model

    def begin(self, report: Reporter, *, fresh: bool) -> Run:
        """Return the run before its first step."""
        del report
        settings, seed = self.settings, self.settings.run.seed
        device = device_named(settings.run.device)
        generator = torch.Generator().manual_seed(seed)
        model = TranslationModel(self.config, regularisation(settings), generator)
        if fresh and self._base is not None:
            load_weights(model, self._base.weights())
        elif fresh and settings.softmax.softmax_start == "frequencies":
            model.output.start_from(torch.from_numpy(self._counts()))
        model = model.to(device)
        if device.type != "cpu":
            generator = torch.Generator(device).manual_seed(seed)
            model.use_generator(generator)
        self._model = model
        batches = PairBatches(
            self._drawn(),
            batch_words=settings.bptt.batch_size * settings.bptt.window,
            ends=self.ends,
            seed=seed,
        )
        smoothing = settings.translation.label_smoothing
        base = None if self._base is None else self._base.weights()
        objective = Translations(model, batches, smoothing, precision_of(settings, device), base)
        return Run(objective, settings, generator)

    def _counts(self) -> np.ndarray:
        """Return how often each sub-word is a target in training, (V,)."""
        ids = self.corpus.ids(self.corpus.train.targets).ids
        counts = np.bincount(ids, minlength=self.config.vocab_size)
        counts[self.ends.end] = len(self.corpus.train)
        return counts

    def _drawn(self) -> Any:
        """Return the function that draws the sub-words of a pass."""
        rate, seed = self.settings.translation.subword_dropout, self.settings.run.seed
        share = self.settings.translation.placeholder_share
        sources, targets = self.corpus.with_slots(share, seed)
        source = self.corpus.dropout(sources, rate, seed)
        target = self.corpus.dropout(targets, rate, seed + 1)

        def draw(number: int) -> tuple[Ids, Ids]:
            return Ids(*source.draw(number)), Ids(*target.draw(number))

        old = self.corpus.old
        if old is None:
            return draw
        masked = [*map(masked_pair, old.sources, old.targets)]

        def draw_old(chosen: np.ndarray, number: int) -> tuple[Ids, Ids]:
            sources, targets = zip(*(masked[k] for k in chosen), strict=True)
            return (
                Ids(*self.corpus.dropout(sources, rate, seed).draw(number)),
                Ids(*self.corpus.dropout(targets, rate, seed + 1).draw(number)),
            )

        share = self.settings.translation.new_share
        return with_old(draw, draw_old, len(sources), len(old), share, seed)

    def summary(self) -> str:
        """Return a sentence on the model and its pairs."""
        corpus, config = self.corpus, self.config
        count = sum(p.numel() for p in self.model.parameters())
        held_out = f", {len(corpus.valid):,} held out" if corpus.valid is not None else ""
        looks = "no attention" if not config.looks else f"{config.attention} attention"
        return (
            f"translation by {config.cell} with {looks}, {count:,} parameters; "
            f"{len(corpus.train):,} pairs{held_out}; {corpus.subwords.size:,} sub-words"
        )

    def validate(self) -> Score:
        """Measure the model on some of the held-out pairs; if it is continued, on new ones too."""
        score = score_pairs(self.model, *self._sample, self.ends)
        if self._learned is None:
            return score
        return balanced(score, score_pairs(self.model, *self._learned, self.ends))

    def evaluate(self, run: Run, wish: StopWish, report: Reporter) -> None:
        """Measure the best weights on the held-out pairs, and translate them."""
        corpus = self.corpus
        if corpus.old is not None and isinstance(run.objective, Translations):
            self._hold_back(run, run.objective.base, report)
        assert corpus.valid is not None
        assert self._valid is not None
        measured = score_pairs(self.model, *self._valid, self.ends)
        sources, _ = self._valid

        translations = [""] * len(corpus.valid)
        for done, (k, ids) in enumerate(greedy(self.model, sources, self.ends), 1):
            translations[k] = corpus.subwords.decode(ids)
            report(TextProgress("translating the held-out pairs", done, len(corpus.valid)))
            if wish:
                return
        try:
            quality = measure(translations, corpus.valid.targets)
        except MissingExtraError as error:
            report(Note(f"BLEU is not measured: {error}"))
            quality = None
        self._calibration = self._calibrated(run)
        self._evaluation = evaluation_of_pairs(
            measured, quality, text=corpus.valid_name, pairs=len(corpus.valid), beams=1
        )

    def _calibrated(self, run: Run) -> Calibration | None:
        """Return the calibration of the best weights; None if too few words are held out."""
        corpus = self.corpus
        assert corpus.valid is not None
        chosen = np.unique(np.linspace(0, len(corpus.valid) - 1, CALIBRATED).astype(int))
        pairs = corpus.valid.taken(chosen)
        translator = Translator(
            TranslationFolder(
                self.config,
                *corpus.languages,
                run.best,
                corpus.subwords,
                {},
                Path(),
                shortlist=self._shortlist,
                spellings=self._spellings,
            )
        )
        translations = translator.translate(list(pairs.sources), sentences=False)
        try:
            return fit(translations, pairs.targets, corpus.valid_name)
        except TextError:
            return None

    def _hold_back(self, run: Run, base: Mapping[str, np.ndarray], report: Reporter) -> None:
        """Undo a part of the change of the weights if the old pairs have become worse."""
        best = run.best

        def score_at(part: float) -> float:
            run.best = between(base, best, part)
            run.load_best()
            return score_pairs(self.model, *self._sample, self.ends).perplexity

        before = after = score_at(0.0)
        for part in PARTS:
            after = score_at(part)
            if after <= before * FORGOTTEN:
                break
        report(
            Note(
                f"the weights go {part:.0%} of the way to what was learned: the old pairs have a "
                f"perplexity of {after:.2f}, and had {before:.2f} before"
            )
        )

    def record(self, run: Run, *, finished: bool) -> TrainingRecord:
        """Return how the model was trained so far."""
        corpus = self.corpus
        return training_record(
            run, self.settings, text=corpus.name, words=corpus.words, finished=finished
        )

    def described(self, record: TrainingRecord) -> TranslationFolderConfig:
        """Return the content of `config.json`."""
        source, target = self.corpus.languages
        shortlist = self._shortlist
        return TranslationFolderConfig(
            model=self.config,
            source_language=source,
            target_language=target,
            training=record,
            evaluation=self._evaluation,
            calibration=self._calibration,
            shortlist=None if shortlist is None else ShortlistSizes(**shortlist.sizes),
            spellings=self._spellings is not None,
        )

    def write(
        self, folder: Path, weights: Mapping[str, Any], record: TrainingRecord, *, ends: bool
    ) -> TranslationFolderConfig:
        """Write the model folder."""
        del ends
        written = self.described(record)
        card = translation_card(written)
        write_translation(
            folder, written, weights, self.corpus.subwords, card,
            shortlist=self._shortlist, spellings=self._spellings,
        )  # fmt: skip
        return written

    @cached_property
    def _shortlist(self) -> Shortlist | None:
        """The sub-words that translations are made of, learned from the pairs to train on.

        None for a model that is continued and has none, if its old pairs are gone.
        """
        before = None if self._base is None else self._base.folder.shortlist
        if before is None and self._lacks_old_pairs:
            return None
        sources, targets = (self.corpus.ids(side) for side in self._read)
        learned = learn_shortlist(sources, targets, self.config.vocab_size, [self.ends.end])
        return learned if before is None else before.joined(learned)

    @cached_property
    def _spellings(self) -> Spellings | None:
        """The spellings of the sources' words, by which unknown names are copied.

        None for a model that does not practise copying, and one as `_shortlist` says.
        """
        before = None if self._base is None else self._base.folder.spellings
        if not self.settings.translation.placeholder_share:
            return before
        if before is None and self._lacks_old_pairs:
            return None
        learned = Spellings.learn(*self._read)
        return learned if before is None else before.joined(learned)

    @property
    def _lacks_old_pairs(self) -> bool:
        """Whether this model was trained on pairs that cannot be read any more."""
        return self.corpus.learned is not None and self.corpus.old is None

    @property
    def _read(self) -> tuple[list[str], list[str]]:
        """The sources and the targets of all pairs to train on."""
        corpus = self.corpus
        pairs = [corpus.train, *([] if corpus.old is None else [corpus.old])]
        return (
            [source for of_text in pairs for source in of_text.sources],
            [target for of_text in pairs for target in of_text.targets],
        )
