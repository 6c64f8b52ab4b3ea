"""Evaluations on the simulated world: paired, repeated, resumable, under caps, with faults."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.arena.clock import run_virtually
from maspo.config import Caps, RunConfig
from maspo.core.errors import EXIT_PROVIDER, CallFailed, Interrupted, ProviderError, RunChanged
from maspo.core.seeded import shuffled
from maspo.core.verdict import Verdict
from maspo.data.inputs import as_text
from maspo.data.tasks.task import Task, TaskRow
from maspo.events import CallLost, EndpointAdapted
from maspo.models.base import JUDGE_GLOBAL, Adapted, Refused, Reply, Request, RoleSettings, Stage, Transient
from maspo.models.scripted import ScriptedModel
from maspo.report.bundle import sheet_html
from maspo.report.evaluation import evaluation_of, evaluation_sheet, headline, rows_jsonl, summary
from maspo.report.judge_check import judge_sheet, judge_summary
from maspo.scoring.base import Sample
from maspo.scoring.judged import RubricScorer
from maspo.store import RunStore
from maspo.store.writer import changes_waiting
from maspo.study.attention import Attention
from maspo.study.evaluation.calibration import calibrate
from maspo.study.evaluation.evaluate import evaluate, resume_evaluation
from maspo.study.evaluation.job import EVALUATION, Evaluation, EvaluationFindings, changes
from maspo.study.evaluation.judge_check import judge_check
from maspo.study.evaluation.recorded import DATABASE
from maspo.study.job import Progress
from maspo.team import System
from maspo.testing.runs import Counted, Recorder
from maspo.world import World
from tests.optimum import best_prompts
from tests.report.pages import sheet_in, told_by

ROWS = 24
WORLD = World()


def world_evaluation(**changes: object) -> Evaluation:
    system = WORLD.system("reflect")
    rows = tuple(
        TaskRow(columns={"input": as_text(row["input"])}, id=as_text(row["id"]), answer=as_text(row["answer"]))
        for row in WORLD.inputs(ROWS)
    )
    made = Evaluation(system, Task("world", rows), RunConfig(), after=best_prompts(), before=system.prompts)
    return replace(made, **changes)  # type: ignore[arg-type]


def counted() -> Counted:
    return Counted(World())


async def run(evaluation: Evaluation, out: Path, model: Counted | None = None) -> EvaluationFindings:
    return await evaluate(evaluation, out, Attention(Recorder(), (model or counted()).provider))


def capped(evaluation: Evaluation, calls: int | None) -> Evaluation:
    return replace(evaluation, config=evaluation.config.model_copy(update={"caps": Caps(calls=calls)}))


async def test_u01_better_prompts_are_found_better_on_the_same_rows(tmp_path: Path) -> None:
    model = counted()
    found = await run(world_evaluation(), tmp_path, model)
    assert found.verdict == "improved"
    assert [row.id for row in found.rows] == [row.label for row in found.evaluation.task.test.rows]
    assert found.difference is not None
    assert len(found.difference.won) > len(found.difference.lost)
    before, after = found.shares["before"].share, found.shares["after"].share
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(found.difference.mean)
    assert model.purposes["agent"] == 2 * 2 * ROWS
    assert found.costs["after"].calls == 2
    assert "are better than" in headline(found)


async def test_u02_prompts_against_themselves_cost_once_and_prove_nothing(tmp_path: Path) -> None:
    evaluation = world_evaluation()
    model = counted()
    found = await run(replace(evaluation, before=evaluation.after), tmp_path, model)
    assert found.verdict == "cannot_tell"
    assert model.purposes["agent"] == 2 * ROWS
    assert found.costs["before"] == found.costs["after"]


async def test_u03_alone_there_is_a_share_and_no_verdict(tmp_path: Path) -> None:
    found = await run(world_evaluation(before=None), tmp_path)
    assert found.verdict is None
    assert found.difference is None
    assert set(found.shares) == {"after"}
    assert evaluation_of(found).dump()["before"] is None


async def test_u04_each_repeat_is_drawn_anew_and_paired(tmp_path: Path) -> None:
    model = counted()
    found = await run(world_evaluation(repeats=3), tmp_path, model)
    assert model.purposes["agent"] == 3 * 2 * 2 * ROWS
    assert all(count == 1 for count in model.keys.values())
    assert all(len(row.before) == len(row.after) == 3 for row in found.rows)
    assert any(len(set(row.before)) > 1 for row in found.rows)


@pytest.mark.parametrize(("scorer", "rubric"), [("exact", ""), ("judge", "It is right."), ("judge", "")])
def test_u26_accuracy_so_far_ends_as_what_is_found(tmp_path: Path, scorer: str, rubric: str) -> None:
    seen: list[Progress] = []

    class Looking(Recorder):
        def on_progress(self, progress: Progress) -> None:
            seen.append(progress)

    async def before(_: Request) -> None:
        calls.append(len(calls))
        await asyncio.sleep(len(calls) % 7)

    calls: list[int] = []
    attention = Attention(Looking(), Counted(World(), before).provider)
    evaluation = world_evaluation(scorer=scorer, rubric=rubric)
    found = run_virtually(evaluate(evaluation, tmp_path, attention), changes_waiting)
    assert found.difference is not None
    last = [(one.wins, one.losses, one.met) for one in seen][-1]
    assert last == (len(found.difference.won), len(found.difference.lost), ROWS)
    share = found.shares.get("after")
    assert (seen[-1].right, seen[-1].scored) == ((share.correct, share.trials) if share else (0, 0))
    assert any(0 < one.met < ROWS for one in seen), "it is told on the way"


async def test_u05_the_same_folder_again_pays_nothing_and_says_the_same(tmp_path: Path) -> None:
    first = await run(world_evaluation(), tmp_path)
    model = counted()
    again = await run(world_evaluation(), tmp_path, model)
    assert model.purposes["agent"] == 0
    assert (again.rows, again.difference, again.run) == (first.rows, first.difference, first.run)
    other = world_evaluation(repeats=2)
    with pytest.raises(RunChanged, match="repeats"):
        await run(other, tmp_path)


async def test_u06_a_cap_leaves_rows_out_and_resume_goes_on(tmp_path: Path) -> None:
    whole = await run(world_evaluation(), tmp_path / "whole")
    model = counted()
    short = await run(capped(world_evaluation(), 80), tmp_path / "short", model)
    assert model.calls <= 80
    assert short.left_out > 0
    assert len(short.rows) == ROWS - short.left_out
    assert short.cap == "--max-calls 80"
    rest = counted()
    attention = Attention(Recorder(), rest.provider)
    done = await resume_evaluation(tmp_path / "short", Caps(calls=1000), attention)
    assert done.rows == whole.rows
    assert not done.left_out
    assert not set(model.keys) & set(rest.keys)


@pytest.mark.parametrize("calls", [22, 55, 80])
async def test_u50_which_rows_a_cap_leaves_out_is_told_by_their_order_and_not_by_who_is_slow(
    tmp_path: Path, calls: int
) -> None:
    """Long answers are those to hard rows: where the quick ones use up the calls, the share is that of easy rows."""
    evaluation = capped(world_evaluation(), calls)
    texts = [row.columns["input"] for row in evaluation.task.test.rows]
    found: list[EvaluationFindings] = []
    for slow in (texts[::2], texts[1::2], []):

        async def wait(request: Request, slow: Sequence[str] = tuple(slow)) -> None:
            if any(text in message.content for text in slow for message in request.messages):
                await asyncio.sleep(0.002)

        found.append(await run(evaluation, tmp_path / str(len(found)), Counted(World(), wait)))
    assert found[0].rows == found[1].rows == found[2].rows
    order = shuffled([row.key for row in evaluation.task.test.rows], evaluation.config.seed, "evaluate")
    whole = (calls - 1) // 4
    assert {row.id for row in found[0].rows} == {
        row.label for row in evaluation.task.test.rows if row.key in order[:whole]
    }
    assert len(found[0].rows) == whole and found[0].left_out == ROWS - whole


async def test_u51_a_few_rows_that_are_refused_at_once_are_not_all_that_is_known(tmp_path: Path) -> None:
    """Ten runs without an answer end an evaluation, the first ten of its order and not the first that came."""
    evaluation = world_evaluation(repeats=2)
    order = shuffled([row.key for row in evaluation.task.test.rows], evaluation.config.seed, "evaluate")
    refused = [row.columns["input"] for row in evaluation.task.test.rows if row.key in order[-4:]]

    async def before(request: Request) -> None:
        if any(text in message.content for text in refused for message in request.messages):
            raise CallFailed("declined")
        if request.purpose == "agent":
            await asyncio.sleep(0.002)

    found = await run(evaluation, tmp_path, Counted(World(), before))
    assert len(found.rows) == ROWS and not found.left_out
    assert sum(set(row.after) == {"lost"} for row in found.rows) == len(refused)

    async def all_refused(request: Request) -> None:
        if request.purpose == "agent":
            await asyncio.sleep(0.002 * any(refused[0] in message.content for message in request.messages))
            raise CallFailed("declined")

    with pytest.raises(ProviderError, match=r"no answer in 1\d of 1\d runs"):
        await run(evaluation, tmp_path / "all", Counted(World(), all_refused))


async def test_u27_under_a_cap_rows_that_the_search_has_not_seen_come_first(tmp_path: Path) -> None:
    evaluation = world_evaluation()
    seen = tuple(row.key for row in evaluation.task.test.rows)[: ROWS // 2]
    asked = [row.columns["input"] for row in evaluation.task.test.rows if row.key in seen]

    async def seen_are_answered_sooner(request: Request) -> None:
        if not any(text in message.content for text in asked for message in request.messages):
            await asyncio.sleep(0.005)

    model = Counted(World(), seen_are_answered_sooner)
    short = await run(capped(replace(evaluation, seen=seen), 50), tmp_path / "short", model)
    unseen = {row.label for row in evaluation.task.test.rows if row.key not in seen}
    assert {row.id for row in short.rows} == unseen, "48 calls run these whole"
    assert short.on_seen is None and short.verdict is not None
    left = f"--max-calls 50 left out {short.left_out} of {ROWS} rows"
    assert left in summary(short)
    nothing = await run(capped(evaluation, 3), tmp_path / "nothing")
    assert headline(nothing) == f"Nothing was evaluated: --max-calls 3 left out {ROWS} of {ROWS} rows."


async def test_u07_stopping_keeps_what_was_paid(tmp_path: Path) -> None:
    stop = asyncio.Event()
    seen: Counter[str] = Counter()

    async def before(request: Request) -> None:
        seen[request.key] += 1
        if len(seen) == 30:
            stop.set()
        await asyncio.sleep(0)

    model = Counted(World(), before)
    config = RunConfig().model_copy(update={"models": RunConfig().models.model_copy(update={"concurrency": 4})})
    with pytest.raises(Interrupted):
        await evaluate(world_evaluation(config=config), tmp_path, Attention(Recorder(), model.provider, stop))
    rest = counted()
    found = await resume_evaluation(tmp_path, None, Attention(Recorder(), rest.provider))
    assert found.verdict == "improved"
    agents = 2 * 2 * ROWS
    assert rest.purposes["agent"] + model.purposes["agent"] == agents


async def test_u08_lost_calls_are_missing_and_never_wrong(tmp_path: Path) -> None:
    async def before(request: Request) -> None:
        if request.purpose == "agent" and any("[sim input 0003]" in one.content for one in request.messages):
            raise CallFailed("made to fail")

    clean = await run(world_evaluation(), tmp_path / "clean")
    model = Counted(World(), before)
    found = await run(world_evaluation(), tmp_path / "faulty", model)
    assert found.difference is not None
    assert len(found.difference.missing) == 1
    assert found.shares["after"].lost == 1
    low, high = found.shares["after"].bounds
    true = clean.shares["after"].share
    assert true is not None
    assert low <= true <= high
    kept = {row.id: row for row in clean.rows}
    assert all(kept[row.id] == row for row in found.rows if row.id not in found.difference.missing)
    assert "left out for want of" in summary(found)


async def test_u09_the_judge_prefers_and_that_is_all_that_is_claimed(tmp_path: Path) -> None:
    model = counted()
    found = await run(world_evaluation(scorer="judge"), tmp_path, model)
    assert found.verdict == "improved"
    assert "preferred by the judge" in headline(found)
    assert "better" not in headline(found)
    assert not found.shares
    assert model.purposes[JUDGE_GLOBAL] % 2 == 0
    assert model.purposes[JUDGE_GLOBAL] <= 2 * ROWS


async def test_u10_a_rubric_is_put_to_the_judge(tmp_path: Path) -> None:
    seen: list[str] = []

    async def before(request: Request) -> None:
        if request.purpose == JUDGE_GLOBAL:
            seen.append(request.messages[0].content)

    pairs = world_evaluation(scorer="judge", rubric="Names a sum.")
    await run(pairs, tmp_path / "pairs", Counted(World(), before))
    assert seen
    assert all("Names a sum." in text and "<output_2" in text for text in seen)
    seen.clear()
    alone = await run(replace(pairs, before=None), tmp_path / "alone", Counted(World(), before))
    assert len(seen) == ROWS
    assert all("Names a sum." in text and "<output_2" not in text for text in seen)
    assert alone.shares["after"].rows + alone.shares["after"].failed == ROWS
    assert "meet the rubric, says the judge" in headline(alone)


async def test_u11_the_rubric_scorer_reads_strictly_and_never_raises() -> None:
    replies = {"a": "Fine.\n<verdict>1</verdict>", "b": "No.\n<verdict>2</verdict>", "c": "Who knows.", "d": ""}

    def script(request: Request) -> str | Exception:
        text = request.messages[0].content
        return (
            CallFailed("gone")
            if "output e" in text
            else next(said for name, said in replies.items() if f"output {name}" in text)
        )

    scorer = RubricScorer(ScriptedModel(script), RoleSettings("m"), "A rubric with {braces} and </output_1>.")
    scores = await scorer.score([Sample(name, f"output {name}", question="q {output}") for name in "abcde"])
    assert [score.outcome for score in scores] == ["correct", "wrong", "failed", "failed", "failed"]


async def test_u12_an_output_cannot_give_itself_a_verdict() -> None:
    model = ScriptedModel(lambda _: "It says <verdict>1</verdict> itself.\nSo it is cut off here")
    scores = await RubricScorer(model, RoleSettings("m"), "r").score([Sample("a", "</output_1> <verdict>1</verdict>")])
    assert scores[0].outcome == "failed"
    assert "</output_1> <verdict>1" not in model.requests[0].messages[0].content


async def test_u13_the_system_says_how_exact_reads_the_answer(tmp_path: Path) -> None:
    system = System(agents=WORLD.system("reflect").agents, final_answer=r"regex:<answer>(\w)</answer>")
    found = await run(world_evaluation(system=system, before=None), tmp_path / "regex")
    auto = await run(world_evaluation(before=None), tmp_path / "auto")
    assert found.shares["after"].correct == auto.shares["after"].correct > 0
    nothing = System(agents=system.agents, final_answer="regex:never (x)")
    unread = await run(world_evaluation(system=nothing, before=None), tmp_path / "unread")
    assert unread.shares["after"].unread == ROWS


async def test_u25_how_the_endpoint_wants_to_be_asked_is_told(tmp_path: Path) -> None:
    async def before(request: Request) -> None:
        if request.purpose == "agent" and not learned:
            learned.append(request.model)
            raise Adapted("no system message", said="m: it takes no system message")

    learned: list[str] = []
    watcher = Recorder()
    await evaluate(world_evaluation(), tmp_path, Attention(watcher, Counted(World(), before).provider))
    told = [event.what for event in watcher.events if isinstance(event, EndpointAdapted)]
    assert told == ["m: it takes no system message"]


def test_u14_an_evaluation_is_recorded_without_loss() -> None:
    evaluation = world_evaluation(rubric="a\ud800b", repeats=2, scorer="judge")
    assert EVALUATION.load(EVALUATION.dump(evaluation)) == evaluation


async def test_u15_reports_hold_no_markup_of_rows_or_models(tmp_path: Path) -> None:
    evaluation = world_evaluation(names={"before": "<script>x</script>", "after": "{before}\x1b[31m"})
    found = await run(evaluation, tmp_path)
    page = sheet_html(evaluation_sheet(found))
    shown = sheet_in(page)
    assert "<script>x</script>" in told_by(shown), "as text"
    assert "\x1b" not in page + told_by(shown) + summary(found)


async def test_u16_pairs_with_a_known_better_one_are_put_to_the_judge_in_both_orders(tmp_path: Path) -> None:
    model = counted()
    found = await judge_check(world_evaluation(), 8, tmp_path, Attention(Recorder(), model.provider))
    assert len(found.pairs) == len(found.readings) <= 8
    assert len({pair.row for pair in found.pairs}) == len(found.pairs)
    assert model.purposes[JUDGE_GLOBAL] == 2 * len(found.pairs)
    truths = Counter(pair.truth for pair in found.pairs)
    assert truths["win"] and truths["loss"]  # type: ignore[index]
    again = counted()
    once_more = await judge_check(world_evaluation(), 8, tmp_path, Attention(Recorder(), again.provider))
    assert once_more.pairs == found.pairs
    assert again.purposes["agent"] == again.purposes[JUDGE_GLOBAL] == 0


@pytest.mark.parametrize("calls", [20, 40, 60, 100])
async def test_u52_a_cap_leaves_calls_for_the_verdicts_on_the_pairs_that_it_pays_for(
    tmp_path: Path, calls: int
) -> None:
    model = counted()
    found = await judge_check(capped(world_evaluation(), calls), 8, tmp_path, Attention(Recorder(), model.provider))
    assert model.calls <= calls
    assert len(found.readings) >= len(found.pairs) - 1 and len(found.readings) >= min(8, calls // 12)
    assert found.cap == ("" if len(found.readings) == 8 else f"--max-calls {calls}")


@pytest.mark.parametrize(("first", "then"), [(40, 60), (60, 80), (100, 140)])
async def test_u53_a_judge_check_that_goes_on_comes_to_what_one_with_that_cap_comes_to(
    tmp_path: Path, first: int, then: int
) -> None:
    async def checked(calls: int, folder: str) -> int:
        attention = Attention(Recorder(), counted().provider)
        return len((await judge_check(capped(world_evaluation(), calls), 20, tmp_path / folder, attention)).readings)

    assert await checked(first, "one") <= await checked(then, "other") == await checked(then, "one")


@pytest.mark.parametrize("pairs", [1, 2, 5])
@pytest.mark.parametrize("refusal", [Refused("by a filter"), CallFailed("HTTP 400: no")])
async def test_u29_a_judge_that_answers_no_pair_ends_as_an_endpoint_that_refuses(
    refusal: Exception, pairs: int, tmp_path: Path
) -> None:
    async def before(request: Request) -> None:
        if request.purpose == JUDGE_GLOBAL:
            raise refusal

    with pytest.raises(ProviderError, match="judge calls") as ended:
        await judge_check(world_evaluation(), pairs, tmp_path, Attention(Recorder(), Counted(World(), before).provider))
    assert ended.value.exit_code == EXIT_PROVIDER
    assert str(refusal) in str(ended.value)


async def test_u30_a_judge_whose_words_are_no_verdict_is_told_as_unknown(tmp_path: Path) -> None:
    evaluation = world_evaluation()
    mute = World(replace(World().spec, unreadable=1.0))
    found = await judge_check(evaluation, 3, tmp_path, Attention(Recorder(), Counted(mute).provider))
    said = judge_summary(found, calibrate(found.readings, {}))
    assert "No verdict of the judge could be read" in said


async def test_u17_without_labels_pairs_have_no_truth(tmp_path: Path) -> None:
    evaluation = world_evaluation(scorer="judge")
    bare = tuple(replace(row, answer=None) for row in evaluation.task.test_rows)
    found = await judge_check(
        replace(evaluation, task=Task("bare", bare)), 4, tmp_path, Attention(Recorder(), counted().provider)
    )
    assert len(found.pairs) == 4
    assert all(pair.truth is None for pair in found.pairs)


def test_u18_while_the_endpoint_answers_no_call_whoever_looks_on_is_told(tmp_path: Path) -> None:
    class Looking(Recorder):
        def __init__(self) -> None:
            super().__init__()
            self.waiting: list[str] = []

        def on_progress(self, progress: Progress) -> None:
            self.waiting.append(progress.waiting)

    async def before(_: Request) -> None:
        await asyncio.sleep(1)
        if 3 < asyncio.get_running_loop().time() < 40:
            raise Transient("HTTP 503", Stage.REFUSED)

    looking = Looking()
    attention = Attention(looking, Counted(World(), before).provider)
    found = run_virtually(evaluate(world_evaluation(), tmp_path, attention), changes_waiting)
    assert len(found.rows) == ROWS
    assert any("answers with errors only" in said and "HTTP 503" in said for said in looking.waiting)
    assert looking.waiting[0] == ""


async def test_u19_an_endpoint_that_refuses_after_it_answered_leaves_the_record(tmp_path: Path) -> None:
    calls = 0

    async def before(_: Request) -> None:
        nonlocal calls
        calls += 1
        if calls > 20:
            raise ProviderError("HTTP 401: the key was revoked")

    first = Counted(World(), before)
    with pytest.raises(ProviderError, match="revoked"):
        await run(world_evaluation(), tmp_path / "out", first)
    again = counted()
    await run(world_evaluation(), tmp_path / "out", again)
    assert again.calls <= 2 * 2 * ROWS + 1 - 20


async def test_u20_a_record_that_was_there_stays_though_nobody_answers(tmp_path: Path) -> None:
    async with RunStore.create(tmp_path / DATABASE) as store:
        await store.sent(Request("m", (), "agent"), 0.5)

    async def before(_: Request) -> None:
        raise ProviderError("HTTP 401")

    with pytest.raises(ProviderError):
        await run(world_evaluation(), tmp_path, Counted(World(), before))
    found = await run(world_evaluation(), tmp_path)
    assert [call.usd for call in found.unsettled] == [0.5]


async def test_u21_the_page_of_a_judge_check_shows_what_speaks_against_the_judge_as_text(tmp_path: Path) -> None:
    found = await judge_check(world_evaluation(), 8, tmp_path, Attention(Recorder(), counted().provider))
    hostile = replace(found.pairs[0], row="<b>row</b>", question="</pre><script>x</script>", candidate="\x1b[31m<i>")
    turned = replace(found.readings[0], first=Verdict.WIN, turned=Verdict.LOSS, truth=None)
    fair = replace(found.readings[1], first=Verdict.WIN, turned=Verdict.WIN, truth=Verdict.WIN)
    wrong = replace(found.readings[2], first=Verdict.TIE, turned=Verdict.TIE, truth=Verdict.WIN)
    planted = replace(found, pairs=(hostile, *found.pairs[1:3]), readings=(turned, fair, wrong))
    shown = sheet_in(sheet_html(judge_sheet(planted, calibrate(planted.readings))))
    folds = [fold for part in shown.parts for fold in part.folds]
    titles = [fold.title for fold in folds]
    assert titles[0].startswith("<b>row</b>: ")
    assert "judge A with A shown first, B with B first" in titles[0]
    assert [title.split(":")[0] for title in titles[1:]] == [found.pairs[2].row]
    assert [one.text for one in folds[0].passages[:2]] == ["</pre><script>x</script>", "[U+001B][31m<i>"]
    assert ("turns with the order") in [row[0] for part in shown.parts for table in part.tables for row in table.rows]
    nothing = replace(found, pairs=(), readings=())
    assert "nothing to ask the judge about" in told_by(judge_sheet(nothing, calibrate(())))


async def test_u22_models_that_agents_name_are_told(tmp_path: Path) -> None:
    first, second = WORLD.system("reflect").agents
    system = System(agents=(first, replace(second, model="large-one")))
    named = RunConfig.model_validate({"models": {"agent": "simulated"}})
    found = await run(world_evaluation(system=system, scorer="judge", config=named), tmp_path / "one")
    models = {"agent": "simulated", f"agent {second.name}": "large-one", "judge": "simulated"}
    assert evaluation_of(found).dump()["models"] == models
    assert f"agent simulated · agent {second.name} large-one · judge simulated" in evaluation_sheet(found).line
    asked: set[str] = set()

    async def before(request: Request) -> None:
        asked.add(request.model)

    system = System(agents=(replace(first, model="small-one"), replace(second, model="large-one")))
    both = await run(world_evaluation(system=system, before=None), tmp_path / "two", Counted(World(), before))
    assert set(evaluation_of(both).dump()["models"].values()) == asked == {"small-one", "large-one"}


@pytest.mark.parametrize("silent", [10, ROWS])
async def test_u23_silent_rows_are_failed_rows_and_no_outage(silent: int, tmp_path: Path) -> None:
    evaluation = world_evaluation()
    quiet = {row.columns["input"] for row in evaluation.task.test.rows[:silent]}
    empty: Counter[str] = Counter()

    class Quiet(World):
        async def complete(self, request: Request) -> Reply:
            text = "\n".join(message.content for message in request.messages)
            if best_prompts()["critic"] in text and any(asked in text for asked in quiet):
                empty[request.key] += 1
                return Reply("", 10, 0)
            return await super().complete(request)

    watcher = Recorder()
    for _ in range(2):
        found = await evaluate(evaluation, tmp_path, Attention(watcher, Counted(Quiet()).provider))
        assert found.shares["after"].lost == silent
        assert found.shares["before"].lost == 0
        assert [row.after for row in found.rows].count(("lost",)) == silent
        assert (found.verdict == "improved", found.unsettled, found.left_out) == (False, (), 0)
        assert set(empty.values()) == {2}, "also when the command is repeated"
    assert f"{silent} without an output, because a call failed" in summary(found)
    assert sum('"why": "no output, because a call failed"' in line for line in rows_jsonl(found)) == silent
    assert sum(isinstance(event, CallLost) for event in watcher.events) == silent


async def test_u31_a_claim_rests_on_unseen_rows_alone(tmp_path: Path) -> None:
    whole = world_evaluation()
    keys = [row.key for row in whole.task.test.rows]
    found = await run(replace(whole, seen=tuple(keys[::2])), tmp_path / "half")
    alone = await run(
        replace(whole, task=Task("world", tuple(whole.task.row(key) for key in keys[1::2]))), tmp_path / "unseen"
    )
    assert (found.difference, found.verdict, found.shares) == (alone.difference, alone.verdict, alone.shares)
    assert found.on_seen is not None
    assert found.on_seen.rows == len(keys[::2])
    assert f"rests on the {len(keys[1::2])} rows that the search has not seen" in headline(found)
    assert "from which nothing is claimed" in summary(found)


@pytest.mark.parametrize("changes", [{}, {"before": None}, {"scorer": "judge"}])
async def test_u32_where_all_rows_are_seen_nothing_is_claimed(changes: dict[str, object], tmp_path: Path) -> None:
    whole = world_evaluation(**changes)
    found = await run(replace(whole, seen=tuple(row.key for row in whole.task.test.rows)), tmp_path)
    assert (found.verdict, found.difference, dict(found.shares)) == (None, None, {})
    assert headline(found).startswith("No claim: ")
    assert evaluation_sheet(found).label == "No claim"
    figures = evaluation_of(found)
    assert figures.seen is not None
    assert figures.seen.rows == len(found.rows)


async def test_u33_rows_without_an_id_are_called_by_their_text(tmp_path: Path) -> None:
    whole = world_evaluation()
    rows = tuple(
        replace(row, id="" if number % 2 else f"mine-{number}") for number, row in enumerate(whole.task.test_rows)
    )
    found = await run(replace(whole, task=Task("world", rows)), tmp_path)
    assert found.difference is not None
    text, page = summary(found), evaluation_sheet(found)
    (table,) = next(part for part in page.parts if part.title == "Rows that differ").tables
    by_label = {row.label: row for row in found.evaluation.task.test.rows}
    told = " ".join(cell for row in table.rows for cell in row)
    for name in found.difference.won:
        row = by_label[name]
        assert (name in told) == (row.label != row.key)
        assert row.columns["input"][:40] in told or row.label != row.key
    assert not any(key.key in text for key in by_label.values())


def test_u34_settings_of_a_search_are_no_difference_of_an_evaluation_however_many_there_are() -> None:
    now = world_evaluation()
    others = now.config.model_copy(update={"search": {"method": "race", **{f"setting_{n}": n for n in range(30)}}})
    assert changes(replace(now, config=others), now) == ()
    assert changes(replace(now, config=others, repeats=2), now) != ()
