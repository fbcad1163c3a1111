"""What a package says about itself is checked, each part against its standard."""

import pytest

from foreword.errors import SettingsError
from foreword.packaging.about import About, checked


def about(**changed: object) -> About:
    options = {"name": "everyday-cy", "language": "cy", "licence": "CC0-1.0", **changed}
    return checked(**options)  # type: ignore[arg-type]


def test_a_name_gives_those_of_the_project_and_the_module() -> None:
    expected = about(name="everyday-en-large", language="en")

    assert expected.project == "foreword-everyday-en-large"
    assert expected.module == "foreword_everyday_en_large"


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("Everyday-CY", "--name everyday-cy"),
        ("everyday_cy", "--name everyday-cy"),
        ("everyday.cy", "--name everyday-cy"),
        ("every--day", "--name every-day"),
        ("foreword-everyday-cy", "--name everyday-cy"),
    ],
)
def test_a_name_that_pip_would_change_is_refused_with_the_one_to_write(
    name: str, instead: str
) -> None:
    with pytest.raises(SettingsError, match=instead):
        about(name=name)


@pytest.mark.parametrize(
    "name", ["", "-cy", "cy-", "every day", "../cy", "ŵy", "aſ", "cy\n", "a/b"]
)
def test_what_can_be_no_name_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=r"--name.*such as everyday-cy"):
        about(name=name)


def test_a_name_as_long_as_a_sentence_is_refused() -> None:
    with pytest.raises(SettingsError, match="at most 100"):
        about(name="a" * 101)


def test_a_name_that_another_package_answers_to_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("foreword.packaging.about.provider", lambda name: "someone-elses")

    with pytest.raises(SettingsError, match="someone-elses has a model called everyday-cy"):
        about()


def test_the_package_itself_may_be_installed_already() -> None:
    assert about(name="everyday-en", language="en").project == "foreword-everyday-en"


@pytest.mark.parametrize(
    ("tag", "usual", "name"),
    [
        ("cym", "cy", "Welsh"),
        ("PT-br", "pt-BR", "Portuguese (Brazil)"),
        ("az", "az", "Azerbaijani"),
    ],
)
def test_a_language_is_written_as_the_registry_has_it(tag: str, usual: str, name: str) -> None:
    description = about(language=tag)

    assert (description.language, description.language_name) == (usual, name)
    assert name in description.summary


@pytest.mark.parametrize("tag", ["", "c", "zz", "welsh", "x-mine", "cy cy", "cy\n", "../cy"])
def test_what_is_no_language_is_refused(tag: str) -> None:
    with pytest.raises(SettingsError, match=r"--language.*BCP 47"):
        about(language=tag)


@pytest.mark.parametrize(
    ("licence", "usual"),
    [("cc0-1.0", "CC0-1.0"), ("mit or apache-2.0", "MIT OR Apache-2.0")],
)
def test_a_licence_is_written_as_spdx_has_it(licence: str, usual: str) -> None:
    assert about(licence=licence, attributions=("Jane Doe",)).licence == usual


@pytest.mark.parametrize(
    ("licence", "hint"),
    [("CC0-1", "CC0-1.0"), ("CC-BY-4", "CC-BY-4.0"), ("free", "SPDX"), ("", "")],
)
def test_what_is_no_licence_is_refused_with_the_nearest(licence: str, hint: str) -> None:
    with pytest.raises(SettingsError, match=f"--licence.*{hint}"):
        about(licence=licence)


@pytest.mark.parametrize("licence", ["CC-BY-4.0", "CC0-1.0 AND CC-BY-SA-4.0", "MIT", "ODbL-1.0"])
def test_authors_are_named_where_the_licence_asks_for_it(licence: str) -> None:
    with pytest.raises(SettingsError, match="--attribution"):
        about(licence=licence)
    assert about(licence=licence, attributions=("Jane Doe",)).attributions == ("Jane Doe",)


@pytest.mark.parametrize("licence", ["CC0-1.0", "LicenseRef-Ours", "CC0-1.0 OR Unlicense"])
def test_nobody_need_be_named_where_the_licence_does_not_ask(licence: str) -> None:
    assert about(licence=licence).attributions == ()


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("version", "one", "PEP 440"),
        ("sources", ("two\nlines",), "--source must be one line"),
        ("attributions", ("\x1b[31mred",), "--attribution must be one line"),
        ("summary", " ", "--summary must be one line"),
    ],
)
def test_other_parts_are_checked(part: str, value: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        about(**{part: value})


@pytest.mark.parametrize("missing", ["name", "language", "licence"])
def test_what_is_missing_is_asked_for(missing: str) -> None:
    with pytest.raises(SettingsError, match=f"give --{missing}"):
        about(**{missing: None})
