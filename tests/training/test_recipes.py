import re
from importlib.resources import files
from pathlib import Path

import pytest

import foreword
from foreword.errors import SettingsError
from foreword.training import recipes
from foreword.training.recipes import Reached, Recipe, find, names, overridden, parsed
from foreword.training.settings import settings_from

TEXT = "the cat sat on a mat . the dog sat on the cat .\n" * 40
SMALL = {"hidden_size": 8, "batch_size": 4, "steps": 3, "min_count": 1, "validations": 1}


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def recipe_file(folder: Path, settings: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(f'about = "a"\nsource = "b"\n[settings]\n{settings}\n', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "settings", ["a = " + "[" * 5000, "a = " + "{a=" * 5000, "seed = " + "9" * 5000]
)
def test_a_recipe_that_asks_too_much_of_its_reader_is_refused(
    tmp_path: Path, settings: str
) -> None:
    with pytest.raises(SettingsError, match=r"recipe .*mine\.toml"):
        find(recipe_file(tmp_path, settings))


@pytest.mark.parametrize("name", names())
def test_a_recipe_of_the_package_sets_what_it_says_and_is_written_as_the_writer_writes(
    name: str,
) -> None:
    recipe = find(name)
    leaves = settings_from(recipe.settings).leaves()
    assert {leaf: leaves[leaf] for leaf in recipe.settings} == recipe.settings
    text = (files(recipes) / f"{name}.toml").read_text("utf-8")
    assert recipes.rendered(recipe) == text


def test_an_unknown_setting_is_refused_with_its_name_and_the_file(tmp_path: Path) -> None:
    path = recipe_file(tmp_path, "learning_rat = 1")
    with pytest.raises(SettingsError, match=rf"{re.escape(str(path))}: .*'learning_rat'"):
        find(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('about = "a"\nsource = "b"\n[settings]\ndropout = 1.5\n', r"mine: dropout = 1\.5"),
        ('about = "a"\nsource = "b"\n[settings]\ndropout = [1]\n', r"mine: settings\.dropout"),
        ('about = "a"\nsource = "b"\nsetings = {}\n[settings]\n', "mine: setings"),
        ('about = "a"\n[settings]\n', "mine: source"),
        ("about = \n", "mine: .*line 1"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused_with_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parsed(text, "mine")


def test_an_unknown_recipe_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no recipe 'awd'.*awd-lstm.*text-cpu"):
        find("awd")
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read"):
        find(tmp_path / "none.toml")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    reached = Reached(
        text="a, b",
        machine="m",
        date="2026-01-31",
        seconds=60.5,
        valid_perplexity=100.25,
        test_perplexity={"network": 99.5, "network + cache": 90.0},
        command='python "x"',
    )
    settings = {"model": "gru", "dropout": 0.5, "tied": False, "minutes": 2.0, "hidden_size": 7}
    recipe = Recipe(about="für\nmich", source='"', settings=settings, reached=(reached,))
    recipes.write(recipe, tmp_path / "new.toml")
    assert find(tmp_path / "new.toml") == recipe


def test_what_nobody_could_read_again_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    with pytest.raises(SettingsError, match="hiden_size"):
        recipes.write(Recipe(about="", source="", settings={"hiden_size": 7}), path)
    with pytest.raises(SettingsError, match=r"\.toml"):
        recipes.write(Recipe(about="", source="", settings={}), tmp_path / "new.json")
    assert list(tmp_path.iterdir()) == []


def test_any_end_that_is_given_replaces_all_of_a_recipe() -> None:
    recipe = {"model": "gru", "minutes": 30, "epochs": 40.0}
    assert overridden(recipe, {"steps": 5}) == {"model": "gru", "steps": 5}
    assert overridden(recipe, {"model": "rnn", "steps": None}) == {**recipe, "model": "rnn"}


def test_training_takes_a_recipe_and_what_is_given_beside_it(tmp_path: Path, text: Path) -> None:
    path = recipe_file(tmp_path, 'model = "gru"\nembedding_size = 6\nhidden_size = 9\nminutes = 5')
    done = foreword.train(text, out=tmp_path / "model", recipe=path, **SMALL)
    network = done.config.network
    assert (network.name, network.embedding_size, network.hidden_size) == ("gru", 6, 8)
    assert done.config.training is not None
    assert done.config.training.settings["minutes"] is None
    assert done.config.training.steps == 3


def test_resuming_takes_the_recipe_of_the_run_and_no_other(tmp_path: Path, text: Path) -> None:
    path = recipe_file(tmp_path, 'model = "gru"\nminutes = 5')
    foreword.train(text, out=tmp_path / "model", recipe=path, **SMALL)
    more = foreword.train(out=tmp_path / "model", resume=True, recipe=path, steps=5)
    assert more.config.training is not None
    assert more.config.training.steps == 5
    again = foreword.train(out=tmp_path / "model", resume=True, recipe=path)
    assert again.config.training is not None
    assert again.config.training.settings["minutes"] is None  # the run's own end, not the recipe's
    other = recipe_file(tmp_path, 'model = "rnn"')
    with pytest.raises(SettingsError, match="model is 'gru' in the run to resume"):
        foreword.train(out=tmp_path / "model", resume=True, recipe=other)


def test_a_recipe_beside_a_tree_of_settings_is_refused(tmp_path: Path, text: Path) -> None:
    with pytest.raises(SettingsError, match="not both"):
        foreword.train(text, out=tmp_path / "m", recipe="keyboard", settings=settings_from({}))
