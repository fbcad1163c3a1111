"""Measure how far back a loss reaches, by gradient norms (Hochreiter 1991; Pascanu et al. 2013)."""

import torch
from torch import Generator

from foreword.memory.networks import Network, RecurrentNetwork
from foreword.memory.tasks.task import Task, loss_of

SEQUENCES = 32
"""The number of sequences over which norms are averaged."""
POINTS = 64
"""The largest number of distances that are kept, evenly spread."""

Norms = dict[str, tuple[tuple[int, float], ...]]
"""Pairs of a distance in steps and a norm, by state."""


def gradient_norms(network: Network, task: Task, lag: int, generator: Generator) -> Norms:
    """Return the norm of dL/ds(T - d) for each state s and distance d, averaged over sequences.

    L is the loss of a sequence's last answer, T its step. The network does not change.

    Returns:
        The norms; empty for a network without states.
    """
    if not isinstance(network, RecurrentNetwork):
        return {}
    batch = task.draw(lag, SEQUENCES, generator)
    T, B = batch.asked.shape
    numbers = torch.full((T, B), -1)
    numbers[batch.asked] = torch.arange(int(batch.asked.sum()))
    last = T - 1 - batch.asked.flip(0).int().argmax(0)
    every = torch.arange(B)
    outputs, _, trace = network.layer(batch.inputs, return_trace=True)
    answers = network.readout(outputs[last, every])
    loss = B * loss_of(task.loss, answers, batch.targets[numbers[last, every]])
    norms_by_layer: Norms = {}
    reach = int(last.min())
    distances = torch.linspace(0, reach, min(POINTS, reach + 1)).long()
    for name, gradient in trace.gradients(loss)[0].items():
        norms = gradient.norm(dim=2)[last - distances.unsqueeze(1), every].mean(1)
        norms_by_layer[name] = tuple(zip(distances.tolist(), norms.tolist(), strict=True))
    return norms_by_layer
