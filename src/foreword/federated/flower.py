"""Federated training over Flower: the apps that `flwr run` starts. Holds no equations.

The device's app reads `model` and `text` from the configuration of its SuperNode; the server's app
reads its options from the run's configuration: those of `foreword.federated.devices.serve`, and
`settings`, a line of NAME=VALUE with spaces between. docs/how-to/federated.md shows both.
"""

import sys
import time
from collections.abc import Collection, Mapping
from typing import Any

from flwr.app import (
    Array,
    ArrayRecord,
    ConfigRecord,
    Context,
    Error,
    Message,
    MessageType,
    RecordDict,
)
from flwr.clientapp import ClientApp
from flwr.common.constant import ErrorCode
from flwr.serverapp import Grid, ServerApp

from foreword.errors import ForewordError, SettingsError
from foreword.federated.devices import LOOK_SECONDS, Letter, answered, serve
from foreword.training.interrupt import StopWish
from foreword.training.progress import Event, Note, StepProgress, Validated

client = ClientApp()
server = ServerApp()

_WEIGHTS, _DOCUMENT = "weights", "document"


def train(message: Message, context: Context) -> Message:
    """Answer a round on a device."""
    device = context.node_config
    try:
        if missing := {"model", "text"} - device.keys():
            raise SettingsError(f"its SuperNode was started without {min(missing)} in node-config")
        answer = answered(_letter(message.content), str(device["model"]), str(device["text"]))
    except ForewordError as error:
        print(f"error: {error}", flush=True)  # noqa: T201
        # The error may name the owner's files, so it stays on the device.
        return Message(Error(code=0, reason="it failed, and its log says why"), reply_to=message)
    return Message(_content(answer), reply_to=message)


def main(grid: Grid, context: Context) -> None:
    """Do all rounds at the server."""
    given: dict[str, Any] = {k: v for k, v in context.run_config.items() if v != ""}
    assigned = str(given.pop("settings", "")).split()
    settings: dict[str, Any] = dict(one.partition("=")[::2] for one in assigned)
    if "valid" in given:
        given["valid"] = [given["valid"]]
    if given.get("resume") or "continues" not in given:
        given["continues"] = None
    try:
        if "out" not in given:
            raise SettingsError("where should the model go? Give --run-config 'out=\"DIR\"'")
        serve(_Grid(grid), report=_report, **given, **settings)
    except ForewordError as error:
        sys.exit(f"error: {error}")


client.train()(train)
server.main()(main)


class _Grid:
    """Flower's connected devices, with the interface of `foreword.federated.devices.Post`."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid

    def devices(self) -> Collection[int]:
        """Return the numbers of all devices that are connected."""
        return list(self._grid.get_node_ids())

    def exchange(
        self, letters: Mapping[int, Letter], seconds: float, wish: StopWish
    ) -> Mapping[int, Letter | str]:
        """Send letters, and return the answers that come in time."""
        messages = [
            Message(_content(letter), node, MessageType.TRAIN, ttl=seconds)
            for node, letter in letters.items()
        ]
        waiting = set(self._grid.push_messages(messages))
        answers: dict[int, Letter | str] = {}
        until = time.monotonic() + seconds
        while waiting and time.monotonic() < until and not wish:
            for reply in self._grid.pull_messages(waiting):
                waiting.discard(reply.metadata.reply_to_message_id)
                if reply.has_error() and reply.error.code == ErrorCode.NODE_UNAVAILABLE:
                    continue
                answers[reply.metadata.src_node_id] = _read(reply)
            if waiting:
                time.sleep(LOOK_SECONDS)
        return answers


def _content(letter: Letter) -> RecordDict:
    arrays = ArrayRecord({name: Array(value) for name, value in letter.arrays.items()})
    return RecordDict({_WEIGHTS: arrays, _DOCUMENT: ConfigRecord({_DOCUMENT: letter.document})})


def _letter(content: RecordDict) -> Letter:
    arrays = content[_WEIGHTS]
    return Letter(
        str(content[_DOCUMENT][_DOCUMENT]), {name: arrays[name].numpy() for name in arrays}
    )


def _read(reply: Message) -> Letter | str:
    if reply.has_error():
        return str(reply.error.reason)
    try:
        return _letter(reply.content)
    except Exception as error:  # no data from a device may end the round
        return f"its answer cannot be read ({type(error).__name__})"


def _report(event: Event) -> None:
    """Print an event to Flower's log."""
    told = None
    if isinstance(event, Note):
        told = event.text
    elif isinstance(event, StepProgress):
        told = f"round {event.step}, {event.seconds:.0f} s"
    elif isinstance(event, Validated):
        told = f"perplexity {event.perplexity:.1f}, top 3 {event.top3:.1%}"
    if told is not None:
        print(told, flush=True)  # noqa: T201
