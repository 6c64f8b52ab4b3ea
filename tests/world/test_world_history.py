"""The simulated proposer reads the scores of prompts that were tried before (numbered invariants)."""

from __future__ import annotations

from collections import Counter

from maspo.core.quoting import tagged
from maspo.models.base import Message, Request
from maspo.world import World, WorldSpec
from maspo.world.catalogue import CATALOGUE, Kind, of_kind
from maspo.world.proposer import read_evidence

ROLE = "You solve the problem."
GOOD, BAD = of_kind(Kind.FIX)[0].text, of_kind(Kind.TRAP)[0].text


def drafts(prompt: str, tried: tuple[tuple[str, int], ...]) -> Counter[str]:
    """Count in 200 drafts which catalogue sentences came in, and with a minus which went."""
    history = "\n".join(tagged("tried_prompt", text, f"score {score}") for text, score in tried)
    text = f"{history}\n{tagged('current_prompt', prompt)}\n<count>20</count>"
    moves: Counter[str] = Counter()
    for draw in range(10):
        request = Request("m", (Message("user", text),), purpose="proposer", agent="solver", identity=str(draw))
        reply = World(WorldSpec(seed=3)).reply(request).text
        for draft in reply.split("<prompt>")[1:]:
            for sentence in CATALOGUE:
                before, after = sentence.text in prompt, sentence.text in draft
                moves[sentence.text] += after and not before
                moves[f"-{sentence.text}"] += before and not after
    return moves


def test_w60_what_came_with_higher_scores_is_added_more_often_than_without_a_history() -> None:
    tried = ((f"{ROLE}\n{BAD}", 20), (ROLE, 50), (f"{ROLE}\n{GOOD}", 90))
    led, blind = drafts(ROLE, tried), drafts(ROLE, ())
    assert led[GOOD] > 3 * max(blind[GOOD], 1)
    assert led[BAD] <= blind[BAD] + 10


def test_w61_what_came_with_lower_scores_is_removed() -> None:
    tried = ((f"{ROLE}\n{BAD}", 20), (ROLE, 50), (f"{ROLE}\n{GOOD}", 90))
    prompt = f"{ROLE}\n{BAD}"
    assert drafts(prompt, tried)[f"-{BAD}"] > 1.5 * drafts(prompt, ())[f"-{BAD}"] > 0


def test_w62_level_scores_say_nothing() -> None:
    tried = "\n".join(tagged("tried_prompt", text, "score 50") for text in (f"{ROLE}\n{GOOD}", f"{ROLE}\n{BAD}", ROLE))
    assert read_evidence(tried) == read_evidence("")
    telling = read_evidence(tried + tagged("tried_prompt", GOOD, "score 51"))
    assert (telling.helped, telling.hurt) == ((GOOD,), (BAD,))
