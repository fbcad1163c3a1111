"""A desktop without a screen: an X server, IBus, a panel that reads, and a window to type in."""

import contextlib
import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call, new_method_return
from jeepney.io.blocking import open_dbus_connection

SYSTEM_PYTHON = "/usr/bin/python3"
FIELDS = Path(__file__).parent / "gtk_fields.py"
SECONDS = 120
BUS = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")


@contextmanager
def running(command: list[str], variables: dict[str, str], **options: Any) -> Iterator[Any]:
    """A process for as long as the context lasts."""
    with subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, **options) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(SECONDS)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Panel:
    """What would be shown beside the cursor: IBus's panel, which draws nothing."""

    def __init__(self, address: str) -> None:
        self._connection = open_dbus_connection(address)
        self.words: tuple[str, ...] = ()
        self.labels: tuple[str, ...] = ()
        self.history: list[tuple[str, ...]] = []
        self._ask("RequestName", "su", "org.freedesktop.IBus.Panel", 0)

    def wait_for(self, is_right: Callable[["Panel"], bool]) -> None:
        """Read what IBus says until the panel is as expected."""
        deadline = time.monotonic() + SECONDS
        while not is_right(self):
            left = deadline - time.monotonic()
            assert left > 0, f"the panel shows {self.words}"
            with contextlib.suppress(TimeoutError):
                self._take(self._connection.receive(timeout=left))

    def catch_up(self) -> None:
        """Read all that IBus has said until now."""
        self._ask("GetId", None)

    def close(self) -> None:
        self._connection.close()

    def _ask(self, name: str, signature: str | None, *body: object) -> None:
        serial = next(self._connection.outgoing_serial)
        self._connection.send(new_method_call(BUS, name, signature, body), serial=serial)
        while True:
            message = self._connection.receive(timeout=SECONDS)
            self._take(message)
            if message.header.fields.get(HeaderFields.reply_serial) == serial:
                return

    def _take(self, message: Any) -> None:
        if message.header.message_type is not MessageType.method_call:
            return
        name = message.header.fields[HeaderFields.member]
        if name == "UpdateLookupTable":
            (_, table), is_visible = message.body
            candidates = tuple(text[2] for _, text in table[7])
            self.labels = tuple(text[2] for _, text in table[8])
            self._show(candidates if is_visible else ())
        elif name == "HideLookupTable":
            self._show(())
        self._connection.send(new_method_return(message))

    def _show(self, words: tuple[str, ...]) -> None:
        self.words = words
        self.history.append(words)


class Fields:
    """A window with a text field and a password field, typed in by keys."""

    def __init__(self, process: Any, variables: dict[str, str]) -> None:
        self._process = process
        self._variables = variables
        self._heard = b""
        self.held = {"text": "", "password": "", "focus": ""}

    def write(self, name: str, text: str, *, after: str = "") -> None:
        """Type a text into the field with the focus, each key when the one before is written.

        Args:
            name: the field.
            text: what is typed.
            after: what the input method writes before the first character.
        """
        for character in text:
            expected = self.held[name] + after + character
            self._do("type", character)
            self.wait_for(name, expected)
            after = ""

    def key(self, *names: str) -> None:
        self._do("key", "--delay", "0", *names)

    def focus(self) -> None:
        """Give the window the keyboard, as soon as it is shown: before, X refuses."""
        self._do("search", "--sync", "--onlyvisible", "--name", "^Fields$", "windowfocus")
        self.wait_for("focus", "text")

    def wait_for(self, name: str, value: str) -> None:
        """Wait until the window says that one of its values is as expected."""
        deadline = time.monotonic() + SECONDS
        while self.held[name] != value:
            left = 0.0 if b"\n" in self._heard else deadline - time.monotonic()
            assert left >= 0, f"{name} is {self.held[name]!r}, not {value!r}"
            if select.select([self._process.stdout], [], [], left)[0]:
                self._heard += os.read(self._process.stdout.fileno(), 1 << 16)
            line, newline, rest = self._heard.partition(b"\n")
            if newline:
                self.held, self._heard = json.loads(line), rest

    def _do(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], env=self._variables, check=True, timeout=SECONDS)


class Desktop:
    """An X server with IBus."""

    def __init__(self, variables: dict[str, str], panel: Panel) -> None:
        self.variables = variables
        self.panel = panel

    def ibus(self, *words: str) -> str:
        """What an `ibus` command prints."""
        done = subprocess.run(
            ["ibus", *words], env=self.variables, capture_output=True, text=True, timeout=SECONDS
        )
        return done.stdout.strip()

    def use(self, engine: str) -> None:
        """Make an input method that of the session; IBus gives up if it starts too slowly."""
        wait_until(lambda: not self.ibus("engine", engine) and self.ibus("engine") == engine)

    @contextmanager
    def fields(self) -> Iterator[Fields]:
        """A window, which has the keyboard."""
        command = [SYSTEM_PYTHON, str(FIELDS)]
        with running(command, self.variables, stdout=subprocess.PIPE) as process:
            fields = Fields(process, self.variables)
            fields.focus()
            yield fields


@contextmanager
def desktop(folder: Path, components: Path) -> Iterator[Desktop]:
    """A desktop whose user lives in a folder.

    Args:
        folder: for the user's files.
        components: where IBus also looks for input methods.
    """
    address = f"unix:path={folder}/ibus.sock"
    variables = {
        **os.environ,
        **{name: str(folder) for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME")},
        "XDG_CONFIG_HOME": str(folder / "config"),
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        "IBUS_ADDRESS": address,
        "IBUS_COMPONENT_PATH": f"/usr/share/ibus/component:{components}",
        "GTK_IM_MODULE": "ibus",
        "NO_AT_BRIDGE": "1",
        "GSETTINGS_BACKEND": "memory",
    }
    with ExitStack() as stack:
        reading, writing = os.pipe()
        server = [
            "Xvfb",
            "-displayfd",
            str(writing),
            "-screen",
            "0",
            "640x480x24",
            "-nolisten",
            "tcp",
        ]
        stack.enter_context(
            running(server, variables, pass_fds=(writing,), stderr=subprocess.DEVNULL)
        )
        os.close(writing)
        with os.fdopen(reading) as output:
            variables["DISPLAY"] = f":{output.readline().strip()}"
        daemon = ["ibus-daemon", "--address", address, "--cache", "none", "--panel", "disable"]
        quiet = ["--config", "disable", "--emoji-extension", "disable"]
        stack.enter_context(running([*daemon, *quiet], variables, stderr=subprocess.DEVNULL))
        wait_until((folder / "ibus.sock").exists)
        panel = Panel(address)
        stack.callback(panel.close)
        yield Desktop(variables, panel)
