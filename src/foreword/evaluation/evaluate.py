"""Measure how well a model predicts a text: `foreword.evaluate`."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, Unpack

from foreword.errors import SettingsError
from foreword.evaluation.perplexity import Reset, score
from foreword.evaluation.report import evaluation_of
from foreword.folder.installed import find_folder
from foreword.folder.store import read_folder
from foreword.kernels.threads import threads_within_quota
from foreword.models.build import from_folder
from foreword.text.choice import ReadingOptions
from foreword.text.corpus import chat_source
from foreword.text.decoding import UNICODE
from foreword.text.sources import read_sources
from foreword.text.tokens import tokenise


@threads_within_quota()
def evaluate(
    folder: str | PathLike[str],
    texts: Sequence[str | PathLike[str]] = (),
    *,
    chats: Literal["train", "valid", "test"] | None = None,
    reset: Reset = "never",
    pairs: Sequence[str | PathLike[str]] = (),
    beams: int = 4,
    calibrate: bool = False,
    by_length: bool = False,
    device: str = "cpu",
    say: Callable[[str], None] | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
    **reading: Unpack[ReadingOptions],
) -> Any:
    """Measure a network on texts, read as one, in order; or a translation model on pairs.

    Of a model that mixes n-grams with its network, the network alone is measured.

    Args:
        folder: a model folder.
        texts: files, folders, globs, gzip files, `-`; read like the model's training text.
        chats: a part of the carried chats, instead of texts.
        reset: "never" carries the state through the text, "sentence" resets it at each line.
        pairs: sentences and their translations, instead of texts; see
            `foreword.evaluation.translating`.
        beams: the hypotheses of the search that translates them.
        calibrate: whether to fit the confidences of a translation model on the pairs, and to keep
            that in its folder.
        by_length: whether to measure translations by the length of their sources too.
        device: the device that the model runs on.
        say: called with sentences about what was read and detected.
        progress: called with (activity, amount done, amount in all).
        reading: how the texts are read: encoding, read_as, speaker, column, lines, mend; see
            `foreword.text.choice.ReadingSettings`. Lines that are too few to be recognised
            count as what those of the training text were.

    Raises:
        FolderError, TextError, SettingsError: with what to do about it.
    """
    if pairs:
        if texts or chats:
            raise SettingsError("give texts or pairs to evaluate on, not both")
        from foreword.evaluation.translating import evaluate_pairs

        told: dict[str, Any] = {"say": say, "progress": progress}
        told = {name: function for name, function in told.items() if function is not None}
        return evaluate_pairs(
            folder,
            pairs,
            beams=beams,
            calibrate=calibrate,
            by_length=by_length,
            device=device,
            encoding=reading.get("encoding", UNICODE),
            **told,
        )
    if not texts and chats is None:
        raise SettingsError("give a text to evaluate on, or a part of the carried chats")

    def tell(activity: str, done: int, total: int | None) -> None:
        if progress is not None:
            progress(activity, done, total)

    loaded = read_folder(find_folder(folder))
    if loaded.ngrams and say is not None:
        say("the network alone is measured, without the n-grams beside it")
    if chats:
        sources = [chat_source(chats)]
    else:
        tokenizer = loaded.tokenizer
        sources = read_sources(
            texts, tokenizer.config, words=tokenizer.words, say=say, progress=tell, **reading
        )
    tokens = tokenise(
        sources,
        loaded.tokenizer,
        progress=lambda done, total: tell("reading the text", done, total),
    )
    scored = score(
        from_folder(loaded, device),
        tokens.ids,
        reset=reset,
        progress=lambda done, total: tell("evaluating", done, total),
    )
    return evaluation_of(scored, tokens, ", ".join(source.name for source in sources), reset)
