"""A sentence that tells the question again with one option in the place of what is asked. Pure.

"Canberra is the capital of Australia" answers "What is the capital of Australia?"; "Canberra has a lake" only mentions
an option, and says nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from maspo.scoring.doubts import brings_another, is_not_its_own, takes_back
from maspo.scoring.options import options_of
from maspo.scoring.readable import unmarked
from maspo.scoring.stated import SENTENCE, without_contrast

_LONGEST = 300
_MOST_SENTENCES = 4
_LEAST_SHARE = 0.6
"""Share of the question's words that a sentence must tell again."""
_MOST_ADDED = 2
"""Words of such a sentence that neither the question nor the option holds: more of them say something else."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_STEM = 5
"""Letters of a word that are compared: "moves" and "moving" are one."""
_FORMS = {
    form: verb
    for verb, forms in (("write", "wrote written"), ("make", "made"), ("find", "found"),
                        ("build", "built"), ("win", "won"), ("lead", "led"), ("begin", "began begun"), ("hold", "held"),
                        ("give", "gave given"))
    for form in forms.split()
}  # fmt: skip
"""Forms of verbs that a question asks with and an answer has in another form."""
_COMMON = frozenset(
    """
a an the is are was were be been being do does did has have had of in on at to for from by with as and or that this
these those it its what which who whom whose where when why how following one choose select pick answer question
option options best correct statement true there so therefore thus hence into than then can will would
""".split()  # noqa: SIM905 - a list of words
)
_TURNED_AROUND = re.compile(r"(?i)\b(?:not|except|false|incorrect|least|never|cannot|untrue)\b")
"""A question that asks for what is not so is answered by no plain statement."""
_QUALIFIED = re.compile(
    r"\b(?:almost|nearly|once|formerly|historically|until|before|after|earlier|later|used to|among|larger|smaller|more"
    r"|less|than|next|only when|similar|sometimes|often|rarely|usually|believ\w*|think|assum\w*|misconception|myth)\b"
)
"""Words that make a statement one about something near what is asked."""


def restated_option(text: str, question: str) -> str | None:
    """Return the only option of which the sentences at the end of a text say what is asked; None without one."""
    if not question or len(text) > _LONGEST * _MOST_SENTENCES:
        return None
    asked, options = _read_question(question)
    if not asked:
        return None
    found: set[str] = set()
    for sentence in SENTENCE.split(" ".join(unmarked(text, " ").split()))[-_MOST_SENTENCES:]:
        letter = _of(without_contrast(sentence), asked, options)
        if letter:
            found.add(letter)
    return found.pop() if len(found) == 1 and not takes_back(text) else None


@lru_cache(maxsize=1024)
def _read_question(question: str) -> tuple[frozenset[str], tuple[tuple[str, str], ...]]:
    """Return the words of what is asked, and the options, longest first; nothing where what is not so is asked for."""
    options = options_of(question)
    if not options:
        return frozenset(), ()
    first = next(iter(options.values()))
    stem = question[: question.find(first)] if first else ""
    if _TURNED_AROUND.search(stem):
        return frozenset(), ()
    texts = tuple(sorted(((text, letter) for letter, text in options.items() if text), key=lambda pair: -len(pair[0])))
    in_options = {word for text, _ in texts for word in _stem_words(text)}
    return frozenset(word for word in _stem_words(stem) if word not in in_options), texts


def _stem_words(text: str) -> list[str]:
    words = (word.split("'")[0].split("’")[0].casefold() for word in _WORD.findall(text))
    return [_FORMS.get(word, word)[:_STEM] for word in words if word not in _COMMON and len(word) > 1]


def _of(sentence: str, asked: frozenset[str], options: tuple[tuple[str, str], ...]) -> str | None:
    """Return the only option that a sentence puts in the place of what is asked."""
    if not 0 < len(sentence) <= _LONGEST or "?" in sentence:
        return None
    rest, letters = sentence, []
    for text, letter in options:
        flags = re.IGNORECASE if len(text) > 2 else re.NOFLAG
        rest, count = re.subn(rf"(?<![^\W_]){re.escape(text.rstrip('.'))}(?![^\W_])", " ", rest, flags=flags)
        letters += [letter] if count else []
    # Words that the question holds itself doubt nothing: "closest".
    own = " ".join(word for word in rest.split() if not asked.intersection(_stem_words(word)))
    if len(letters) != 1 or is_not_its_own(own) or brings_another(own) or _QUALIFIED.search(own.lower()):
        return None
    told = set(_stem_words(rest))
    again = asked & told
    return letters[0] if len(again) >= _LEAST_SHARE * len(asked) and len(told - asked) <= _MOST_ADDED else None
