"""Short replies that say nothing but their choice: "C for sure", "I vote for C.", "Key: C". Pure.

Not the many ways to say it are listed here, but the words in which it is said: a line of such words and one letter is
a choice, and any other word, such as "not" or "distractor", makes it none.
"""

from __future__ import annotations

import re

from maspo.core.late import late

_LONGEST = 90
"""Characters of a line that is short enough to say nothing but a choice."""
_MOST_WORDS = 12
"""Words besides the letter, of a line that is no discussion."""
FILLERS = frozenset(
    """
the a an is it's its it must be should so hence thus therefore then i i'm i'd say got get we we'd vote votes voting
for my choose chose pick picked select selected choosing going go went with option options opt choice answer answers
ans letter letters key prediction selection sure certain definitely certainly clearly surely correct right final best
this that that's matches match fits fit believe think guess would will stick to settle on at here solution response
verdict conclusion pretty very quite most likely probably obviously simply just yes ok okay well alright our as only
has have one in fact good actually indeed finally single true decision decided chosen me let's lets and question
problem number lock locked reply reads read gives give leads lead points point corresponds correspond yields remaining
remains works left wins ticked tick which giving yielding makes making means meaning implies seems looks appears
stands was were been do does can may could again still really truly absolutely positive confident conclude
concludes concluded decide submit submitting submitted enter entering mark marking marked circle circled checking mine
ours what's what i'll we'll i've we've please done hands down easy easily plainly undoubtedly naturally suppose reckon
feel assume imagine presume bet bets betting guessing guessed lean leaning towards toward opting sticking stand
standing by from among all tentatively provisionally personally ultimately overall lastly gut feeling return returns
print output value holds hold accurate precise statement statements consistent plausible appropriate suitable reasonable
valid highest top winner winning supported suggests suggest supports favors favours preferred prefer agree agrees stays
stay keep keeping arrive arrives arrived arriving up says
confirmed confirm confirms unchanged item like alone better definition
description criteria criterion data evidence context conditions condition requirements requirement given satisfies
answered replied voted marked stated stands
label labels result results outcome class category suggestion recommendation recommended recommend assessment
determination judgment judgement proposal proposed reply course exactly precisely apparently presumably hopefully
honestly frankly confidently firmly strongly certainty clear obvious evident evidently gotta goes went ends end ending
comes down finalize finalized sir friend folks there of here's hereby officially truly surest
strongest closest likeliest found computed calculated derived obtained said calculation computation quick careful
bubble bubbled fairly reasonably equals equal take takes taking
ergo dus donc quindi portanto logo luego entonces então somit daher folglich allora dunque alors
classification classified sense satisfy need needed text passage exact truth change make picking selecting
""".split()  # noqa: SIM905 - a list of words
)
"""Words about choosing, being sure and being right, and what joins them."""
_WORD = late(r"[A-Za-z]+(?:['’][a-z]+)?|\d+|[?]|[^\x00-\x7f](?<=[^\W\d_])")
_LETTER = late(
    r"(?<![A-Za-zµμ0-9_'’.°/])[(\[{<]?([A-J])[)\]}>]?(?![A-Za-z0-9_'’°₀-₉⁰-⁹⁺⁻²³¹ᵀ♭♯+#]|-[A-Za-z]"
    r"|\s?[-+×∪∩<>*/^]\s?\w|\s?=\s?(?!(?i:correct|right|answer)\b)\w)"
)
_TOLD = late(
    r"^(\W{0,4}[A-J]\W{0,3})\((?![A-J]\W|(?:\w+\s)?(?i:not|incorrect|wrong|no|false|eliminated|ruled)\b)[^()\n]{2,60}\)"
)
"""The text of an option in brackets behind its letter."""
_SUPPOSED = late(
    r"(?i)(?:(?:my|our|his|her|their|your|an?|the|one|another)\s+(?:\w+\s+)?(?:friend|teacher|student|critic"
    r"|solver|agent|colleague|other)s?\b"
    r"|suppose|assume|imagine|presume|hypothetically|theoretically|in\s+theory|let(?!['’]s|\s+us|\s+me)|say|if)\b"
)
_NUMBERED = late(
    r"^\s*(?:[Qq](?:uestion)?\s?\d{1,3}\s?[.):-]+\s+|A\s?:\s*(?=\W?[A-J]\b)|\d{1,2}[.)]\s+|[-*•>#]+\s+"
    r"|[\[(][xX✓✔•*][\])]\s*|(?i:alternativ[ea]|variante?|optie|valikko)\s+(?=\W?[A-J]\W*$)"
    r"|(?i:also)\s+(?=[A-J][.!]?$)|(?:よって|従って|したがって|ゆえに|所以|因此|故|따라서|그러므로)[、,，\s]*)"
)


_HEDGED = late(
    r"(?i)[,;.]?\s*\(?(?:but|though|although)\s+(?:i\s?['’]?\s?a?m\s+)?not\s+(?:\w+\s+|\d+\s?%\s+)?(?:sure|certain"
    r"|confident"
    r"|positive)[.!)]*\Z"
    r"|,?\s*(?:without\s+(?:a\s+)?(?:question|doubt)|\bby\s+elimination)[.!]*\Z|\A\W*(?:by\s+elimination\b"
    r"|process\s+of\s+elimination\b)"
    r"|,?\s*(?:if\s+i\s?['’]?\s?a?m\s+not\s+mistaken|no\s+(?:question|doubt)(?:\s+about\s+(?:it|that))?"
    r"|unless\s+i\s?['’]?\s?a?m\s+mistaken|as\s+far\s+as\s+i\s+(?:can\s+)?(?:tell|see|know)"
    r"|to\s+(?:the\s+best\s+of\s+)?my\s+(?:knowledge|mind)|in\s+my\s+(?:opinion|view|judge?ment|estimation)"
    r"|if\s+memory\s+serves|all\s+things\s+considered|\(?\d{2,3}\s?%\s+(?:sure|certain|confident)\)?)[,.!]*"
    r"|\A(?:without|no)\s+(?:a\s+|any\s+)?doubt\W*"
    r"|\A\W*(?:i\s?['’]?\s?a?m\s+)?not\s+(?:\w+\s+|\d+\s?%\s+)?(?:sure|certain|confident|positive)\b[,;:.—–-]*\s*"
    r"(?:but|though)\b"
)
"""What is said of being less than sure, beside a choice."""


def short_choice(line: str) -> str | None:
    """Return the only letter of a line that otherwise holds words about choosing alone; None for any other line."""
    if len(line) > 2 * _LONGEST:
        return None
    line = _HEDGED.sub("", _NUMBERED.sub("", line.strip()))
    if not 0 < len(line) <= _LONGEST:
        return None
    line = _TOLD.sub(r"\1", line)
    letters = [found for found in _LETTER.finditer(line) if not _is_word(line, found)]
    if len({found[1] for found in letters}) != 1 or _SUPPOSED.match(line):
        return None
    letter = letters[0]
    rest = line
    for found in reversed(letters):
        rest = rest[: found.start(1)] + " " + rest[found.end(1) :]
    words = [word.replace("’", "'").lower() for word in _WORD.findall(rest)]
    return letter[1] if len(words) <= _MOST_WORDS and all(word in FILLERS for word in words) else None


def _is_word(line: str, found: re.Match[str]) -> bool:
    """Whether a capital is the pronoun I or the article A: more of the sentence hangs on it."""
    after = line[found.end() : found.end() + 8]
    bare = found[0] == found[1]
    if not bare or not re.match(r"\s+[a-z]", after):
        return False
    return (found[1] == "I" and not re.match(r"\s+(?:is|for)\b", after)) or (
        found[1] == "A"
        and re.match(r"\s+(?:and|or|nor|is|for|it|as|has|matches|fits|works|remains|seems|must)\b", after) is None
    )
