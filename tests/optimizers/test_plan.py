"""The plan of a race: how large its rounds are (numbered invariants)."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from maspo.optimizers.base import Compare, rounds_begun
from maspo.optimizers.race.proof import PROVE
from maspo.optimizers.race.settings import AnchorRaceConfig, RoundSize
from maspo.testing.optimizers import Oracle, play
from tests.optimizers.small import problem_of, small

PLANS = st.builds(
    lambda stages, shared, union, first, growth: AnchorRaceConfig(
        stages=stages, shared_inputs=shared, union_inputs=union, first_round=first, growth=growth
    ),
    stages=st.lists(st.integers(1, 99), min_size=1, max_size=4, unique=True).map(lambda found: tuple(sorted(found))),
    shared=st.integers(1, 60),
    union=st.integers(1, 60),
    first=st.floats(0.01, 1.6),
    growth=st.floats(0, 3),
)


@given(plan=PLANS)
def test_b01_rounds_only_grow_and_never_without_bound(plan: AnchorRaceConfig) -> None:
    sizes = [plan.round_size(number) for number in range(1, 12)]
    for size in sizes:
        assert list(size.stages) == sorted(set(size.stages))
        assert min(*size.stages, size.shared_inputs, size.union_inputs) >= 1
        assert size.stages[-1] <= round(1.6 * plan.stages[-1])
    for one, other in pairwise(sizes):
        assert one.stages[-1] <= other.stages[-1]
        assert one.shared_inputs <= other.shared_inputs
        assert one.union_inputs <= other.union_inputs


def test_b02_a_round_is_as_large_as_its_number_says() -> None:
    plan = AnchorRaceConfig(stages=(20, 50), shared_inputs=20, union_inputs=10, first_round=0.5, growth=0.5)
    assert plan.round_size(1) == RoundSize((10, 25), 10, 5)
    assert plan.round_size(2) == RoundSize((20, 50), 20, 10)
    assert plan.round_size(9) == RoundSize((32, 80), 32, 16)


def test_b03_the_race_keeps_to_the_size_of_each_round() -> None:
    sizes: dict[str, object] = {"stages": (10,), "shared_inputs": 8, "union_inputs": 6, "first_round": 0.5}
    race, problem = small("race", **sizes, growth=0.5, passes=3), problem_of(1, inputs=40)
    runs: dict[tuple[int, str], int] = defaultdict(int)
    raced: dict[int, set[str]] = defaultdict(set)
    united: dict[int, set[str]] = defaultdict(set)
    proven: dict[int, set[str]] = defaultdict(set)
    number = 0
    for ask in play(race, problem, Oracle(problem.team, 1)):
        number = max(number, rounds_begun(ask))
        for request in ask.requests:
            if isinstance(request, Compare) and request.purpose == "mixed":
                raced[number].add(request.input_key)
                runs[number, request.id.split("/")[1]] += 1
            elif isinstance(request, Compare) and request.purpose == PROVE:
                proven[number].add(request.input_key)
            elif isinstance(request, Compare):
                united[number].add(request.input_key)
    assert set(raced) == {1, 2, 3}
    plan = AnchorRaceConfig.model_validate({**sizes, "growth": 0.5})
    for number, inputs in raced.items():
        size = plan.round_size(number)
        assert len(inputs) <= size.shared_inputs
        assert max(found for (at, _), found in runs.items() if at == number) <= size.stages[-1]
        assert len(united[number]) <= size.union_inputs
        assert len(proven[number]) <= plan.conflict_inputs
    # Runs grow, and on an input there are as many as mixtures into which the candidates are dealt.
    assert [len(raced[number]) for number in (1, 2, 3)] == [3, 5, 8]
