"""From a text to a Python package with a model: `foreword.pack`. Connects other packages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

from foreword.compression.compress import BOUND, compress
from foreword.compression.ngrams import MOST
from foreword.errors import SettingsError
from foreword.folder.adopting import whole
from foreword.folder.claim import claimed
from foreword.folder.config import NgramConfig
from foreword.folder.files import atomic_write, writing
from foreword.folder.saving import write_folder
from foreword.folder.store import CARD, OURS, read_folder
from foreword.packaging.about import About, checked
from foreword.packaging.files import model_folder, package_files
from foreword.packaging.making import Making, Wish, folder_for, making_beside, refusal_for, tidy
from foreword.packaging.measured import Figures, measured, write_card
from foreword.packaging.ngrams import add_ngrams
from foreword.packaging.parts import FEWEST_WORDS, Parts, part
from foreword.packaging.rare import has_many_new, rare_words
from foreword.text.choice import ReadingSettings
from foreword.text.corpus import Paths, paths_of
from foreword.text.sources import read_sources
from foreword.training.leaves import Leaves
from foreword.training.progress import Note, Reporter, TextProgress, silent
from foreword.training.recipes import find, overridden
from foreword.training.run import FREE, train
from foreword.training.settings import ENDS, settings_from

RECIPE = "package"
"""The recipe of a package unless another is named."""
OF_SENTENCES: Mapping[str, Any] = {"bptt": "sentence"}
"""Default settings for sentences and messages: each begins from a zero state, as it does when it is
typed.
"""
READING = frozenset(ReadingSettings.__dataclass_fields__)


@dataclass(frozen=True)
class Packed:
    """How packing ended.

    Attributes:
        folder: the package's folder, for `pip install`.
        about: what the package says about itself.
        figures: what was measured; None if a signal ended the training.
        stopped_by: the signal, SIGINT or SIGTERM, that ended the training early; everything is
            saved.
    """

    folder: Path
    about: About
    figures: Figures | None = None
    stopped_by: str | None = None


def pack(
    texts: Paths = (),
    *,
    name: str | None = None,
    licence: str | None = None,
    out: str | PathLike[str] | None = None,
    sources: Sequence[str] = (),
    attributions: Sequence[str] = (),
    version: str | None = None,
    summary: str | None = None,
    recipe: str | PathLike[str] | None = None,
    bound: float = BOUND,
    rare: bool = True,
    ngrams: int = MOST,
    fewest_words: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    report: Reporter = silent,
    **leaves: Unpack[Leaves],
) -> Packed:
    """Train a model on texts, compress and measure it, and write a package for `pip install`.

    Two parts of the text are held out before training: one chooses the best weights, and the
    finished model is measured on the other.

    Args:
        texts: files, folders, globs, gzip files, `-`; one or several.
        name: the name of the model, as in `foreword predict NAME`. The package is called
            foreword-NAME.
        licence: the licence of the package and its model, as an SPDX expression.
        out: the package's folder. None: foreword-NAME in the current folder.
        sources: where the text comes from, a line each.
        attributions: the authors of the text, as they want to be named, a line each.
        version: the version of the package. None: 0.1.0.
        summary: a sentence for package indexes. None: the language tells it.
        recipe: settings that belong together; see `foreword.training.recipes`. None: `package`.
        bound: the largest relative rise of perplexity by compression.
        rare: whether the package also has the words that are too rare for the vocabulary, which are
            completed but never predicted; and, if the text leaves many words out, completes new
            ones letter by letter.
        ngrams: the number of n-grams of the text that the package also has, if they improve the
            model; 0: none.
        fewest_words: the words that the text must have. None: 10,000.
        resume: whether to continue what was interrupted, which knows all that was asked for. A
            budget, a licence and other words about the package may be given anew.
        overwrite: whether to replace a package of the same name in `out`, once the new one is
            complete.
        report: called with all events.
        **leaves: settings by name, such as `minutes=5`. `language` must be given: the language of
            the text, as a BCP 47 tag.

    Raises:
        TextError, SettingsError, FolderError, TrainingError, MissingExtraError: with what to do.
    """
    if not 0 <= bound < float("inf"):
        raise SettingsError(f"bound must be 0 or more and finite, not {bound}")
    if ngrams < 0:
        raise SettingsError(f"ngrams must be 0 or more, not {ngrams}")
    given: dict[str, Any] = {key: value for key, value in leaves.items() if value is not None}
    reading = {key: given.pop(key) for key in READING & given.keys()}
    told: dict[str, Any] = {
        "name": name,
        "language": given.pop("language", None),
        "licence": licence,
        "sources": tuple(sources),
        "attributions": tuple(attributions),
        "version": version,
        "summary": summary,
    }
    told = {key: value for key, value in told.items() if value}
    folder = folder_for(name, out)
    making_in = making_beside(folder)
    if resume:
        fixed = {key: value for key, value in given.items() if key not in FREE}
        _refuse_anew(told, texts=texts, recipe=recipe, **reading, **fixed)
        wish = Making.read(making_in).wish
        about, settings, replaces = wish.about.changed(told), given, wish.replaces
    else:
        about = checked(**told)
        settings, replaces = overridden(find(recipe or RECIPE).settings, given), overwrite
        settings_from(settings)  # what is wrong is said before a long text is read
        if not paths_of(texts):
            raise SettingsError("give a text to train on")

    def say(text: str) -> None:
        report(Note(text))

    def tell(activity: str, done: int, total: int | None) -> None:
        report(TextProgress(activity, done, total))

    def fill(text: Path, scratch: Path) -> Wish:
        read = read_sources(paths_of(texts), say=say, progress=tell, scratch=scratch, **reading)
        lines = part(read, text, about.name, tell, fewest_words or FEWEST_WORDS).lines
        return Wish(about=about, settings=settings, lines=lines, replaces=replaces)

    with claimed(folder, "pack", refusal_for(about, replaces=replaces), say):
        tidy(making_in)
        if resume:
            making = Making.read(making_in).renewed(about)
        else:
            making = Making.begin(making_in, fill, overwrite=overwrite)
        try:
            stopped_by = _trained(making, settings, report)
        finally:
            if not making.is_begun:
                making.discard()
        if stopped_by is not None:
            return Packed(folder, about, stopped_by=stopped_by)
        figures = _written(folder.resolve(), about, making, bound, report, rare=rare, ngrams=ngrams)
        making.discard()
    return Packed(folder, about, figures)


def _refuse_anew(told: Mapping[str, Any], **others: Any) -> None:
    """Refuse what cannot change when a package is resumed."""
    given = [key for key, value in others.items() if value]
    if "language" in told:
        given.append("language")
    if given:
        raise SettingsError(
            "an interrupted package is resumed with the text, the language and the settings that "
            f"it began with: leave out {', '.join(given)}"
        )


def _trained(making: Making, given: Mapping[str, Any], report: Reporter) -> str | None:
    """Train until the budget is used up; return the signal that ended it early, if one did.

    Args:
        making: the package that is made.
        given: settings, which may only be a budget if the training has begun.
        report: called with all events.
    """
    if making.is_trained and not (making.can_go_on and given.keys() & set(ENDS)):
        return None
    parts, wish = making.parts, making.wish
    settings = dict(given)
    if not making.is_begun:
        usual = OF_SENTENCES if parts.lines == "sentence" else {}
        settings = {**usual, **overridden(wish.settings, given)}
    outcome = train(
        [parts.train],
        out=making.model,
        valid=[parts.valid],
        resume=making.is_begun,
        report=report,
        **{
            **settings,
            "read_as": "text",
            "lines": parts.lines,
            "language": wish.about.language,
        },
    )
    return outcome.stopped_by


def _written(
    folder: Path,
    about: About,
    making: Making,
    bound: float,
    report: Reporter,
    *,
    rare: bool,
    ngrams: int,
) -> Figures:
    """Compress and measure the model, and write the package, which appears complete or not."""

    def tell(activity: str, done: int, total: int | None) -> None:
        report(TextProgress(activity, done, total))

    parts, trained = making.parts, read_folder(making.model)
    with writing(folder), whole(folder) as draft:
        model = draft / model_folder(about)
        if isinstance(trained.config.model, NgramConfig):  # which has nothing to compress
            write_folder(model, trained.config, trained.weights, trained.tokenizer, "", (),
                         trained.misspellings)  # fmt: skip
        else:
            compress(
                making.model,
                model,
                [parts.valid],
                bound=bound,
                read_as="text",
                lines=parts.lines,
                progress=tell,
            )
        if rare:
            _add_words(model, parts)
        if ngrams and not isinstance(trained.config.model, NgramConfig):
            add_ngrams(model, parts, ngrams, tell)
        figures = measured(model, parts, tell)
        write_card(model, about, figures)
        for path, text in package_files(about, figures.rows(), figures.opening).items():
            atomic_write(draft / path, text.encode())
        kept = {path.name for path in model.iterdir()}
    for name in {*OURS, CARD} - kept:  # of the model that was replaced
        (folder / model_folder(about) / name).unlink(missing_ok=True)
    return figures


def _add_words(folder: Path, parts: Parts) -> None:
    """Give a model the words of its training text that its vocabulary lacks.

    If held-out text has many words beyond these, the model completes new words too.
    """
    model = read_folder(folder)
    with parts.train.open(encoding="utf-8") as file:
        words = rare_words(((line.rstrip("\n"), 1) for line in file), model.tokenizer)
    config, tokenizer = model.config, model.tokenizer
    with parts.valid.open(encoding="utf-8") as file:
        if has_many_new((line.rstrip("\n") for line in file), tokenizer, words):
            tokenizer = tokenizer.with_config(replace(tokenizer.config, new_words=True))
            config = config.with_tokenizer(tokenizer.config)
    write_folder(folder, config, model.weights, tokenizer, "", words, model.misspellings)
