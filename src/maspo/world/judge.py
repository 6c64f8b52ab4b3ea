"""The simulated judge: prefers appeal locally and right answers globally; noisy, and partial to output 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maspo.models.base import JUDGE_LOCAL, JUDGE_LOOKAHEAD, Request
from maspo.world.latents import Latents, Turn
from maspo.world.noise import logistic, unit
from maspo.world.outputs import decode, sections, unnamed
from maspo.world.spec import Temper


@dataclass(frozen=True, slots=True)
class Leaning:
    """What a judge looks at; numbers without another unit are logits per unit."""

    appeal: float = 2.0
    quality: float = 2.0
    right: float = 3.0
    equal_appeal: float = 1.0
    """Counts when both are right or both are wrong."""
    equal_ties: float = 0.75
    """Share of such pairs that a judge of sharpness 1 or more calls a tie."""
    undecided_band: float = 0.3
    """A local difference within ± this many logits, noise included, is called a tie."""
    empty: float = 10.0
    """How much worse an empty final text is than any other: a dull judge (sharpness 0.3) sees it 19 times in 20."""
    shared_noise: float = 0.6
    """Share of pairs whose noise favours the same text in either order."""


# Chosen as all figures of the world (see ``latents``); ``decisive`` is the judge of docs/design/0002-world.md.
LEANINGS: Mapping[Temper, Leaning] = {
    "usual": Leaning(),
    "decisive": Leaning(
        appeal=1.5, quality=4.0, equal_appeal=1.5, equal_ties=0.1, undecided_band=0.05, shared_noise=0.0
    ),
}
_UNREAD = Turn("", "", 0.0, -1.0, 0.0)


def answer_judge(latents: Latents, request: Request, leaning: Leaning | None = None) -> str:
    """Return the judge's reply: a short reason and, mostly, a verdict; ``leaning`` is another one than the world's."""
    spec = latents.spec
    text = "\n".join(message.content for message in request.messages)
    draw = f"{unnamed(text)}\0{request.identity}"
    if unit(spec.seed, "unreadable", draw) < spec.unreadable:
        return "Simulated judge. It is hard to say, both have their merits."
    if spec.coin_flip:
        verdict = "1" if unit(spec.seed, "coin", draw) < 0.5 else "2"
    else:
        verdict = _decide(
            latents,
            request.purpose,
            (_find_shown(text, "output_1"), _find_shown(text, "output_2")),
            draw,
            leaning or LEANINGS[spec.judge_temper],
        )
    return f"Simulated judge, not a language model.\n<verdict>{verdict}</verdict>"


def _decide(latents: Latents, purpose: str, shown: tuple[str, str], draw: str, leaning: Leaning) -> str:
    spec = latents.spec
    first, second = ((decode(text) or (_UNREAD,))[-1] for text in shown)
    # Logistic noise; for a share of pairs it stays with the text when the order is turned round.
    pair = sorted(shown)
    if unit(spec.seed, "shared", *pair) < leaning.shared_noise:
        noise = logistic(spec.seed, "pair", *pair) * (1 if shown[0] == pair[0] else -1)
    else:
        noise = logistic(spec.seed, "request", draw)
    if purpose in (JUDGE_LOCAL, JUDGE_LOOKAHEAD):
        difference = leaning.appeal * (first.appeal - second.appeal)
        difference += leaning.quality * (first.quality - second.quality)
        score = spec.judge_sharpness * difference + spec.judge_bias + noise
        if abs(score) < leaning.undecided_band:
            return "tie"
    elif all(shown) and (more := bool(shown[0].strip()) - bool(shown[1].strip())) != 0:  # not shown is not empty
        score = spec.judge_sharpness * leaning.empty * more + spec.judge_bias + noise
    else:
        right = [bool(turn.answer) and turn.answer == latents.input(turn.key).truth for turn in (first, second)]
        if right[0] == right[1]:
            ties = leaning.equal_ties * min(1.0, spec.judge_sharpness)
            if unit(spec.seed, "equal", *pair) < ties:
                return "tie"
        appeal = leaning.equal_appeal * (first.appeal - second.appeal)
        score = spec.judge_sharpness * (leaning.right * (right[0] - right[1]) + appeal) + spec.judge_bias + noise
    return "1" if score > 0 else "2"


def _find_shown(text: str, tag: str) -> str:
    """Return one of the texts that are compared: the tag's section that holds an output, else its longest."""
    found = sections(text, tag)
    decoded = [content for content in found if decode(content)]
    return max(decoded or found, key=len, default="")
