"""Time of Foreword's layers and of their peers, and as a fraction of the machine's peak.

    python benchmarks/layers.py [--only step batches ...] [--layers lstm ...] [--seconds 4]
                                [--threads 2] [--csv FILE] [--json FILE]

Parts: `step` (one sequence, one step), `sequence` (one sequence of 64 steps), `batches` (forwards),
`training` (forwards and back), `lengths` (half of a batch is padding), `scaling` (LSTM and GRU
against H, B, T, and on one thread). Shapes are B,T,H with as many inputs as hidden units.

Every round runs each of them once, in random order. A ratio is that of a round's times, the peer's
by ours: above 1, ours is faster. Median and quartiles are printed, for the best peer of the same
format: torch.nn in float32, under bfloat16 autocast and in its dynamic int8, ONNX Runtime in
float32 and int8, Flax (a compiled scan) where it is installed. Related layers are also compared
with our LSTM. In forward passes our weights are declared frozen, like those of a session of ONNX
Runtime; `step` also shows the cost of checking them at each call. `limit` is the fraction of the
machine's limit (`limits.py`) that is reached. Run nothing else on the machine meanwhile.
"""

import argparse
import csv
import json
import os
import platform
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

import foreword.nn as ours
import limits
import peers
from timing import Within, ratio, times

LAYERS: dict[str, Callable[..., nn.Module]] = {
    "rnn": ours.RNN,
    "gru": ours.GRU,
    "lstm": ours.LSTM,
    "lstm-peephole": ours.PeepholeLSTM,
    "lstm-coupled": ours.CoupledLSTM,
    "lstm-peephole-only": ours.PeepholeOnlyLSTM,
    "lstm-projected": lambda inputs, H: ours.LSTM(inputs, H, proj_size=H // 2),
    "lstm-layernorm": ours.LayerNormLSTM,
    "gru-layernorm": ours.LayerNormGRU,
    "lstm-zoneout": lambda inputs, H: ours.LSTM(
        inputs, H, noise=ours.Noise(zoneout_hidden=0.1, zoneout_memory=0.1)
    ),
    "mingru": lambda inputs, H: ours.Recurrent("mingru", inputs, H),
    "minlstm": lambda inputs, H: ours.Recurrent("minlstm", inputs, H),
    "rg-lru": lambda inputs, H: ours.Recurrent("rg-lru", inputs, H),
    "qrnn": lambda inputs, H: ours.Recurrent("qrnn", inputs, H),
}
LINEAR = {"mingru": 2, "minlstm": 3, "rg-lru": 3, "qrnn": 6}
"""Those without a recurrent matrix, whose products are float32, and how many matrices they have."""
GATES = {"rnn": 1, "gru": 3, "gru-layernorm": 3, "lstm-coupled": 3, **LINEAR}
STAGED = ("lstm-projected", "lstm-layernorm", "gru-layernorm", "lstm-zoneout")
"""Their steps have more meetings, a projection's work is less: no least time is known."""
FORMATS = ("float32", "bfloat16", "int8")
BATCHES = ["20,35,200", "20,35,650", "64,64,512", "32,70,1024"]
PARTS = {
    "step": ["1,1,512"],
    "sequence": ["1,64,512"],
    "batches": BATCHES,
    "training": BATCHES,
    "lengths": ["20,35,650", "64,64,512"],
    "scaling": [
        *(f"20,35,{H}" for H in (64, 128, 256, 512, 1024)),
        *(f"{B},35,512" for B in (1, 4, 64)),
        *(f"20,{T},512" for T in (1, 8, 128)),
    ],
}
CHECKED = "ours, weights checked"
NOT_PEERS = ("our LSTM", "autograd over the equations", CHECKED)
Run = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """One of our ways beside its best peer."""

    part: str
    layer: str
    shape: str
    products: str
    threads: int
    ours_ms: float
    peer: str
    peer_ms: float
    ratio: float
    low: float
    high: float
    gflops: float
    limit: float | None
    bound: str | None


def forward(
    layer: nn.Module, x: Tensor, products: str = "float32", threads: int = 0, frozen: bool = True
) -> Run:
    layer.eval()

    @contextmanager
    def context() -> Iterator[None]:
        if threads:
            torch.set_num_threads(threads)
        with torch.no_grad(), ours.use(products=products, frozen=frozen):
            yield

    return Within(lambda: layer(x), context)


def training(layer: nn.Module, x: Tensor, products: str = "float32", **more: object) -> Run:
    x = x.clone().requires_grad_()
    lengths, packs = more.get("lengths"), more.get("packs")

    def run() -> None:
        x.grad = None
        layer.zero_grad(set_to_none=True)
        with ours.use(products=products):
            if packs:
                packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
                outputs = layer(packed)[0].data
            else:
                outputs = (layer(x, lengths=lengths) if lengths else layer(x))[0]
            outputs.backward(torch.ones_like(outputs))

    return run


def under_autocast(run: Run) -> Run:
    @contextmanager
    def context() -> Iterator[None]:
        outer = run.context() if isinstance(run, Within) else nullcontext()
        with outer, torch.autocast("cpu", dtype=torch.bfloat16):
            yield

    return Within(run.run if isinstance(run, Within) else run, context)


def is_possible(run: Run) -> bool:
    """Whether a peer can do this here: some processors have no products that its way needs."""
    try:
        run()
    except RuntimeError:
        return False
    return True


def by_autograd(run: Run) -> Run:
    @contextmanager
    def context() -> Iterator[None]:
        outer = run.context() if isinstance(run, Within) else nullcontext()
        with outer, ours.use("reference"):
            yield

    return Within(run.run if isinstance(run, Within) else run, context)


def runs_of(part: str, name: str, x: Tensor) -> dict[str, dict[str, Run]]:
    """By format, ours and its peers."""
    H = x.shape[2]
    layer, lstm = LAYERS[name](H, H), ours.LSTM(H, H)
    peer, is_training = peers.torch_layer(name, layer), part == "training"
    way = training if is_training else forward
    results = {
        products: {"ours": way(layer, x, products)}
        for products in FORMATS[: 1 if name in LINEAR else 2 if is_training else 3]
    }
    if part == "step":
        for products, runs in results.items():
            runs[CHECKED] = forward(layer, x, products, frozen=False)
    if peer is not None:
        results["float32"]["torch"] = way(peer, x)
        if is_possible(run := under_autocast(way(peer, x))):
            results["bfloat16"]["torch bfloat16"] = run
        if not is_training and (run := peers.torch_int8(peer, x)) is not None:
            results["int8"]["torch int8"] = run
    elif name in (*STAGED, *LINEAR) or (is_training and x.shape[1] * x.shape[0] <= 20 * 35):
        results["float32"]["autograd over the equations"] = by_autograd(way(layer, x))
    if not is_training:
        for other, run in peers.onnx_runs(name, layer, x, int8=True).items():
            results["int8" if other.endswith("int8") else "float32"][other] = run
    if (run := peers.flax_runs(name, x).get("training" if is_training else "forward")) is not None:
        results["float32"]["flax"] = run
    if name.startswith("lstm-"):
        for products, runs in results.items():
            runs["our LSTM"] = way(lstm, x, products)
    return results


def lengths_of(name: str, x: Tensor) -> dict[str, dict[str, Run]]:
    """A batch with half its steps missing, beside the whole one; by format."""
    T, B, H = x.shape
    layer, order = LAYERS[name](H, H), torch.randperm(B, generator=torch.Generator().manual_seed(1))
    lengths = torch.linspace(1, T, B)[order].round().long().tolist()
    results = {}
    for products in FORMATS[:2]:
        results[products] = {
            "ours": training(layer, x, products, lengths=lengths),
            "ours, padded": training(layer, x, products),
            "ours, packed": training(layer, x, products, lengths=lengths, packs=True),
        }
    if (peer := peers.torch_layer(name, layer)) is not None:
        results["float32"]["torch, packed"] = training(peer, x, lengths=lengths, packs=True)
    return results


def scaling_of(name: str, x: Tensor, threads: int) -> dict[str, dict[str, Run]]:
    layer = LAYERS[name](x.shape[2], x.shape[2])
    peer = peers.torch_layer(name, layer)
    results = {"ours": forward(layer, x, threads=threads)}
    if peer is not None:
        results["torch"] = forward(peer, x, threads=threads)
    results["ours, one thread"] = forward(layer, x, threads=1)
    return {"float32": results}


def rows_of(
    part: str, name: str, shape: str, rounds: int, seconds: float, threads: int
) -> Iterator[Row]:
    B, T, H = (int(n) for n in shape.split(","))
    x = torch.randn(T, B, H)
    if part == "lengths":
        by_format = lengths_of(name, x)
    elif part == "scaling":
        by_format = scaling_of(name, x, threads)
    else:
        by_format = runs_of(part, name, x)
    together = {(p, other): run for p, runs in by_format.items() for other, run in runs.items()}
    results = times(together, rounds, seconds)
    torch.set_num_threads(threads)
    both_ways = part in ("training", "lengths")
    gates = GATES.get(name, 4)
    for products, runs in by_format.items():
        mine = results[products, "ours"]
        taken = statistics.median(mine)
        least = limits.least_seconds((B, T, H), gates, products, threads, both_ways=both_ways)
        if part == "lengths" or name in (*STAGED, *LINEAR):
            least = None  # its steps differ
        multiplications = gates * H * (H if name in LINEAR else 2 * H)
        if name == "lstm-projected":
            multiplications = gates * H * (H + H // 2) + H * (H // 2)
        work = (6.0 if both_ways else 2.0) * T * B * multiplications
        shown = [other for other in runs if other != "ours"]
        if part not in ("lengths", "scaling"):
            rivals = [other for other in shown if other not in NOT_PEERS]
            rivals.sort(key=lambda other: statistics.median(results[products, other]))
            shown = rivals[:1] + [other for other in shown if other in NOT_PEERS]
        for other in shown or [""]:
            against = results[products, other] if other else mine
            yield Row(
                part,
                name,
                shape,
                products,
                threads,
                taken,
                other,
                statistics.median(against),
                *ratio(against, mine),
                work / taken / 1e6,
                least and least[0] / taken * 1000,
                least and least[1],
            )


def show(row: Row) -> None:
    limit = "" if row.limit is None else f"{row.limit:6.0%} {row.bound}"
    print(
        f"{row.part:9}{row.layer:20}{row.shape:>12} {row.products:9}{row.ours_ms:9.3f}"
        f"{row.peer_ms:11.3f}{row.ratio:7.2f}  {row.low:5.2f} to {row.high:<6.2f}"
        f"{limit:18}{row.peer}",
        flush=True,
    )


def machine(threads: int) -> dict[str, object]:
    """What the figures were measured on."""
    peaks = {p: limits.peak(p, threads) for p in FORMATS}
    sizes = {f"{size >> 10} KiB": limits.read_rate(size, threads) for size in (1 << 19, 1 << 22)}
    return {
        "torch": torch.__version__,
        "machine": platform.machine(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": threads,
        "load": os.getloadavg()[0],
        "peak GFLOP/s": {p: round(v / 1e9) for p, v in peaks.items() if v},
        "reads GB/s": {size: round(v / 1e9) for size, v in sizes.items() if v},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--shapes", nargs="+", help="B,T,H in place of the parts' own")
    parser.add_argument("--layers", nargs="+", choices=LAYERS, default=list(LAYERS))
    parser.add_argument("--rounds", type=int, default=200, help="at most")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each shape of each layer")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    about = machine(arguments.threads)
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print(f"{'part':9}{'layer':20}{'B, T, H':>12} {'format':9}{'ours, ms':>9}{'peer':>11}", end="")
    print(f"{'ratio':>7}  {'quartiles':16}{'limit':18}best peer")
    rows = []
    for part in arguments.only:
        layers = [n for n in arguments.layers if part != "scaling" or n in ("lstm", "gru")]
        for shape in arguments.shapes or PARTS[part]:
            for name in layers:
                work = part, name, shape, arguments.rounds, arguments.seconds, arguments.threads
                for row in rows_of(*work):
                    rows.append(row)
                    show(row)
    if arguments.csv:
        with arguments.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(Row.__dataclass_fields__))
            writer.writeheader()
            writer.writerows(asdict(row) for row in rows)
    if arguments.json:
        results = {"machine": about, "rows": [asdict(row) for row in rows]}
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
