"""Options that an output tells again, with a tick or a word beside each: which one is called right. Pure."""

from __future__ import annotations

import re

from maspo.core.late import late

_END = 1500
"""Characters at the end of an output in which such a list stands: ten options of a line each."""
_MARK = late(
    r"(?:(?<=\n)|\A)[^\S\n]*(?:[-*•|]\s+|\d{1,2}[.)]\s+)?(?:\*\*|_|(?:\[(?P<box>[xX✓✔ ])\]"
    r"|(?P<sign>[✅✔✓☑👍✗✘✖❌👎☐👉→➜➡⇒]))\s*)?"
    r"(?:[Oo]ption\s+)?[(\[]?([A-J])"
    r"(?:(?(box)(?=[).:]?(?:\s*(?:\n|\Z)|\s+[^a-z]))|(?(sign)(?=\W|\Z)|(?!)))|[)\].:](?!\w)|\*\*|(?=\s*[✅✔✓☑👍✗✘✖❌👎×→←–—-])|\s*\|)"
    r"|(?<=[\s,;])\(?([A-J])[):]?(?=\s*[✅✔✓☑👍✗✘✖❌👎])"
    r"|(?:(?<=[\s.;,])|\A)\(?([A-J])(?:\)|(?=:))(?=:?\s+(?:[Ii]ncorrect|[Cc]orrect|[Ff]alse|[Tt]rue|[Ww]rong|[Rr]ight|[Nn]o|[Yy]es)\b)"
)
"""Where an option begins: at the begin of a line, or in a row of letters with a sign after each."""
_STANDING = late(r"[A-J](?<![A-Za-z0-9].)(?![A-Za-z0-9])", re.DOTALL)
"""A letter that may be an option: a list has two that follow each other."""
_BEGIN = late(r"\W{0,8}(?:[xX]\]\s)?(?:[Oo]ption\s)?\W?[A-J]\b")
"""How the last line of such a list begins, unless it is a row of signs."""
_YES = late(
    r"[✅✔✓☑👍]|(?<!in)(?<!not )(?<!not the )\bcorrect\b|(?:<-+|←|<=)\s*(?:\**(?:this|the|my|correct|right|answer))"
    r"|\bright answer\b|\((?:the )?(?:answer|right|yes)[!.]*\)"
    r"|(?:→|[-=]>|[:–—-])\s*\**(?:yes|true|right|kept|keep|selected|chosen)\b(?!\s+[a-z])"
    r"|^[^\w]*(?:right|true)\b[^\w]*$",
    re.IGNORECASE,
)
_NO = late(
    r"[✗✘✖❌👎]|\bincorrect\b|\bwrong\b|\bnot\b|\bfalse\b|n['’]t\b|\beliminated\b|\bruled out\b|\brejected\b"
    r"|(?:→|[-=]>|[:–—-])\s*\**no\b",
    re.IGNORECASE,
)
_BOLD = late(r"\s*(?:[-*•]\s+)?\*\*[^*\n]+\*\*\s*")
_TICK = late(r"[✅✔☑👍]")
_CROSS = late(r"[✗✘✖❌👎]")
_POINTS = frozenset("👉→➜➡⇒")
"""Signs that point to the option that is meant, or begin each line of a list."""
_FAILS = late(r"\b(?:fails?|violates?|contradicts?|contradiction|out)\b", re.IGNORECASE)
_YES_OR_NO = late(r"\s*[-–—]?\s*\**(yes|no|(?:right|true|false)(?!\s+[a-z]))\b", re.IGNORECASE)


_SIGNED = late(r"\s*(?:[☐✅✔✓☑👍✗✘✖❌👎]\s*\(?[A-J][).:]?[\s,;|]*){2,10}")
_SIGN_BEFORE = late(r"([☐✅✔✓☑👍✗✘✖❌👎])\s*\(?([A-J])")


def ticked(text: str) -> str | None:
    """Return the letter of the only option that is called right in the list at the end of a text; None without one."""
    if is_too_plain(text):
        return None
    text = text.rstrip()[-_END:]
    line = text[text.rfind("\n") + 1 :]
    if not line.isascii() and _SIGNED.fullmatch(line):
        # A row of letters with the sign before each: "☐ A ☑ B ☐ C".
        marked = [letter for sign, letter in _SIGN_BEFORE.findall(line) if sign in "✅✔✓☑👍"]
        return marked[0] if len(marked) == 1 else None
    if line.isascii() and not _BEGIN.match(line):
        return None
    marks = marks_of(text)
    run = last_run(marks)
    if len(run) < len(marks) and _are_in_another_order(text, marks):
        run = marks
    if len(run) < 2 or "\n\n" in text[run[-1].end() :]:
        return None
    ends = [*(mark.start() for mark in run[1:]), len(text)]
    if "**" in text:
        bold = [mark for mark, end in zip(run, ends, strict=True) if _BOLD.fullmatch(text, mark.start(), end)]
        if len(bold) == 1 and len(run) > 2 and text.count("**") == 2:
            # One option of the list is set in bold.
            return _letter(bold[0])
    right = [
        _letter(mark)
        for mark, end in zip(run, ends, strict=True)
        if _called_right(mark, text[mark.end() : end], len(run))
    ]
    return right[0] if len(right) == 1 else None


def ticked_to_the_end(text: str, body: str) -> str | None:
    """Return the same of a text whose last tick was taken for one that ends a proof."""
    if len(text) == len(body):
        return None
    text = text.rstrip()
    return ticked(text) if len(text) - len(body) in (1, 2) and _YES.search(text[len(body) :].lstrip()) else None


def is_list(text: str) -> bool:
    """Whether a text ends with options told again: the last of them is no choice."""
    if is_too_plain(text):
        return False
    text = text.rstrip()[-_END:]
    run = last_run(marks_of(text))
    return len(run) > 1 and "\n" not in text[run[-1].end() :]


_SECOND = re.compile(r"[B-J][):]")
"""An option on a line of others that is not the first."""


def is_too_plain(text: str) -> bool:
    """Whether a text holds no list for sure: two options need two lines, or signs that ASCII lacks."""
    if "\n" not in text and text.isascii() and _SECOND.search(text) is None:
        return True
    letters = set(_STANDING.findall(text, max(0, len(text) - _END)))
    return not any(chr(ord(letter) + 1) in letters for letter in letters)


def marks_of(text: str) -> list[re.Match[str]]:
    """Return where the options of a list begin."""
    marks = list(_MARK.finditer(text))
    pointed = [mark for mark in marks if mark["sign"] and mark["sign"] in _POINTS]
    # Where several lines begin so, none is pointed at.
    return [mark for mark in marks if mark not in pointed] if len(pointed) > 1 else marks


def _letter(mark: re.Match[str]) -> str:
    return next(letter for letter in mark.group(3, 4, 5) if letter)


def last_run(marks: list[re.Match[str]]) -> list[re.Match[str]]:
    """Return the marks at the end whose letters follow each other."""
    run: list[re.Match[str]] = []
    for mark in reversed(marks):
        if run and ord(_letter(mark)) != ord(_letter(run[0])) - 1:
            break
        run.insert(0, mark)
    return run


def _are_in_another_order(text: str, marks: list[re.Match[str]]) -> bool:
    """Whether options are told again in an order of their own, each once and each with a sign in its line."""
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return len({_letter(mark) for mark in marks}) == len(marks) and all(
        _TICK.search(text, mark.start(), end) or _CROSS.search(text, mark.start(), end)
        for mark, end in zip(marks, ends, strict=True)
    )


def _called_right(mark: re.Match[str], said: str, count: int) -> bool:
    line = said.partition("\n")[0] if mark[3] else said
    if mark["sign"] and mark["sign"] in _POINTS:
        return _NO.search(line) is None and _FAILS.search(line) is None
    if mark["sign"]:
        return mark["sign"] in "✅✔✓☑👍"
    if mark["box"] in ("x", "X", "✓", "✔"):
        return True
    # "A: Yes", "B: No" may be all the options that there are.
    plainly = _YES_OR_NO.match(line) if count > 2 or not mark[0].endswith(":") else None
    if plainly is not None:
        return plainly[1].lower() in ("yes", "right", "true")
    if _TICK.search(line):
        return _CROSS.search(line) is None
    line = mark[0][-1] + line
    return _YES.search(line) is not None and _NO.search(line) is None
