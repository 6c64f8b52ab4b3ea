"""The contract kits: what we ship keeps them, and each rule notices whoever breaks it (numbered invariants)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from maspo.core.errors import CallFailed, ConfigInvalid, MaspoError
from maspo.core.prompts import Prompts
from maspo.core.registry import name_of
from maspo.core.trace import Call, Trace
from maspo.core.verdict import Verdict
from maspo.data.inputs import Input, make_inputs
from maspo.judges.base import Question, compare_both_orders
from maspo.judges.pairwise import PairwiseJudge, request_for
from maspo.models.base import Message, ModelClient, Reply, Request, RoleSettings
from maspo.optimizers.base import Draft, Drafts
from maspo.proposers.base import Rewrite
from maspo.proposers.drafts import Rules, read_drafts
from maspo.proposers.passages import Passages
from maspo.proposers.rewrite import RewriteProposer
from maspo.runners.prompt_graph import PromptGraph
from maspo.scoring.base import Sample, Score, Scorer
from maspo.scoring.registry import scorer_of
from maspo.team import Agent, System
from maspo.testing.judges import check_judge
from maspo.testing.proposers import check_proposer
from maspo.testing.runners import check_runner
from maspo.testing.scorers import check_scorer

DIAMOND = System((Agent("a", "A"), Agent("b", "B", ("a",)), Agent("c", "C", ("a",)), Agent("d", "D", ("b", "c"))))
ALONE = System((Agent("solver", "Solve {question}."),))


# ── judges ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class BothOrders:
    """Asks the pairwise judge in both orders."""

    def __init__(self, model: ModelClient, settings: RoleSettings, seed: int = 0) -> None:
        self._judge = PairwiseJudge(model, settings, seed)

    async def compare(self, question: Question) -> Verdict:
        return await compare_both_orders(self._judge, question)


class ATie:
    """Sees no difference."""

    async def compare(self, question: Question) -> Verdict:
        return Verdict.TIE


@pytest.mark.parametrize("judge", ["pairwise", PairwiseJudge, BothOrders, ATie()], ids=name_of)
async def test_k01_judges_keep_their_contract(judge: object) -> None:
    await check_judge(judge)


class Blind(PairwiseJudge):
    """Does not know who stands first."""

    async def compare(self, question: Question) -> Verdict:
        return await super().compare(replace(question, candidate_first=True))


class Proud(PairwiseJudge):
    """Prefers output 1 where there is no difference."""

    async def compare(self, question: Question) -> Verdict:
        if question.candidate == question.reference:
            return Verdict.WIN if question.candidate_first else Verdict.LOSS
        return await super().compare(question)


class Hasty(PairwiseJudge):
    """Takes whatever it cannot read, or cannot ask, for a loss."""

    async def compare(self, question: Question) -> Verdict:
        verdict = await super().compare(question)
        return Verdict.LOSS if verdict is Verdict.UNDECIDED else verdict


class Raising(PairwiseJudge):
    """Asks without a thought for failures."""

    async def compare(self, question: Question) -> Verdict:
        if question.candidate == question.reference:
            return Verdict.TIE
        await self.model.complete(request_for(question, self.settings, self.seed))
        return Verdict.TIE


class Timid(PairwiseJudge):
    """Takes every error for one failed call."""

    async def compare(self, question: Question) -> Verdict:
        try:
            return await super().compare(question)
        except MaspoError:
            return Verdict.UNDECIDED


class Ascii(PairwiseJudge):
    """Loses texts that UTF-8 cannot say."""

    async def compare(self, question: Question) -> Verdict:
        question.candidate.encode()
        return await super().compare(question)


class Wordy(PairwiseJudge):
    """Answers in words."""

    async def compare(self, question: Question) -> Any:
        return "tie"


class Moody(PairwiseJudge):
    """Changes its mind."""

    async def compare(self, question: Question) -> Verdict:
        self.asked = getattr(self, "asked", 0) + 1
        return Verdict.TIE if self.asked % 2 else Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("judge", "rule"),
    [
        (Blind, "seen from the candidate"),
        (Proud, "of two equal outputs none is better"),
        (Hasty, "a reply that says nothing is undecided"),
        (Raising, "no text makes a judge raise"),
        (Timid, "a judge lets ProviderError pass"),
        (Ascii, "no text makes a judge raise"),
        (Wordy, "what a judge says is a Verdict, not 'tie'"),
        (Moody, "the same question and reply lead to the same verdict"),
    ],
)
async def test_k02_a_judge_that_breaks_a_rule_is_noticed(judge: object, rule: str) -> None:
    with pytest.raises(AssertionError, match=rule):
        await check_judge(judge)


async def test_k03_an_option_that_a_judge_does_not_take_is_named() -> None:
    with pytest.raises(ConfigInvalid, match="strict"):
        await check_judge(PairwiseJudge, strict=True)


# ── proposers ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Nobody:
    """Writes nothing."""

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        return Drafts(())


@pytest.mark.parametrize("proposer", ["rewrite", RewriteProposer, Nobody()], ids=name_of)
async def test_k11_proposers_keep_their_contract(proposer: object) -> None:
    await check_proposer(proposer)


class Writing(RewriteProposer):
    """A proposer whose own part is one method."""

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        try:
            return await self.written(rewrite, rules)  # type: ignore[no-any-return]
        except CallFailed:
            return Drafts(())

    async def written(self, rewrite: Rewrite, rules: Rules) -> Any:
        """Return drafts; a breaker may return anything."""
        return await super().propose(rewrite, rules)


class Generous(Writing):
    """Gives all that it gets."""

    async def written(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        return await super().written(replace(rewrite, count=99), rules)  # type: ignore[no-any-return]


class Trusting(Writing):
    """Checks nothing."""

    async def written(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        reply = await self.model.complete(self._request(rewrite, rules))
        return Drafts(tuple(Draft(text) for text in read_drafts(reply.text)[: rewrite.count]))


class Forgetful(Writing):
    """Knows no passages of inputs."""

    def __init__(self, model: ModelClient, settings: RoleSettings, **_: object) -> None:
        super().__init__(model, settings, Passages(()))


class Inventive(Writing):
    """Makes something up when nobody answers."""

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        try:
            return await self.written(rewrite, rules)
        except CallFailed:
            return Drafts((Draft(f"Please. {rules.seed_prompt}"),))

    async def written(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        await self.model.complete(self._request(rewrite, rules))
        return Drafts(())


class Stubborn(Writing):
    """Takes every error for one failed call."""

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        try:
            return await super().propose(rewrite, rules)
        except MaspoError:
            return Drafts(())


class Careless(Writing):
    """Raises when a call fails."""

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        await self.model.complete(self._request(rewrite, rules))
        return Drafts(())


class Nameless(Writing):
    """Asks every time the same."""

    async def written(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        return await super().written(replace(rewrite, identity=""), rules)  # type: ignore[no-any-return]


class Loose(Writing):
    """Gives texts."""

    async def written(self, rewrite: Rewrite, rules: Rules) -> list[str]:
        return ["Be brief."]


class Numbered(Writing):
    """Says with a number that a draft is rejected."""

    async def written(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        return Drafts((Draft("Be brief.", True),))  # type: ignore[arg-type]


class Restless(Writing):
    """Never asks the same twice."""

    times = count()

    async def written(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        return await super().written(replace(rewrite, identity=f"{next(self.times)}"), rules)  # type: ignore[no-any-return]


class Whimsical(Writing):
    """Never writes the same twice."""

    times = count()

    async def written(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        return Drafts((Draft(f"{next(self.times)}", "a whim"),))


@pytest.mark.parametrize(
    ("proposer", "rule"),
    [
        (Generous, "no more drafts than asked for"),
        (Trusting, "a draft that breaks a rule is rejected; this one loses the placeholder {question}"),
        (Forgetful, "a draft that breaks a rule is rejected; this one copies 12 or more words"),
        (Inventive, "when its call failed for good no draft is accepted"),
        (Stubborn, "a proposer lets ProviderError pass"),
        (Careless, "no text makes a proposer raise"),
        (Nameless, "two proposals are two draws"),
        (Loose, "what a proposer gives is Drafts"),
        (Numbered, "a draft is a text, with the reason in words"),
        (Restless, "the same proposal asks the same"),
        (Whimsical, "the same proposal and reply lead to the same drafts"),
    ],
)
async def test_k12_a_proposer_that_breaks_a_rule_is_noticed(proposer: object, rule: str) -> None:
    with pytest.raises(AssertionError, match=rule):
        await check_proposer(proposer)


# ── runners ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("runner", ["prompt_graph", PromptGraph])
async def test_k21_the_prompt_graph_keeps_the_contract_of_a_runner(runner: object) -> None:
    await check_runner(runner, DIAMOND)
    await check_runner(runner, ALONE, make_inputs([{"question": "Why?"}, {"question": "How?\0"}]))


class Simple:
    """One agent after the other, and nothing remembered; ways to go wrong are methods of their own."""

    def __init__(self, system: System, rows: Mapping[str, Input], model: ModelClient, settings: RoleSettings) -> None:
        self.system, self.rows, self.model, self.settings = system, rows, model, settings

    async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
        return await self.play(prompts, input_key, ("", ""))

    async def run_without(self, prompts: Prompts, input_key: str, source: str, reader: str) -> Trace:
        return await self.play(prompts, input_key, (source, reader))

    async def play(self, prompts: Prompts, input_key: str, cut: tuple[str, str]) -> Trace:
        order = self.system.order
        calls: list[Call] = []
        for name in order:
            reads = tuple(order.index(one) for one in self.system.by_name[name].reads if (one, name) != cut)
            text = "\n".join([self.rows[input_key].columns["input"], *(calls[place].output for place in reads)])
            reply = await self.ask(name, prompts[name], text)
            calls.append(Call(name, reply.text, reads))
        return Trace(input_key, tuple(calls), calls[order.index(self.system.output)].output)

    async def ask(self, name: str, prompt: str, text: str) -> Reply:
        messages = (Message("system", prompt), Message("user", text))
        return await self.model.complete(Request(self.settings.model, messages, "agent", name))

    async def close(self) -> None: ...


async def test_k22_a_runner_that_remembers_nothing_keeps_it_too() -> None:
    await check_runner(Simple, DIAMOND)


class Lazy(Simple):
    """Takes the whole trace over from the base."""

    async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
        return await super().run(base or prompts, input_key)


class Wasteful(Simple):
    """Runs the base again, though nobody needs it."""

    async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
        if base is not None:
            await self.ask("a", "Are you there?", "")
        return await super().run(prompts, input_key)


class Deaf(Simple):
    """Runs the seed prompts, whatever is given."""

    async def play(self, prompts: Prompts, input_key: str, cut: tuple[str, str]) -> Trace:
        return await super().play(self.system.prompts, input_key, cut)


class Gossip(Simple):
    """Shows everybody's prompt to everybody."""

    async def play(self, prompts: Prompts, input_key: str, cut: tuple[str, str]) -> Trace:
        return await super().play({name: " ".join(prompts.values()) for name in prompts}, input_key, cut)


class Hiding(Simple):
    """Makes up an output when a call fails."""

    async def ask(self, name: str, prompt: str, text: str) -> Reply:
        try:
            return await super().ask(name, prompt, text)
        except CallFailed:
            return Reply("")


class Rude(Simple):
    """Turns failures into errors of its own."""

    async def ask(self, name: str, prompt: str, text: str) -> Reply:
        try:
            return await super().ask(name, prompt, text)
        except CallFailed as error:
            raise RuntimeError("lost") from error


class Sulking(Simple):
    """Remembers a failure."""

    failed: CallFailed | None = None

    async def ask(self, name: str, prompt: str, text: str) -> Reply:
        if self.failed:
            raise self.failed
        try:
            return await super().ask(name, prompt, text)
        except CallFailed as error:
            self.failed = error
            raise


class Endless(Simple):
    """Takes the end of all calls for a failed call."""

    async def ask(self, name: str, prompt: str, text: str) -> Reply:
        try:
            return await super().ask(name, prompt, text)
        except CallFailed:
            raise
        except MaspoError as error:
            raise CallFailed("lost") from error


class Showing(Simple):
    """Cuts no edge."""

    async def run_without(self, prompts: Prompts, input_key: str, source: str, reader: str) -> Trace:
        return await self.run(prompts, input_key)


class Severe(Simple):
    """Cuts all edges of the source, not only one."""

    async def run_without(self, prompts: Prompts, input_key: str, source: str, reader: str) -> Trace:
        return await super().run({**prompts, source: "Say nothing."}, input_key)


class Prophet(Simple):
    """Says that a call read a later one."""

    async def play(self, prompts: Prompts, input_key: str, cut: tuple[str, str]) -> Trace:
        trace = await super().play(prompts, input_key, cut)
        return replace(trace, calls=(replace(trace.calls[0], reads=(1,)), *trace.calls[1:]))


class Unplanned(Simple):
    """Calls the output agent twice, and nobody was told beforehand."""

    async def play(self, prompts: Prompts, input_key: str, cut: tuple[str, str]) -> Trace:
        trace = await super().play(prompts, input_key, cut)
        return replace(trace, calls=(*trace.calls, replace(trace.calls[-1], nth=1)))


class Uncounted(Simple):
    """Calls the output agent twice, and does not say that it was the second time."""

    async def play(self, prompts: Prompts, input_key: str, cut: tuple[str, str]) -> Trace:
        trace = await super().play(prompts, input_key, cut)
        return replace(trace, calls=(*trace.calls, trace.calls[-1]))


class Silent(Simple):
    """Has no final output."""

    async def play(self, prompts: Prompts, input_key: str, cut: tuple[str, str]) -> Trace:
        return replace(await super().play(prompts, input_key, cut), output=None)  # type: ignore[arg-type]


class Elsewhere(Simple):
    """Says another input."""

    async def play(self, prompts: Prompts, input_key: str, cut: tuple[str, str]) -> Trace:
        return replace(await super().play(prompts, input_key, cut), input_key="another")


class Strangers(Simple):
    """Has agents that the team has not."""

    async def play(self, prompts: Prompts, input_key: str, cut: tuple[str, str]) -> Trace:
        trace = await super().play(prompts, input_key, cut)
        return replace(trace, calls=(*trace.calls, Call("stranger", "hello")))


class Anonymous(Simple):
    """Does not say whose a call is."""

    async def ask(self, name: str, prompt: str, text: str) -> Reply:
        return await super().ask("", prompt, text)


class Mislabelled(Simple):
    """Says that its calls are the judge's."""

    async def ask(self, name: str, prompt: str, text: str) -> Reply:
        messages = (Message("system", prompt), Message("user", text))
        return await self.model.complete(Request(self.settings.model, messages, "judge.global", name))


class Chatty(Simple):
    """Goes on with the talk of the run before."""

    talk = ""

    async def ask(self, name: str, prompt: str, text: str) -> Reply:
        reply = await super().ask(name, prompt, f"{self.talk}{text}")
        self.talk = reply.text
        return reply


class Dicing(Simple):
    """Is different in every process."""

    processes = count()

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.process = next(self.processes)

    async def ask(self, name: str, prompt: str, text: str) -> Reply:
        return await super().ask(name, prompt, f"{self.process} {text}")


class Retrying(Dicing):
    """Asks something else in every process, and gets the same answer."""

    async def ask(self, name: str, prompt: str, text: str) -> Reply:
        await super().ask(name, prompt, text)
        return await Simple.ask(self, name, prompt, text)


class Mixing(Simple):
    """Runs one input at a time on what is a shared desk."""

    desk = ""

    async def play(self, prompts: Prompts, input_key: str, cut: tuple[str, str]) -> Trace:
        self.desk = input_key
        await asyncio.sleep(0)
        return replace(await super().play(prompts, self.desk, cut), input_key=input_key)


class Closed(Simple):
    """Can be closed only once."""

    closed = False

    async def close(self) -> None:
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


@pytest.mark.parametrize(
    ("runner", "rule"),
    [
        (Lazy, "base saves calls and changes nothing"),
        (Wasteful, "with base no more is asked than without"),
        (Deaf, "an agent is asked with the prompt that is given"),
        (Gossip, "a changed prompt reaches its agent and whoever reads on"),
        (Hiding, "it does not make up an output"),
        (Rude, "told as CallFailed"),
        (Sulking, "a failure is not remembered"),
        (Endless, "a runner lets ProviderError pass"),
        (Showing, "run_without: b does not read what a wrote"),
        (Severe, "run_without"),
        (Prophet, "a call reads earlier calls of its trace"),
        (Unplanned, "most_calls says how often an agent is called: d 2 times, where 1 is said"),
        (Uncounted, "nth counts an agent's calls"),
        (Silent, "the final output is a text"),
        (Elsewhere, "a trace has the key of its input"),
        (Strangers, "not of 'stranger'"),
        (Anonymous, "a call says whose it is"),
        (Mislabelled, "its purpose is 'agent'"),
        (Chatty, "the same prompts on the same input: the same trace"),
        (Dicing, "another process has the same one"),
        (Retrying, "the same run asks the same"),
        (Mixing, "runs side by side"),
        (Closed, "a runner can be closed at any time, also twice"),
    ],
)
async def test_k23_a_runner_that_breaks_a_rule_is_noticed(runner: object, rule: str) -> None:
    with pytest.raises(AssertionError, match=rule):
        await check_runner(runner, DIAMOND)


# ── scorers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

RIGHT = (Sample("1", "<answer>4</answer>", "4", question="2 + 2?"), Sample("2", "<answer>9</answer>", "9"))
WRONG = (Sample("3", "<answer>5</answer>", "4"), Sample("4", "<answer>4</answer>", "9"))


@pytest.mark.parametrize("name", ["exact", "math", "regex:<answer>(.)</answer>"])
async def test_k31_scorers_keep_their_contract(name: str) -> None:
    await check_scorer(scorer_of(name), RIGHT, WRONG)


class Marks:
    """Scores what stands between the answer tags; ways to go wrong are methods of their own."""

    async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
        return [self.scored(sample) for sample in samples]

    def scored(self, sample: Sample) -> Score:
        read = sample.output.removeprefix("<answer>").removesuffix("</answer>")
        return Score(sample.id, "correct" if read and read == sample.answer else "wrong", read)


async def test_k32_a_scorer_of_a_few_lines_keeps_it_too() -> None:
    await check_scorer(Marks(), RIGHT, WRONG)


class Kind(Marks):
    def scored(self, sample: Sample) -> Score:
        return Score(sample.id, "correct")


class Shuffled(Marks):
    async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
        return sorted(await super().score(samples), key=lambda score: score.id)


class Short(Marks):
    async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
        return [score for score in await super().score(samples) if score.outcome != "wrong"]


class Fragile(Marks):
    def scored(self, sample: Sample) -> Score:
        sample.output.encode()
        return super().scored(sample)


class Unready(Marks):
    def scored(self, sample: Sample) -> Score:
        return replace(super().scored(sample), why=str(len(str(sample.answer.strip()))))  # type: ignore[union-attr]


class Envious(Marks):
    """One odd sample spoils all."""

    async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
        scores = await super().score(samples)
        odd = any("\0" in sample.output for sample in samples)
        return [replace(score, outcome="failed") for score in scores] if odd else scores


class Relative(Marks):
    """Scores a sample by those beside it."""

    async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
        return [replace(score, why=f"one of {len(samples)}") for score in await super().score(samples)]


class OwnWords(Marks):
    def scored(self, sample: Sample) -> Score:
        score = super().scored(sample)
        return score if score.correct else replace(score, outcome="incorrect")  # type: ignore[arg-type]


class Lenient(Marks):
    def scored(self, sample: Sample) -> Score:
        return super().scored(sample) if sample.output else Score(sample.id, "correct")


@pytest.mark.parametrize(
    ("scorer", "rule"),
    [
        (Kind(), "is wrong; it is scored"),
        (Shuffled(), "in its order"),
        (Short(), "one score for each sample"),
        (Fragile(), "nothing that a sample holds makes a scorer raise"),
        (Unready(), "nothing that a sample holds makes a scorer raise"),
        (Envious(), "no sample touches another's score"),
        (Relative(), "several samples are scored as each of them alone"),
        (OwnWords(), "an outcome is one of correct, wrong, unread, failed"),
        (Lenient(), "an output without any text is not right"),
    ],
    ids=name_of,
)
async def test_k33_a_scorer_that_breaks_a_rule_is_noticed(scorer: Scorer, rule: str) -> None:
    with pytest.raises(AssertionError, match=rule):
        await check_scorer(scorer, RIGHT, WRONG)
