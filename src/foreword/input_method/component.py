"""The description of an input method for IBus, and its installation.

IBus 1.5 looks for components only in /usr/share/ibus/component, unless IBUS_COMPONENT_PATH names
folders. So a file of environment.d adds the user's own folder to it.
"""

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

SYSTEM = Path("/usr/share/ibus/component")
PATH_VARIABLE = "IBUS_COMPONENT_PATH"
_ENVIRONMENT = "60-foreword-ibus.conf"
_UNUSUAL = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Component:
    """An input method with one model.

    Attributes:
        model: the model's name, for people.
        language: its language as a code, or "other": how desktops sort input methods.
        command: the command that IBus runs.
        version: the version of Foreword.
        is_installed: whether IBus knows it from a file, and not only while it runs.
    """

    model: str
    language: str
    command: tuple[str, ...]
    version: str
    is_installed: bool = True

    @property
    def engine(self) -> str:
        """The name by which IBus knows the input method; it takes each name only once.

        >>> Component("My model", "en", (), "").engine
        'foreword-my-model'
        """
        name = f"foreword-{_UNUSUAL.sub('-', self.model.lower()).strip('-') or 'model'}"
        return name if self.is_installed else f"{name}-now"

    @property
    def title(self) -> str:
        """The name that people see.

        >>> Component("my-model", "en", (), "").title
        'Foreword (my-model)'
        """
        return f"Foreword ({self.model})"

    @property
    def bus_name(self) -> str:
        """The name of the process on IBus's bus."""
        return "org.freedesktop.IBus." + self.engine.replace("-", "_")

    @property
    def about(self) -> dict[str, str]:
        """The component's properties, in the order in which IBus writes them."""
        return {
            "name": self.bus_name,
            "description": "Next words and completions wherever you type",
            "version": self.version,
            "license": "Apache-2.0",
            "author": "The Foreword authors",
            "homepage": "https://github.com/foreword-project/foreword",
            "exec": shlex.join(self.command),
            "textdomain": "",
        }

    @property
    def about_engine(self) -> dict[str, str]:
        """The engine's properties, in the order in which IBus writes them."""
        return {
            "name": self.engine,
            "longname": self.title,
            "description": f"Suggestions by the model {self.model}",
            "language": self.language,
            "license": "Apache-2.0",
            "author": "The Foreword authors",
            "icon": "input-keyboard",
            "layout": "default",
        }

    def xml(self) -> str:
        """Return the component as IBus reads it from a file."""
        component = ElementTree.Element("component")
        for name, value in self.about.items():
            ElementTree.SubElement(component, name).text = value
        engine = ElementTree.SubElement(ElementTree.SubElement(component, "engines"), "engine")
        for name, value in {**self.about_engine, "rank": "0", "symbol": "Fw"}.items():
            ElementTree.SubElement(engine, name).text = value
        ElementTree.indent(component)
        return ElementTree.tostring(component, "unicode", xml_declaration=True) + "\n"


@dataclass(frozen=True)
class Folders:
    """The folders of a user's own files.

    Attributes:
        components: the folder of components.
        environment: the folder of the session's variables.
    """

    components: Path
    environment: Path

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> "Folders":
        """Return the folders by the variables of the environment (XDG Base Directory)."""
        home = Path(variables.get("HOME") or Path.home())
        data = variables.get("XDG_DATA_HOME") or home / ".local/share"
        config = variables.get("XDG_CONFIG_HOME") or home / ".config"
        return cls(Path(data) / "ibus/component", Path(config) / "environment.d")

    @property
    def path(self) -> str:
        """The required value of IBUS_COMPONENT_PATH."""
        return os.pathsep.join(map(str, (SYSTEM, self.components)))


def install(component: Component, folders: Folders) -> list[Path]:
    """Write an input method's files for a user; return them.

    Raises:
        OSError: a file cannot be written; names it.
    """
    written = {
        folders.components / f"{component.engine}.xml": component.xml(),
        folders.environment / _ENVIRONMENT: f"{PATH_VARIABLE}={folders.path}\n",
    }
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(written)


def uninstall(component: Component, folders: Folders) -> list[Path]:
    """Remove an input method's files, and the session's variable with the last of them.

    Returns:
        The files that were removed; none if it was not installed.
    """
    path = folders.components / f"{component.engine}.xml"
    removed = [path] if path.exists() else []
    others = set(folders.components.glob("foreword-*.xml")) - {path}
    variable = folders.environment / _ENVIRONMENT
    if removed and not others and variable.exists():
        removed.append(variable)
    for file in removed:
        file.unlink()
    return removed


def next_steps(
    component: Component, folders: Folders, variables: Mapping[str, str]
) -> Iterator[str]:
    """Yield the steps that a user must take before a new input method works.

    Args:
        component: the installed component.
        folders: its folders.
        variables: the variables of the session.
    """
    if str(folders.components) in variables.get(PATH_VARIABLE, "").split(os.pathsep):
        yield "Now: ibus write-cache; ibus restart"
    else:
        yield (
            "Log out and in. Where the session does not read environment.d (systemd does), put "
            f"this into ~/.profile first: export {PATH_VARIABLE}={folders.path}"
        )
    yield (
        f"Then choose {component.title} in the settings: the input sources of GNOME, or the input "
        f"methods of ibus-setup. On a command line: ibus engine {component.engine}"
    )
