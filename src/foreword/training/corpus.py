"""Someone's text made ready for training: read, split, tokenised. Knows no weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Literal

from foreword.cells import registry
from foreword.errors import FolderError, SettingsError, TextError, TrainingError
from foreword.folder.config import ModelConfig, ModelName
from foreword.text import segments
from foreword.text.case import RULES, case_of
from foreword.text.corpus import Source, chat_source, names_of
from foreword.text.cutting import HERE, Cutting
from foreword.text.holdout import hold_out
from foreword.text.newlines import Lines
from foreword.text.pairs.carried import CARRIED
from foreword.text.sources import read_sources
from foreword.text.spool import how_to_get_room
from foreword.text.tokenizer import Tokenizer, TokenizerConfig
from foreword.text.tokens import Tokens, tokenise
from foreword.text.width import lines_of
from foreword.training.defaults import fill_in
from foreword.training.prepared import TRAIN, VALID, prepared_in, read_prepared
from foreword.training.progress import Note, Reporter, TextProgress
from foreword.training.settings import TextSettings, TrainingSettings

UNSPACED = 0.01
"""The fraction of letters in scripts without spaces from which on a dictionary finds words.
"""
VOCAB_SIZE = 20_000
"""The default size of the vocabulary of a text that is not pretokenised."""
VALIDATING = "reading the validation text"

Texts = Sequence[str | PathLike[str]]


@dataclass(frozen=True)
class Corpus:
    """A training and a validation text as ids, and the tokeniser that made them."""

    name: str
    """The texts' names without their folders, which people who get the model need not know."""
    tokenizer: Tokenizer
    train: Tokens
    valid: Tokens | None
    valid_name: str

    @property
    def fingerprint(self) -> dict[str, str | None]:
        """Checksums that identify this text, for resuming."""
        return {
            "train": self.train.sha256,
            "valid": None if self.valid is None else self.valid.sha256,
        }

    def refuse_other(self, before: Mapping[str, str | None], since: str, otherwise: str) -> None:
        """Makes sure that a run continues with the text with which it was started.

        Args:
            before: the `fingerprint` of then.
            since: the beginning of the message, such as "this run was started with".
            otherwise: what else can be done.

        Raises:
            TrainingError: names the part that differs.
        """
        same_text(self.fingerprint, before, since, otherwise)

    def fill_in(self, settings: TrainingSettings, passes: float | None = None) -> TrainingSettings:
        """The settings, with sizes and rates that suit this text if none were chosen.

        Args:
            settings: None leaves a choice open.
            passes: how often the text will be read, if that is known.
        """
        return fill_in(settings, words=len(self.train), passes=passes)

    def model_config(
        self, settings: TrainingSettings, name: ModelName | None = None
    ) -> ModelConfig:
        """The architecture that the settings ask for, over this text's vocabulary."""
        model = self.fill_in(settings).model
        chosen = name or model.model
        assert chosen != "ngram", "it is counted, and its size is known afterwards"
        assert model.embedding_size is not None
        assert model.hidden_size is not None
        has_clusters = model.adaptive_clusters > 0
        V = self.tokenizer.vocab_size
        if has_clusters and model.adaptive_head > V // 2:
            raise SettingsError(
                f"the vocabulary has {V:,} words, and adaptive_head is {model.adaptive_head:,}: at "
                f"most {V // 2:,}, half of them, leave enough for clusters"
            )
        of_cell = model.model_copy(update={"model": chosen}).cell_settings
        return ModelConfig(
            name=chosen,
            vocab_size=self.tokenizer.vocab_size,
            embedding_size=model.embedding_size,
            hidden_size=model.hidden_size,
            num_layers=model.num_layers,
            context_words=model.context_words if chosen == "mlp-window" else 1,
            tied=model.tied,
            skip=model.skip,
            softmaxes=model.softmaxes,
            adaptive_clusters=model.adaptive_clusters,
            adaptive_head=model.adaptive_head if has_clusters else 0,
            **{key: of_cell[key] for key in of_cell if key not in model.cell_options},
            cell_options=registry.settings_of(chosen, model.cell_options),
        )


def same_text(
    now: Mapping[str, str | None], before: Mapping[str, str | None], since: str, otherwise: str
) -> None:
    """Make sure that two fingerprints are of the same text; see `Corpus.refuse_other`.

    Raises:
        TrainingError: names the part that differs.
    """
    for part, sha256 in now.items():
        if before.get(part) != sha256:
            raise TrainingError(
                f"the {part} text is not the one that {since} (its words' sha256 is "
                f"{str(sha256)[:12]}, it was {str(before.get(part))[:12]}). Give the same text, or "
                f"{otherwise}."
            )


def absolute(texts: Texts) -> list[str]:
    """The texts' absolute paths; `-` and carried pairs stay as they are."""
    return [
        str(text) if str(text) in ("-", *CARRIED) else str(Path(text).absolute()) for text in texts
    ]


def read_corpus(
    texts: Texts,
    valid: Texts,
    settings: TextSettings,
    scratch: Path,
    report: Reporter,
    tokenizer: Tokenizer | None = None,
    *,
    cutting: Cutting = HERE,
    keeps: bool = False,
) -> Corpus:
    """Reads texts, learns their words unless a tokeniser is passed, and writes their ids.

    Args:
        texts: files, folders, globs, gzip, `-`; none: the carried chats. Or the folder of a
            prepared text, which has the words and the ids.
        valid: the same; none: the last twentieth of `texts` is held out.
        settings: how text becomes words.
        scratch: a folder on the disk for the ids, which are in files that nobody else can see.
        report: called with the progress of reading.
        tokenizer: that of the run to resume.
        cutting: divides the texts into words.
        keeps: whether the ids stay in `scratch`, as the files `TRAIN` and `VALID`.

    Raises:
        TextError: with the file, and line and byte where they are known.
        FolderError: nothing can be written to `scratch`; or a prepared text is damaged.
        SettingsError: a prepared text was read with other settings.
        TrainingError: a prepared text has other words than the run to resume.
    """
    folder = prepared_in(texts)
    if folder is not None:
        return _prepared_corpus(folder, valid, settings, scratch, report, tokenizer)
    train_sources, valid_sources = _sources(texts, valid, settings, scratch, report)
    tokenizer = tokenizer or _learn(train_sources, settings, report, cutting)
    scratch.mkdir(parents=True, exist_ok=True)
    name = names_of(texts) or train_sources[0].name
    train = _ids(
        train_sources,
        tokenizer,
        scratch,
        report,
        "reading the text",
        cutting,
        scratch / TRAIN if keeps else None,
    )
    if len(train) < 2:
        raise TextError(
            f"{name} has {len(train)} words; at least 2 are needed to learn which follows which"
        )
    held_out = None
    if valid_sources:
        held_out = _ids(
            valid_sources,
            tokenizer,
            scratch,
            report,
            VALIDATING,
            cutting,
            scratch / VALID if keeps else None,
        )
    return Corpus(
        name=name,
        tokenizer=tokenizer,
        train=train,
        valid=_measuring(held_out, report),
        valid_name=names_of(valid)
        or (f"the last part of {name}, held out" if texts else chat_source("valid").name),
    )


def _prepared_corpus(
    folder: Path,
    valid: Texts,
    settings: TextSettings,
    scratch: Path,
    report: Reporter,
    tokenizer: Tokenizer | None,
) -> Corpus:
    """Read a prepared text, and other texts to validate on if any are named."""
    prepared = read_prepared(folder, settings)
    words = prepared.tokenizer
    if tokenizer is not None and tokenizer.words != words.words:
        raise TrainingError(
            f"{folder} was prepared with other words than this run was started with. Name the "
            "folder that it read, or train anew"
        )
    held_out = prepared.valid
    if valid:
        scratch.mkdir(parents=True, exist_ok=True)
        sources = _read(valid, words.config.lines, settings, scratch, report)
        held_out = _ids(sources, words, scratch, report, VALIDATING)
    return Corpus(
        name=prepared.about.name,
        tokenizer=words,
        train=prepared.train,
        valid=_measuring(held_out, report),
        valid_name=names_of(valid) or prepared.about.valid_name,
    )


def _ids(
    sources: Sequence[Source],
    tokenizer: Tokenizer,
    scratch: Path,
    report: Reporter,
    activity: str,
    cutting: Cutting = HERE,
    file: Path | None = None,
) -> Tokens:
    """Return the ids of texts, in a file or in a hidden file of the folder `scratch`."""

    def progress(done: int, total: int | None) -> None:
        report(TextProgress(activity, done, total))

    try:
        return tokenise(
            sources, tokenizer, directory=scratch, file=file, cutting=cutting, progress=progress
        )
    except OSError as error:
        if file is not None:
            raise
        raise FolderError(
            f"{scratch}: the text's words cannot be kept there in a hidden file, as they are "
            f"while training goes on: {error}{how_to_get_room(scratch)}"
        ) from error


def _measuring(held_out: Tokens | None, report: Reporter) -> Tokens | None:
    """Return the held-out text, or None with a message if there is none."""
    if held_out is not None and len(held_out) > 0:
        return held_out
    report(
        Note(
            "the text is too short to hold out a part of it: the model's quality will not be "
            "measured. Give --valid FILE to have it measured."
        )
    )
    return None


def _sources(
    texts: Texts, valid: Texts, settings: TextSettings, scratch: Path, report: Reporter
) -> tuple[list[Source], list[Source]]:
    train = _read(texts, "sentence", settings, scratch, report) if texts else [chat_source("train")]
    if valid:
        return train, _read(valid, lines_of(train), settings, scratch, report)
    return hold_out(train) if texts else (train, [chat_source("valid")])


def _read(
    texts: Texts, usual: Lines, settings: TextSettings, scratch: Path, report: Reporter
) -> list[Source]:
    """Find texts; `usual` is the kind of lines of a text that is too short to detect it."""

    def say(text: str) -> None:
        report(Note(text))

    def show(activity: str, done: int, total: int | None) -> None:
        report(TextProgress(activity, done, total))

    config = replace(_tokenizer_config(settings), lines=usual)
    return read_sources(texts, config, say=say, progress=show, scratch=scratch, **settings.reading)


def _tokenizer_config(settings: TextSettings) -> TokenizerConfig:
    return TokenizerConfig(
        words="spaces" if settings.pretokenised else "unicode", case=settings.case
    )


def _learn(
    sources: Sequence[Source], settings: TextSettings, report: Reporter, cutting: Cutting
) -> Tokenizer:
    total = sum(source.size or 0 for source in sources) or None
    done = 0

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        report(TextProgress("finding the words", done, total))

    pieces = (piece for source in sources for piece in source.read(on_bytes))
    config = replace(
        _tokenizer_config(settings),
        lines=lines_of(sources),
        segmenter="none" if settings.pretokenised else _segmenter(sources, report),
        language=_language(sources, report) if settings.language is None else settings.language,
    )
    return Tokenizer.learn(
        pieces,
        config,
        vocab_size=settings.vocab_size or (None if settings.pretokenised else VOCAB_SIZE),
        min_count=settings.min_count or (1 if settings.pretokenised else 2),
        count=cutting.count,
    )


def _language(sources: Sequence[Source], report: Reporter) -> str:
    """The language, with a message, if its rules of case are unusual; otherwise None."""
    pieces = (piece.text for source in sources for piece in source.read())
    language = case_of(pieces).language
    if language:
        report(
            Note(
                f"upper and lower case go by the rules of {RULES[language]}, as the text's letters "
                "show; --set language=CODE tells another language (en: no rules of its own)"
            )
        )
    return language


def _segmenter(sources: Sequence[Source], report: Reporter) -> Literal["none", "icu"]:
    """The segmenter that separates a text's words, with a message; None if spaces do."""
    share = segments.unspaced_share(piece.text for source in sources for piece in source.read())
    if share < UNSPACED:
        return "none"
    of_text = (
        f"{share:.0%} of the text's letters are of scripts that set no spaces between words "
        "(Chinese, Japanese, Thai, Lao, Khmer, Burmese)"
    )
    if segments.is_installed():
        report(Note(f"{of_text}: its words are told apart by the dictionaries of ICU"))
        return "icu"
    report(
        Note(
            f"WARNING: {of_text}, and nothing is installed that tells words apart there: whole "
            "sentences will count as words, and the model will predict little. Install it and "
            'train anew: pip install "foreword[segment]"'
        )
    )
    return "none"
