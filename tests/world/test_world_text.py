"""Invariants of the texts: what is written can be read back, and nothing else is taken for it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from maspo.world.catalogue import ASPECTS, CATALOGUE, Kind, add, of_kind, remove, replace, sentence_of, split
from maspo.world.latents import LETTERS, Turn
from maspo.world.outputs import Symptoms, decode, encode, listed, section, sections, world_input

_numbers = st.integers(-900, 900).map(lambda number: number / 100)
_turns = st.builds(
    Turn,
    key=st.from_regex(r"[0-9a-f]{12}|sim-[0-9]{4}", fullmatch=True),
    answer=st.sampled_from(LETTERS),
    quality=_numbers,
    appeal=_numbers,
    usable=st.integers(5, 100).map(lambda number: number / 100),
    form=st.sampled_from(["", "A", "B", "AB"]),
)
_symptoms = st.builds(
    Symptoms,
    checked=st.lists(st.sampled_from(ASPECTS), max_size=2).map(tuple),
    missed=st.lists(st.sampled_from(ASPECTS), max_size=3).map(tuple),
    manners=st.lists(st.sampled_from([s.manner for s in CATALOGUE if s.manner]), max_size=3).map(tuple),
    hard_to_use=st.integers(0, 3),
)
_roles = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1).filter(
        lambda line: bool(line.strip()) and sentence_of(line) is None
    ),
    min_size=1,
    max_size=4,
).map("\n".join)


@given(st.lists(st.tuples(_turns, _symptoms), max_size=4))
def test_i01_outputs_survive_text(outputs: list[tuple[Turn, Symptoms]]) -> None:
    text = "\n\n".join(f"Output of x:\n{encode(turn, symptoms)}" for turn, symptoms in outputs)
    assert decode(text) == tuple(turn for turn, _ in outputs)
    assert list(listed(text, "Missed")) == [aspect for _, symptoms in outputs for aspect in symptoms.missed]
    assert list(listed(text, "Manner")) == [manner for _, symptoms in outputs for manner in symptoms.manners]


@given(_turns)
def test_i02_every_output_says_that_it_is_simulated(turn: Turn) -> None:
    assert "simulated; no language model" in encode(turn, Symptoms())


def test_i03_an_escaped_answer_is_read_and_a_missing_one_is_empty() -> None:
    turn = Turn("sim-0001", "C", 1.0, 0.0, 0.5)
    text = encode(turn, Symptoms())
    assert decode(text.replace("<", "&lt;")) == (turn,)
    assert decode(text.replace("<answer>C</answer>", ""))[0].answer == ""


def test_i04_a_mention_of_a_tag_does_not_swallow_a_section() -> None:
    text = 'Text in <output_1> and <output_2>.\n<output_1 id="9">one</output_1><output_2>two</output_2>'
    assert sections(text, "output_1") == ("one",)
    assert sections(text, "output_2") == ("two",)
    assert section("<trace><output>a</output></trace>", ["output"]) == "a"
    assert sections("<misaligned_trace>a</misaligned_trace>", "trace") == ()


def test_i05_world_inputs_are_known_by_their_token() -> None:
    assert world_input("What? [sim input 0042]") == "sim-0042"
    assert world_input("What? [sim input forty]") is None


@given(_roles, st.lists(st.sampled_from(CATALOGUE), unique=True, max_size=6))
def test_i06_edits_keep_the_role(role: str, sentences: list[object]) -> None:
    prompt = role
    for sentence in CATALOGUE:
        if sentence in sentences:
            prompt = add(prompt, sentence)
    assert split(prompt)[0] == split(role)[0]
    assert split(prompt)[1] == frozenset(sentences)
    for sentence in split(prompt)[1]:
        assert split(remove(prompt, sentence)) == (split(role)[0], split(prompt)[1] - {sentence})


def test_i07_replacing_puts_one_sentence_in_the_place_of_another() -> None:
    old, new = of_kind(Kind.STYLE)[:2]
    prompt = f"A role.\n* {old.text}\nMore role."
    assert replace(prompt, old, new) == f"A role.\n- {new.text}\nMore role."


def test_i08_catalogue_sentences_are_distinct_single_lines() -> None:
    texts = [sentence.text for sentence in CATALOGUE]
    assert len(set(texts)) == len(texts) == 61
    assert all(sentence_of(text) is not None and "\n" not in text and "{" not in text for text in texts)
    assert not any(one != other and one in other for one in texts for other in texts)
    assert {sentence.kind for sentence in CATALOGUE} == set(Kind)
