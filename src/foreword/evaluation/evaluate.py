"""From a model folder and a text to a record of how good the model is: `foreword.evaluate`."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Literal

from foreword.errors import SettingsError
from foreword.evaluation.perplexity import Reset, score
from foreword.evaluation.report import evaluation_of
from foreword.folder.config import Evaluation
from foreword.folder.installed import find_folder
from foreword.folder.store import read_folder
from foreword.models.build import from_folder
from foreword.text.corpus import chat_source, find_sources
from foreword.text.newlines import Lines
from foreword.text.tokens import tokenise
from foreword.text.width import settled


def evaluate(
    folder: str | PathLike[str],
    texts: Sequence[str | PathLike[str]] = (),
    *,
    chats: Literal["train", "valid", "test"] | None = None,
    reset: Reset = "never",
    encoding: str = "utf-8",
    read_as: str | None = None,
    speaker: str | None = None,
    column: str | None = None,
    device: str = "cpu",
    lines: Lines | None = None,
    say: Callable[[str], None] | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Evaluation:
    """Measures a model on texts, all as one, in order.

    Args:
        folder: a model folder.
        texts: files, folders, globs, gzip, `-`; read as the model's training text was.
        chats: a part of the carried chats, instead of texts.
        reset: "never" carries the state through the text, "sentence" starts anew at each line.
        encoding: of texts that are not Unicode.
        read_as: the form of the texts, such as whatsapp; None: each one's own, by its content.
        speaker: measure only what this person says, of chats and mail.
        column: that holds the text, of tables.
        device: that the model runs on.
        lines: what a line of the texts is; None: found out from the lengths of lines, and of a
            text that is too short to tell, what those of the training text were.
        say: is told what was read, and how, and what was found out, a sentence each.
        progress: called with (what is done, how much of it, how much in all).

    Raises:
        FolderError, TextError, SettingsError: with what to do about it.
    """
    if not texts and chats is None:
        raise SettingsError("give a text to evaluate on, or a part of the carried chats")

    def tell(what: str, done: int, total: int | None) -> None:
        if progress is not None:
            progress(what, done, total)

    loaded = read_folder(find_folder(folder))
    if chats:
        sources = [chat_source(chats)]
    else:
        found = find_sources(
            texts,
            encoding=encoding,
            read_as=read_as,
            speaker=speaker,
            column=column,
            tell=say,
        )
        sources = settled(found, lines, loaded.tokenizer.config, say)
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
