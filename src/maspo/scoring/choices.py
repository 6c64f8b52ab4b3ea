"""Reading which option of a multiple-choice question an output chooses. Pure.

Sure signs come first (an answer in a tag, a box or JSON), then what is claimed in words, then a last or a first line
that says little but the choice. Where an output claims several letters at once ("A or B"), it cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from maspo.core.late import late
from maspo.scoring.bare import bare_choice
from maspo.scoring.claims import AFTER_A_LETTER, SEVERAL, claimed, is_reconsidered, plainly
from maspo.scoring.closing import breaks_off, without_closing
from maspo.scoring.corrections import corrected
from maspo.scoring.denials import (
    asks_for_wrong,
    is_denied_before,
    is_eliminated,
    is_taken_back,
    lets_conclude,
    without_denials,
)
from maspo.scoring.doubts import brings_another, takes_back
from maspo.scoring.languages import may_be_abroad
from maspo.scoring.marked import boxes, json_answer, tagged_answer, without_boxes
from maspo.scoring.options import (
    LETTERS,
    by_place,
    is_asked_for,
    is_text_of,
    letters_of,
    options_of,
    squeezed,
    with_text,
)
from maspo.scoring.readable import last_found, last_line, plain_letters, tail, unmarked, untagged
from maspo.scoring.restated import restated_option
from maspo.scoring.short import FILLERS, short_choice
from maspo.scoring.stated import yes_or_no
from maspo.scoring.ticks import is_list, ticked, ticked_to_the_end
from maspo.scoring.wrappers import handed_in, without_wrappers

_LETTERS = frozenset(LETTERS)
_LONGEST = 2000
_LONGEST_CONCLUSION = 400
_INTRODUCES_WRONG = late(
    r"(?:\A|\n)\W{0,4}(?i:(?:the\s+)?(?:not|wrong|incorrect|eliminated|excluded|rejected|ruled\s+out|false|distractor))"
    r"(?:\s\w+){0,2}\s?:?\W{0,4}\Z"
)
"""A last line before a letter that says that it is none: "Wrong:"."""
_INTRODUCES_OTHERS = late(
    r"\b(?:students?|teachers?|friends?|classmates?|colleagues?|agents?|solvers?|critics?|reviewers?|assistants?"
    r"|(?:many|most|some|other)\s+(?:people|students|would|of\s+us)|people|some(?:one|body)|others"
    r"|most(?=\s+\w+\W*\Z)(?!\s+(?:likely|plausib\w+|probabl\w+|certainly|definitely|appropriate\w*|accurate\w*|suitabl\w+))"
    r"|they|he|she|nobody|everyone|anyone|(?:one|you)\s+(?:might|may|could|would|said|say|chose)"
    r"|(?:do|does|did|is|was|can|could|would)\s+not|never|wrong|incorrect|false|rejected|eliminated|excluded|tempt\w*|naive\w*"
    r"|(?:previous|earlier|first|initial|original|former|other|draft|old)\s+(?:\w+\s+)?(?:answer|attempt|reply|draft|guess"
    r"|response|version|solution)|first\s+(?:glance|sight)|example|misprint\w*|question\s+is\s+about|trap|distractor"
    r"|that\s+fails?|suppose|assume|whether|(?<!no\s)(?<!without\sa\s)(?<!without\s)(?<!any\s)doubt|maybe|perhaps)\b"
    r"|n['’]t\b|\bnot\W*\Z",
    re.IGNORECASE,
)
"""What a line holds that introduces the letter below it as somebody else's, as a guess or as none."""
_SENTENCE_ENDS = (".", "!", "?", ")", "]", "。", "$", "}", "|")
"""How a line ends that introduces nothing."""
_LEAST_CLAIM = 8
"""Characters of the shortest claim after a box, with the box's own end: "}$ ans B"."""
_LETTER = late(
    r"(?<![A-Za-zµμ0-9_'’°|])(?<![A-Za-z]\()(?<!\d )(?<!Delta )\(?(?!I\s+[a-z])([A-J])\)?(?![A-Za-z0-9_'’₀-₉#♭♯⁺⁻\[|]"
    r"|\(\w{1,3}[,)]|\+|/\d|-[A-Za-z]|\s?[∪∩×∖⊂⊕^])"
)
"""A letter alone. After a number it is a unit (12 J), before some signs a part of a formula (A ∪ B) or a name (C++)."""
_FORMULA = late(
    r"\\(?!(?:text|math|[bl]igg?|left|right|boxed|fbox|frame|under|color|quad|rm|bf|it|sf|tt|large|Large|huge|bm"
    r"|bold|[mhd]box|therefore|display|script|[hv]?phantom|[hv]space|ensuremath|centerline|circled|fcolorbox"
    r"|begin\{c|end\{c|[,;:! ()\[\]]))[A-Za-z]+"
    r"|[A-J]\}?\s+[a-z]_"
    r"|[A-J][²³¹⁰-⁹ⁿ₀-₉½⅓¼¾°]|\|[A-J]\||[A-J]\}?\s?(?:[=<>≈^_+/×]|\[)|[=<>≈+/×]\s?\(?[A-J](?![A-Za-z])|(?<![\w)}\s-])[-−¬~][A-J](?![A-Za-z])"
    r"|(?<!\*)[A-J]\s?\*(?![*\s])|[A-J](?<!\*.)\*\Z|(?<![*\s])\s?\*\s?[A-J](?!\*)(?![A-Za-z])"
    r"|[A-J]\}?\s?\((?:[a-z]|[K-Z])[^()]{0,2}\)"
)
"""What only formulas hold: letters in it are variables or sets, not options."""
_NAMED = late(r"[A-J](\s+[a-z]{3,}(?:\s+[a-z]{2,}){0,2})[.!]?")
_NOUN_BEFORE = late(r"(?:[Tt]he\s+)?([A-Za-z]{3,})\s+[A-J][.!]?")
_BEGUN = late(
    r"\s*\(?([A-J])(?:\)[.,:;]?|[.:;]|,(?!\s+\(?[A-J]\b)|\s[–—-]|(?=\s\((?:[Oo]ption\s)?[A-J]\s))\s+(?![a-z]+\.)(\S.*)",
    re.DOTALL,
)
"""A letter that begins a reply, and what follows it."""
_RULED_OUT = late(
    r"\b(?:not|neither|nor|wrong|incorrect|false|impossible|too|fails?|violates?|contradicts?|ignores?|discard\w*"
    r"|reject\w*"
    r"|exclud\w*|eliminat\w*|off|rul(?:e|ed|ing)\b.{0,20}\bout)\b|n['’]t\b|cannot"
)
"""What is said of options that are not chosen."""
_RULED_OUT_FIRST = late(
    r"\W*(?i:option\s)?[A-J]\)?\s(?:is|was|has|would|fails|violates|contradicts|ignores|forgets|doubles|misses"
    r"|cannot|does)\s?"
    r"(?:\w+\s){0,2}(?:wrong|incorrect|false|too|off|not|the\swrong|impossible|out)?\b"
)
"""A sentence that begins with another option and what is wrong with it."""
_OF_ANOTHER = late(
    r"(?i)\b(?:worst|worse|avoid|least|critics?|students?|agents?|solvers?|previous|earlier|another|others?|unsure"
    r"|revised?|distractor|trap|unknown|undecided|let\s+(?:the|[a-z]))\b|\b(?:is|are|be|of)\s*(?:\n|\Z)"
)
"""What makes a letter that stands alone none of the reply's own choice, or a part of its sentence."""
_PARAGRAPH = late(r"\s*\n\s*\n\s*")
_CLAUSE_END = late(r"[.!;,\n]\s*")
_SAID_BY_OTHERS = late(r"\b(?:so do(?:es)?|others?|people|students?|some|many|they|he|she|agents?|solvers?)\b")
_SENTENCE_END = late(r"[.!;\n]\s*")
_SIGNED = late(r"[-−+¬~]\{?[A-J]\}?|[A-J](?:\*|['’′]|\^.{1,8}|_.{1,8})")
"""A letter with a sign before or after it, and nothing else: -A, A*."""
_STANDING = late(r"[A-Ja-j](?<![A-Za-z0-9].)(?![A-Za-z0-9])", re.DOTALL)
"""Without a letter that stands alone, no option is named."""
_NAMES_OR_MARKS = late(r"[A-Ja-j<{\[\\|`](?:(?<![A-Za-z])|(?<![A-Za-z0-9].)(?![A-Za-z0-9]))", re.DOTALL)
_ALONE = late(r"\W*(?:(?:option|choice|answer|letter)\W{0,3})?\(?([A-Ja-j])\)?[\s.):,!\]’。]*", re.IGNORECASE)
_BOLD = late(r"\*\*(\(?[A-J][).:]\s*[^*\n]{1,200})\*\*(?![^\S\n]*\n\s*+(?:[-*]\s+)?\*{0,2}\(?[A-J][).:])")
"""An option in bold that begins no list of the options."""
_BULLET = late(r"^\s*(?:[-*•>#]+|\[[xX✓✔]\])\s+")
_CROSSED = late(
    r"\A[^\w(]{0,4}[❌✗✘🚫⛔👎]|\b[A-J]\b\W{0,6}(?:[❌✗✘🚫⛔👎]|\((?i:incorrect|wrong|no|false|eliminated|ruled out)\b)"
)
"""A sign or a word at an option that crosses it out."""
_HEAD = late(r"\(?([A-J])(?:\s*[).:]|\s+[-–—])\s*(\S.*)", re.DOTALL)
_CALLED_WRONG = late(
    r"(.*?\b(?i:is|are|was|were|seems|looks)\s+(?:\w+ly\s+)?(?i:wrong|incorrect|false|mistaken|not\s+(?:right"
    r"|correct|true|it)))"
    r"[.!;,]\s+(\S.*)",
    re.DOTALL,
)
"""An option that is called wrong, and what is said behind it."""
_SAID_WRONG = late(
    r"(?i:wrong|incorrect|false|mistaken|invalid|not\s+(?:right|correct))\W*\s(?:since|because|as|it)\b"
    r"|(?i:wrong|incorrect|mistaken|invalid|not\s+(?:right|correct|it|the\s+answer))\W*\Z"
)
"""How an option is told again that is wrong, and why: it is none that has a text of its own."""
_NO_CHOICE = late(
    r"[A-J]\s?[:–—-]\s?(?i:no)[.!]?|A:\s+(?:I\s+(?:do\s+not|don['’]t|cannot|can['’]t)|(?i:unknown|no\s+idea"
    r"|not\s+sure))\b.*",
    re.DOTALL,
)
"""An option that a no stands beside, and "A: I do not know", the answer to a "Q:"."""
_HEAD_OF_TEXT = late(
    r"\W{0,4}(?:(?:option|choice)\s+)?[(\[]?([A-J])(?:\s*[)\].:,]+|\s+[-–—=])\s*(\S.*)", re.DOTALL | re.IGNORECASE
)
_OWN_LETTER = late(r"^\(?[A-J]\s?[).:]\s+")
_LISTED = late(r"\W*([A-J])\s?[).:]")
_DOUBTED = late(r"(?i:\bnot\b|n['’]t\b|\bneither\b|\bwrong\b|\bincorrect\b|\bexcept\b)")
_DENIED_SO = late(
    r"(?i:\b(?:cannot|never|nor|hardly|barely|scarcely|unlikely|impossible|anything\s+but|far\s+from|fails?\s+to|other\s+than"
    r"|rather\s+than|instead\s+of|rules?\s+out)\b)"
)
"""What more denies the text of an option behind it: "the answer cannot be copper"."""
_ARTICLE = late(r"\bA\s+(?!(?:or|and|nor)\b)[a-z]|\bI\s+(?!(?:or|and|nor)\b)[a-z]")
_SENTENCE = late(
    r"(?<!\b[A-J])(?<!\bvs)(?<!\bcf)(?<!\bNo)(?<!\bno)(?<!\b[Ff]ig)(?<!\b[Ee]q)[.!?]\s+(?=[(A-Z])"
    r"|(?<=\b[A-J])[.!?]\s+(?=(?:My|The|So|It|This|That|Hence|Therefore|Thus|Final|Answer|Correct|Option|After"
    r"|Since|Because"
    r"|Then|Finally|Actually|Wait|Hmm|On|Let|But|However|Not|Now|We|I(?=['’]|\s+[a-z]))\b)"
)
_ANSWERED = late(r"\?\s+\(?([A-J])\)?[.!]?\s*\Z")
"""A letter after a question that the reply asks itself: "A or E? E."."""
_ASKS_OTHERWISE = late(r"(?i:\b(?:why|eliminat\w+|exclud\w+|rul(?:e|ed|ing)\s+out|distract\w+|second)\b)[^?]*\?[^?]*\Z")
"""It asks itself for something else than the answer: "Why not option D? D"."""
_ASKED_OF_EACH = late(
    r"(?<![A-Za-z0-9])\(?([A-J])\)?\s?\?\s{0,3}(?:((?i:yes|right|correct|true)\b|[✅✔✓])|(?i:no|wrong|false"
    r"|incorrect)\b|[❌✗✘])"
)
"""What a reply asks itself of one option after the other: "Is it A? No. Is it B? Yes."."""
_NUMBERED = late(r"\d[.)]\s+\(?[A-J](?![A-Za-z0-9])")
"""One of a row of letters: "1. B 2. A 3. D"."""
_TURN = late(r"(?i)[,;:—–-]\s+(?:but|however|yet|though),?\s+")
_WOULD = late(r"\b(?:would|could|might|may)\b")
_CONTRAST = late(
    r"\s+\((?:not|rather\s+than|instead\s+of)\s+(?:option\s+)?[A-J]\)|"
    r"(?:,\s+(?:and\s+)?|\s+and\s+)(?:not|rather\s+than|instead\s+of)\s+(?:option\s+)?\(?[A-J]\)?(?=[\s,.;!]|$),?"
    r"|\s+(?:rather\s+than|instead\s+of|over)\s+"
    r"(?:option\s+)?\(?[A-J]\)?(?=[\s,.;!]|$)"
)
"""The letter that a choice is told apart from: "B, not C, is correct"."""
_HENCE = late(
    r"^(?i:so|thus|hence|therefore|definitely|certainly|clearly|surely|obviously|probably|most\s+likely|likely"
    r"|undoubtedly"
    r"|i\s+(?:think|believe|guess)|i['’]d\s+say|(?:option|choice|selection|pick):|that\s+would\s+be|without\s+a\s+doubt)[\s,:]+"
)
_CONCLUDES = late(
    r"(?i:\b(?:is|are|was|be|equals?|gives?|get|have|has|as|costs?|weighs?|takes?|(?:evaluates|comes|amounts"
    r"|simplifies|reduces)\s+to|called|named|by)\b|['’]s\b)|[=:≈]|,\s+(?i:so|thus"
    r"|hence|therefore|that\s+is|namely|i\.e\.(?=\s+\S+\s+[A-Za-z%]))"
)
_IN = late(r"(?:in|on|at|from|by|of|to|with)\s+")
"""What may stand before the text of an option: "the sonata is in A major"."""
_SUPPOSED = late(
    r"\W*(?i:each|every|originally|initially|at\s+first|in\s+series|if|suppose|assume|let|when|whether|option|case"
    r"|check|try|testing)\b"
)
_AFTERWARDS = late(
    r",?\s+(?:I\s+(?:believe|think|guess|suppose)\W*"
    r"|(?:not|rather|instead|because|since|which|to(?=\s[a-z]{2}))\s.*"
    r"|of\s+(?:them|these|those)\W*|it\s+is\W*|(?:fits|applies|works|holds|matches)[\s.!*]*"
    r"|is\s+(?:(?:the|my)\s+)?(?:final\s+)?(?:correct|right|best|answer|choice|pick)(?:\s+(?:answer|option|choice"
    r"|one|solution|here))?[\s.!*]*"
    r"|\([A-Za-z][^()]{0,60}\)(?:,\s.*|\W*))\Z",
    re.DOTALL,
)
"""What follows an answer in its sentence: "25 %, not 20 %", "120 ways to do it", "iron (Fe)", "both of them"."""
_POINTED = late(
    r"(?:(?:→|⇒|⟹|➜|∴|->|=>)\s*(?i:option\s+)?[(\[]?([A-J])[)\]]?"
    r"|[,.;:(–—]\s*(?i:option|choice)\s+[(\[]?([A-J])[)\]]?"
    r"|[.!?:]\s*\[([A-J])\]"
    r"|\s(?:\(|is\s)([A-J])\)?)\W{0,20}\Z"
)
"""How a last line ends: with an arrow to a letter, "…, option B", "… [B]", "12 km (B)" or "12 km is B"."""
_TRUTHS = late(r'"([A-J])"\s*:\s*(true|false)\b')
"""What JSON says of an option."""
_ALL_TRUTHS = late(r'[\s`]*(?:json\s*)?\{(?:\s*"[A-J]"\s*:\s*(?:true|false)\s*,?){2,10}\s*\}[\s`]*')
_NEXT = late(r"\W*[A-Za-z]+\W*")
_VARIABLE = late(r"(?<![A-Za-z0-9/])[A-Za-z]\s*\Z")


def chosen(output: str, question: str = "") -> str | None:
    """Return the letter that an output chooses: what it marks, else what it says in words; None without a choice.

    ``question`` holds the options, where they are known: an answer may then be the text of an option, and no other
    letter counts.
    """
    line = output[output.rfind("\n") + 1 :]
    bare = bare_choice(line)
    if (
        bare is not None
        and (not question or (bare in letters_of(question) and with_text(line, question) is None))
        and (len(line) == len(output) or _is_silent(output[: -len(line)], question))
    ):
        return bare
    return chosen_at_length(output, question)


def _is_silent(text: str, question: str = "") -> bool:
    """Whether a text names and marks nothing that a last line could be weighed against."""
    return text.isascii() and _NAMES_OR_MARKS.search(text) is None and not _introduces_none(text, question)


def _introduces_none(before: str, question: str) -> bool:
    """Whether what stands before a last line says that a letter there is no choice: "Wrong:", "The student wrote"."""
    if _introduces_wrong(before, question):
        return True
    before = before.rstrip("*_`# \t\r\n")
    line = before[before.rfind("\n") + 1 :]
    if line == "" or line[-1].isdigit() or line.endswith(_SENTENCE_ENDS):
        return False
    return _INTRODUCES_OTHERS.search(without_denials(line) if asks_for_wrong(question) else line) is not None


def _introduces_wrong(before: str, question: str) -> bool:
    """Whether it says that a letter behind it is wrong, where the question does not ask for such one."""
    return _INTRODUCES_WRONG.search(before) is not None and not asks_for_wrong(question)


def chosen_at_length(output: str, question: str = "") -> str | None:
    """Return the letter that an output chooses, read without the shortcut for bare choices."""
    text = plain_letters(tail(output))
    if "|" in text and "--" in text:
        text = without_wrappers(text)
    tagged = tagged_answer(text)
    if tagged is None and (only := _only_true(text)) is not None:
        return only
    found = boxes(text if tagged is None else tagged)
    if not found:
        return read_choice(text, (json_answer(text) or handed_in(text)) if tagged is None else tagged, question)
    after = text.rpartition(found[-1] or "{")[2]
    said = claimed(untagged(after), question) if tagged is None and len(after) > _LEAST_CLAIM else None
    if said is not None and said != SEVERAL:
        # "G is the group; the answer is B": the last word counts.
        return said
    for box in reversed(found):
        letter = read_choice(text, box, question)
        if letter is not None:
            return letter
    # A formula in a box may be what the problem asks for before the letter, which then stands in words.
    is_formula = (tagged is None and _LETTER.search(unmarked(found[-1], " ")) is None) or _FORMULA.search(found[-1])
    return read_choice(without_boxes(text), None, question) if is_formula else None


def _only_true(text: str) -> str | None:
    """Return the letter that is true in a reply that says of each option whether it is, as JSON and nothing else."""
    if '":' not in text or _ALL_TRUTHS.fullmatch(text) is None:
        return None
    true = [letter for letter, truth in _TRUTHS.findall(text) if truth == "true"]
    return true[0] if len(true) == 1 else None


def read_choice(output: str, marked: str | None = None, question: str = "") -> str | None:
    """Return the letter that an output chooses, None when it chooses none or several.

    ``marked`` is what the output has put in an answer tag, a box or JSON; nothing else is then read.
    """
    letters = letters_of(question)
    if marked is not None:
        found = choice_in(untagged(plain_letters(marked)), question)
    else:
        found = plainly(output, question)
        if found is None or found not in (letters or LETTERS):
            text = untagged(plain_letters(tail(output)))
            if not question and _STANDING.search(text) is None:
                return None
            body = without_closing(text)
            found = (
                ticked(body) or ticked_to_the_end(text, body) or claimed(text, question) or _unclaimed(body, question)
            )
            if found and found != SEVERAL and is_reconsidered(body, found):
                found = _last_sentence(unmarked(last_line(body)), question) or found
        if found and is_taken_back(output, found, question):
            return None
    return found if found and found != SEVERAL and found in (letters or LETTERS) else None


def choice_in(text: str, question: str = "", bare: bool = False) -> str | None:
    """Return the letter in a short text that is meant to be an answer; ``bare``: it must hold nothing else."""
    if text.strip(" ().") in _LETTERS:
        return text.strip(" ().")
    if len(text) > _LONGEST:
        return None
    if not bare and (_SIGNED.fullmatch(text.strip(" $()")) or _is_name(text)) and not with_text(text, question):
        return None
    text = _BULLET.sub("", text)
    plain = " ".join(unmarked(text, " ").split())
    alone = _ALONE.fullmatch(plain)
    found = (
        alone[1].upper() if alone is not None else _letter_with_its_text(plain, question) or with_text(text, question)
    )
    return found or by_place(plain, question) or _answer_in(plain, text, question, bare)


def _is_name(text: str) -> bool:
    """Whether a marked text is a letter that belongs to a noun: "B cells", "group A"."""
    named = _NAMED.fullmatch(text)
    if named is not None:
        return AFTER_A_LETTER.match(named[1]) is None
    noun = _NOUN_BEFORE.fullmatch(text)
    return noun is not None and noun[1].lower() not in FILLERS and not may_be_abroad(noun[1])


def _answer_in(plain: str, text: str, question: str, bare: bool) -> str | None:
    wanted = _OWN_LETTER.sub("", unmarked(text).strip()) if question else ""
    by_text = with_text(wanted, question)
    head = _HEAD.match(plain)
    wrong = _CALLED_WRONG.fullmatch(head[2]) if head is not None and question else None
    if head is not None and wrong is not None and not is_text_of(head[1], wrong[1], question):
        return choice_in(wrong[2], question, bare)
    if head is not None and not _LETTER.search(head[2]) and not _ARTICLE.match(plain):
        denied = _SAID_WRONG.match(head[2]) or _NO_CHOICE.fullmatch(plain)
        if is_eliminated(head[2]) or (denied and not is_text_of(head[1], head[2], question)):
            return None
        if not bare or by_text is None:
            return head[1]
        # The letter of one option before the text of another says neither, unless the text begins with that letter.
        return by_text if by_text == head[1] or with_text(plain, question) is not None else None
    letters = set() if bare or _FORMULA.search(text) else set(_LETTER.findall(_ARTICLE.sub("", plain)))
    if by_text is not None or not letters:
        return by_text or _by_conclusion(wanted, question)
    return letters.pop() if len(letters) == 1 and not _DOUBTED.search(plain) else None


def _unclaimed(text: str, question: str) -> str | None:
    """Return the choice of an output that claims nothing in words: in its last line or, failing that, its first."""
    if is_list(text):
        return _choice_first(text, question)
    line = last_line(text.rstrip("` \n"))
    begin = text.rfind(line)
    if "?" in text[begin + len(line) :] or _introduces_wrong(text[:begin], question):
        return None
    if _ALONE.fullmatch(line) and _introduces_none(text[:begin], question):
        return None
    if breaks_off(line) and (line.strip() != text.strip() or _HEAD.match(line) is None):
        # What it says so far is no conclusion; an answer that stands before all else is one.
        return _in_bold_first(text, question) or _first_of_all(text, question) or _choice_first(text, question)
    if "?" in line and len(asked := _ASKED_OF_EACH.findall(line)) > 1:
        said = [letter for letter, yes in asked if yes]
        return said[0] if len(said) == 1 else None
    if ("(" in line or not line.isascii()) and _CROSSED.search(line):
        return None
    found = choice_in(line, question, bare=True)
    if found:
        return found
    plain = unmarked(line[-_LONGEST_CONCLUSION:])
    instead = corrected(plain)
    if instead is not None and (found := choice_in(instead, question, bare=True) or short_choice(instead)):
        return found
    if any(told in plain for told in (" not ", "(not ", "rather", "instead", " over ")):
        plain = _CONTRAST.sub("", plain)
    return (
        _in_bold_first(text, question)
        or _first_of_all(text, question)
        or _last_of_all(text)
        or _yes_or_no(text, question)
        or short_choice(plain)
        or _last_sentence(plain, question)
        or restated_option(text, question)
        or _pointed_to(plain, question)
        or _choice_first(text, question)
        or _alone_in_a_line(text)
    )


def _last_sentence(plain: str, question: str) -> str | None:
    """Return the choice of a last sentence that says nothing else: "… Therefore D) 12"."""
    answered = _ANSWERED.search(plain) if "?" in plain else None
    if answered is not None:
        return None if _ASKS_OTHERWISE.search(plain) else answered[1]
    begin = max([end.end() for end in _SENTENCE.finditer(plain)], default=0)
    if not begin and not question and "," not in plain:
        return None
    if len(_NUMBERED.findall(plain)) > 1:
        return None
    sentence = _HENCE.sub("", plain[begin:], count=1).strip()
    if not begin:
        return _last_clause(sentence) or _letter_with_its_text(sentence, question)
    alone = _ALONE.fullmatch(sentence)
    if alone is not None and alone[1].isupper():
        return alone[1]
    return short_choice(sentence) or _last_clause(sentence) or _by_conclusion(plain, question)


def _last_clause(sentence: str) -> str | None:
    """Return the choice of what follows a last comma: "given the data, C is the only consistent one"."""
    turn = last_found(_TURN, sentence)
    for begin in (turn.end() if turn is not None else 0, sentence.rfind(", ") + 2):
        clause = sentence[begin:]
        letter = short_choice(clause) if begin > 1 and not _WOULD.search(clause) else None
        if letter is not None and lets_conclude(sentence[:begin], letter):
            return letter
    return None


def _pointed_to(plain: str, question: str) -> str | None:
    """Return the letter that a last line ends with: "… = 12 → C", "…, option C", "the speed is 12 km/h (C)"."""
    pointed = _POINTED.search(plain) if _last_sign(plain) in _LETTERS else None
    if pointed is None:
        return None
    before = plain[: pointed.start()]
    arrow, named, bracketed, beside = pointed.groups()
    if _doubted(before) or (arrow and _VARIABLE.search(before)) or (named and _NEXT.fullmatch(before)):
        return None
    return arrow or named or bracketed or (beside if _ends_with(before, beside, question) else None)


def _last_sign(plain: str) -> str:
    """Return the last letter, digit or stroke of a text."""
    for sign in reversed(plain):
        if sign.isalnum() or sign == "_":
            return sign
    return ""


def _ends_with(text: str, letter: str, question: str) -> bool:
    """Whether a text is or ends with what an option says."""
    option = squeezed(options_of(question).get(letter, ""))
    return (option != "" and squeezed(text).endswith(option)) or choice_in(text, question, bare=True) == letter


def _choice_first(text: str, question: str) -> str | None:
    """Return the choice of a first line that says nothing else, when it does not begin a list of the options."""
    first, _, rest = text.strip().partition("\n")
    if not rest and not question:
        # Its only line has been looked at.
        return None
    plain = " ".join(unmarked(first[:_LONGEST], " ").split())
    alone = _ALONE.fullmatch(plain)
    letter = alone[1] if alone is not None else _by_conclusion(plain, question, _letter_with_its_text)
    if letter is None and _is_silent(_ARTICLE.sub("", rest)) and not takes_back(rest):
        # "D, obviously!" before words that name no other, "B) 118 N" before a short explanation
        told = not question and len(rest) <= _LONGEST_CONCLUSION and _HEAD.match(plain) is not None
        letter = short_choice(plain) or (choice_in(plain, bare=True) if told else None)
    listed = _LISTED.match(rest)
    if letter is None and listed is not None and not question and not takes_back(first):
        # "B) 118 N" before what is said of the others, which do not begin with the next of them
        told = (
            _HEAD.match(plain) is not None and rest.startswith("\n") and ord(listed[1]) != ord(plain.lstrip("(")[0]) + 1
        )
        letter = choice_in(plain, bare=True) if told else None
        alone = alone or (_ALONE.fullmatch(letter) if letter else None)
    if letter is None or not letter.isupper():
        return None
    if listed is None or listed[1] == letter:
        return letter
    # The first line begins a list, unless each line that follows speaks against another option, or of another one.
    others = [line for line in rest.split("\n") if _LISTED.match(line)]
    apart = (rest.startswith("\n") or 1 < len(others) == rest.count("\n") + 1) and all(
        _HEAD.match(line) and letter not in _LETTER.findall(line) for line in others
    )
    return letter if (alone is not None and apart) or all(_DOUBTED.search(line) for line in others) else None


def _alone_in_a_line(text: str) -> str | None:
    """Return the letter that stands alone in a line of a text whose other lines name and take back nothing."""
    if len(text) > _LONGEST or "\n" not in text:
        return None
    alone, others = [], []
    for part in _PARAGRAPH.split(unmarked(text).strip()):
        found = _ALONE.fullmatch(part)
        if found is not None and found[1].isupper():
            alone.append(found[1])
        else:
            others.append(part)
    rest = "\n".join(others)
    spoken_of = (
        _STANDING.search(_ARTICLE.sub("", rest))
        or _RULED_OUT.search(rest.lower())
        or _OF_ANOTHER.search(rest)
        or "?" in rest
    )
    return alone[0] if len(alone) == 1 and not spoken_of and not takes_back(rest) else None


def _in_bold_first(text: str, question: str) -> str | None:
    """Return the option that a reply begins with, in bold and with its text, before it says why."""
    bold = _BOLD.match(text) if text.startswith("**") else None
    if bold is None:
        return None
    if question:
        return _letter_with_its_text(bold[1], question)
    rest = text[bold.end() :]
    alone = rest.startswith("\n") and _STANDING.search(_ARTICLE.sub("", rest)) is None and not takes_back(rest)
    return bold[1].lstrip("(")[0] if alone else None


def _yes_or_no(text: str, question: str) -> str | None:
    """Return the option that is the yes or no with which a reply begins, and explains without naming an option."""
    said = yes_or_no(text) if question else None
    return with_text(said, question) if said and not _LETTER.search(text) else None


def _last_of_all(text: str) -> str | None:
    """Return the choice of a last clause after clauses that rule other options out: "A fails, so does B; C works."."""
    if len(text) > _LONGEST_CONCLUSION or ";" not in text:
        return None
    before, _, last = unmarked(text).rpartition(";")
    letter = short_choice(last)
    if letter is None or letter in _LETTER.findall(before):
        return None
    said = [part.lower() for part in _CLAUSE_END.split(before) if _LETTER.search(part)]
    return letter if said and all(_RULED_OUT.search(part) or _SAID_BY_OTHERS.search(part) for part in said) else None


def _first_of_all(text: str, question: str) -> str | None:
    """Return the letter that begins a reply whose other sentences rule the other options out, or speak of them."""
    begun = _BEGUN.match(unmarked(text)) if len(text) <= _LONGEST_CONCLUSION else None
    if begun is None:
        return None
    said_of_others = [part for part in _SENTENCE_END.split(begun[2]) if _RULED_OUT_FIRST.match(part)]
    if takes_back(". ".join(part for part in _SENTENCE_END.split(begun[2]) if part not in said_of_others)):
        return None
    first, _, rest = unmarked(text).partition(". ")
    if rest and _letter_with_its_text(first, question) == begun[1]:
        # A list of the options would go on with the next of them.
        goes_on = any(_LISTED.match(said) for said in _SENTENCE_END.split(rest))
        return None if goes_on or brings_another(rest) else begun[1]
    others = set(_LETTER.findall(begun[2]))
    sentences = [said for said in _SENTENCE_END.split(begun[2]) if _LETTER.search(said)]
    ruled_out = all(_RULED_OUT.search(said.lower()) for said in sentences)
    return begun[1] if others and begun[1] not in others and ruled_out else None


def _letter_with_its_text(plain: str, question: str) -> str | None:
    """Return the letter of a text such as "Option C: 12 km", when option C is "12 km"."""
    head = _HEAD_OF_TEXT.fullmatch(plain) if question else None
    if head is None:
        return None
    letter = head[1].upper()
    return letter if is_text_of(letter, _OWN_LETTER.sub("", head[2]), question) else None


def _letter_or_text(text: str, question: str) -> str | None:
    found = _letter_with_its_text(text, question) or with_text(text, question)
    if found is not None or " " not in text:
        return found
    # "type AB" where the question asks for a type
    noun, _, rest = text.partition(" ")
    return with_text(rest, question) if noun.isalpha() and is_asked_for(noun, question) else None


def _by_conclusion(text: str, question: str, read: Callable[[str, str], str | None] = _letter_or_text) -> str | None:
    """Return what stands for an option at the end of a short text: "so the speed is 12 km/h", "it is C. 12 km/h"."""
    if not question or len(text) > _LONGEST_CONCLUSION:
        return None
    *before, sentence = _SENTENCE.split(text)
    listed = _LISTED.match(sentence) and sum(_LISTED.match(other) is not None for other in before)
    if listed or _SUPPOSED.match(sentence):
        return None
    sentence = _HENCE.sub("", sentence, count=1)
    for end in (sentence, _AFTERWARDS.sub("", sentence)):
        for begin in (0, *(sign.end() for sign in _CONCLUDES.finditer(end))):
            said = end[begin:].strip()
            found = read(said, question) or (read(_IN.sub("", said), question) if begin and _IN.match(said) else None)
            if found is not None and not _doubted(end[:begin]):
                return found
    return None


def _doubted(text: str) -> bool:
    """Whether the last clause of a text denies something, or says what others hold."""
    begin = max(text.rfind(sign) for sign in ",;.") + 1
    return text != "" and (
        _DOUBTED.search(text, begin) is not None
        or _DENIED_SO.search(text, begin) is not None
        or is_denied_before(text, len(text))
    )
