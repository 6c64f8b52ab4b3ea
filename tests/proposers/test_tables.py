"""Drafts that hold tables of questions and answers are refused; ordinary instructions are not."""

from __future__ import annotations

import random

import pytest

from maspo.core.numerals import alike, short_numbers, spelled_out, words
from maspo.proposers.drafts import Rules, checked
from maspo.proposers.passages import Passages
from maspo.proposers.tables import Tables
from maspo.world import World
from maspo.world.catalogue import CATALOGUE
from tests.security.ordinary import PROMPTS

ROWS = (
    ("What is the capital of France?", "Paris"),
    ("What is the capital of Spain?", "Madrid"),
    ("What is the capital of Peru?", "Lima"),
    ("What is 12 + 7?", "19"),
    ("What is 30 times 4?", "120"),
    ("Who wrote Hamlet?", "Shakespeare"),
    ("Who painted Guernica?", "Picasso"),
    ("A shelf holds 6 boxes of 12 pens. 5 pens are missing. How many pens are there?", "67"),
    ("Is 97 prime?", "yes"),
)
MEMORIZING = (
    "France: Paris\nSpain: Madrid",
    "Paris (France), Lima (Peru).",
    "Paris if it is about FRANCE; lima if it is about P\u200beru.",
    "12+7=19 and 30*4=120",
    "Remember: twelve plus seven is nineteen; thirty times four makes one hundred twenty.",
    "Hamlet -> Shakespeare; Guernica -> Picasso",
    "If the question is about boxes of pens (6 boxes, 12 pens, 5 missing) say 67.",
    "| q | a |\n| capital France | Paris |\n| Hamlet | Shakespeare |",
    '{"france": "Ｐａｒｉｓ", "spain": "Ｍａｄｒｉｄ"}',
)
ORDINARY = (
    "Think step by step, and give the final answer in <answer></answer>.",
    "Name the capital of the country that is asked for. Check the spelling.",
    "Use at most 3 steps, and 120 words.",
    "1. Read the question.\n2. Compute.\n3. Check whether the number is prime, and say yes or no.",
    "Cite the author who wrote the work, or the artist who painted it.",
    "Check 12 things: units, signs, and 7 others. Solve the problem again and compare.",
    "Count the boxes first, then the pens in each, and subtract what is missing.",
)


@pytest.mark.parametrize("draft", MEMORIZING)
def test_a01_questions_with_their_answers_are_found(draft: str) -> None:
    assert Tables(ROWS).held_by(draft)
    rules = Rules("You answer.", lambda _: frozenset(), (), 6000)
    assert "memorize" in checked(draft, "You answer.", rules, Passages((), rows=ROWS)).rejected


@pytest.mark.parametrize("draft", ORDINARY)
def test_a02_ordinary_instructions_are_not_refused(draft: str) -> None:
    assert not Tables(ROWS).held_by(draft)


def test_a03_the_catalogue_of_the_world_is_not_refused_alone_or_together() -> None:
    for seed in range(3):
        rows = World().inputs(120, start=1000 * seed)
        tables = Tables((str(row["input"]), str(row["answer"])) for row in rows)
        sentences = [sentence.text for sentence in CATALOGUE]
        assert not any(map(tables.held_by, sentences))
        chance = random.Random(seed)
        drafts = ["You solve the problem.\n" + "\n".join(chance.sample(sentences, 12)) for _ in range(100)]
        assert not any(map(tables.held_by, drafts))


def test_a04_a_table_of_numbered_problems_and_letters_is_found() -> None:
    rows = [(str(row["input"]), str(row["answer"])) for row in World().inputs(60)]
    table = "; ".join(f"{number}: {answer}" for number, (_, answer) in enumerate(rows))
    assert Tables(rows).held_by(table)


def test_a05_what_the_seed_prompt_holds_may_stay() -> None:
    example = "For example, France: Paris, and Spain: Madrid."
    assert Tables(ROWS).held_by(example)
    assert not Tables(ROWS, own=[example]).held_by(f"{example} Be brief.")


def test_a06_without_labels_several_questions_are_a_table() -> None:
    bare = [(text, None) for text, _ in ROWS]
    questions = [
        "shelf boxes pens missing: sixty-seven",
        "garden fence posts metres apart: 31",
        "bakery loaves ovens hour: 240",
    ]
    more = [
        ("A garden needs a fence with posts 3 metres apart. How many posts?", None),
        ("A bakery bakes 40 loaves an hour in each of 6 ovens. How many loaves?", None),
    ]
    assert Tables([*bare, *more]).held_by("\n".join(questions))
    assert not Tables([*bare, *more]).held_by(questions[0])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("twenty-one plus three hundred and four", "21 plus 300 and 4"),
        ("1,200.50 or 007", "1200.5 or 7"),
        ("two three", "2 3"),
        ("one hundred twenty", "120"),
        ("５ ½", "5 1 2"),
    ],
)
def test_a07_numbers_are_read_however_they_are_spelled(text: str, found: str) -> None:
    assert " ".join(words(text)) == found


SHORT = (
    ("Anna has 48 apples and gives 17 away. How many apples are left?", "31"),
    ("A train travels 300 km in 4 hours. What is its speed?", "75"),
    ("What is the capital of Australia?", "Canberra"),
    ("Who wrote Faust?", "Goethe"),
    ("A rectangle is 12 cm long and 9 cm wide. What is its area?", "108"),
    ("Ben buys 5 pens at 3 dollars each. How much does he pay?", "15"),
    ("How many days are in 7 weeks?", "49"),
    ("Which planet is the largest?", "Jupiter"),
    ("A shop sells 125 lamps a day. How many in 6 days?", "750"),
    ("How many sides has a heptagon?", "7"),
)


@pytest.mark.parametrize(
    "table",
    [
        "Anna 48 apples 17 away -> 31; train 300 km 4 hours -> 75; rectangle 12 9 -> 108",
        "Anna, forty-eight apples, seventeen away: thirty-one. Train, three hundred km, four hours: seventy-five.",
        "Anna hat 48 Äpfel und gibt 17 weg: 31. Rechteck 12 cm mal 9 cm: 108. 125 am Tag, 6 Tage, lamps: 750.",
        '{"Anna 48 17": 31, "train 300 4": 75, "lamps 125 6": 750}',
        "If the question mentions Anna and apples, answer 31. If it mentions a train, 75. If it mentions lamps, 750.",
        "def f(q):\n  if 'Anna' in q: return 31\n  if 'train' in q: return 75\n  if 'Faust' in q: return 'Goethe'",
        "31 for Anna's apples, 75 for the train, 108 for the rectangle, 750 for the lamps, 49 for the weeks",
        "Anna:31 train:75 Australia:Canberra Faust:Goethe rectangle:108 lamps:750",
        "Anna | train | Australia | Faust\n31 | 75 | Canberra | Goethe",
        "Ａｎｎａ ４８ １７ ＝ ３１； ｔｒａｉｎ ３００ ４ ＝ ７５",
        "Anna ٤٨ ١٧ = ٣١; train ٣٠٠ ٤ = ٧٥; lamps ١٢٥ ٦ = ٧٥٠",
        "Anna ⁴⁸ ¹⁷ = ³¹; train ³⁰⁰ ⁴ = ⁷⁵",
        "Аnnа арplеs 48 17 = 31; trаin 300 4 = 75; lаmps 125 6 = 750",
        "The capital of Australia is Canberra, Faust was written by Goethe, the largest planet is Jupiter.",
        "Anna_apples_48_17_31 train_300_4_75 lamps_125_6_750",
        "anna: {apples: 48, away: 17, answer: 31}\ntrain: {km: 300, hours: 4, answer: 75}",
        "| Anna 48 17 | 31 |\n| train 300 4 | 75 |\n| lamps 125 6 | 750 |",
    ],
)
def test_t20_tables_of_other_shapes_are_found(table: str) -> None:
    assert Tables(SHORT).held_by(f"Solve the problem.\n{table}\nBe brief.")


@pytest.mark.parametrize(
    "advice",
    [
        "Write down what is given, with its unit; then say what is asked. 7 steps are enough.",
        "Name the train, its speed and the hours. Check the area of a rectangle. Answer within 49 words.",
        "If a day is named, count from it. If a shop sells something, multiply.",
        "For geography name the capital, for literature the author, for astronomy the planet.",
    ],
)
def test_t21_advice_that_shares_their_words_is_free(advice: str) -> None:
    assert not Tables(SHORT).held_by(f"Solve the problem.\n{advice}")


CODED = "cHJhZG89bWFkcmlkO3NlYXNvbnM9dml2YWxkaTtib25lPWZlbXVy"
"""Base64 of `prado=madrid;seasons=vivaldi;bone=femur`."""
TRIVIA = (
    ("A ferry carries 36 cars per trip. How many cars does it carry in 5 trips?", "180"),
    ("A baker fills 9 trays with 12 rolls each. How many rolls are there?", "108"),
    ("Nina reads 23 pages a day. How many pages does she read in 3 days?", "69"),
    ("A fence has 47 posts; 19 are painted. How many are not painted?", "28"),
    ("Which metal is liquid at room temperature?", "mercury"),
    ("Who composed The Four Seasons?", "Vivaldi"),
    ("What is the currency of Japan?", "yen"),
    ("What is the longest bone of the human body?", "femur"),
    ("Which ocean lies between Africa and Australia?", "Indian Ocean"),
    ("In which city is the Prado museum?", "Madrid"),
    ("How many legs has a spider?", "8"),
    ("Which gas do plants take in?", "carbon dioxide"),
    ("What do 250 g and 1.5 kg weigh together, in g?", "1750"),
)
DISGUISED = (
    # numbers otherwise
    "fence: vierundzwanzig plus 4, no: achtundzwanzig; Nina: neunundsechzig",
    "ferry: cent quatre-vingts; Nina: soixante-neuf",
    "ferry: ciento ochenta; fence: veintiocho",
    "ferry: centottanta; fence: ventotto; Nina: sessantanove",
    "ferry: cento e oitenta; fence: vinte e oito",
    "ferry: honderdtachtig; fence: achtentwintig",
    "ferry: sto osiemdziesiąt; fence: dwadzieścia osiem",
    "ferry: сто восемьдесят; fence: двадцать восемь",
    "ferry: yüz seksen; Nina: altmış dokuz",
    "fence: tjugoåtta; Nina: sextionio",
    "ferry: seratus delapan puluh; fence: dua puluh delapan",
    "ferry 百八十, fence 二十八",
    "ferry CLXXX, trays CVIII, fence XXVIII",
    "trays 0x6c, Nina 0x45, fence 0b11100",
    "Nina 6️⃣9️⃣; fence 2️⃣8️⃣",
    "ferry 1 8 0; trays 1 0 8; Nina 6 9",
    "ferry one eight zero; trays one zero eight; Nina six nine",
    "ferry 100+80; trays 100+8; Nina 70-1; fence 30-2",
    "ferry 360/2; trays 54*2; Nina 23*3",
    "ferry 1.8e2; Nina 6.9e1",
    "ferry: 0.18k; trays: 0.108k",
    "ferry: sto osmdes\u00e1t; fence: dvacet osm",
    "fence: kaksikymment\u00e4kahdeksan; Nina: kuusikymment\u00e4yhdeks\u00e4n",
    "fence: huszonnyolc; Nina: hatvankilenc",
    "ferry: \u03b5\u03ba\u03b1\u03c4\u03cc\u03bd \u03bf\u03b3\u03b4\u03cc\u03bd\u03c4\u03b1; "
    "fence: \u03b5\u03af\u03ba\u03bf\u03c3\u03b9 \u03bf\u03ba\u03c4\u03ce",
    "ferry: \ubc31\ud314\uc2ed; fence: \uc774\uc2ed\ud314",
    "ferry: \u58f9\u4f70\u634c\u62fe; fence: \u8d30\u62fe\u634c",
    "ferry: 1-8-0; fence: 2_8; Nina: 6,9",
    '=IF(A1="ferry",180,IF(A1="fence",28,0))',
    "anin: 96; ecnef: 82",
    # words otherwise
    "Wmilart: mercury. Wctfs: Vivaldi. Wcitpmn: Madrid. Witlbothb: femur.",
    "frry 180; trys 108; fnc 28",
    "Pra-do: Mad-rid; Sea-sons: Vi-val-di; bo-ne: fe-mur",
    "PradoMadrid SeasonsVivaldi BoneFemur OceanIndian",
    "⛴️ 180, 🦴 femur, 🌊 Indian Ocean",
    "odarP: dirdaM; snosaeS: idlaviV; enob: rumef; naecO naidnI",
    "cenqb znqevq frnfbaf ivinyqv obar srzhe bprna vaqvna",
    "sudgr pdgulg vhdvrqv ylydogl erqh ihpxu rfhdq lqgldq",
    CODED,
    # questions and answers elsewhere
    "Keywords: Prado, Seasons, bone, ocean.\nBe polite, and check units, signs and spelling before anything else.\n"
    "Replies in this order: Madrid, Vivaldi, femur, Indian Ocean.",
    "Replies in play are femur, Madrid, Vivaldi and mercury.",
    "Q1 Madrid Q2 Vivaldi Q3 femur, and much later, after all the other rules: Q1 is Prado, Q2 Seasons, Q3 bone.",
    "28 69 108 180 are the values for fence, Nina, trays and ferry in this order.",
    # hints and code
    "If it mentions a ferry, it is 180; if it mentions trays, it is 108.",
    "f = lambda q: 180 if 'ferry' in q else 69 if 'Nina' in q else 28",
    "SELECT CASE WHEN q LIKE '%Prado%' THEN 'Madrid' WHEN q LIKE '%Seasons%' THEN 'Vivaldi' END",
    "[prado]\nsay=madrid\n[seasons]\nsay=vivaldi\n[bone]\nsay=femur",
    "<q w='ferry' a='180'/><q w='trays' a='108'/>",
    "?prado=madrid&seasons=vivaldi&bone=femur",
    "It is not true that a ferry takes anything else than 180, nor trays than 108.",
    "When you see 47 say 28. When you see 23 say 69.",
    "# 36 5 180\n# 23 3 69\n# 47 19 28",
)


@pytest.mark.parametrize("table", DISGUISED)
def test_t22_tables_in_disguise_are_found(table: str) -> None:
    assert Tables(TRIVIA).held_by(f"Solve the problem.\n{table}\nBe brief.")
    assert not Tables(TRIVIA, own=[table]).held_by(f"Solve the problem.\n{table}\nBe brief.")


@pytest.mark.parametrize("rows", [ROWS, SHORT, TRIVIA])
def test_t23_ordinary_prompts_hold_no_table(rows: tuple[tuple[str, str], ...]) -> None:
    tables = Tables(rows)
    assert [prompt for prompt in PROMPTS if tables.held_by(prompt)] == []


def test_t24_small_numbers_in_a_row_are_no_table_of_sums() -> None:
    """Every prompt that counts to ten holds `2 and 3 make 5`."""
    sums = [(f"What is {one} plus {other}?", str(one + other)) for one in range(1, 6) for other in range(1, 6)]
    assert not Tables(sums).held_by("Count from 1 to 10: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10. Then back.")
    more = [(f"What is {one} plus {other}?", str(one + other)) for one, other in ((17, 48), (35, 66), (71, 12))]
    assert Tables([*sums, *more]).held_by("17 48 65; 35 66 101; 71 12 83")


def test_t25_a_number_that_nobody_says_ends_no_check() -> None:
    # Multiplied on and on it has more digits than Python writes.
    said = "one " + "hundred " * 3000
    assert not Tables([("How many seats has the Aurora hall?", "410")]).held_by(said)
    assert len(words(said)) < 3000 and words("nine hundred ninety nine thousand") == ("999000",)


def test_t26_millions_in_short_are_written_out_with_all_digits() -> None:
    assert short_numbers("1500k and 1.2e8") == "1500000 and 120000000"
    assert alike(spelled_out("1500k seats")) == alike(spelled_out("1500000 seats"))
