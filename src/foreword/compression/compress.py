"""A model folder made smaller: `foreword.compress`. No torch."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np

from foreword.compression.cost import Cost, cost_on, refuse_compressed
from foreword.compression.ngrams import MOST, ngrams_for
from foreword.compression.translation import compress_translation
from foreword.errors import SettingsError, TextError
from foreword.folder.adopting import current
from foreword.folder.architecture import format_version
from foreword.folder.claim import Refusal, claimed
from foreword.folder.config import Compression, FolderConfig, ModelConfig
from foreword.folder.installed import find_folder
from foreword.folder.quantised import quantise
from foreword.folder.saving import refusal_of, write_folder
from foreword.folder.store import CARD, Folder, folder_bytes, holds_model, read_folder
from foreword.folder.translation_store import holds_translation
from foreword.folder.usage import misspellings_of
from foreword.predictor.engine import Engine
from foreword.text.choice import ReadingOptions
from foreword.text.corpus import Source, chat_source, names_of
from foreword.text.sources import read_sources
from foreword.text.tokenizer import SPECIAL, UNK_ID, Tokenizer
from foreword.text.tokens import tokenise
from foreword.visible import as_markdown

MOST_WORDS = 20_000
"""The default number of words that are read: enough to distinguish a loss of 1 % from chance."""
BOUND = 0.02

Tell = Callable[[str, int, int | None], None]


def compress(
    folder: str | PathLike[str],
    out: str | PathLike[str],
    texts: Sequence[str | PathLike[str]] = (),
    *,
    chats: Literal["train", "valid", "test"] | None = None,
    pairs: Sequence[str | PathLike[str]] = (),
    vocab_size: int | None = None,
    bound: float = BOUND,
    most_words: int = MOST_WORDS,
    ngrams_of: Sequence[str | PathLike[str]] = (),
    ngrams: int = MOST,
    overwrite: bool = False,
    say: Callable[[str], None] | None = None,
    progress: Tell | None = None,
    **reading: Unpack[ReadingOptions],
) -> Any:
    """Write a model in int8 with one scale a row, and measure the cost on a text.

    Both models read the text by the engine that predicts. A pruned word counts as one of the words
    that `<unk>` then represents, so that a smaller vocabulary does not improve the figures.

    Args:
        folder: a model in float32.
        out: the folder to write.
        texts: the texts to measure the loss on: files, folders, globs, gzip, `-`. None: the part of
            the carried chats that the model was validated on, if it was.
        chats: a part of the carried chats, instead of texts.
        pairs: sentences and their translations, on which a translation model is measured.
        vocab_size: the number of most frequent words to keep, including `<unk>` and `<eos>`.
        bound: the largest relative rise of perplexity; above it nothing is written.
        most_words: the number of words of the text that are read.
        ngrams_of: the texts that the model was trained on; n-grams of them are added if they
            improve the predictions.
        ngrams: the number of these n-grams.
        overwrite: whether to replace a model in `out`.
        say: called with sentences about what was read.
        progress: called with (activity, amount done, amount in all).
        reading: how the texts are read, as for `foreword.evaluate`.

    Raises:
        SettingsError: the loss is over the bound, or a setting is out of range.
        FolderError, TextError: with what to do about it.
    """
    if not 0 <= bound < float("inf"):
        raise SettingsError(f"bound must be 0 or more and finite, not {bound}")
    if most_words < 1:
        raise SettingsError(f"most_words must be at least 1, not {most_words}")
    if ngrams < 0:
        raise SettingsError(f"ngrams must be 0 or more, not {ngrams}")
    source, target = find_folder(folder), Path(out)
    with claimed(target, "compress", refusal_for(source, overwrite=overwrite)):
        if holds_translation(source):
            if not pairs or vocab_size is not None:
                raise SettingsError(
                    f"{source} is a translation model, whose loss is measured on pairs (--pairs "
                    "FILE FILE) and whose sub-words all stay (no --vocab-size)"
                )
            told: dict[str, Any] = {"say": say, "progress": progress}
            told = {name: function for name, function in told.items() if function is not None}
            return compress_translation(
                source, target, pairs, bound=bound, most_words=most_words, **told
            )
        if pairs:
            raise SettingsError(f"{source} is a next-word model: measure it on a text (--text)")
        before = read_folder(source)

        def sources(texts: Sequence[str | PathLike[str]]) -> list[Source]:
            tokenizer = before.tokenizer
            return read_sources(
                texts,
                tokenizer.config,
                words=tokenizer.words,
                say=say,
                progress=progress,
                **reading,
            )

        refuse_compressed(source, before.config.weights)
        if not isinstance(before.config.model, ModelConfig):
            raise SettingsError(
                f"{source} is an {before.config.model.name} model: it has no matrices for int8. "
                "Fewer n-grams make it smaller: train it with a larger ngram_min_count"
            )
        after = smaller(before, vocab_size)
        held_out = _sources(before.config, partial(sources, texts) if texts else None, chats)
        ids = _ids(held_out, before.tokenizer, most_words, progress)
        name = names_of(texts) or held_out[0].name
        result = _measured(source, before, after, name, ids, progress)
        _refuse_over(bound, result)
        kept_ngrams = dict(before.ngrams) if _words_missing(before, after) == 0 else {}
        if ngrams_of:
            text = _ids(sources(ngrams_of), after.tokenizer, None, progress)
            kept_ngrams = _ngrams_beside(after, text, ids, ngrams, say, progress)
        config = after.config.model_copy(update={"compression": result})
        known = before.misspellings
        record = before.config.training
        # Vectors that share parts are alike if words are spelled alike, and so tell nothing.
        if not known and not (record and record.settings.get("share_parts")):
            known = misspellings_of(before.tokenizer, before.weights)
        write_folder(
            target,
            config,
            after.weights,
            after.tokenizer,
            _card(source, config),
            before.rare,
            {w: m for w, m in known.items() if _is_of(after.tokenizer, w, m)},
            kept_ngrams,
            replaces=True,
        )
        return result


def _words_missing(before: Folder, after: Folder) -> int:
    return int(before.config.model.vocab_size - after.config.model.vocab_size)


def _measured(
    source: Path,
    before: Folder,
    after: Folder,
    name: str,
    ids: np.ndarray,
    progress: Tell | None,
) -> Compression:
    """Return the cost on a text of that name of the model of `source`, before and after."""

    def measure(model: Folder, activity: str, missing: int = 0) -> Cost:
        def tell(done: int) -> None:
            if progress is not None:
                progress(activity, done, len(ids))

        return cost_on(Engine(model.config.model, model.weights), ids, missing, tell)

    whole = measure(before, "the model")
    small = measure(after, "the compressed one", _words_missing(before, after))
    return Compression(
        vocab_size=before.config.model.vocab_size,
        bytes=folder_bytes(source),
        text=name,
        words=len(ids),
        perplexity_before=whole.perplexity,
        perplexity_after=small.perplexity,
        top3_before=whole.top3,
        top3_after=small.top3,
    )


def _refuse_over(bound: float, result: Compression) -> None:
    before, after = result.perplexity_before, result.perplexity_after
    if after > before * (1 + bound):
        raise SettingsError(
            f"on {result.text} the compressed model's perplexity is {after:.2f}, "
            f"{after / before - 1:.1%} above {before:.2f}, and the bound is {bound:.1%}: nothing "
            "was written. Keep more words (--vocab-size), or allow more (--bound)"
        )


def _ngrams_beside(
    model: Folder,
    text: np.ndarray,
    held_out: np.ndarray,
    most: int,
    say: Callable[[str], None] | None,
    progress: Tell | None,
) -> dict[str, np.ndarray]:
    """Return n-grams of a text if they improve the predictions of held-out text, else none."""
    config = model.config.model
    known = np.where(held_out < config.vocab_size, held_out, UNK_ID)
    engine = Engine(config, model.weights)
    added, gain = ngrams_for(engine, text, known, most, resets=False, tell=progress)
    if say is not None:
        say(
            f"n-grams lower perplexity by {1 - gain:.1%}"
            if added
            else "n-grams would not improve the predictions, so there are none"
        )
    return dict(added)


def _is_of(tokenizer: Tokenizer, wrong: str, meant: str) -> bool:
    """Whether a vocabulary has what a misspelling needs; it may lack one of a single word."""
    words = meant.split(" ")
    return {*words} <= tokenizer.ids.keys() and (wrong in tokenizer.ids or len(words) == 1)


def smaller(folder: Folder, vocab_size: int | None = None) -> Folder:
    """Return a model in int8 with only its first words, which are the most frequent.

    Raises:
        SettingsError: `vocab_size` is out of range, or the model has clusters.
    """
    model, tokenizer, weights = folder.config.model, folder.tokenizer, dict(folder.weights)
    if vocab_size is not None and vocab_size != model.vocab_size:
        if not len(SPECIAL) < vocab_size <= model.vocab_size:
            raise SettingsError(
                f"vocab_size must be over {len(SPECIAL)} and at most the model's "
                f"{model.vocab_size:,} words, not {vocab_size:,}"
            )
        if isinstance(model, ModelConfig) and model.clusters:
            raise SettingsError(
                "the words of an adaptive softmax are in clusters of fixed size: leave "
                "vocab_size out, or train with a smaller one"
            )
        for name in ("embedding.weight", "decoder.weight", "decoder.bias"):
            if name in weights:
                weights[name] = weights[name][:vocab_size]
        model = replace(model, vocab_size=vocab_size)
        words = tokenizer.words[:vocab_size]
        tokenizer = Tokenizer(words, tokenizer.config, spacing=tokenizer.spacing)
    config = folder.config.model_copy(
        update={
            "model": model,
            "weights": "int8",
            "format_version": format_version(model, "int8", tokenizer.config),
            "evaluation": None,
        }
    )
    return Folder(config, quantise(weights), tokenizer)


def refusal_for(source: Path, *, overwrite: bool) -> Refusal:
    """Refuse the model itself, a folder of something else, and a model that must stay."""

    def refusal(target: Path) -> str | None:
        if target == source.resolve():
            return "is the model itself: give another folder by --out"
        if holds_model(target) and not overwrite and refusal_of(target) is None:
            return "holds a model already. Use --overwrite to replace it"
        return refusal_of(target)

    return refusal


def _sources(
    config: FolderConfig,
    read: Callable[[], list[Source]] | None,
    chats: Literal["train", "valid", "test"] | None,
) -> list[Source]:
    if read is not None and chats is not None:
        raise SettingsError("give texts to measure on, or a part of the carried chats, not both")
    if read is not None:
        return read()
    if chats is None and config.evaluation is not None:
        parts: tuple[Literal["valid", "test"], ...] = ("valid", "test")
        chats = next((p for p in parts if f"({p})" in config.evaluation.text), None)
    if chats is None:
        raise SettingsError(
            "name a text to measure the loss on with --text FILE: one of the kind that the model "
            "will read, and that it was not trained on"
        )
    return [chat_source(chats)]


def _ids(
    sources: Sequence[Source], tokenizer: Tokenizer, most_words: int | None, progress: Tell | None
) -> np.ndarray:
    def tell(done: int, total: int | None) -> None:
        if progress is not None:
            progress("reading the text", done, total)

    ids = tokenise(sources, tokenizer, progress=tell).ids[:most_words]
    if len(ids) == 0:
        raise TextError("there is nothing to read: the text has no words")
    return ids


def _card(source: Path, config: FolderConfig) -> str:
    """Return the model's card with a section on compression."""
    try:
        card = current(source, CARD).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        card = ""
    result = config.compression
    assert result is not None
    section = (
        "## Compression\n\n"
        "Its matrices are int8 with a scale a row; what stands elsewhere in this card is of the "
        f"model before that. It knows {config.model.vocab_size:,} of {result.vocab_size:,} words. "
        f"On {as_markdown(result.text)} ({result.words:,} words):\n\n"
        "| | perplexity | top 3 |\n|---|---|---|\n"
        f"| before | {result.perplexity_before:.2f} | {result.top3_before:.1%} |\n"
        f"| after | {result.perplexity_after:.2f} | {result.top3_after:.1%} |\n\n"
    )
    head, use, rest = card.partition("## Use\n")
    return head + section + use + rest if use else card + "\n" + section
