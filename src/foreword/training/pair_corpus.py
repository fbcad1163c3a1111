"""A user's sentence pairs prepared for training: read, cleaned, split, divided into sub-words."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foreword.cells import registry
from foreword.errors import SettingsError, TextError
from foreword.folder.translation import TranslationConfig
from foreword.text.lexicon import learn_lexicon
from foreword.text.pair_batches import Ids
from foreword.text.pairs.cleaning import CleaningRules, clean
from foreword.text.pairs.pairs import Pairs
from foreword.text.pairs.reading import read_pairs
from foreword.text.placeholders import masked_pair, practised
from foreword.text.subword_dropout import SubwordDropout
from foreword.text.subwords import Subwords, choose_size
from foreword.training.corpus import Texts, same_text
from foreword.training.defaults import fill_in_translation
from foreword.training.progress import Note, Reporter
from foreword.training.settings import TrainingSettings

HELD_OUT, MOST_HELD_OUT, FEWEST_HELD_OUT = 0.02, 2_000, 20
"""The fraction of the pairs held out if none are named, and the largest and smallest number."""


@dataclass(frozen=True)
class PairCorpus:
    """Training and validation pairs, and the vocabulary of sub-words.

    Attributes:
        name: the names of the texts, without their folders.
        subwords: the vocabulary.
        train: the pairs to train on.
        valid: the held-out pairs; None if there are too few.
        valid_name: the name of the held-out pairs.
        languages: the codes of source and target; "" if unknown.
        old: pairs of which some are read again in each pass, so that a model that is continued
            does not forget; None for a new model.
        learned: pairs that show how well the new ones are learned: held-out new pairs, or all new
            pairs if they are few. None for a new model.
    """

    name: str
    subwords: Subwords
    train: Pairs
    valid: Pairs | None
    valid_name: str
    languages: tuple[str, str]
    old: Pairs | None = None
    learned: Pairs | None = None

    @property
    def words(self) -> int:
        """The number of words between spaces in the translations."""
        return sum(len(target.split()) for target in self.train.targets)

    @property
    def fingerprint(self) -> dict[str, str | None]:
        """Checksums that identify these pairs, for resuming."""
        return {
            "train": _sha256(self.train),
            **({} if self.old is None else {"old": _sha256(self.old)}),
            "valid": None if self.valid is None else _sha256(self.valid),
        }

    def refuse_other(self, before: Mapping[str, str | None], since: str, otherwise: str) -> None:
        """Refuse to continue on other pairs; see `foreword.training.corpus.same_text`."""
        same_text(self.fingerprint, before, since, otherwise)

    def fill_in(self, settings: TrainingSettings) -> TrainingSettings:
        """Return the settings, with sizes and rates that suit these pairs if none are set."""
        return fill_in_translation(settings, words=self.words)

    def model_config(self, settings: TrainingSettings) -> TranslationConfig:
        """Return the architecture that the settings ask for, over these sub-words."""
        model, translation = settings.model, settings.translation
        assert model.embedding_size is not None
        assert model.hidden_size is not None
        return TranslationConfig(
            cell=model.model,
            vocab_size=self.subwords.size,
            embedding_size=model.embedding_size,
            hidden_size=model.hidden_size,
            encoder_layers=translation.encoder_layers,
            decoder_layers=translation.decoder_layers,
            bidirectional=translation.bidirectional,
            reverse_source=translation.reverse_source,
            attention=translation.attention,
            heads=translation.heads,
            input_feeding=translation.input_feeding,
            cell_options=registry.settings_of(model.model, model.cell_settings),
        )

    def with_slots(self, share: float, seed: int) -> tuple[list[str], list[str]]:
        """Return the sources and the targets to train on, with slots for placeholders.

        Args:
            share: of the pairs, which come a second time with slots for names, numbers, words or
                tags; see `foreword.text.placeholders.practised`.
            seed: chooses them.
        """
        both = [*map(masked_pair, self.train.sources, self.train.targets)]
        random = np.random.default_rng(seed)
        again = random.permutation(len(both))[: round(share * len(both))].tolist()
        lexicon = learn_lexicon(self.train.sources, self.train.targets) if again else {}
        for source, target in [both[k] for k in again]:
            both.append(practised(source, target, random, lexicon))
        sources, targets = zip(*both, strict=True)
        return list(sources), list(targets)

    def dropout(self, side: Sequence[str], rate: float, seed: int) -> SubwordDropout:
        """Return the sub-words of one side of the training pairs, drawn again in every pass."""
        return SubwordDropout(self.subwords, side, rate=rate, seed=seed)

    def ids(self, side: Sequence[str]) -> Ids:
        """Return the sub-words of sentences."""
        return Ids.of(self.subwords.encode_batch(side))


def refuse_two_kinds(texts: Sequence[Any], pairs: Sequence[Any]) -> None:
    """Refuse texts and pairs in one call.

    Raises:
        SettingsError: there are both.
    """
    if texts and pairs:
        raise SettingsError("give texts or pairs, not both: they train different kinds of model")


def read_pair_corpus(
    paths: Texts,
    valid: Texts,
    settings: TrainingSettings,
    report: Reporter,
    subwords: Subwords | None = None,
    old: Texts = (),
) -> PairCorpus:
    """Read pairs, clean them, hold some out, and learn their sub-words.

    Args:
        paths: of the training pairs, as `foreword.text.pairs.read_pairs` takes them.
        valid: of the validation pairs; none: a part of the others is held out.
        settings: of the text and of translation.
        report: called with what was read and left out.
        subwords: the vocabulary of the run to resume, or of the model to continue.
        old: paths of pairs that the model to continue was trained on.

    Raises:
        TextError: there are too few pairs, or a file cannot be read.
    """
    of_pairs = settings.translation
    rules = CleaningRules(longest=of_pairs.longest_pair, languages=of_pairs.check_languages)
    languages = _languages(settings)

    def read(files: Texts) -> Pairs:
        given = read_pairs(files, languages=languages, encoding=settings.text.encoding)
        report(Note(given.note))
        return given

    def cleaned(files: Texts) -> Pairs:
        kept, left_out = clean(read(files), rules)
        if left_out:
            report(Note("left out: " + ", ".join(f"{n:,} {why}" for why, n in left_out.items())))
        return kept

    train = cleaned(paths)
    before = cleaned(old) if old else None
    names = train.names
    if len(train) < 2:
        raise TextError(
            f"{names} has {len(train)} pairs that can be learned from; at least 2 are needed"
        )
    held_out: Pairs | None
    learned = None
    if before is not None:
        train, learned = _hold_out(train)
        learned = learned or train
        names = f"{names}, after {before.names}"
    if valid:
        held_out = read(valid)
        valid_name = held_out.names
    elif before is not None:
        before, held_out = _hold_out(before)
        valid_name = f"pairs held out of {before.names}"
    else:
        train, held_out = _hold_out(train)
        valid_name = f"pairs held out of {names}"
    if held_out is None:
        report(
            Note(
                "there are too few pairs to hold some out: the quality will not be measured. Give "
                "--valid-pairs to have it measured."
            )
        )
    if subwords is None:
        both = [*train.sources, *train.targets]
        subwords = Subwords.train(both, of_pairs.subwords or choose_size(both))
    return PairCorpus(
        names, subwords, train, held_out, valid_name, train.languages, before, learned
    )


def _languages(settings: TrainingSettings) -> tuple[str, str] | None:
    """Return the languages that were set.

    Raises:
        SettingsError: only one of them was set.
    """
    source, target = settings.translation.source_language, settings.translation.target_language
    if source is None and target is None:
        return None
    if source is None or target is None:
        raise SettingsError(
            f"source_language is {source} and target_language is {target}: set both, or neither"
        )
    return source, target


def _hold_out(pairs: Pairs) -> tuple[Pairs, Pairs | None]:
    """Hold out pairs by a hash of their sources, so that none is in both parts."""
    wanted = min(HELD_OUT * len(pairs), MOST_HELD_OUT)
    if wanted < FEWEST_HELD_OUT:
        return pairs, None
    share = wanted / len(pairs)
    chosen = [
        int.from_bytes(hashlib.sha256(source.encode("utf-8", "surrogatepass")).digest()[:8])
        < share * 2**64
        for source in pairs.sources
    ]
    return (
        pairs.taken([k for k, held in enumerate(chosen) if not held]),
        pairs.taken([k for k, held in enumerate(chosen) if held]),
    )


def _sha256(pairs: Pairs) -> str:
    digest = hashlib.sha256()
    for source, target in zip(pairs.sources, pairs.targets, strict=True):
        digest.update(f"{source}\0{target}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
