"""A Flower client app that halts or lies where its SuperNode says so. Otherwise it is Foreword's.

`deployment.py` starts it. A SuperNode whose node-config has `halts` writes that file in round
`HALTS_IN` and never answers; one with `lies` answers each round with another fault.
"""

import json
import time
from pathlib import Path

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, RecordDict
from flwr.clientapp import ClientApp

from deployment import HALTS_IN, LIES
from foreword.federated.flower import train

client = ClientApp()


def misbehave(message: Message, context: Context) -> Message:
    """Answer a round, or do not."""
    asked = message.content
    number = int(json.loads(str(asked["document"]["document"]))["seed"][2]) + 1
    if "lies" in context.node_config:
        return Message(_lie(LIES[(number - 1) % len(LIES)], asked), reply_to=message)
    if "halts" in context.node_config and number == HALTS_IN:
        Path(str(context.node_config["halts"])).touch()
        time.sleep(3600)
    return train(message, context)


client.train()(misbehave)


def _lie(what: str, asked: RecordDict) -> RecordDict:
    """Return an answer with a fault; the weights' names are those that were asked for."""
    arrays = {name: asked["weights"][name].numpy() for name in asked["weights"]}
    sent = {name: Array(value) for name, value in arrays.items()}
    first = min(arrays)
    if what == "other records":
        return RecordDict({"greetings": ConfigRecord({"to": "nobody"})})
    if what == "NaN":
        sent[first] = Array(np.full_like(arrays[first], np.nan))
    elif what == "a wrong shape":
        sent[first] = Array(np.zeros((3, 5, 7), np.float32))
    elif what == "enormous values":
        sent = {name: Array(np.full_like(value, 1e38)) for name, value in arrays.items()}
    document = ConfigRecord({"document": json.dumps({"words": 1000})})
    return RecordDict({"weights": ArrayRecord(sent), "document": document})
