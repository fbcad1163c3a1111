"""Collect what to report about texts that were read: formats, speakers, warnings, omissions."""

from collections import Counter
from pathlib import PurePosixPath

from foreword.errors import TextError
from foreword.text.finding import LeftOut
from foreword.text.forms.form import Account, Form

MOST_TOLD = 5
"""The number of texts of one format that are reported one by one; more share a line."""


class Notes:
    """Collects the sentences to report.

    Attributes:
        left_out: the files that were not read.
        without_speakers: the names of texts that name no speakers.
    """

    def __init__(self, speaker: str | None, left_out: LeftOut) -> None:
        """Store the wanted speaker, None for all of them, and the files left out so far."""
        self.left_out = left_out
        self.without_speakers: list[str] = []
        self._speaker = speaker
        self._speakers: Counter[str] = Counter()
        self._kept_of_speaker = 0
        self._forms: list[tuple[Form, str, str]] = []
        self._warnings: list[str] = []

    def warn(self, *warnings: str) -> None:
        """Record sentences about a text."""
        self._warnings += warnings

    def add(self, name: str, form: Form, account: Account) -> None:
        """Record the result of reading a text in its format."""
        self._speakers += account.speakers
        speakers = len(account.speakers)
        unit = form.unit.removesuffix("s") if account.kept == 1 else form.unit
        people = "1 person" if speakers == 1 else f"{speakers:,} people"
        if self._speaker is not None:
            self._kept_of_speaker += account.kept
            messages = account.speakers.total()
            counted = f"{account.kept:,} {unit} of {self._speaker}, of {messages:,} by {people}"
        else:
            counted = f"{account.kept:,} {unit}" + (f" of {people}" if speakers else "")
        details = "".join(f"; {detail}" for detail in account.details)
        self._forms.append((form, name, f"{counted}; {form.left_out} left out{details}"))

    def sentences(self) -> list[str]:
        """Return everything to report, one sentence each."""
        sentences = []
        by_form: dict[str, list[tuple[Form, str, str]]] = {}
        for note in self._forms:
            by_form.setdefault(note[0].name, []).append(note)
        for group in by_form.values():
            form = group[0][0]
            if len(group) <= MOST_TOLD:
                sentences += [
                    f"{short(name)}: {form.label}: {summary}" for _, name, summary in group
                ]
            else:
                sentences.append(f"{form.label}, {len(group):,} files; {form.left_out} left out")
        warnings = self._warnings[:MOST_TOLD]
        if len(self._warnings) > MOST_TOLD:
            warnings.append(f"and {len(self._warnings) - MOST_TOLD:,} warnings more of this kind")
        left_out = self.left_out.summary()
        return sentences + warnings + ([f"not read: {left_out}"] if left_out else [])

    def check_speaker(self) -> None:
        """Check that the wanted speaker has messages.

        Raises:
            TextError: there are none; names those who have.
        """
        if self._speaker is None or self._kept_of_speaker:
            return
        if not self._speakers:
            named = ", ".join(self.without_speakers[:3]) or "what was read"
            raise TextError(
                f"--speaker {self._speaker}: {named} names nobody who says anything. Leave "
                "--speaker out, or name the texts' form with --as"
            )
        names = [f"{name} ({count:,})" for name, count in self._speakers.most_common(20)]
        more = len(self._speakers) - len(names)
        raise TextError(
            f"--speaker {self._speaker}: has said nothing in these texts. Those who have: "
            + ", ".join(names)
            + (f", and {more:,} more" if more > 0 else "")
        )


def short(name: str) -> str:
    """Return a file's name without its folders, but with the archive that holds it."""
    archive, inside, member = name.partition(".zip/")
    return PurePosixPath(archive.replace("\\", "/")).name + inside + member
