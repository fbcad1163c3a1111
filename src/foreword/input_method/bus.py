"""The connection to IBus: its private bus, and the engines that it requests. Knows no text.

jeepney speaks D-Bus in pure Python; the bindings of GLib have no wheels on PyPI.
"""

import ctypes
import itertools
import subprocess
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    Properties,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from foreword.errors import DesktopError
from foreword.input_method.component import Component
from foreword.input_method.engine import ENGINE, Engine, Value, component_value

IBUS = DBusAddress("/org/freedesktop/IBus", "org.freedesktop.IBus", "org.freedesktop.IBus")
BUS = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
FACTORY = "/org/freedesktop/IBus/Factory"
_UNKNOWN = "org.freedesktop.DBus.Error.UnknownMethod"
_START = "start it with: ibus-daemon -drx"


def characters() -> Callable[[int], str]:
    """Return a function that returns the text of a key symbol; empty for keys such as Shift.

    Raises:
        DesktopError: the library that knows it is missing.
    """
    try:
        library = ctypes.CDLL("libxkbcommon.so.0")
    except OSError as error:
        raise DesktopError(
            "libxkbcommon, which maps keys to characters, is missing: apt install libxkbcommon0"
        ) from error

    @lru_cache(1 << 10)
    def character(symbol: int) -> str:
        code = int(library.xkb_keysym_to_utf32(symbol))
        return chr(code) if code else ""

    return character


def connected() -> DBusConnection:
    """Return a connection to IBus.

    Raises:
        DesktopError: IBus is not installed, or does not run.
    """
    try:
        told = subprocess.run(["ibus", "address"], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise DesktopError("IBus is not installed: apt install ibus") from error
    address = told.stdout.strip()
    if not address.startswith("unix:"):
        raise DesktopError(f"IBus does not run in this session: {_START}")
    try:
        return open_dbus_connection(address)
    except (OSError, ValueError) as error:
        raise DesktopError(f"IBus does not answer at {address}: {error}; {_START}") from error


class Service:
    """Serves IBus: makes an engine whenever it asks for one, and passes messages to them."""

    def __init__(
        self, connection: DBusConnection, component: Component, make: Callable[[str], Engine]
    ) -> None:
        """Take a connection.

        Args:
            connection: the connection to IBus.
            component: the component that is served.
            make: makes an engine at a path.
        """
        self._connection = connection
        self._component = component
        self._make = make
        self._engines: dict[str, Engine] = {}
        self._numbers = itertools.count(1)

    def offer(self) -> None:
        """Take the component's name on the bus, for which IBus waits when it has started this."""
        self._call(BUS, "RequestName", "su", self._component.bus_name, 0)

    def take_over(self) -> None:
        """Register it with IBus without a file, and make it the input method of the session."""
        self._call(IBUS, "RegisterComponent", "v", component_value(self._component))
        self._call(IBUS, "SetGlobalEngine", "s", self._component.engine)

    def run(self) -> None:
        """Answer IBus until it ends.

        Raises:
            DesktopError: it refuses the component or the engine; says why.
        """
        while True:
            try:
                message = self._connection.receive()
            except ConnectionError:
                return
            kind = message.header.message_type
            if kind is MessageType.method_call:
                self._answer(message)
            elif kind is MessageType.error:
                raise DesktopError(f"IBus refuses {self._component.engine}: {_told(message)}")

    def _call(self, address: DBusAddress, name: str, signature: str, *body: Any) -> None:
        # The answer comes to `run`, since IBus may request the engine before it.
        self._connection.send(new_method_call(address, name, signature, body))

    def _answer(self, call: Message) -> None:
        fields = call.header.fields
        path, name = fields[HeaderFields.path], fields[HeaderFields.member]
        interface = fields.get(HeaderFields.interface, ENGINE)
        value: Value | None = None
        try:
            if path == FACTORY and name == "CreateEngine":
                value = ("o", self._created())
            elif name == "Destroy":
                self._engines.pop(path, None)
            else:
                value, signals = self._engines[path].answer(interface, name, call.body)
                for signal in signals:
                    self._connection.send(signal)
        except LookupError:
            self._connection.send(new_error(call, _UNKNOWN, "s", (f"no {name} at {path}",)))
            return
        signature, body = (None, ()) if value is None else (value[0], (value[1],))
        self._connection.send(new_method_return(call, signature, body))

    def _created(self) -> str:
        path = f"/org/freedesktop/IBus/Engine/Foreword/{next(self._numbers)}"
        self._engines[path] = self._make(path)
        return path


def engine_in_use(connection: DBusConnection) -> str | None:
    """Return the name of the session's input method; None if there is none."""
    answer = connection.send_and_get_reply(Properties(IBUS).get("GlobalEngine"))
    if answer.header.message_type is MessageType.error:
        return None
    _, (_, description) = answer.body[0]
    return str(description[2])


def give_back(connection: DBusConnection, name: str) -> None:
    """Close a connection, and make another input method that of the session.

    It is done in this order, as IBus takes the input method away from the focused field when the
    process of a registered one leaves, even if that field has another one by then.
    """
    own_name = connection.unique_name
    connection.close()
    with connected() as other:
        while other.send_and_get_reply(new_method_call(BUS, "NameHasOwner", "s", (own_name,))).body[
            0
        ]:
            time.sleep(0.01)
        other.send_and_get_reply(new_method_call(IBUS, "SetGlobalEngine", "s", (name,)))


def _told(message: Message) -> str:
    told = message.body[0] if message.body else ""
    return str(told or message.header.fields.get(HeaderFields.error_name))
