"""What a rewrite must not bring along. Pure.

A prompt that is shipped works for its owner: addresses, keys, coded text, control tokens and hidden characters that the
seed prompt does not have come from data or from somebody else, so the draft is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from maspo.core.control_tokens import DOT, control_tokens
from maspo.core.invisible import hidden_beyond
from maspo.core.sought import listed, sought
from maspo.proposers.accounts import accounts
from maspo.proposers.addresses import addresses
from maspo.proposers.ciphers import ciphers
from maspo.proposers.instructions import excerpt, remarks
from maspo.proposers.opaque import opaque, without_vowel_signs
from maspo.proposers.readings import Readings, readings

__all__ = ["refused", "remarks"]

_KEY = sought(
    r"\b(?:sk|pk|rk)[-_](?:live_|test_|proj-|ant-)?[A-Za-z0-9_-]{16,}|\bgh[pousr]_\w{16,}"
    r"|\bgithub_pat_\w{16,}|\bglpat-[\w-]{16,}|\bxox[abeoprs]-[\w-]{10,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|\bAIza[\w-]{30,}|\b(?:hf|npm|pypi)[-_][A-Za-z0-9_-]{20,}|\beyJ[\w-]{8,}\.[\w-]{8,}|-----BEGIN [A-Z ]{3,40}-----"
    r"|\bssh-(?:rsa|dss|ed25519)\s+AAAA[\w+/]{8,}|\bya29\.[\w-]{8,}|\bT[A-Z0-9]{8,}/B[A-Z0-9]{8,}/\w{16,}"
    r"|(?-i:(?<![\w/+])(?=[A-Za-z0-9/+]*\d)(?=[a-z0-9/+]*[A-Z])(?=[A-Z0-9/+]*[a-z])(?=\w*[/+])[A-Za-z0-9/+]{40}(?![\w/+=]))"
    r"|\bbegin [0-7]{3} \S+(?=\n)|=ybegin line="
    r"|\bbc1[a-z0-9]{20,}|\bBearer\s+[\w.~+/-]{16,}"
    r"|(?<!\w)\$(?:argon2\w{0,2}|[156])\$[\w$=.,/-]{8,}|\bAGE-SECRET-KEY-\w{6,}|\bnsec1[a-z0-9]{20,}"
    r"|(?-i:\bMII)[A-Za-z0-9+/]{20,}|(?-i:\bSG)\.[\w-]{8,}\.[\w-]{6,}"
    r"|(?<!\w)\$2[aby]\$\d\d\$[\w./]{8,}|\b(?:v[1-4]\.(?:local|public)|dop_v1|dckr_pat|xapp|lin_api|sq0\w{3}|shp\w{2})[-._][\w-]{8,}"
    r"|(?:key|secret|token)['\"]?\s*[=:]\s*['\"]?(?=[A-Za-z+/=]*\d)(?=[\d+/=]*[A-Za-z])[A-Za-z0-9+/=]{14,}"
    r"|\d[\w!@#$%^&*-]{0,20} is (?:the|my|our) (?:\w+ )?(?:password|passcode|pin|passphrase|secret)\b"
    r"|\b(?:otp|pin|passcode|one-time code)\W{1,3}(?:is\W{1,2})?\d(?:[ -]?\d){3,7}(?!\d)"
    r"|(?:api[ _-]?key|secret(?:[ _-]key)?|access[ _-]key|token"
    r"|password|passwd|pass ?phrase|passcode|\bpwd|\bpass)['\"]?\s*(?:\bis\b|=|:)\s*['\"]?"
    r"(?=[^\s'\"]*\d)(?=[^\s'\"]*[a-z])[^\s'\"]{8,}",
    *listed(
        "sk-|sk_|pk-|pk_|rk-|rk_|gho_|ghp_|ghu_|ghs_|ghr_|github_pat_|glpat-|bc1|xox|akia|asia|aiza|hf-|hf_|"
        "npm-|npm_|pypi-|pypi_|eyj|-----begin|bearer|secret|token|$1|$5|$6|$argon2|nsec1|mii|sg.|$2|v1.|v2.|"
        "v3.|v4.|dop_|dckr_pat|xapp|lin_api|sq0|shp|access|pwd|key|otp|pin|one-time code|pass|ssh-|ya29.|"
        "begin |=ybegin|/|+"
    ),
)
_LETTERS_AND_DIGITS = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/=-])")
"""As keys and coded text have them; most such runs are long names, see ``_is_coded``."""
_HEX_DIGITS = re.compile(r"[0-9a-f]{16,}|[0-9A-F]{16,}")
_IN_A_ROW: Final = "0123456789abcdef0123456789abcdef"
_LEAST_CODED: Final = 20
"""Characters of a run whose kinds change so often that it is no name: shorter ones can be a product's."""
_MORSE: Final = r"[.\-_\u00b7\u2212\u2013]"
# A row of its signs is read in one way only, and from its beginning: a blank to be filled in (`_____`) is such a row.
_CODED = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{32,}(?![0-9a-f])"
    r"|(?<![0-9a-f-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f-])"
    r"|(?<![0-9a-f])(?:[0-9a-f]{2}[ :]){11,}[0-9a-f]{2}(?![0-9a-f])"
    r"|(?<![01])[01]{8}(?:[ ,]?[01]{8}){3,}(?![01])"
    rf"|(?<!{_MORSE})(?<!{_MORSE}[ /])(?<!{_MORSE}(?:  | /|/ ))(?<!{_MORSE} / )(?:{_MORSE} ?+/?+ ?+){{9,}}[.\-\u00b7]"
    r"|[\u2801-\u28ff]{4,}|<~[!-u\s]{12,}~>|(?<![\w.])(?:\w\.){6,}\w",
    re.IGNORECASE,
)
"""Hexadecimal digits, identifiers, bytes, bits, Morse, braille, Ascii85, letters with dots between."""
_ESCAPES = sought(
    r"(?:\\x[0-9a-f]{2}|\\u\{[0-9a-f]{1,6}\}|%u[0-9a-f]{4}|\\u[0-9a-f]{4}|%[0-9a-f]{2}|&#x?[0-9a-f]{2,6};"
    r"|=[0-9a-f]{2}|\\[01]?[0-7]{2} ?|U\+[0-9a-f]{4,6}[ ,]{0,2}){6,}",
    *("\\", "%", "&", "=", "u+"),
)
_KEY_APART = sought(
    r"\b(?:sk|pk|rk|gh[pousr]|xox[bp]|akia|aiza|glpat|hf|npm|pypi)[-_][\w-]{0,12}(?:[\s\"'+,]{1,3}[\w-]{2,8}){4,}",
    *listed("sk-|sk_|pk-|pk_|rk-|rk_|gh|xox|akia|aiza|glpat|hf|npm|pypi"),
)
"""A key in groups, as people write down what they copy by hand."""
_SPELLED = re.compile(r"(?<![^\s\"'])[^\W\d_](?:(?:[^\w]|_){1,3}[^\W\d_]){13,}(?!\w)")
"""More letters one by one than a word that is spelled."""
_LEAST_SPELLED: Final = 9
"""Different letters of what is spelled so: moves, bases of a gene and notes have fewer."""
_LETTERS = re.compile(r"(?:[^\W\d_]|[\u24b6-\u24e9]){4,}")
_SMALL_CAPITALS: Final = frozenset("ᴀᴄᴅᴇꜰᴊᴋᴍᴏᴘꞯꜱᴛᴜᴠᴡᴢ")
"""Those that phonetic transcription does not use: two of them in a word are letters in disguise."""
_ALPHABETS: Final = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "GEORGIAN", "HEBREW"})
"""Alphabets of which no word has two."""
_HEAPED = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{4,}")
"""Marks upon one letter: Vietnamese has two, phonetic transcription three."""
_LEAST_DIFFERENT: Final = 5
"""Different signs of a run that says something: rows of zeros and rules across the page say nothing."""
_BLANKS = re.compile(r"[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]{6,}")
_FAR = re.compile(
    r"(?<![^\S\n])[^\S\n]{60,}+(?=\S)|(?<![^\S\n]) *+\t(?: *+\t){7,}+(?=[^\S\n]*+\S)"
    r"|(?:^|(?<=\S))[^\S\n]*+\n(?:[^\S\n]*+\n){11,}+(?=[^\S\n]*+\S)"
)
"""Blanks that take what follows out of sight: a line's width, or a dozen lines; blanks before a line are an indent."""
_MOST_SWITCHES: Final = 3
"""Changes between kinds of blanks in one run; with more it holds bits rather than an indent."""


def refused(draft: str, seed_prompt: str) -> str:
    """Return why a draft may not be used: it holds what the seed prompt does not have. Empty when it may."""
    hidden = hidden_beyond(draft, seed_prompt)
    if hidden:
        return f"holds the invisible character U+{ord(hidden):04X}"
    known = _held(seed_prompt)
    for what, found in _foreign(draft, readings(draft)):
        if found.rstrip(".,;:)").lower() not in known:
            return f"holds {what} that the seed prompt does not have: {excerpt(found)}"
    return ""


@lru_cache(512)  # a prompt for each agent of a large team
def _held(seed_prompt: str) -> str:
    """Return all that a seed prompt can be taken to hold, in lower case."""
    known = readings(seed_prompt).all
    return f"{known}\n{known.replace(DOT, '')}\n{seed_prompt.lower()}"


def _foreign(draft: str, seen: Readings) -> Iterator[tuple[str, str]]:
    """Yield what may not be in a draft, each with what it is."""
    for token in (*control_tokens(seen.plain), *control_tokens(seen.plain.replace(DOT, ""))):
        yield "a control token of a chat format", token
    for address in addresses(seen):
        yield ("an e-mail address" if "@" in address and "://" not in address else "a URL or another address"), address
    for text in (seen.plain, *seen.mended):
        for number in accounts(text):
            yield "the number of an account or a card", number
    for text in (seen.plain, *seen.mended, *seen.decoded):
        for key in _KEY.finditer(text):
            yield "a key or password", key[0]
    for key in _KEY_APART.finditer(seen.plain):
        signs = re.sub(r"[\W_]", "", key[0])
        if len(signs) >= _LEAST_CODED and any(map(str.isdigit, signs)):
            yield "a key or password", key[0][: len(key[0]) * 3 // 4]  # words after it can look like its end
    for run in _SPELLED.finditer(without_vowel_signs(seen.plain)):
        letters = [one for one in run[0].lower() if one.isalpha()]
        if letters not in (sorted(letters), sorted(letters)[::-1]) and len(set(letters)) >= _LEAST_SPELLED:
            yield "text spelled letter by letter", run[0]
    for marks in _HEAPED.finditer(draft):
        yield "marks heaped upon a letter", marks[0]
    for spelled in seen.decoded:
        yield "coded text", spelled
    for text in dict.fromkeys((seen.plain, draft)):
        for run in _CODED.finditer(text):
            if _says_something(run[0]):
                # Words after it can look like its end.
                yield "coded text or a key", run[0][: len(run[0]) * 3 // 4]
        for stretch in opaque(text):
            yield "what no reader can read", stretch[: len(stretch) * 3 // 4]
    for run in _ESCAPES.finditer(draft):
        yield "coded text", run[0]
    for run in _LETTERS_AND_DIGITS.finditer(seen.plain):
        if _is_coded(run[0]):
            yield "coded text or a key", run[0]
    for word in _in_other_letters(draft):
        yield "letters of several alphabets, or of none that people write in", word
    for stretch in ciphers(seen.plain):
        yield "text in a cipher", stretch
    for blanks in _BLANKS.finditer(draft):
        if sum(one != other for one, other in pairwise(blanks[0])) > _MOST_SWITCHES:
            yield "text hidden in blanks", blanks[0]
    for blanks in _FAR.finditer(draft):
        yield "text far behind blanks", blanks[0]


def _in_other_letters(draft: str) -> Iterator[str]:
    """Yield words that mix alphabets, or are in letters of mathematics, in circles or raised; full width is Asia's."""
    if draft.isascii():
        return
    for word in _LETTERS.findall(draft):
        plain = unicodedata.normalize("NFKC", word)
        if len(_SMALL_CAPITALS & {*word}) > 1 or (
            plain != word and plain.isascii() and not any("\uff00" <= one <= "\uff5e" for one in word)
        ):
            yield word
        alphabets = [unicodedata.name(one, "").partition(" ")[0] for one in word]
        used = {one for one in alphabets if one in _ALPHABETS}
        # A Greek letter before a name is a unit or a difference: `μmol`, `Δtime`.
        if len(used) > 1 and not (alphabets[0] == "GREEK" and "GREEK" not in alphabets[1:] and len(used) == 2):
            yield word


def _says_something(run: str) -> bool:
    """Return whether a run of code is more than a rule across the page, or a row of zeros."""
    signs = set(run.lower()) - set(" :/")
    dots, dashes = signs & set(".\u00b7"), signs & set("-_\u2212\u2013")
    return len(signs) >= _LEAST_DIFFERENT or bool(dots and dashes) or signs == {"0", "1"} or run[0] >= "\u2801"


def _is_coded(run: str) -> bool:
    """Return whether a run of letters and digits is no name made of words: its kinds change too often."""
    bare = run.rstrip("=")
    kinds = ["9" if one.isdigit() else "A" if one.isupper() else "a" if one.islower() else "-" for one in bare]
    if _HEX_DIGITS.fullmatch(bare) and bare.lower() not in _IN_A_ROW:
        return sum(one != other for one, other in pairwise(kinds)) >= _LEAST_DIFFERENT
    if len(bare) < _LEAST_CODED or len(set(kinds) - {"-"}) < 2:
        return False
    # From a capital to a small letter a word goes on.
    changes = sum(one != other and one + other != "Aa" and "-" not in (one, other) for one, other in pairwise(kinds))
    return changes * 4 >= len(bare) - kinds.count("-")
