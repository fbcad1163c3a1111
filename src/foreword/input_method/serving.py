"""An input method at work: the model, the personal file and IBus together."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from foreword.errors import SettingsError
from foreword.folder.installed import find_folder
from foreword.input_method import bus
from foreword.input_method.component import Component
from foreword.input_method.engine import Engine
from foreword.input_method.keys import KeyChoice, TakingKeys
from foreword.input_method.learning import Learner
from foreword.input_method.method import Habits, InputMethod
from foreword.predictor import personal as layers
from foreword.predictor.mixed_typist import typist_of
from foreword.predictor.personal import network_of
from foreword.predictor.predictor import Predictor, load


@dataclass(frozen=True)
class Settings:
    """How an input method serves.

    Attributes:
        model: a model folder, or an installed model's name.
        k: the largest number of suggestions.
        keys: the keys that take them.
        tab: whether Tab takes the first.
        phrases: whether to suggest phrases beside words.
        tolerant: whether to consider slips even if words begin as typed.
        offensive: whether to suggest offensive words too.
        blocked: words that are never suggested.
        personal: a personal file, whose words are suggested too.
        beside: models of other languages, whose words are suggested too.
        learns: whether what is written is learned into that file.
    """

    model: str
    k: int = 5
    keys: KeyChoice = "alt"
    tab: bool = False
    phrases: bool = False
    tolerant: bool = False
    offensive: bool = False
    blocked: tuple[str, ...] = ()
    personal: Path | None = None
    beside: tuple[str, ...] = ()
    learns: bool = False

    def __post_init__(self) -> None:
        if self.learns and self.personal is None:
            raise SettingsError("--learn needs a personal file to write to: --personal FILE")

    @property
    def models(self) -> tuple[str, ...]:
        """All models, as they are loaded."""
        return self.model, *self.beside

    @property
    def name(self) -> str:
        """The names of the models, for people."""
        return " + ".join(Path(_from_anywhere(model)).name for model in self.models)

    def command(self) -> tuple[str, ...]:
        """Return the command with which IBus starts the input method, from whatever folder."""
        model, *beside = map(_from_anywhere, self.models)
        switches = {
            "--tab": self.tab,
            "--phrases": self.phrases,
            "--tolerant": self.tolerant,
            "--no-filter": self.offensive,
            "--learn": self.learns,
        }
        return (
            *(sys.executable, "-m", "foreword", "ibus", model, "--ibus"),
            *("--words", str(self.k), "--keys", self.keys),
            *(switch for switch, is_on in switches.items() if is_on),
            *(part for word in self.blocked for part in ("--block", word)),
            *(("--personal", str(self.personal.absolute())) if self.personal else ()),
            *(part for other in beside for part in ("--with", other)),
        )


def _from_anywhere(model: str) -> str:
    """Return a model's name if it is installed, and else its folder as an absolute path."""
    is_installed = find_folder(model) != Path(model)
    return model if is_installed else str(Path(model).absolute())


def component_of(settings: Settings, language: str = "", *, is_installed: bool = True) -> Component:
    """Return the input method as IBus knows it.

    Args:
        settings: how it serves.
        language: the model's language as a code; empty if the model does not tell.
        is_installed: whether IBus knows it from a file.
    """
    return Component(
        settings.name,
        language or "other",
        settings.command(),
        version("foreword"),
        is_installed=is_installed,
    )


def serve(
    settings: Settings, key: str | None = None, *, is_started: bool, say: Callable[[str], None]
) -> None:
    """Serve IBus until it ends.

    Args:
        settings: how to serve.
        key: the key of an encrypted personal file.
        is_started: whether IBus has started the process. Otherwise, the input method is made that
            of the session; at Ctrl-C, the one before it is used again.
        say: says that it works, or that IBus has ended.

    Raises:
        ForewordError: the model or the personal file cannot be read, or IBus does not run; says
            why.
    """
    models = [load(model) for model in settings.models]
    predictor = models[0]
    learner = _learner(settings, predictor, key)
    try:
        connection, character = bus.connected(), bus.characters()
        keys = TakingKeys(settings.keys, settings.tab)
        habits = Habits(settings.k, keys, phrases=settings.phrases, learns=settings.learns)

        def make(path: str) -> Engine:
            typist = typist_of(
                models,
                tolerant=settings.tolerant,
                layer=None if learner is None else learner.layer,
                offensive=settings.offensive,
                blocked=settings.blocked,
            )
            method = InputMethod(typist, habits)
            return Engine(path, method, character=character, learner=learner)

        language = predictor.tokenizer.config.language
        component = component_of(settings, language, is_installed=is_started)
        service = bus.Service(connection, component, make)
        if is_started:
            service.offer()
            service.run()
            return
        before = bus.engine_in_use(connection)
        try:
            service.take_over()
            say(f"{component.title} suggests in all applications; Ctrl-C ends it")
            service.run()
            say("IBus has ended")
        except KeyboardInterrupt:
            if before is not None:
                bus.give_back(connection, before)
            raise
    finally:
        if learner is not None:
            learner.close()


def _learner(settings: Settings, predictor: Predictor, key: str | None) -> Learner | None:
    if settings.personal is None:
        return None
    layer = layers.open(
        settings.personal,
        predictor.tokenizer,
        create=settings.learns,
        read_only=not settings.learns,
        key=key,
    )
    return Learner(layer, settings.personal, network_of(predictor))
