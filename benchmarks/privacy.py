"""Epsilon of federated training beside what dp-accounting computes.

    python benchmarks/privacy.py

`RDP` is dp-accounting's accountant by Renyi differential privacy, a bound from above: for a single
tree, if a person takes part once (`SingleEpochTreeAggregationDpEvent`), and otherwise for a
Gaussian mechanism with the same noise and Foreword's sensitivity. `exact` is its epsilon for that
Gaussian mechanism. dp-accounting 0.6 needs an older `attrs` than the language server of
`foreword[lsp]`, so it needs an environment of its own: `pip install . dp-accounting`.
"""

import argparse

import dp_accounting
from dp_accounting.rdp import RdpAccountant

from foreword.federated.privacy import epsilon_of, participation

CASES = [
    # rounds, separation, restart, noise, delta
    (100, 100, None, 4.0, 1e-5),
    (1000, 1000, None, 7.0, 1e-6),
    (2000, 4000, None, 7.0, 1e-10),
    (200, 131, None, 10.0, 1e-4),
    (500, 25, None, 30.0, 1e-4),
    (500, 25, 100, 30.0, 1e-4),
]


def main() -> None:
    argparse.ArgumentParser(description=__doc__.split("\n", 1)[0]).parse_args()
    print(
        "| rounds | separation | restart | noise | delta | sensitivity | Foreword | exact | RDP |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for rounds, separation, restart, noise, delta in CASES:
        part = participation(rounds, separation, restart)
        of_noise = noise / part.sensitivity
        ours = epsilon_of(of_noise, delta)
        exact = dp_accounting.get_epsilon_gaussian(of_noise, delta)
        if part.most == 1:
            event = dp_accounting.SingleEpochTreeAggregationDpEvent(noise, rounds)
        else:
            event = dp_accounting.GaussianDpEvent(of_noise)
        accountant = RdpAccountant(
            neighboring_relation=dp_accounting.NeighboringRelation.REPLACE_SPECIAL
        )
        bound = accountant.compose(event).get_epsilon(delta)
        figures = f"{part.sensitivity:.3f} | {ours:.4f} | {exact:.4f} | {bound:.4f}"
        print(f"| {rounds} | {separation} | {restart or '-'} | {noise:g} | {delta:g} | {figures} |")


if __name__ == "__main__":
    main()
