"""Initial embeddings from the words that stand beside each word in the training text.

Words that are used alike stand beside the same words. So a network need not learn from its
gradients alone which words are alike, least of all for words that it reads only a few times. With
n(w, s, v) the number of times that v stands on the side s of w, before or after it, at most `REACH`
words away, where an occurrence d words away counts 1/d:

    M(w, s, v) = max(log(n(w, s, v) Z / (n(w) n(s, v)^0.75)), 0),  Z = sum of all n(s, v)^0.75
    M = U S V^T
    E = U sqrt(S) R

M is the positive pointwise mutual information of words and contexts, a sparse matrix (Bullinaria &
Levy 2007). The exponent 0.75 takes weight from rare contexts, and the square root of S from the
directions that a few frequent words decide (Levy, Goldberg & Dagan 2015, "Improving distributional
similarity with lessons learned from word embeddings", section 3). R is a random rotation, so that
every unit begins alike. The decomposition is that of Halko, Martinsson & Tropp (2011), "Finding
structure with randomness", algorithms 4.4 and 5.1.
"""

import numpy as np
import torch
from torch import Tensor

REACH = 2
"""The largest distance of a context."""
CONTEXTS = 4096
"""The number of words that are contexts: the most frequent ones."""
MOST_WORDS = 4_000_000
"""The number of words that are read of a longer text, so that it takes seconds."""
PASSAGE = 50_000
"""The length of the passages of such a text, which are spread over it."""
SMOOTHING = 0.75
"""The exponent of the contexts' counts."""
EXTRA, ROUNDS = 32, 3
"""Directions beyond those that are needed, and products with M and M^T, of the decomposition."""


def embeddings(
    ids: np.ndarray, vocab_size: int, size: int, generator: torch.Generator | None = None
) -> Tensor:
    """Return E (V, size) of the equations above.

    A word that stands beside no frequent word is 0. So are all words if no two stand beside each
    other more often than their frequencies suggest.

    Args:
        ids: the words of the text, in order.
        vocab_size: V.
        size: the dimension of the embeddings.
        generator: draws R, and the directions with which the decomposition begins.
    """
    matrix = information(ids, vocab_size)
    rank = min(size, *matrix.shape)
    rotation = torch.linalg.qr(torch.randn(size, size, generator=generator))[0]
    rotated: Tensor = _halves(matrix, rank, generator) @ rotation[:rank]
    return rotated


def information(ids: np.ndarray, vocab_size: int) -> Tensor:
    """Return M of the equations above, sparse, (V, 2 C) for C contexts: before, then after."""
    ids = _spread(ids)
    frequent = np.argsort(-np.bincount(ids, minlength=vocab_size), kind="stable")[:CONTEXTS]
    context = np.full(vocab_size, -1)
    context[frequent] = np.arange(len(frequent))
    columns = 2 * len(frequent)
    pairs, weights = [], []
    for distance in range(1, REACH + 1):
        earlier, later = ids[:-distance], ids[distance:]
        for side, (words, beside) in enumerate(((later, earlier), (earlier, later))):
            known = context[beside] >= 0
            pair = words[known] * columns + side * len(frequent) + context[beside[known]]
            pair, count = np.unique(pair, return_counts=True)
            pairs.append(pair)
            weights.append(count / distance)
    pair, where = np.unique(np.concatenate(pairs), return_inverse=True)
    n = np.bincount(where, weights=np.concatenate(weights))
    rows, column = np.divmod(pair, columns)
    n_word = np.bincount(rows, weights=n, minlength=vocab_size)
    n_context = np.bincount(column, weights=n, minlength=columns) ** SMOOTHING
    value = np.log(n * n_context.sum() / (n_word[rows] * n_context[column]))
    is_positive = value > 0
    return torch.sparse_coo_tensor(
        torch.from_numpy(np.stack([rows[is_positive], column[is_positive]])),
        torch.from_numpy(value[is_positive]).float(),
        (vocab_size, columns),
        check_invariants=False,
    ).coalesce()


def _spread(ids: np.ndarray) -> np.ndarray:
    """The ids as int64, or passages of them that are spread over a long text, one after another."""
    if len(ids) > MOST_WORDS:
        starts = np.linspace(0, len(ids) - PASSAGE, MOST_WORDS // PASSAGE).astype(np.int64)
        ids = np.concatenate([ids[start : start + PASSAGE] for start in starts])
    return np.asarray(ids, dtype=np.int64)


def _halves(matrix: Tensor, rank: int, generator: torch.Generator | None) -> Tensor:
    """U sqrt(S) of the `rank` largest singular values of a sparse matrix (A, B), as (A, rank)."""
    width = min(rank + EXTRA, *matrix.shape)
    basis = torch.randn(matrix.shape[1], width, generator=generator)
    for _ in range(ROUNDS):
        basis = torch.linalg.qr(torch.sparse.mm(matrix, basis))[0]
        basis = torch.linalg.qr(torch.sparse.mm(matrix.t(), basis))[0]
    u, s, _ = torch.linalg.svd(torch.sparse.mm(matrix, basis), full_matrices=False)
    halves: Tensor = u[:, :rank] * s[:rank].sqrt()
    return halves
