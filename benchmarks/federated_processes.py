"""Seconds of a simulated federated round by number of processes, and what starting them costs.

    python benchmarks/federated_processes.py [--processes 2] [--rounds 5] [--sizes 64x2000 ...]

A size is the units of an LSTM and the words of its vocabulary. Its clients are senders of the
carried chats, the same ones in every round; the rounds of one process and of several take turns, so
that what else the machine does falls on both, and medians are told. `started` is the time from the
start of the processes until each of them has computed a client, less what a later round takes.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch

import foreword
from foreword.federated.people import read_people
from foreword.federated.pool import Processes
from foreword.federated.rules import Task
from foreword.federated.settings import FederatedSettings, planned
from foreword.folder.quantised import dense
from foreword.folder.store import read_folder
from foreword.models.build import build, count_parameters
from foreword.training.interrupt import StopWish


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", nargs="*", default=["32x1000", "128x5000", "400x20000"])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    several = f"{arguments.processes} processes"
    print(f"| units, words | parameters | 1 process | {several} | times as quick | started |")
    print("|---|---|---|---|---|---|")
    for size in arguments.sizes:
        units, words = map(int, size.split("x"))
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "m"
            foreword.train(out=folder, steps=1, hidden_size=units, vocab_size=words)
            base = read_folder(folder)
        people = read_people((), base.tokenizer)
        weights = dense(base.weights)
        every = len(people) // arguments.clients
        tasks = [Task(k * every, (1, k)) for k in range(arguments.clients)]
        model = build(base.config.network)

        def opened(processes: int, model=model, people=people) -> Processes:
            settings = FederatedSettings(clients=arguments.clients, processes=processes)
            return Processes(model, planned(settings, len(people)), people.ids)

        def seconds(clients: Processes, weights=weights, tasks=tasks) -> float:
            began = time.perf_counter()
            clients.learned(dict(weights), tasks, StopWish(), 1)
            return time.perf_counter() - began

        began = time.perf_counter()
        with opened(1) as one, opened(arguments.processes) as more:
            seconds(more)
            started = time.perf_counter() - began
            seconds(one)
            pairs = [(seconds(one), seconds(more)) for _ in range(arguments.rounds)]
        alone, together = map(statistics.median, zip(*pairs, strict=True))
        print(
            f"| {units}, {words:,} | {count_parameters(base.config.network):,} | {alone:.3f} s | "
            f"{together:.3f} s | {alone / together:.2f} | {started - together:.1f} s |",
            flush=True,
        )


if __name__ == "__main__":
    main()
