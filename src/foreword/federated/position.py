"""The position of a federated run, as a value and in a checkpoint. Knows no text and no network."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foreword.federated.noise_tree import NoiseTree
from foreword.federated.server import ServerState, Weights
from foreword.federated.settings import FederatedSettings, Plan
from foreword.training.checkpoint import Checkpoint


@dataclass(frozen=True)
class Position:
    """Everything that a round changes. A value, which a checkpoint holds.

    Attributes:
        state: the server's.
        last: by person, the last round in which they took part; -1 if they have not.
        seconds: the time so far.
        noise_seed: the seed of all noise, a secret.
    """

    state: ServerState
    last: np.ndarray
    seconds: float
    noise_seed: int

    def checkpoint(self, settings: FederatedSettings, text: str) -> Checkpoint:
        """Return the content of its file, with the fingerprint of the people."""
        state = self.state
        groups = {"weights": state.weights, "mean": state.mean, "square": state.square}
        arrays = {f"{group}/{k}": v for group, of in groups.items() for k, v in of.items()}
        nodes = enumerate(state.tree.nodes)
        arrays |= {f"tree/{level}": node for level, node in nodes if node is not None}
        arrays["last"] = self.last
        return Checkpoint(
            arrays,
            {
                "position": {"step": state.round},
                "federated": settings.model_dump(mode="json"),
                "people": text,
                "counts": [state.received, state.dropped, state.words],
                "seconds": self.seconds,
                "noise_seed": self.noise_seed,
            },
        )

    @classmethod
    def restored(cls, checkpoint: Checkpoint, tree: NoiseTree, like: Weights) -> "Position":
        """Return the position that a checkpoint holds.

        Args:
            checkpoint: the checkpoint.
            tree: an empty tree of the run.
            like: arrays of the names and shapes of the weights.

        Raises:
            ValueError and others: it is no such checkpoint; see `usable`.
        """
        document, nodes = checkpoint.document, checkpoint.group("tree")
        weights, mean, square = (
            {name: np.array(value) for name, value in checkpoint.group(group).items()}
            for group in ("weights", "mean", "square")
        )
        for group in (weights, *(moments for moments in (mean, square) if moments)):
            if _kinds(group) != _kinds(like):
                raise ValueError("its arrays are not those of the model")
        levels = 1 + max(map(int, nodes), default=-1)
        step = checkpoint.step if nodes else 0
        held = tuple(nodes.get(str(level)) for level in range(levels))
        received, dropped, words = map(int, document["counts"])
        return cls(
            ServerState(
                weights=weights,
                round=checkpoint.step,
                received=received,
                dropped=dropped,
                words=words,
                mean=mean,
                square=square,
                tree=replace(tree, step=step, nodes=held),
            ),
            np.array(checkpoint.arrays["last"], dtype=np.int64),
            float(document["seconds"]),
            int(document["noise_seed"]),
        )


def chosen_people(last: np.ndarray, number: int, plan: Plan) -> np.ndarray:
    """Return the people of a round, at random among those who have rested long enough.

    Args:
        last: by person, the last round in which they took part; -1 if they have not.
        number: the number of the round, from 0.
        plan: says how many are chosen, and how long they rest.
    """
    rested = np.flatnonzero((last < 0) | (number - last >= plan.separation))
    draw = np.random.default_rng([plan.settings.seed, 0, number])
    return np.sort(draw.choice(rested, plan.server.clients, replace=False))


def _kinds(weights: Weights) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    return {name: (value.shape, value.dtype) for name, value in weights.items()}
