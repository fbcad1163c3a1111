"""What is set about federated training, and what follows for a number of people."""

import math
from typing import Any

import pytest

from foreword.errors import SettingsError
from foreword.federated.settings import FederatedSettings, Privacy, planned


def plan(people: int, **leaves: Any) -> Any:
    return planned(FederatedSettings.checked(leaves), people)


def privacy(people: int, **leaves: Any) -> Privacy:
    description = plan(people, **leaves).privacy
    assert isinstance(description, Privacy)
    return description


def test_a_person_rests_until_the_others_have_had_their_turn() -> None:
    assert plan(1315, clients=10).separation == 131
    assert plan(1315, clients=10, separation=7).separation == 7


def test_of_few_people_all_take_part_in_each_round() -> None:
    assert (plan(3).server.clients, plan(3).separation) == (3, 1)


def test_too_few_people_for_a_separation_are_refused_with_the_one_that_is_possible() -> None:
    with pytest.raises(SettingsError, match="100 people are needed, and there are 55.* at most 5"):
        plan(55, clients=10, separation=10)


@pytest.mark.parametrize(
    ("leaves", "message"),
    [
        ({"round": 5}, r"no setting 'round'\. Did you mean rounds\?"),
        ({"rounds": 0}, "rounds = 0: .*greater than or equal to 1"),
        ({"epsilon": -1.0}, "epsilon = -1.0: .*greater than 0"),
        ({"delta": 2.0, "epsilon": 1.0}, "delta = 2.0: .*less than 1"),
        ({"epsilon": 1.0, "noise": 2.0}, "noise and epsilon say the same"),
        ({"restart": 5}, "restart is about noise, and there is none"),
        ({"server": "sgd"}, "server = sgd: .*fedavg"),
        ({"clip": math.inf}, "clip = inf"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(leaves: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        FederatedSettings.checked(leaves)


def test_a_wanted_epsilon_is_the_epsilon_that_is_promised() -> None:
    description = privacy(1000, epsilon=8.0, delta=1e-4, rounds=300)
    assert description.epsilon == pytest.approx(8.0, rel=1e-6)
    again = privacy(1000, noise=description.noise, delta=1e-4, rounds=300)
    assert again.epsilon == pytest.approx(8.0, rel=1e-6)
    assert (description.participations, description.delta) == (3, 1e-4)


def test_more_people_need_less_noise_for_the_same_epsilon() -> None:
    few, many = (privacy(n, epsilon=8.0, delta=1e-4, rounds=500) for n in (100, 10_000))
    assert many.noise < few.noise
    assert (few.participations, many.participations) == (50, 1)


def test_delta_is_below_one_in_the_number_of_people_unless_it_is_given() -> None:
    assert privacy(1000, noise=1.0).delta == pytest.approx(1000**-1.1)


def test_whoever_gets_the_model_does_not_get_the_seed_of_the_noise() -> None:
    settings = FederatedSettings.checked({"noise": 1.0, "noise_seed": 4711})
    assert "4711" not in str(settings.public())
