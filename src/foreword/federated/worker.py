"""A process that computes clients: `python -m foreword.federated.worker`. Knows no rounds.

It reads the architecture and the rule from standard input, then weights and parts of people's text,
and writes a change of the weights for each part to standard output, in the form of `messages`. It
is a separate program and not a pool's child, so that it does not import the script that started it,
and Ctrl-C in the terminal reaches only its parent.
"""

import os
import signal
import sys
from typing import BinaryIO

import torch

from foreword.federated.client import client_update
from foreword.federated.messages import receive, send
from foreword.federated.rules import ClientRule
from foreword.federated.server import Weights
from foreword.folder.config import ModelConfig
from foreword.models.build import build


def main() -> None:
    """Compute one client after another until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the replies
    try:
        work(requests, replies)
    except (EOFError, BrokenPipeError):  # the parent needs no more of them
        return


def work(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests.

    Raises:
        EOFError, BrokenPipeError: there are no more requests, or nobody reads the replies.
    """
    start, _ = receive(requests)
    torch.set_num_threads(start["threads"])
    model = build(ModelConfig(**start["model"]))
    rule = ClientRule(**start["rule"])
    weights: Weights = {}
    while True:
        request, arrays = receive(requests)
        if request["brings"] == "weights":
            weights = arrays
            continue
        # The text is cut to its part already, so there is nothing for a seed to choose.
        learned = client_update(model, weights, arrays["ids"], rule, ())
        reply = {"words": learned.update.words, "nats": learned.nats}
        send(replies, reply, learned.update.delta)


if __name__ == "__main__":
    main()
