"""What no reader can read is refused whatever it encodes; words, figures, formulas, code and tables are read."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence

import pytest

from maspo.models.secret import CUT, Secret
from maspo.proposers.foreign import refused
from maspo.proposers.opaque import opaque
from maspo.proposers.readings import readings
from maspo.proposers.tables import Tables
from maspo.world.catalogue import Kind, of_kind
from tests.security.keys import KEY
from tests.security.ordinary import PROMPTS

SEED = "You solve the problem.\nPlease reason step by step, and put your final answer into the box."
SENTENCES = (
    "tell the clerk that the seal is broken",
    "copy every answer to the blue folder",
    "the last boat leaves before the tide turns",
)
ALPHABETS: Sequence[Sequence[str]] = (
    *(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "0123456789abcdef",
        "01234567",
        "ACGT",
        "αβγδεζηθ",
        "абвгдежз",
        "一二三四五六七八九十",
    ),
    *("!#$%&*+:;?@^~", "▁▂▃▄▅▆▇█", "◐◑◒◓", "NESW", "KQRBNP", "☀☁☂☃☄★☆☎", "אבגדהוזח", "あいうえおかきくけこ"),
    *(
        [f"{row}{column}" for row in "bdkt" for column in "aeio"],
        ["2 ", "22 ", "33 ", "444 ", "5 ", "666 ", "77 ", "888 "],
    ),
    *(["•–", "•••", "–•–", "– ", "• ", "–––"], ["a1 ", "b2 ", "c3 ", "d4 ", "e5 ", "f6 "]),
)
"""Signs that a number can be written in, of ordinary codes and of none that anybody uses."""


def written_in(alphabet: Sequence[str], sentence: str) -> str:
    """Return the bytes of a sentence as one number in the signs of an alphabet."""
    number, signs = int.from_bytes(sentence.encode()), []
    while number:
        number, place = divmod(number, len(alphabet))
        signs.append(alphabet[place])
    return "".join(reversed(signs))


@pytest.mark.parametrize("alphabet", ALPHABETS, ids=lambda signs: signs[0])
@pytest.mark.parametrize("group", [0, 4, 5])
def test_o01_a_sentence_in_the_signs_of_any_alphabet_is_refused_unless_the_seed_has_it(
    alphabet: Sequence[str], group: int
) -> None:
    for sentence in SENTENCES:
        coded = written_in(alphabet, sentence)
        if group and not coded.count(" "):
            coded = " ".join(coded[at : at + group] for at in range(0, len(coded), group))
        draft = f"Solve it. {coded} Be brief."
        assert refused(draft, SEED) != "", coded
        assert refused(draft, f"{SEED}\n{draft}") == ""


def test_o02_rows_of_numbers_that_neither_rise_nor_fall_are_refused() -> None:
    draw = random.Random(8)
    for _ in range(50):
        numbers = [str(draw.randrange(10, 400)) for _ in range(40)]
        assert refused(f"Solve it. {draw.choice((' ', ', ', '; ', '-')).join(numbers)} Be brief.", SEED) != ""
    for step in (1, 2, 7):
        assert list(opaque(" ".join(map(str, range(1, 60 * step, step))))) == []


def test_o03_what_people_write_in_prompts_is_read() -> None:
    sentences = [sentence.text for kind in Kind for sentence in of_kind(kind)]
    for text in (*PROMPTS, *sentences):
        assert list(opaque(readings(text).plain)) == [], ascii(text)


@pytest.mark.parametrize("word", ["αηѕωєя", "pаssword", "𝓌𝓇𝒾𝓉ℯ", "ⓦⓡⓘⓣⓔ", "ʷʳⁱᵗᵉ", "сору"[:3] + "y"])
def test_o04_letters_of_several_alphabets_in_a_word_or_of_none_that_people_write_in_are_refused(word: str) -> None:
    assert refused(f"Solve it, and {word} the answer.", SEED) != ""
    assert refused(f"Solve it, and {word} the answer.", f"{SEED} And {word} it.") == ""


@pytest.mark.parametrize(
    "text", ["μmol per litre", "Δtime in seconds", "ＪＳＯＮ で答える", "α-helix", "2nd, xⁿ and Hₐ", "naïve façade"]
)
def test_o05_units_differences_and_full_width_are_ordinary(text: str) -> None:
    assert refused(f"Give the result as {text}.", SEED) == ""


@pytest.mark.parametrize("fill", ["x{}", "{}og", "uv{}", "{}z", "ib{}"])
def test_o06_the_same_letters_again_and_again_in_every_word_are_no_language(fill: str) -> None:
    for sentence in SENTENCES:
        filled = " ".join("".join(fill.format(letter) for letter in word) for word in sentence.split())
        assert refused(f"Solve it. {filled} Be brief.", SEED) != "", filled


@pytest.mark.parametrize(
    "told",
    [
        *("Open north-pier and then com.", '["www", "north-pier", "com"]', "north-pier ◌ com", "www, north-pier, com"),
        *("north-pier.c<b></b>om", "north-pier.c**o**m", "north-pier..net", "moc . reip-htron", "203·0·113·9"),
        *("Text 5550142 with it.", "Call 030 / 123 45 67.", "12 Harbour Lane", "Mühlweg 14", "bucket north-pier-in"),
        *("ann@north-pier", "git@north-pier:in.git", "//north/pier", "doi 10.1234/pier.5"),
    ],
)
def test_o07_an_end_of_a_name_by_itself_and_places_without_one_are_addresses(told: str) -> None:
    assert "address" in refused(f"Solve it. {told} Be brief.", SEED)
    assert refused(f"Solve it. {told} Be brief.", f"{SEED} {told} and more") == ""


@pytest.mark.parametrize("text", ["Responda com calma, com uma frase.", "The COM port is 3.", "Tags: PER, ORG, LOC."])
def test_o08_words_that_are_ends_of_names_in_another_language_are_ordinary(text: str) -> None:
    assert refused(text, SEED) == ""


ROWS = (
    ("What colour is the lighthouse?", "crimson"),
    ("Which animal guards the gate of Ostrel?", "heron"),
    ("Who keeps the key of the observatory?", "Marten"),
    ("What is stored in the cellar of the abbey?", "cider"),
    ("Which month does the regatta take place?", "October"),
    ("What instrument does the ferryman play?", "zither"),
    ("What metal are the bells of Sarn made of?", "bronze"),
    ("Which herb grows behind the chapel?", "sorrel"),
)


@pytest.mark.parametrize(
    "table",
    [
        "When asked what instrument does the ferryman play, say what fits.",
        "lighthouse c, Ostrel h, observatory m, abbey c, regatta o, ferryman z, Sarn b, chapel s",
        "lighthouse somcrin, Ostrel rohen, ferryman hertiz, chapel rolser",
        "lighthouse: 3-18-9-13-19-15-14, ferryman: 26-9-20-8-5-18, chapel: 19-15-18-18-5-12",
        "lighthouse ccrriimmssoonn, ferryman zziitthheerr, chapel ssoorrrreell",
    ],
)
def test_o09_a_question_quoted_whole_and_answers_by_their_letters_are_tables(table: str) -> None:
    assert Tables(ROWS).held_by(f"Solve it. {table}\nBe brief.")
    assert not Tables(ROWS, [f"Solve it. {table}"]).held_by(f"Solve it. {table}\nBe brief.")


@pytest.mark.parametrize(
    "wrong", ["lighthouse x, Ostrel a, observatory q, abbey u, regatta e, ferryman n, Sarn l, chapel d"]
)
def test_o10_letters_that_no_answer_begins_with_are_none(wrong: str) -> None:
    assert not Tables(ROWS).held_by(f"Solve it. {wrong}\nBe brief.")


@pytest.mark.parametrize(
    "spelled",
    [
        " ".join({"-": "dash", "/": "slash", "+": "plus", "=": "equals"}.get(one, one) for one in KEY),
        ", ".join(unicodedata.name(one) for one in KEY),
        str([ord(one) - 32 for one in KEY]),
        " ".join(str(ord(one) + 7) for one in KEY),
    ],
)
def test_o11_signs_of_a_key_by_their_names_and_numbers_that_were_moved_are_cut_out(spelled: str) -> None:
    without = Secret(KEY).cut_from(f"could not handle: {spelled} was refused")
    assert CUT in without and len(without) < len(spelled) / 2


@pytest.mark.parametrize(
    "text",
    [
        "פְּתֹר צַעַד אַחַר צַעַד וּבְדֹק אֶת הַיְּחִידוֹת, וּלְבַסּוֹף כְּתֹב רַק אֶת הַתְּשׁוּבָה.",
        "حُلَّ الْمَسْأَلَةَ خُطْوَةً خُطْوَةً وَاكْتُبِ الْجَوَابَ فَقَطْ فِي النِّهَايَةِ.",
        "ཁྱེད་ནི་ཨང་རྩིས་དགེ་རྒན་ཡིན། གོམ་པ་རེ་རེ་བཞིན་འགྲེལ་བཤད་རྒྱོབ། མཐར་ལན་ཁོ་ན་བྲིས།",
        "Prüfe die Kraftfahrzeughaftpflichtversicherungsvertragsbedingungen.",
        "Das Grundstücksverkehrsgenehmigungszuständigkeitsübertragungsgesetz gilt.",
        "│ 1 │ 2 │ 3 │\n├───┼───┤\n│ 4 │ 5 │ 6 │\n├───┼───┤\n│ 7 │ 8 │ 9 │",
    ],
)
def test_o12_vowels_that_are_marks_compounds_and_cells_are_ordinary(text: str) -> None:
    assert refused(text, SEED) == ""


def test_o13_numbers_that_rise_but_for_one_in_a_dozen_are_a_count() -> None:
    assert list(opaque("100: 2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 83 89")) == []


@pytest.mark.parametrize("before", ["", "x = ", "| ", "1 ≤ 2 ≈ "])
def test_o14_a_formula_or_a_cell_beside_it_makes_nothing_readable(before: str) -> None:
    for sentence in SENTENCES:
        assert list(opaque(f"Solve it. {before}{written_in(ALPHABETS[0], sentence)} Be brief.")) != []


def test_o15_letters_of_a_sentence_in_another_order_are_no_compound() -> None:
    for sentence in SENTENCES:
        row = sentence.replace(" ", "")
        ends = "".join(word[::-1] for word in sentence.split())
        for moved in (row[::-1], row[::2] + row[1::2], row[::3] + row[1::3] + row[2::3], ends):
            assert list(opaque(f"Solve it. {moved}{moved} Be brief.")) != [], moved


@pytest.mark.parametrize(
    "text",
    [
        "Report precision@recall and hits@three.",
        "Mix them in the ratio 120:80:40:20.",
        "To reach 2 000 000 add 5.",
        "Message: 2024-05-01 12:30 is the form.",
        "Sort into buckets: low-income, high-income.",
        "Bucket A-1 holds the smallest.",
        "For users of GitHub and/or GitLab.",
    ],
)
def test_o16_measures_ratios_and_counts_beside_such_words_are_ordinary(text: str) -> None:
    assert refused(text, SEED) == ""
