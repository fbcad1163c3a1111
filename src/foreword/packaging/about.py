"""The description of a model's package, checked: names, language, licence. No torch, no files.

Sources: PEP 503 (names of projects), PEP 440 (versions), PEP 639 and SPDX (licences), BCP 47
(languages).
"""

import re
from collections.abc import Mapping
from typing import Any

from foreword.errors import MissingExtraError, SettingsError, did_you_mean
from foreword.folder.config import Data
from foreword.folder.installed import provider
from foreword.text.case import checked_language
from foreword.visible import is_plain, shown

PREFIX = "foreword-"
"""The beginning of the names of all packages of models."""
LONGEST_NAME = 100
LONGEST_LINE = 1000
NO_CONDITIONS = frozenset(("CC0-1.0", "0BSD", "MIT-0", "PDDL-1.0", "Unlicense"))
"""Licences that do not ask for the authors to be named."""
_USUAL = (*NO_CONDITIONS, "CC-BY-4.0", "CC-BY-SA-4.0", "ODC-By-1.0", "ODbL-1.0", "MIT")
_USUAL_LICENCES = (*_USUAL, "Apache-2.0", "BSD-3-Clause", "GPL-3.0-or-later", "MPL-2.0")


class About(Data):
    """The description of a package; `checked` makes one.

    Attributes:
        name: the name of the model, as in `foreword predict NAME`.
        language: its language, as a BCP 47 tag.
        language_name: the English name of the language.
        licence: the SPDX expression of the licence of the package and its model.
        sources: where the text comes from.
        attributions: the authors of the text, as they want to be named.
        version: the version of the package.
        summary: a sentence for package indexes.
    """

    name: str
    language: str
    language_name: str
    licence: str
    sources: tuple[str, ...] = ()
    attributions: tuple[str, ...] = ()
    version: str = "0.1.0"
    summary: str

    @property
    def project(self) -> str:
        """The name by which pip knows the package."""
        return PREFIX + self.name

    @property
    def module(self) -> str:
        """The name by which Python imports it."""
        return self.project.replace("-", "_")

    def changed(self, told: Mapping[str, Any]) -> "About":
        """Return the same with some parts replaced, all of which are checked.

        Raises:
            SettingsError: the name differs, or a part is not valid.
        """
        if told.get("name", self.name) != self.name:
            raise SettingsError(
                f"--name: the package to resume is called {self.name}, not {told['name']}"
            )
        return checked(**self.model_dump(exclude={"language_name"}) | dict(told))


def checked(
    *,
    name: str | None = None,
    language: str | None = None,
    licence: str | None = None,
    sources: tuple[str, ...] = (),
    attributions: tuple[str, ...] = (),
    version: str = "0.1.0",
    summary: str | None = None,
) -> About:
    """Return what a package says about itself, in the usual spelling of each part.

    Args:
        name: the name of the model.
        language: a BCP 47 tag.
        licence: an SPDX expression.
        sources: where the text comes from, a line each.
        attributions: the authors of the text, a line each.
        version: the version of the package.
        summary: one sentence. None: made from the language.

    Raises:
        SettingsError: a part is not valid; says what to write instead.
        MissingExtraError: a library that checks them is not installed.
    """
    if name is None:
        raise SettingsError("give --name, the name of the model, such as everyday-cy")
    if language is None:
        raise SettingsError("give --language, the language of the text, such as cy or pt-BR")
    if licence is None:
        raise SettingsError(
            "give --licence, that of the package and its model, such as CC0-1.0 or CC-BY-SA-4.0"
        )
    tag, language_name = _language(language)
    if summary is None:
        summary = f"A small model of {language_name} for Foreword: next words and completions."
    about = About(
        name=_name(name),
        language=tag,
        language_name=language_name,
        licence=_licence(licence),
        sources=tuple(_line("source", line) for line in sources),
        attributions=tuple(_line("attribution", line) for line in attributions),
        version=_version(version),
        summary=_line("summary", summary),
    )
    if not attributions and not _is_without_conditions(about.licence):
        raise SettingsError(
            f"{about.licence} asks that the authors of the text be named: give --attribution, "
            'such as --attribution "Jane Doe and contributors"'
        )
    return about


def _name(name: str) -> str:
    try:
        from packaging.utils import InvalidName, canonicalize_name
    except ImportError as error:
        raise MissingExtraError("a package", "pack") from error
    try:
        usual = canonicalize_name(name, validate=True)
    except InvalidName as error:
        raise SettingsError(
            f"--name: {shown(name)[:60]!r} cannot be the name of a package. It may have the "
            "letters a-z, digits and single hyphens between them, such as everyday-cy"
        ) from error
    bare = usual.removeprefix(PREFIX)
    if bare != name:
        raise SettingsError(
            f"--name: the package is called {PREFIX}NAME, and NAME has small letters and single "
            f"hyphens (PEP 503), which {name!r} has not. Write --name {bare}"
        )
    if len(name) > LONGEST_NAME:
        raise SettingsError(
            f"--name: {name[:20]}... has {len(name)} letters; at most {LONGEST_NAME} are allowed"
        )
    other = provider(name)
    if other is not None and canonicalize_name(other) != PREFIX + name:
        raise SettingsError(
            f"--name: the installed package {other} has a model called {name} already, and both "
            "would answer to the name. Choose another, or uninstall that package"
        )
    return name


def _language(tag: str) -> tuple[str, str]:
    """Return a language's usual tag, and its English name."""
    try:
        import langcodes
        import language_data  # noqa: F401, which has the names
    except ImportError as error:
        raise MissingExtraError("a package", "pack") from error
    refused = (
        f"--language: {shown(tag)[:60]!r} is the tag of no language (BCP 47). Write one such as "
        "cy, tr or pt-BR"
    )
    if not langcodes.tag_is_valid(tag):
        raise SettingsError(refused)
    usual = langcodes.standardize_tag(tag)
    try:
        checked_language(usual)
    except ValueError as error:
        raise SettingsError(refused) from error
    return usual, langcodes.Language.get(usual).display_name()


def _licence(expression: str) -> str:
    try:
        from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
    except ImportError as error:
        raise MissingExtraError("a package", "pack") from error
    try:
        return str(canonicalize_license_expression(expression))
    except InvalidLicenseExpression as error:
        near = did_you_mean(expression, _USUAL_LICENCES)
        raise SettingsError(
            f"--licence: {shown(expression)[:60]!r} is not an SPDX expression.{near} Write one "
            "such as CC0-1.0, CC-BY-SA-4.0 or Apache-2.0 (https://spdx.org/licenses), or "
            "LicenseRef-NAME for a licence that is not listed there"
        ) from error


def _is_without_conditions(licence: str) -> bool:
    """Whether no licence of an expression is known to ask for attribution."""
    names = re.findall(r"[^\s()]+", licence)
    return all(
        name in NO_CONDITIONS or name.startswith("LicenseRef-") or name in ("AND", "OR")
        for name in names
    )


def _version(version: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(version))
    except InvalidVersion as error:
        raise SettingsError(
            f"--package-version: {shown(version)[:60]!r} is not a version of a package (PEP 440). "
            "Write one such as 0.1.0"
        ) from error


def _line(option: str, text: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST_LINE or not is_plain(text):
        raise SettingsError(
            f"--{option} must be one line of 1 to {LONGEST_LINE:,} printable characters, not "
            f"{shown(text)[:60]!r}"
        )
    return text
