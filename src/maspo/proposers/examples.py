"""Worked examples from a run's own traces: what an agent wrote where the team's final answer did well. Asks no model.

Demonstrations bootstrapped from the traces of a program (DSPy: Khattab et al. 2023, arXiv:2310.03714; searched together
with instructions in MIPRO: Opsahl-Ong et al. 2024, arXiv:2406.11695). They copy inputs, so they are drawn only when a
user has asked for them, and only of inputs that the search may see (``ExampleGuard``). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from maspo.core.worked_examples import Example, block_of, blocks_in, examples_in, without_blocks
from maspo.optimizers.base import Draft, Drafts
from maspo.proposers.base import Rewrite, ShownTrace
from maspo.proposers.drafts import Rules
from maspo.proposers.passages import Passages
from maspo.team.template import without_placeholders

NOTHING_WON = "no trace of this agent is known that went well and fits into the length budget"


class ExamplesProposer:
    """Writes the parent with a block of worked examples in it, in the place of the block that it may have.

    The best traces first; each further draft begins behind those of the one before. What does not fit into the length
    budget is left out whole.
    """

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        """Return as many drafts as are asked for, or as many as there are."""
        won = [trace for trace in rewrite.traces if trace.won and trace.output.strip()]
        drafts: dict[str, Draft] = {}
        for number in range(rewrite.count):
            start = number * rewrite.examples
            text = _with_examples(rewrite.parent, won[start:], rewrite.examples, rules) if start < len(won) else ""
            if text:
                drafts[text] = Draft(text)
        return Drafts(tuple(drafts.values()) or (Draft("", NOTHING_WON),))


def _with_examples(parent: str, traces: Sequence[ShownTrace], most: int, rules: Rules) -> str:
    """Return a prompt with the first traces that fit, or nothing."""
    bare, chosen, text = without_blocks(parent), list[Example](), ""
    for trace in traces:
        if len(chosen) == most:
            break
        texts = (trace.input, trace.output)
        example = Example(*(without_placeholders(one, rules.template, rules.placeholders) for one in texts))
        wider = _placed(bare, block_of([*chosen, example]), rules)
        if len(wider) <= rules.length_budget:
            chosen.append(example)
            text = wider
    return text


def _placed(prompt: str, block: str, rules: Rules) -> str:
    # Behind a slot for data a block would be read as part of the data.
    if rules.placeholders(prompt.rpartition("\n")[2]):
        return f"{block}\n{prompt}"
    return f"{prompt}\n{block}"


class ExampleGuard:
    """What worked examples may show: inputs of the search as they are, and nothing of the hold-out.

    ``searched`` are the texts of the inputs that the search may see, by key. ``held_out`` are texts and labels of the
    others, and ``own`` what a prompt may say anyway.
    """

    def __init__(self, most: int, searched: Mapping[str, str], held_out: Iterable[str], own: Iterable[str]) -> None:
        self.most = most
        """Examples that a prompt may hold."""
        self.searched = searched
        self._texts = frozenset(searched.values())
        self._held_out = Passages(held_out, own=(*own, *searched.values()))

    def refusal(self, prompt: str, rules: Rules) -> str:
        """Return why the examples of a prompt may not stand there; empty where they may, or there are none.

        What the seed prompt holds may stay.
        """
        added = [block for block in blocks_in(prompt) if block not in rules.seed_prompt]
        if not added:
            return ""
        examples = [one for block in added for one in examples_in(block)]
        if len(examples) > self.most:
            return f"{len(examples)} worked examples; proposer.examples allows {self.most}"
        if not self._are_searched({one.input for one in examples}, rules):
            return "a worked example shows what is no input of the search"
        if any(self._held_out.copied_by(block) for block in added):
            return "a worked example copies from an input that is held out"
        return ""

    def _are_searched(self, shown: set[str], rules: Rules) -> bool:
        """Say whether all of some texts are inputs of the search, written so that nothing is filled in."""

        def written(text: str) -> str:
            return without_placeholders(text, rules.template, rules.placeholders)

        # Most hold nothing that could be filled in, so they stand there as they are.
        parted = {text for text in shown if text not in self._texts or written(text) != text}
        return not parted or parted <= set(map(written, self._texts))
