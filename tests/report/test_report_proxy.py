"""What a report says of the proxy."""

from __future__ import annotations

import json
from dataclasses import replace

from maspo.events import DraftsScreened, Event, ProxyTold
from maspo.report import sentences
from maspo.report.fold import fold
from maspo.report.result import result_of
from maspo.report.text import summary
from tests.report.pages import document, told

TOLD = ProxyTold(40, 16, 20, 4, 400, 12, 6, (0.437, 0.837), 0.012, -0.004)
SCREENED: list[Event] = [
    DraftsScreened("r1/algebra", "algebra", 12, 4, 6, 2),
    DraftsScreened("r2/algebra", "algebra", 12, 4, 7, 1),
    DraftsScreened("r1/critic", "critic", 16, 8, 7, 1),
    replace(TOLD, asked=1, dropped=1),
    TOLD,
]


def test_p01_what_was_saved_and_how_often_it_was_right(whole_run: list[Event]) -> None:
    view = fold([*whole_run[:-1], *SCREENED, whole_run[-1]])
    for text in (told(view), summary(view)):
        for said in (
            "20 of 40 drafts screened out before any run: 400 runs saved.",
            "12 of 18 tried drafts on the right side of the average",
            "(66.7%; 95% interval 43.7% to 83.7%; chance is 50%)",
            "kept were worth +0.012 on average; those that it would have dropped",
            "tried as an audit, −0.004",
        ):
            assert said in text


def test_p02_screenings_are_summed_by_agent(whole_run: list[Event]) -> None:
    found = document(fold([*whole_run, *SCREENED]))["screened"]
    assert {"agent": "algebra", "asked": 24, "kept": 8, "dropped": 13, "audited": 3} in found


def test_p03_the_result_holds_the_latest_totals(whole_run: list[Event]) -> None:
    proxy = json.loads(json.dumps(result_of(fold([*whole_run, *SCREENED])).dump()))["proxy"]
    assert proxy == {
        "asked": 40,
        "kept": 16,
        "dropped": 20,
        "audited": 4,
        "runs_saved": 400,
        "agreed": 12,
        "disagreed": 6,
        "interval": [0.437, 0.837],
        "worth_kept": 0.012,
        "worth_audited": -0.004,
    }


def test_p04_a_run_without_a_proxy_does_not_speak_of_one(whole_run: list[Event]) -> None:
    view = fold(whole_run)
    assert document(view)["screened"] == [] and "proxy" not in summary(view)
    assert result_of(view).dump()["proxy"] is None


def test_p05_before_anything_was_measured_nothing_is_claimed() -> None:
    told = replace(TOLD, agreed=0, disagreed=0, worth_kept=None, worth_audited=None)
    assert sentences.describe_proxy(told) == (
        "20 of 40 drafts screened out before any run: 400 runs saved.",
        "Whether that was right is not known: no draft that it had an opinion on was measured.",
    )


def test_p06_hundreds_of_agents_do_not_flood_the_page(whole_run: list[Event]) -> None:
    many = [DraftsScreened("s", f"agent_{number}", 4, 2, 1, 1) for number in range(130)]
    found = document(fold([*whole_run, *many]))
    assert (len(found["screened"]), found["screened_count"]) == (100, 130)
