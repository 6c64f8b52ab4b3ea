"""What the race says of its own decisions."""

from __future__ import annotations

from collections.abc import Callable

from maspo.events import PromptChanged
from maspo.prompts import Prompts
from maspo.search.methods import METHODS
from maspo.search.setting import Setting
from maspo.testing.search import Oracle, final_state


def test_r01_a_reason_names_each_other_agent_once_and_never_its_own(
    settings: Callable[..., Setting], prompts: Prompts
) -> None:
    race = METHODS["race"]
    named = []
    for seed in range(8):
        setting = settings(seed)
        end = final_state(race, race.begin(setting, prompts), Oracle(setting.team.successors, seed))
        for event in end.events:
            if isinstance(event, PromptChanged) and "new prompt of " in event.reason:
                others = event.reason.split("new prompt of ")[1].split(", ")
                assert len(others) == len(set(others))
                assert event.agent not in others
                named.append(others)
    assert named, "a search that never joins candidates would prove nothing"
