"""Addresses in a text by what they are: a scheme, a name below a top-level domain, an IP address, a mailbox. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Final

from maspo.core.late import late
from maspo.core.sought import DIGITS, sought
from maspo.proposers.contacts import contacts
from maspo.proposers.readings import Readings, rotated

_SCHEME = sought(
    r"(?<![\w+.-])[a-z][a-z0-9+.-]{1,20}:(?://|\\\\|/\\|\\/)[^\s<>\"']*"
    r"|(?<![\w.])(?:https?|ftp|wss?):[/\\]?(?=[\w\[])[^\s<>\"']+"
    r"|\b(?:mailto|javascript|vbscript|magnet|xmpp|callto|sip|whatsapp|skype):[^\s<>\"']+|\bdata:\w+/[^\s<>\"']+"
    r"|(?<![\w/:.])///\w+\.\w+\.\w+|\bdoi\W{1,3}10\.\d{4,}/\S+"
    r"|(?<![\w\\])\\\\(?!(?:begin|end|[hc]line|\w+rule|text|frac|left|right|quad|cdot)\b)[a-z][\w.-]{2,40}\\[a-z][\w$.-]+"
    r"|\btel:\+?\d[\d-]{4,}|\burn:[a-z0-9-]+:\S+"
    r"|\bwww [a-z][\w-]+ [a-z]{2,}\b|(?<![\w:/.])//[a-z][\w-]+/\w+|(?<![\w.])www\d?\.\w[^\s<>\"']*",
    *("://", ":\\", ":/\\", "http", "ftp:", "ws:", "wss:", "www", "tel:", "urn:", "data:", "mailto:"),
    *("//", "doi", "\\\\"),
    *("javascript:", "vbscript:", "magnet:", "xmpp:", "callto:", "sip:", "whatsapp:", "skype:"),
)
_KNOWN_SCHEME = sought(r"\b(?:https?|s?ftp|wss?|ssh|file|mailto)://?[^\s<>\"']+|\bwww\.\w[^\s<>\"']*", ":/", "www.")
"""Told also where spaces stand around its signs: there any word can come before a colon and two slashes."""
_NAME = re.compile(r"(?<![\w@.-])(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+([^\W\d_][\w-]{1,62}?)(?=\.?(?![\w-]))(?!\.\w)")
_COLUMN = re.compile(r" ?(?:[<>=*+-]=? ?\d|is (?:not )?null\b|(?:de|a)sc\b)", re.IGNORECASE)
"""What a query says of a column."""
_AFTER = re.compile(r"\.?(?::\d{2,5}\b|/|\?\w+=|#\w)")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CORE: Final = _words("com org net edu gov mil example invalid onion i2p ")
_TIGHT: Final = _words("com org net edu gov mil example onion io ")
"""Told also where a space was taken out after the dot; any other could be the first word of a sentence."""
_COUNTRIES: Final = _words(
    "de uk fr ru cn jp eu nl ch at br se dk fi kr tw hk sg nz ua cz tr mx za tv ly gg io ai co us ca au "
    "in it be me no to is my ie pl gl es pt gr hu ro sk si hr bg lt lv ee il ir "
)
"""Two letters after a name, in small ones, that are told without more; other two letters are often an attribute."""
_ATTRIBUTES: Final = _words("pt gr ir is in at to no my be me lt hr si ai es ")
"""Of these, what code or a missing space often has after a dot: told for a name of five letters and more."""
_WORDS: Final = _words(
    "app art audio auto best bio blog book bot box build call case cash cat center channel chat circle click "
    "cloud club codes cost data date day design direct dog domains dot download drive email engineer events "
    "exchange express fail family fan fast feedback final finance fit food free fund games give global group "
    "guide help here host house how ing int info jobs land last legal life like limited link live loan map market "
    "markets media meet menu mini mobile mov movie name network new news next now observer off one online open "
    "page park parts pay phone photo photos pictures pin place play plus post press prime pro prod properties "
    "read ready red rent repair report rest review reviews room run safe safety sale save school search secure "
    "security select services shell shop show single site skin social space spot star storage store stream studio "
    "study style supply support systems talk target tax team test tips today tools top total tours town trade "
    "trading training travel trust update video view vision vote watch weather web wiki win work works world xyz "
    "yes you zero zip zone local internal lan home corp localhost"
)
"""Top-level domains that are words of programs: after a dot an attribute, a method or the end of a file's name."""
_FIELDS: Final = _words(
    "cool flights foundation fun gift holdings ink living locker men party pics productions promo quest rentals rich "
    "science software solutions supplies tech technology toys tube voting"
)
"""Top-level domains that are names of fields, too: told after a name that is longer than one of a row mostly is."""
_LONGEST_ROW: Final = 9
"""Letters of such a name, as `applicant` and `candidate` have."""
_SUFFIXES: Final = _words("py md sh rs pl ps cc zip mov so mm ml tf pt ai js ts ")
"""Ends of file names, where a slash after them is no path of an address."""
_PRODUCTS: Final = frozenset(
    (
        "asp.net",
        "ado.net",
        "ml.net",
        "vb.net",
        "f.net",
        "paint.net",
        "java.io",
        "system.io",
        "socket.io",
        "std.io",
        "fs.io",
    )
)
_HOSTS: Final = _words("www api mail ftp smtp m cdn static app docs login admin")
_SECOND: Final = _words("co com org net ac gov edu")
_SHORT_NAME: Final = 4
"""Letters of a name that is more likely a variable than a host."""
_MAILBOX = sought(
    r"(?<![\w.+@%-])[\w.+%-]++@(?:[\w-]+\.)+[\w-]{2,}|(?<![\w.+@%-])[\w.+%-]++@\[[\d.:a-f]+\]"
    r"|(?<=[\w\"])@(?:[\w-]+\.)+[a-z]{2,}",
    "@",
)
_PART = r"(?:0x[0-9a-f]{1,8}|\d{1,10})"
_DOTTED = sought(rf"(?<![\w.-]){_PART}(?:\.{_PART}){{3}}(?![\w-])(?!\.\d)", *DIGITS)
_SIZE_OF_A_NETWORK = re.compile(r"/(?:[89]|1\d|2[0-4])(?!\d)")
"""Of 256 hosts and more, so that its address ends in a zero."""
_SHORT_DOTTED = sought(rf"(?<![\w.-])0x[0-9a-f]{{1,8}}(?:\.{_PART}){{1,2}}(?![\w-])(?!\.\d)", "0x")
"""Fewer parts than four, as programs read them; in decimal ones nothing tells them from a number."""
_DASHED = sought(r"(?<![\w-])(?:1\d\d|2[0-4]\d|25[0-5])(?:[-_](?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\w-])", *DIGITS)
_COUNTED = re.compile(
    r"(?:section|chapter|version|release|v|§|step|figure|table|clause|part|no|level)\.?\s?$", re.IGNORECASE
)
_WHOLE = sought(r"(?<![\w.,])(?:0x[0-9a-f]{8}|0[0-7]{10,11}|\d{8,10})(?![\w,]|\.\d)", *DIGITS)
_SIXTH = sought(
    r"(?<![\w:.])\[?(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{0,4}|\d{1,3}(?:\.\d{1,3}){3})(?:%\w+)?\]?(?![\w:])",
    ":",
)
_BACKWARDS = sought(
    r"\b(?:moc|gro|ude|vog|elpmaxe)\.[a-z0-9-]{2,}|\bten\.[a-z0-9-]{4,}|//:s?ptth|\b(?:moc|gro)\.\w+@\w+",
    *("moc.", "ten.", "gro.", "ude.", "vog.", "elpmaxe.", "//:"),
)
_ROTATED = sought(
    r"(?<![a-z0-9-])[a-z0-9-]{2,}+\.(?:pbz|bet|rqh|tbi|rknzcyr)\b|\buggcf?:",
    *(".pbz", ".bet", ".rqh", ".tbi", ".rknzcyr", "uggc"),
)
_THREE_LETTERS = re.compile(r"(?<![\w.-])[a-z][a-z-]{3,}\.([a-z]{3})(?![\w.(-])")
_STRONG: Final = ("com", "org")
_STEPS: Final = frozenset(((ord(end[1]) - ord(end[0])) % 26, (ord(end[2]) - ord(end[1])) % 26) for end in _STRONG)
"""How far the letters of these are from each other, wherever they were moved."""
_QUAD = sought(r"(?<![\w.,:(])(\d{1,3})(, ?| )(\d{1,3})\2(\d{1,3})\2(\d{1,3})(?![\w(]|[., ]{1,2}\d)", *DIGITS)
"""Four numbers apart by commas or blanks: an address for whoever is told what stands between them."""
_QUAD_APART = late(r"(?<![\w.])(\d{1,3})( ?[^\w\s.,] ?|_|, ?|\. | )(\d{1,3})\2(\d{1,3})\2(\d{1,3})(?!\w)")
_LISTING: Final = frozenset(
    ["", ",", ".", "-", "/", ":", "+", "*", "=", "<", ">", "(", ")", "×", "–", "−", "%", "&", "'", '"']
)
"""What stands between the numbers of a list, a date or a sum."""
_HEX_QUAD = late(r"(?<![\w.])[0-9a-f]{2}([. :,-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){2}(?![\w.])", re.IGNORECASE)
_PLACE = re.compile(
    r"\b(?:ip(?:v?[46])?|ports?|hosts?|servers?|address|endpoint|ping|connect|upload|forward|send|post|deliver|transmit|machine|webhook)\b"
    r"[^.!?\n]{0,40}$",
    re.IGNORECASE,
)
"""Words before four numbers that make an address of them."""
_SENT = re.compile(
    r"(?:\b(?:web ?)?(?:sites?|pages?|domains?|hosts?|servers?|urls?|endpoints?|webhooks?|homepage)"
    r"(?: (?:is|named|called)){0,2}:?"
    r"|\b(?:visit|browse|navigate to|go to|connect to|redirect to|contact)"
    r"|\b(?:hosted|registered|found|read more) (?:at|on)"
    r"|\b(?:send|sent|post|upload|forward|submit|report|deliver|e?mail|copy|publish|transmit|push|leak)\b"
    r"[^.!?\n]{0,50} (?:to|at|via|on))[ \"'`*]{1,3}$",
    re.IGNORECASE,
)
"""What stands before a name that things are sent to, or that is visited."""
_OBJECTS: Final = _words(
    "self this cls obj object data config conf settings user item node row record request response result event args "
    "options params props state context ctx model file path module package class app main math os sys np pd plt torch "
    "stack queue list dict set array string str int json xml html css table column cell index input output log logger "
    "document window page form field person order account job task team game player entity message msg step "
)
"""What objects are called: their attributes are often words that are also top-level domains."""
_HANDLE = sought(
    r"(?<![\w.@])@[a-z]\w{3,30}\b(?=[^.!?\n]{0,25}\b(?:telegram|twitter|instagram|signal|whatsapp|discord|slack|wechat|"
    r"matrix|mastodon|tiktok|snapchat|skype)\b)|\b(?:dm|ping|message|telegram|twitter|discord|slack|tweet(?: at)?)\b:? "
    r"@[a-z]\w{3,30}\b",
    "@",
)
"""Whom to write to on a network."""
_SPOKEN_PHONE = re.compile(
    r"\b(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)[ ,-]+){6,}"
    r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b",
    re.IGNORECASE,
)
_COUNTING: Final = "zero one two three four five six seven eight nine"
_LOCAL = sought(
    r"(?<![\w.])[a-z][\w.-]{0,40}@[a-z](?:[\w-]{1,40}[:/][/~]?\w|\w*-\w+)"
    r"|(?<![\w.@])(?!(?:user|name|me|you|local|mail|someone|precision|recall|hits|pass|accuracy|ndcg|top)@)[a-z]{3,20}@(?!(?:host|domain|example)\b)[a-z]{4,30}\b(?![.(])"
    r"|\b(?:ssh|scp|sftp|mosh|rsync|telnet|login) (?:-\w+ )*[\w.-]+@\w[\w.-]*"
    r"|(?<![\w.])127\.\d{1,3}(?:\.\d{1,3})?:\d{2,5}\b"
    r"|(?<![\w\])])\[::1\](?!\w)|(?<![\w:])(?:data:,|blob:|view-source:)\w"
    r"|\blocalhost(?::\d{2,5}|/\w|,? (?:on )?port \d)|\w@localhost\b|\barn:aws[\w-]*:[\w-]*:[\w-]*:\d*:[\w/:*-]+",
    *("localhost", "arn:aws", "127.", "[::1]", "data:,", "blob:", "view-source:", "@"),
)
_PHONE = sought(
    r"(?<![\w.)])\(\d{3}\) ?\d{3}[ .-]\d{4}\b|(?<![\w.-])\d{3}([.-])\d{3}\1\d{4}(?![\w-]|\.\d)"
    r"|(?<![\w+.)])\+\d{1,3}[ .-]?\(?\d{2,4}\)?(?:[ .-]?\d{2,4}){1,4}(?!\w)"
    r"|\b(?:tel|phone|fax|[Cc]all|[Dd]ial|[Rr]ing|SMS)\W{1,3}\d{3}[ -]?\d{3,}"
    r"|(?<![\w)])\(0\d{2,4}\) ?\d{3,4}[ -]?\d{3,4}(?!\w)"
    r"|\b(?:[Ww]hats[Aa]pp|[Ss]ignal|[Tt]elegram|[Vv]iber|SMS)\W{1,3}(?:to )?\+?\d{5,}"
    r"|\b(?:[Cc]all|[Dd]ial|[Rr]ing|[Tt]ext|tel|phone|fax|SMS)\W{1,3}\d{2,4}(?:[ .-]\d{2,4}){2,4}(?![\w.,])"
    r"|(?<![\w.,])00[1-9]\d{0,2}([ /-])\d{2,4}[ /-]\d{3,}(?![\w.,])",
    *("+", "tel", "phone", "fax", *DIGITS),
    flags=re.NOFLAG,
)
_ROUND: Final = (299792458, 998244353, 1000000007, 1000000009, 1000000021, 123456789, 1234567890, 987654321, 9876543210)
"""Numbers that programs and sums are full of, and that are no address."""
_MAGIC: Final = _words("deadbeef cafebabe baadf00d feedface")
_FEW_DIGITS: Final = 3
"""Different digits of masks and limits, such as 0x7FFFFFFF."""


def addresses(seen: Readings) -> Iterator[str]:
    """Yield the addresses in a text, in every way in which it can be read."""
    yield from _in(seen.plain)
    for text in (*seen.mended, *seen.decoded):
        yield from _in(text)
    yield from (found[0] for found in _KNOWN_SCHEME.finditer(seen.tight))
    yield from _moved(seen.plain)
    yield from _names(seen.tight, loose=True)
    yield from (found[0] for found in _MAILBOX.finditer(seen.tight) if _tld(found[0].rpartition(".")[2].lower()))
    yield from _dotted(seen.tight)
    for text in (seen.plain, *seen.mended, seen.tight):
        yield from (found[0] for found in _BACKWARDS.finditer(text))
    yield from (found[0] for found in _ROTATED.finditer(seen.plain) if next(_in(rotated(found[0] + "//x")), ""))


def _in(text: str) -> Iterator[str]:
    for pattern in (_SCHEME, _MAILBOX, _LOCAL, _PHONE, _DASHED, _HANDLE, _SHORT_DOTTED):
        yield from (found[0] for found in pattern.finditer(text))
    yield from _quads(text)
    yield from contacts(text)
    yield from (
        found[0] for found in _SPOKEN_PHONE.finditer(text) if not _counts(re.findall(r"[a-z]+", found[0].lower()))
    )
    yield from _names(text, loose=False)
    yield from _dotted(text)
    for found in _WHOLE.finditer(text):
        if _AFTER.match(text, found.end()) or _is_whole_address(found[0]):
            yield found[0]
    for found in _SIXTH.finditer(text):
        if _is_sixth(found[0].strip("[]").partition("%")[0]):
            yield found[0]


def _names(text: str, loose: bool) -> Iterator[str]:
    for found in _NAME.finditer(text):
        name, last = found[0], found[1]
        small, after = last.lower(), text[found.end() : found.end() + 20]
        if not _tld(small) or name.lower() in _PRODUCTS or name.lower().endswith(".asp.net"):
            continue
        if small == "net" and _COLUMN.match(after):  # what is left of a sum
            continue
        if loose:
            found_out = small in _TIGHT and (last.islower() or name.isupper())
        else:
            found_out = _is_address(name, last, after) or (
                last.islower() and small in _WORDS | _FIELDS and _is_sent_to(text[: found.start()], name, after)
            )
        if found_out:
            yield name


def _is_address(name: str, last: str, after: str) -> bool:
    """Return whether a name below a top-level domain is an address: no attribute, file or start of a sentence."""
    small, labels = last.lower(), name.lower().split(".")
    path = _AFTER.match(after)
    if path and not (small in _SUFFIXES and path[0].strip(".")[0] in ":/"):
        return True
    if small.startswith("xn--"):
        return True
    if last.istitle() and labels[0] == name.partition(".")[0]:
        return False
    if small in _CORE:
        return True
    if after[:1] in ("(", "[", "=") or (len(labels) == 2 and len(labels[0]) == 1):  # `c.country` is a column
        return False
    if small in _WORDS or (small in _FIELDS and len(labels[-2]) <= _LONGEST_ROW):
        return len(labels) > 2 and labels[0] in _HOSTS
    if len(small) > 2 or not small.isascii():
        return True
    if len(labels) > 2 and labels[-2] in _SECOND:
        return True
    return small in _COUNTRIES and last.islower() and (small not in _ATTRIBUTES or len(labels[-2]) > _SHORT_NAME)


def _is_sent_to(before: str, name: str, after: str) -> bool:
    """Return whether a name below a top-level domain that is a word is visited, or has things sent to it."""
    first = name.lower().partition(".")[0]
    return (
        after[:1] not in ("(", "[", "=", "_")
        and first not in _OBJECTS
        and len(first) > _SHORT_NAME - 1
        and _SENT.search(before[-90:]) is not None
    )


def _quads(text: str) -> Iterator[str]:
    """Yield four numbers that are an address but for what stands between them: no list, row of figures or colour."""
    for found in _QUAD.finditer(text):
        numbers = [int(found[group]) for group in (1, 3, 4, 5)]
        listed = numbers in (sorted(numbers), sorted(numbers, reverse=True)) or max(numbers) < 100
        place = _PLACE.search(text[max(0, found.start() - 60) : found.start()])
        if max(numbers) < 256 and ((found[2] == "," and not listed) or place):
            yield found[0]
    for found in _QUAD_APART.finditer(text):
        numbers = [int(found[group]) for group in (1, 3, 4, 5)]
        odd = found[2].strip() not in _LISTING and numbers[0] > 99
        around = f"{text[found.end() : found.end() + 30]} {text[max(0, found.start() - 60) : found.start()]}"
        if max(numbers) < 256 and (odd or _PLACE.search(around)):
            yield found[0]
    for found in _HEX_QUAD.finditer(text):
        both = re.search(r"[a-f]", found[0], re.IGNORECASE) and re.search(r"\d", found[0])
        if both and (found[1] == "." or _PLACE.search(text[max(0, found.start() - 60) : found.start()])):
            yield found[0]


def _counts(words: list[str]) -> bool:
    """Return whether digits in words are somebody counting, up or down."""
    said, up = " ".join(words), _COUNTING.split()
    return said in _COUNTING or said in " ".join(reversed(up))


def _dotted(text: str) -> Iterator[str]:
    for found in _DOTTED.finditer(text):
        parts = found[0].split(".")
        try:
            numbers = [_number(part) for part in parts]
        except ValueError:
            continue
        counted = _COUNTED.search(text, max(0, found.start() - 12), found.start())
        if max(numbers) > 255 or (counted and all(len(part) == 1 for part in parts)):
            continue
        if not _has_no_host(found[0], text[found.end() : found.end() + 8]):
            yield found[0]


def _has_no_host(dotted: str, after: str) -> bool:
    """Return whether what is written as an address is a mask, or a network whose size is told behind it.

    Where a port or a path follows, or where all is zero, programs reach a host by it.
    """
    size = _SIZE_OF_A_NETWORK.match(after)
    if _AFTER.match(after[size.end() if size else 0 :]) or not (size or dotted.strip("0.")):
        return False
    try:
        ipaddress.IPv4Network(f"{dotted}{size[0]}" if size else f"0.0.0.0/{dotted}")
    except ValueError:
        return False
    return True


def _moved(text: str) -> Iterator[str]:
    """Yield names whose last letters are the end of an address, moved along the alphabet."""
    for found in _THREE_LETTERS.finditer(text):
        one, two, three = map(ord, found[1])
        if ((two - one) % 26, (three - two) % 26) in _STEPS and found[1] not in _STRONG:
            yield found[0]


def _number(part: str) -> int:
    """Return a part of an address as resolvers read it: hexadecimal after 0x, octal after 0."""
    if part[:2].lower() == "0x":
        return int(part, 16)
    return int(part, 8) if len(part) > 1 and part[0] == "0" and not set(part) & set("89") else int(part)


def _is_whole_address(text: str) -> bool:
    """Return whether one number can only be meant as an address: of its size, and no number that people write."""
    if text[:2].lower() == "0x":
        return len(set(text[2:].lower())) > _FEW_DIGITS and text[2:].lower() not in _MAGIC
    if text[0] == "0":
        return True
    number = int(text)
    power = number & (number - 1) == 0 or number & (number + 1) == 0
    date = len(text) == 8 and text[:2] in ("19", "20") and text[4:6] <= "12" and text[6:] <= "31"
    return 1 << 24 <= number < 1 << 32 and not (power or date or number in _ROUND or len(text.rstrip("0")) < 5)


def _is_sixth(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    groups = re.findall(r"[0-9a-f]+", text, re.IGNORECASE)
    if not groups or not any(map(str.isdigit, text)):
        return False
    # Slices and scopes of programs have short groups.
    return max(map(len, groups)) > 2 or len(groups) > 4


def _tld(name: str) -> bool:
    return name in _known() or name.startswith("xn--")


@cache
def _known() -> frozenset[str]:
    text = resources.files(__package__).joinpath("top_level_domains.txt").read_text(encoding="utf-8")
    names = " ".join(line for line in text.splitlines() if not line.startswith("#")).split()
    return frozenset(names) | {
        "example",
        "invalid",
        "onion",
        "test",
        "local",
        "internal",
        "localhost",
        "lan",
        "corp",
        "arpa",
        "eth",
        "i2p",
    }
