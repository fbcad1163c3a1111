"""One engine of IBus: its messages become calls of an `InputMethod`, whose actions become messages.

Knows the messages of IBus 1.5 (`ibusengine.c`), and no connection. Values such as texts are IBus's
serialised objects: a name, attachments, and properties.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from jeepney import DBusAddress, Message, new_signal

from foreword.input_method.component import Component
from foreword.input_method.keys import Key
from foreword.input_method.learning import Learner
from foreword.input_method.method import Action, Ask, Commit, Delete, InputMethod, Learn, Show

ENGINE = "org.freedesktop.IBus.Engine"
_HORIZONTAL = 0
_PROPERTIES = {"FocusId": ("b", False), "ActiveSurroundingText": ("b", True)}
"""IBus 1.5.27 asks whether focus comes with a name, and whether the text is always needed."""

Value = tuple[str, Any]
"""A value with its D-Bus signature, as jeepney writes a variant."""


def text_value(text: str) -> Value:
    """Return a text in IBus's form."""
    attributes: Value = ("(sa{sv}av)", ("IBusAttrList", {}, []))
    return "(sa{sv}sv)", ("IBusText", {}, text, attributes)


def table_value(words: Sequence[str], labels: Sequence[str]) -> Value:
    """Return a lookup table on one page, in a row, in which no word is marked."""
    candidates = [text_value(word) for word in words]
    before_them = [text_value(label) for label in labels]
    table: tuple[Any, ...] = (
        "IBusLookupTable",
        {},
        max(1, len(words)),
        0,
        False,
        False,
        _HORIZONTAL,
    )
    return "(sa{sv}uubbiavav)", (*table, candidates, before_them)


def component_value(component: Component) -> Value:
    """Return a component with its engine in IBus's form."""
    engine = (
        "(sa{sv}ssssssssussssssss)",
        ("IBusEngineDesc", {}, *component.about_engine.values(), 0, "", "Fw", *[""] * 6),
    )
    about = {**component.about, "exec": ""}  # it runs already
    return "(sa{sv}ssssssssavav)", ("IBusComponent", {}, *about.values(), [], [engine])


class Engine:
    """An engine at a path of the bus."""

    def __init__(
        self,
        path: str,
        method: InputMethod,
        *,
        character: Callable[[int], str],
        learner: Learner | None = None,
    ) -> None:
        """Take the input method, and the functions that it needs.

        Args:
            path: the object's path.
            method: decides what to show and write.
            character: returns the text of a key symbol.
            learner: learns written text, and reads what other processes have learned.
        """
        self._address = DBusAddress(path, interface=ENGINE)
        self._method = method
        self._character = character
        self._learner = learner

    def answer(
        self, interface: str, name: str, body: Sequence[Any]
    ) -> tuple[Value | None, list[Message]]:
        """Return the answer to a call, and the signals that go before it.

        Raises:
            LookupError: there is no such method.
        """
        if interface == "org.freedesktop.DBus.Properties":
            return self._property(name, body)
        method = self._method
        if name == "ProcessKeyEvent":
            symbol, code, state = body
            is_used, actions = method.press(Key(symbol, code, state, self._character(symbol)))
            return ("b", is_used), self._signals(actions)
        if name in ("FocusIn", "FocusInId"):
            if self._learner is not None:
                self._learner.refresh()
            return None, self._signals(method.enter())
        if name in ("FocusOut", "FocusOutId", "Disable"):
            return None, self._signals(method.leave())
        if name == "Reset":
            return None, self._signals(method.reset())
        if name == "Enable":
            return None, self._signals([Ask()])
        if name == "SetCapabilities":
            return None, self._signals(method.be_told_capabilities(body[0]))
        if name == "SetSurroundingText":
            (_, value), cursor, anchor = body
            return None, self._signals(method.be_shown(value[2], cursor, anchor))
        if name == "CandidateClicked":
            return None, self._signals(method.take(body[0]))
        if name in _UNUSED:
            return None, []
        raise LookupError(name)

    def _property(self, name: str, body: Sequence[Any]) -> tuple[Value | None, list[Message]]:
        if name == "Set":
            _, which, (_, value) = body
            if which == "ContentType":
                return None, self._signals(self._method.be_told_content(*value))
            return None, []
        if name == "GetAll":
            return ("a{sv}", _PROPERTIES), []
        if name == "Get":
            return ("v", _PROPERTIES[body[1]]), []
        raise LookupError(name)

    def _signals(self, actions: Iterable[Action]) -> list[Message]:
        signals = []
        for action in actions:
            match action:
                case Commit(text):
                    signals.append(self._signal("CommitText", "v", text_value(text)))
                case Delete(count):
                    signals.append(self._signal("DeleteSurroundingText", "iu", -count, count))
                case Show(words, labels):
                    table = table_value(words, labels)
                    signals.append(self._signal("UpdateLookupTable", "vb", table, bool(words)))
                case Ask():
                    signals.append(self._signal("RequireSurroundingText", None))
                case Learn(text) if self._learner is not None:
                    self._learner.learn(text)
        return signals

    def _signal(self, name: str, signature: str | None, *body: Any) -> Message:
        return new_signal(self._address, name, signature, body)


_UNUSED = frozenset(
    (
        "SetCursorLocation",
        "ProcessHandWritingEvent",
        "CancelHandWriting",
        "PropertyActivate",
        "PropertyShow",
        "PropertyHide",
        "PageUp",
        "PageDown",
        "CursorUp",
        "CursorDown",
        "PanelExtensionReceived",
        "PanelExtensionRegisterKeys",
    )
)
