"""What compressing gradients gives over a slow network, and what it costs in quality.

    python benchmarks/compressed_gradients.py [--gbit 0.1 1] [--rounds 2] [--json FILE]
    python benchmarks/compressed_gradients.py --quality [--seeds 1 2 3] [--json FILE]

Two hosts, which are network namespaces of this machine with one thread each, train the LSTM of
`processes.py` over a network of so many Gbit/s. For each way to average gradients, the words/s, the
MB that a host sends in a step, and the share of a step that averaging takes are printed. PowerSGD
(Vogels et al. 2019, rank 4) is torch's hook, with all gradients in one bucket, since it fails with
several on processors; its first two steps are not compressed. With `--quality`, two processes of
this machine train a small LSTM on the carried chats for as many steps, and the perplexity on the
held-out part is printed. Needs Linux, iproute2, and namespaces of users.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from torch import nn
from torch.distributed.algorithms.ddp_comm_hooks import powerSGD_hook
from torch.nn.parallel import DistributedDataParallel

import foreword
import namespaces
from foreword.training.progress import Event, StepProgress
from foreword.training.ranks import Ranks
from machine import machine
from processes import VOCABULARY, write_text

WAYS = ("none", "float16", "bfloat16", "powersgd")
"""The ways to average gradients."""
APART = "apart"
"""Gradients are not averaged at all."""
RANK, WHOLE = 4, 1000.0
"""PowerSGD's rank; and the MB of a bucket that holds all gradients."""
FIRST, STEPS = 3, 9
"""The number of steps that are not counted; and of all steps."""
QUALITY_STEPS = 500


def powersgd(self: Ranks, loss: nn.Module, compress: str) -> nn.Module:
    """Return a module whose gradients are averaged by PowerSGD, in place of `Ranks.wrapped`."""
    del self, compress
    wrapped = DistributedDataParallel(loss, bucket_cap_mb=WHOLE)
    state = powerSGD_hook.PowerSGDState(None, matrix_approximation_rank=RANK, start_powerSGD_iter=2)
    wrapped.register_comm_hook(state, powerSGD_hook.powerSGD_hook)
    return wrapped


def patched(way: str) -> str:
    """Return the setting for a way; replace `Ranks.wrapped` if it is none."""
    if way == "powersgd":
        Ranks.wrapped = powersgd  # type: ignore[method-assign]
    if way == APART:
        Ranks.wrapped = lambda _, loss, __: loss  # type: ignore[method-assign]
    return way if way in ("float16", "bfloat16") else "none"


def sent() -> int:
    """Return the bytes that this host has sent."""
    command = ["ip", "-json", "-statistics", "link", "show", "eth0"]
    (link,) = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return int(link["stats64"]["tx"]["bytes"])


def train(text: Path, way: str) -> None:
    """Train some steps, and print seconds, words and bytes of the counted ones as JSON."""
    marks: list[tuple[float, int, int]] = []

    def note(event: Event) -> None:
        if isinstance(event, StepProgress) and event.step in (FIRST, STEPS):
            marks.append((event.seconds, event.words_seen, sent()))

    with tempfile.TemporaryDirectory() as folder:
        foreword.train(
            text, valid=text.with_name("valid.txt"), out=Path(folder) / "m",
            steps=STEPS, threads=1, vocab_size=VOCABULARY, embedding_size=640,
            hidden_size=640, dropout=0.2, batch_size=64, window=35,
            save_seconds=1e6, validations=1, embedding_start="random", report=note,
            compress_gradients=patched(way),
        )  # fmt: skip
    if marks:
        seconds, words, sent_ = (b - a for a, b in zip(*marks, strict=True))
        steps = STEPS - FIRST
        print(json.dumps({"words_per_second": words / seconds, "bytes": sent_ / steps}))


def learn(way: str, seed: int) -> None:
    """Train a small model on the carried chats, and print its perplexity."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = foreword.train(
            out=Path(folder) / "m", steps=QUALITY_STEPS, threads=1, vocab_size=4000,
            embedding_size=48, hidden_size=64, dropout=0.0, batch_size=32, window=20, seed=seed,
            save_seconds=1e6, validations=1, compress_gradients=patched(way),
        )  # fmt: skip
    if outcome.config.evaluation is not None:
        print(outcome.config.evaluation.perplexity)


def over_network(hosts: list[namespaces.Host], text: Path, way: str) -> dict[str, float]:
    """Return what `train` prints on the first of two hosts."""
    logs = [text.with_name(f"host{host.number}.log") for host in hosts]
    runs = []
    for rank, (host, log) in enumerate(zip(hosts, logs, strict=True)):
        command = [
            *(sys.executable, "-m", "torch.distributed.run", "--nnodes", "2"),
            *("--nproc-per-node", "1", "--node-rank", str(rank)),
            *("--master-addr", "host1", "--master-port", "29400", __file__),
            *("--train", str(text), "--way", way),
        ]
        with log.open("w") as file:
            runs.append(host.start(command, file, {**os.environ, "OMP_NUM_THREADS": "1"}))
    if any(run.wait() for run in runs):
        raise SystemExit("\n".join(log.read_text()[-3000:] for log in logs))
    lines = [line for line in logs[0].read_text().splitlines() if line.startswith("{")]
    measured: dict[str, float] = json.loads(lines[-1])
    return measured


def speeds(gbits: list[float], rounds: int) -> list[dict[str, Any]]:
    """Measure all ways over networks of several speeds, in turns, and print the table."""
    hosts, table = namespaces.hosts(2), []
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        write_text(text)
        for gbit in gbits:
            for host in hosts:
                host.limit(gbit)
            measured: dict[str, list[dict[str, float]]] = {way: [] for way in (*WAYS, APART)}
            for _ in range(rounds):
                for way, results in measured.items():
                    results.append(over_network(hosts, text, way))
            middle = {
                way: {
                    name: statistics.median(result[name] for result in results)
                    for name in results[0]
                }
                for way, results in measured.items()
            }
            apart = middle.pop(APART)["words_per_second"]
            for way, result in middle.items():
                pace, mb = result["words_per_second"], result["bytes"] / 1e6
                row = {"gbit": gbit, "way": way, "words_per_second": pace, "mb_per_step": mb}
                table.append({**row, "share": 1 - pace / apart})
                print(
                    f"{gbit:6.1f} Gbit/s  {way:<10}{pace:8,.0f} words/s{mb:8.1f} MB sent a step"
                    f"{1 - pace / apart:8.0%} of a step",
                    flush=True,
                )
    return table


def quality(seeds: list[int]) -> list[dict[str, Any]]:
    """Train with each way and seed, and print the perplexities."""
    table = []
    for way in WAYS:
        perplexities = []
        for seed in seeds:
            command = [
                *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
                *("--nproc-per-node", "2", __file__, "--learn", str(seed), "--way", way),
            ]
            run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            perplexities.append(float(run.stdout.split()[-1]))
        table.append({"way": way, "perplexities": perplexities})
        told = " ".join(f"{perplexity:8.2f}" for perplexity in perplexities)
        print(f"{way:<10} perplexity by seed: {told}", flush=True)
    return table


def main() -> None:
    """Measure what is asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gbit", type=float, nargs="+", default=[0.1, 1.0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--quality", action="store_true")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--learn", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--way", choices=[*WAYS, APART], help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.train:
        train(chosen.train, chosen.way)
        return
    if chosen.learn is not None:
        learn(chosen.way, chosen.learn)
        return
    if chosen.quality:
        table = quality(chosen.seeds)
    else:
        namespaces.enter()
        table = speeds(chosen.gbit, chosen.rounds)
    if chosen.json:
        chosen.json.write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
