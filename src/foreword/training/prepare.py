"""Read a text once, into a folder that `train` reads in place of the text: `foreword.prepare`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

from foreword import cores
from foreword.errors import SettingsError
from foreword.folder.adopting import whole
from foreword.folder.claim import claimed
from foreword.folder.files import writing
from foreword.text.corpus import Paths, paths_of
from foreword.text.cutting import HERE, Cutting, Pool
from foreword.training.corpus import read_corpus
from foreword.training.leaves import TextLeaves
from foreword.training.prepared import (
    VALID,
    Part,
    Prepared,
    checksums_of,
    refusal_for,
    write_prepared,
)
from foreword.training.progress import Note, Reporter, silent
from foreword.training.settings import TextSettings, settings_from


def prepare(
    texts: Paths = (),
    *,
    out: str | PathLike[str],
    valid: Paths = (),
    processes: int | None = None,
    overwrite: bool = False,
    report: Reporter = silent,
    **leaves: Unpack[TextLeaves],
) -> Prepared:
    """Read texts, learn their words, and write their ids to the folder `out`, as `train` would.

    `train`, `tune` and `compare` read the folder in place of the texts, which are no longer needed:
    the model is the same, bit for bit. Its files are mapped into memory, so that processes on one
    machine share them. It is complete or absent.

    Args:
        texts: as for `train`: files, folders, globs, `-`. None: the carried chats.
        out: the folder.
        valid: texts to validate on. None: the last twentieth of `texts` is held out.
        processes: the number of processes that divide the text into words, besides this one, which
            reads it. With 1, this one does both. The ids do not depend on the number. None: one for
            each core.
        overwrite: whether to replace a prepared text in `out`.
        report: called with all events.
        **leaves: the settings of the text by name, as for `train`, such as `vocab_size=10_000`.

    Returns:
        The content of `prepared.json`.

    Raises:
        TextError, SettingsError, FolderError, MissingExtraError: with what to do about it.
    """
    folder, texts, valid = Path(out), paths_of(texts), paths_of(valid)
    settings = _settings(leaves)
    refusal = refusal_for(overwrite=overwrite)
    with (
        claimed(folder, "prepare", refusal, lambda told: report(Note(told))),
        writing(folder),
    ):
        with whole(folder) as draft, _cutting(processes) as cutting:
            corpus = read_corpus(texts, valid, settings, draft, report, cutting=cutting, keeps=True)
            about = Prepared(
                foreword=version("foreword"),
                name=corpus.name,
                valid_name=corpus.valid_name,
                text=settings,
                tokenizer=corpus.tokenizer.config,
                checksums=checksums_of(corpus.tokenizer),
                train=Part.of(corpus.train),
                valid=None if corpus.valid is None else Part.of(corpus.valid),
            )
            write_prepared(draft, about, corpus.tokenizer)
        if about.valid is None:  # left by a replaced text, or of a text too short to be used
            (folder / VALID).unlink(missing_ok=True)
    return about


def _settings(leaves: Mapping[str, Any]) -> TextSettings:
    if others := sorted(leaves.keys() - TextSettings.model_fields.keys()):
        raise SettingsError(
            f"{others[0]} is no setting of a text. Those are {', '.join(TextSettings.model_fields)}"
        )
    return settings_from(leaves).text


@contextmanager
def _cutting(processes: int | None) -> Iterator[Cutting]:
    count = cores.available() if processes is None else processes
    if count < 1:
        raise SettingsError(f"processes must be at least 1, not {count}")
    if count == 1:
        yield HERE
        return
    with Pool(count) as pool:
        yield pool
