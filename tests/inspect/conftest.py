import base64
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from foreword.cells.registry import CELLS

SAYS = {
    "i": ("input gate", "how much of the new enters"),
    "f": ("forget gate", "how much of the old stays"),
    "g": ("candidate", "what may enter"),
    "o": ("output gate", "how much of the memory is shown"),
    "r": ("reset gate", "how much of the past the candidate sees"),
    "z": ("update gate", "how much of the old state stays"),
    "n": ("candidate", "what may enter"),
    "c": ("memory", "what the unit holds"),
    "h": ("hidden state", "what the unit shows"),
}
GATES = {"lstm": "ifgo", "lstm-coupled": "fgo", "gru": "rzn", "rnn": "", "mlp-window": ""}
CHAT = (
    "<eos> how are you ? <eos> i am fine , and you ? <eos> not so well , it rained all week . "
    "<eos> that is a pity . do you have any plans for the weekend ? <eos>"
)
TEXT = CHAT.split()
VOCABULARY = sorted(set(TEXT))


def block(values: np.ndarray, low: float, high: float) -> str:
    levels = np.round(255 * (values - low) / ((high - low) or 1)).clip(0, 255).astype(np.uint8)
    return base64.b64encode(zlib.compress(levels.tobytes(), 6)).decode()


def unpacked(part: dict[str, Any], rows: int) -> np.ndarray:
    """(rows, units): what the page has to show."""
    levels = np.frombuffer(zlib.decompress(base64.b64decode(part["data"])), np.uint8)
    return part["low"] + levels.reshape(rows, -1) / 255 * (part["high"] - part["low"])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def run(cell: str, T: int, H: int, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Gates and states of made-up words that obey the cell's equation."""
    slow = random.normal(0.6, 1.6, H)
    noise = {name: random.normal(0, 1.0, (T, H)) for name in "ifgo"}
    f = sigmoid(slow + noise["f"])
    i = 1 - f if cell in ("lstm-coupled", "gru") else sigmoid(-slow + 1.3 * noise["i"])
    g, o = np.tanh(1.5 * noise["g"]), sigmoid(noise["o"])
    c = np.zeros((T, H))
    for t in range(T):
        c[t] = f[t] * (c[t - 1] if t else 0) + i[t] * g[t]
    if cell == "gru":
        return {"r": o, "z": f, "n": g, "h": c}
    if cell in ("rnn", "mlp-window"):
        return {"h": np.tanh(noise["g"])}
    return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": o * np.tanh(c)}


def kinds(cell: str) -> dict[str, str | None]:
    known = CELLS.get(cell)
    names = ("keep", "take", "candidate")
    return {name: None if known is None else getattr(known, name) for name in names}


def layer(cell: str, words: list[str], H: int, k: int, random: np.random.Generator) -> Any:
    T, actual = len(words), run(cell, len(words), H, random)

    def part(name: str) -> dict[str, Any]:
        label, says = SAYS[name]
        signed = name in "ghnc"
        size = float(np.abs(actual[name]).max()) if name in "hc" else 1.0
        low, high = (-size, size) if signed else (0.0, 1.0)
        whole = {"name": name, "label": label, "says": says, "low": low, "high": high}
        return whole | {"data": block(actual[name], low, high)}

    states = ["c", "h"] if "c" in actual else ["h"]
    keeps = actual.get("f", actual.get("z", np.zeros((T, H)))).mean(0)
    order = [int(u) for u in np.argsort(-keeps, kind="stable")]
    held = actual[states[0]]
    gated = bool(GATES[cell])
    ranking = [
        {
            "unit": u,
            "position": u,
            "time_constant": float(-1 / np.log(min(keeps[u], 0.9999))) if gated else None,
            "longest_hold": T // 2 if gated else None,
            "keep": float(keeps[u]),
            "opens": [[words[t], 0.8] for t in np.argsort(-held[:, u])[:3]],
            "closes": [[words[t], 0.1] for t in np.argsort(held[:, u])[:3]],
            "range": float(np.ptp(held[:, u])),
        }
        for u in order
    ]
    return {
        "layer": k,
        "hidden_size": H,
        "units": list(range(H)),
        "memory": None if cell == "mlp-window" else states[0],
        "kinds": kinds(cell),
        "telling": order[0],
        "gates": [part(name) for name in GATES[cell]],
        "states": [part(name) for name in states],
        "orders": {
            "holding time": order,
            "similarity": [int(u) for u in random.permutation(H)],
            "index": list(range(H)),
        },
        "ranking": ranking if gated else [],
    }


def curve(label: str, cell: str, kind: str, pace: float, window: int) -> dict[str, Any]:
    norms = [0.8 * pace**d for d in range(window)]
    vanishes = next((d for d, norm in enumerate(norms) if norm < 0.008), None)
    states = {"h": norms} | ({"c": [1.5 * n**0.97 for n in norms]} if "lstm" in cell else {})
    about = {"label": label, "cell": cell, "kind": kind, "layer": 0}
    return about | {"norms": states, "vanishes": vanishes, "explodes": None}


def gradients(cell: str, random: np.random.Generator) -> dict[str, Any]:
    window = 48
    return {
        "window": window,
        "curves": [
            curve("this model", cell, "trained", 0.91, window),
            curve("this model, untrained", cell, "untrained", 0.80, window),
            curve("rnn", "rnn", "beside", 0.55, window),
            curve("gru", "gru", "beside", 0.88, window),
            curve("lstm-peephole", "lstm-peephole", "beside", 0.90, window),
        ],
        "clipping": {
            "clip": 1.0,
            "norms": [float(n) for n in random.lognormal(0, 0.5, 40)],
            "share": 0.4,
            "words": 35,
        },
    }


def attribution(words: list[str], at: int, random: np.random.Generator) -> dict[str, Any]:
    earned = random.normal(0.2, 0.5, at + 1)
    return {
        "at": at,
        "target": words[at + 1],
        "probability": 0.4,
        "baseline_probability": 0.01,
        "first": 0,
        "integrated": [float(x) for x in earned],
        "erased": [float(x) for x in earned + random.normal(0, 0.2, at + 1)],
        "difference": 3.689,
        "sum": 3.684,
        "agreement": 0.93,
    }


def contrast(
    words: list[str], kind: str, at: int, H: int, random: np.random.Generator
) -> dict[str, Any]:
    other = [*words[:at], *words[at + 1 :]] if kind == "dropped" else list(words)
    if kind == "replaced":
        other[at] = "often"
    skip = kind == "dropped"
    pairs = [[a, a - (skip and a > at)] for a in range(len(words)) if not (skip and a == at)]
    since = np.array([max(0, a - at) for a, _ in pairs])
    falls = np.where(since > 0, np.exp(-since / 6), 0.0)
    difference = random.normal(0, 0.8, (len(pairs), H)) * falls[:, None]
    size = float(np.abs(difference).max()) or 1.0
    came = [float(p) for p in random.beta(0.6, 2.4, len(pairs))]
    return {
        "kind": kind,
        "label": f"“{words[at]}” (word {at}) {kind}",
        "at": at,
        "words": other,
        "pairs": pairs,
        "divergence": [float(2.5 * x) for x in falls],
        "came": came,
        "came_other": [p * float(1 - 0.6 * x) for p, x in zip(came, falls, strict=True)],
        "layers": [
            {
                "layer": 0,
                "state": "c",
                "units": list(range(H)),
                "low": -size,
                "high": size,
                "difference": block(difference, -size, size),
                "changed": [
                    {
                        "unit": u,
                        "first": [float(x) for x in np.sin(np.arange(len(pairs)) / (2 + u))],
                        "other": [
                            float(x)
                            for x in np.sin(np.arange(len(pairs)) / (2 + u)) + difference[:, u]
                        ],
                    }
                    for u in range(min(4, H))
                ],
            }
        ],
    }


def make_document(
    cell: str = "lstm",
    words: list[str] | None = None,
    hidden_size: int = 24,
    layers: int = 1,
    seed: int = 1,
) -> dict[str, Any]:
    """A document as the library makes it, with numbers that are made up but go together."""
    random = np.random.default_rng(seed)
    words = TEXT if words is None else words
    T, recurrent, spoken = len(words), cell != "mlp-window", len(words) > 8
    came: list[float | None] = [float(p) for p in random.beta(0.5, 2.0, T - 1)]
    guesses = [[str(w) for w in random.choice(VOCABULARY, 5, replace=False)] for _ in words]
    shares = -np.sort(-random.dirichlet(np.ones(12) * 0.4, T), axis=1)
    return {
        "format": 1,
        "title": "chat.txt read by my-model",
        "made": "2026-11-24 22:10",
        "foreword": "0.1.0",
        "model": {
            "name": cell,
            "about": f"a network of the kind {cell}",
            "layers": layers,
            "hidden_size": hidden_size,
            "parameters": 3_100_000,
            "vocab_size": 10_000,
            "trained_on": "6,500 chats",
            "perplexity": 67.9,
        },
        "notes": [] if recurrent else ["an MLP has no gates and no memory but its window of words"],
        "words": words,
        "came": [*came, None],
        "rank": [*(int(r) for r in random.integers(1, 400, T - 1)), None],
        "top": [
            [[w, float(p)] for w, p in zip(ws, ps[:5], strict=True)]
            for ws, ps in zip(guesses, shares, strict=True)
        ],
        "entropy": [float(e) for e in random.uniform(2, 9, T)],
        "layers": [layer(cell, words, hidden_size, k, random) for k in range(layers)],
        "gradients": gradients(cell, random) if recurrent and spoken else None,
        "jacobians": [
            {
                "layer": 0,
                "state": "h, c" if "lstm" in cell else "h",
                "steps": [
                    {
                        "at": at,
                        "word": words[at],
                        "singular_values": [
                            float(s)
                            for s in -np.sort(-random.lognormal(-0.8, 0.7, 2 * hidden_size))
                        ],
                    }
                    for at in range(2, min(T, 40), 3)
                ],
            }
        ]
        if recurrent and spoken
        else [],
        "attributions": [attribution(words, at, random) for at in (4, 11, 20) if at + 1 < T],
        "contrasts": [
            contrast(words, kind, at, hidden_size, random)
            for kind, at in (("dropped", 12), ("replaced", 14), ("reset", 5))
            if recurrent and at < T
        ],
    }


@pytest.fixture(scope="session")
def document() -> Callable[..., dict[str, Any]]:
    return make_document


@pytest.fixture(scope="session")
def values_of() -> Callable[..., np.ndarray]:
    return unpacked
