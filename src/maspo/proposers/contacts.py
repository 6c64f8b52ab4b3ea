"""Where somebody can be reached though no address is written as one: names without their dot, telephones. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from maspo.core.late import late

_NAMES_OF_A_DOT: Final = (
    r"d\W?(?:[o0]|aw)\W?tt?|bod|chr\(46\)|(?:ascii|code|char)(?: code)? 46|0x2e|dots|punkt|punto|ponto|full ?stop"
    r"|kropka|nokta|tečka|tecka|chấm|punktum|tochka|točka|tocka|точка|крапка"
    r"|нокта|닷|नुक्ता|点|點|ドット|점|نقطة|बिंदु|decimal point"
)
_WORDS_FOR_A_DOT: Final = r"point|period|stop|punt|pont|piste|titik|stip"
"""The same, in words that sentences have for something else."""
_STRONG_ENDS: Final = frozenset(["com", "org", "net", "edu", "gov", "mil", "io"])
_SPELLED_ENDS: Final = "|".join(r"[^\w\s]?_?".join(end) for end in sorted(_STRONG_ENDS))
_SAFE_COUNTRIES: Final = "uk|ru|cn|jp|nl|kr|tw|hk|nz|ua|cz|pl|hu|bg|info|biz|dev|xyz|onion"
"""Ends that are no words of a sentence, so that the name of a dot before them makes an address."""
_END = late(rf"(?<![^\W_])(?:{_SPELLED_ENDS}|{_SAFE_COUNTRIES})(?![\w-]|(?:\.\w+){{2}})", re.IGNORECASE)
"""An end, but for that with which the name of a package begins: `com.acme.billing`."""
_BEFORE_AN_END = late(
    r"(?<![^\W_])[^\W_]{2,62}(?=[\W_])"
    rf"((?:[^\w\n]|_){{0,6}}(?:(?<![^\W_])(?:{_NAMES_OF_A_DOT}|{_WORDS_FOR_A_DOT})(?![^\W_])(?:[^\w\n]|_){{1,6}})?)$",
    re.IGNORECASE,
)
"""A word, anything that may stand for a dot, and the end of a name."""
_WORD_FOR_A_DOT = late(rf"\b(?:{_WORDS_FOR_A_DOT})\b")
_JOINERS: Final = frozenset(".,;:'\"()[]{}<>/|-–—_=+&*#`@“”‘’«»")
"""Signs that ordinary texts have between two words without blanks."""
_ASCII_ODD: Final = frozenset(["com", "org", "edu", "gov"])
"""Ends told after any other sign of ASCII."""
_ROMANCE: Final = frozenset(
    ["que", "para", "uma", "seu", "sua", "cada", "sem", "ou", "amb", "els", "una", "nos", "ao", "você", "não", "duas"]
)
_SHORT_ROMANCE: Final = frozenset(["un", "el", "es", "um", "e", "o", "em", "da", "na", "de", "se", "é"])
"""Common words of Portuguese and Catalan, in which `com` is one, too; of the short ones it takes two."""
_ENDING = late(
    r"\b(?:end(?:s|ed|ing)? (?:in|with|on|by)|tld|top[- ]level(?: domain)?(?: of| is)?|registered under|under)"
    r"\W{1,3}(?:an? |the )?[\"'`.]{0,2}(?:com|org|net|edu|gov|io)\b(?! \w+(?:ing|s)\b)"
    r"|(?<![\w.])[\"'`.]?(?:com|org|net|edu|gov|io)[\"'`]? (?:zone|domain|tld|top[- ]level|namespace|registry|suffix)\b"
    r"|\b(?:followed by|then|and|plus|comes?|before|add|append|write|type)\W{1,3}(?:an? |the )?"
    r"[\"'`.]{0,2}(?:com|org|edu|gov)\b"
    r"|\b(?:ending|suffix|extension)\W{1,3}(?:is |being |of |in |with )?[\"'`.]{0,2}(?:com|org|net|edu|gov|io)\b"
    r"|\b(?:zone|tld)\W{1,3}(?:com|org|net|edu|gov|io)\b|(?<=\w)[\"'`]\.(?:com|org|net|edu|gov|io)\b"
    r"|\b(?:org|edu|gov) (?:web ?)?(?:site|domain|page|address|host)\b"
    r"|\b(?:at|apud|@)\s+[\w-]{2,30}\s+(?:com|org|net|edu|gov)\b"
    r"|\b(?:concat|append|push|add|join)\(\s*[\"'`]\.(?:com|org|net|edu|gov|io)\b"
    r"|(?:\+|\|\||&|\.\.|~|<>|,)\s*[\"'`]\.(?:com|org|net|edu|gov|io)\b[\"'`/]",
    re.IGNORECASE,
)
"""An end of a name that is told in words, or joined to it by a program."""
_PLACE = late(
    r"\b(?:sites?|web ?sites?|domains?|hosts?|homepages?|urls?|web ?address(?:es)?|servers?|portals?|dots?|full stop"
    r"|period|at[- ]sign|arroba|mailbox|inbox|e-?mail|addresse?s?)\b",
    re.IGNORECASE,
)
_GROUPED_PHONE = late(
    r"(?<![\w.,:/+-])(?<!isbn )0[1-9]\d{0,4}([ ./-])(?:\d{2,4}(?:\1\d{2,4}){1,3}|\d{5,8})(?![\w:/-]|[.,]\d)",
    re.IGNORECASE,
)
_PHONE_DIGITS: Final = range(9, 13)
_CONTACT = late(
    r"\b(?:tele(?:ph|f)on\w*|phones?|mobile|cell|handy|hotline|fax|sms|whatsapp|tel|tél|teléfono|telefono|телефон\w*"
    r"|電話|电话|전화"
    r"|(?:reach|call) (?:me|us|him|her|them|back))[^\d\n.!?]{0,16}(?:\+|00)?\d(?:[ ./()-]{0,2}\d){6,14}(?!\d)"
    r"|(?<![\w-])555-\d{4}(?![\w-])|(?<![\w.-])1[ .-]\d{3}[ .-]\d{3}[ .-]\d{4}(?![\w-])"
    r"|(?<![\w.)])\+{1,2}\d{1,3}[ .-]?\(0\)[ .-]?\d{2,4}(?:[ .-]?\d{2,4}){1,4}(?!\w)"
    r"|\b(?:(?:call|text|dial|ring|phone|fax|sms)[\s:,]{1,2}(?:(?:me|us|them|on|at|to|under|number)[\s:]{1,2}){0,3}"
    r"|(?:message|reach)[\s:,]{1,2}(?:(?:me|us|them|on|at|to|under|number)[\s:]{1,2}){1,3})"
    r"(?!\d{5,6}\W{1,2}[a-z]{3,}s\b)\+?\(?\d(?:[ ./()-]{0,3}\d){4,14}\b"
    r"(?!(?:\.\d)?\W{0,2}(?:words|characters|tokens|times|lines|rows|people|users))"
    r"|\b1[ -]8\d\d[ -][A-Z]{5,8}\b|\btext \w{2,12} to \d{4,6}\b"
    r"|\b(?:p\.?\s?o\.?\s?box|postfach|apartado|boîte postale)\W{1,3}\d+",
    re.IGNORECASE,
)
_NETWORK: Final = (
    r"(?:telegram|twitter|instagram|signal|whatsapp|discord|slack|wechat|matrix|mastodon|tiktok|snapchat|skype|threema"
    r"|viber|kik|bluesky|reddit|github|gitlab|linkedin|facebook|messenger|zoom|teams|irc|icq|jabber|youtube|twitch|paypal"
    r"|venmo|cash ?app|keybase)"
)
_CALLED: Final = (
    r"(?:user(?:name)?|handle|account|id|nick(?:name)?|contact|channel|group|bot|room|meeting|profile|page|server|name)"
)
_NAMES_NOBODY: Final = (
    r"(?:\W{1,2}(?:on|at|to|the|an?|its|their|any|each|that|which|is|are|was|runs?|running|listens?|listening|uses?|using"
    r"|via|over|with|default|same|usual|standard|open))*\W{1,2}"
)
"""What stands between a server and its port where no server is named."""
_ON_A_NETWORK = late(
    rf"\b{_NETWORK}\b[^.!?\n]{{0,12}}\b{_CALLED}\W{{1,3}}(?:is |named |called )?(?=[\w.#@-]*\w[\d._#@-])[\w.#@-]{{3,}}"
    rf"|\b{_CALLED}\W{{1,3}}(?=[\w.#@-]*\w[\d._#@-])[\w.#@-]{{3,}} (?:on|at|in|via) {_NETWORK}\b"
    rf"|\b{_NETWORK}(?: id)?:\s*@?(?=\w*(?:[_\d]|\.\w))[a-z][\w.]{{3,}}"
    rf"|\b(?:on|via|at) {_NETWORK} as @?(?=\w*[_\d.])[a-z][\w.]{{2,}}"
    rf"|\b{_NETWORK} (?:name|id) \w+:\w+|@\w{{3,}} on (?-i:X)\b"
    rf"|\b(?:ssh|s?ftp|telnet|connect|hosts?|servers?|machine)\b(?!{_NAMES_NOBODY}\bport)"
    r"[^.!?\n]{0,40}\bport \d{2,5}\b"
    r"|\bbucket\W{1,3}(?:named |called )?[a-z]{2}[a-z0-9.]*-[a-z0-9.-]+"
    r"|\b(?:git(?:hub|lab)|bitbucket|codeberg|huggingface|docker(?: ?hub)?)\W{1,3}(?:repo(?:sitory)?\W{1,3})?"
    r"(?!and/or\b)[a-z][\w.-]*/[a-z][\w.-]*"
    r"|\b(?:web)?hook\b[^.!?\n]{0,12}\s(?=[\w-]*\d)[a-z0-9][\w-]{5,}"
    rf"|\b(?:telnet|nc|netcat|ssh|ftp)\s+[\w.-]+\s+\d{{2,5}}\b|\b[ur]/[a-z]\w{{2,}},? (?:on|at) reddit\b"
    r"|\b(?:slack|discord|irc)\b[^.!?\n]{0,20}#[a-z][\w-]{2,}|#[a-z][\w-]{2,} (?:on|in) (?:slack|discord|irc)\b",
    re.IGNORECASE,
)


_LETTERS = re.compile("[a-z]+")
_HANDLE = re.compile(r"[a-z]\w{0,60}[._#:/-][a-z0-9]|[a-z]\d|[#/][a-z]|[a-z] \d", re.IGNORECASE)
"""As names on a network are; what has none names nobody there."""
_BOXES: Final = frozenset({"box", "postfach", "apartado", "postale"})
_DIGITS = re.compile(r"\d(?:\D{0,2}\d){4}|\d[ -][A-Z]|\d{4,6}")
"""Without as many digits close together no telephone is told."""
_NUMBER = re.compile(r"1[ -]8\d\d[ -]|555-\d{4}|1[ .-]\d{3}[ .-]\d{3}|\+\d{1,3}[ .-]?\(")
_ENDS: Final = _STRONG_ENDS | frozenset(_SAFE_COUNTRIES.split("|"))
_SPELLED: Final = tuple(map(frozenset, _STRONG_ENDS - {"io"}))
_NETWORKS: Final = frozenset(_LETTERS.findall(_NETWORK)) | frozenset(
    _LETTERS.findall(
        "telnet nc netcat ssh ftp sftp reddit port bucket buckets bitbucket codeberg huggingface docker hook webhook"
    )
)
_REACHED: Final = frozenset(
    _LETTERS.findall(
        "phone phones telephone telefon telefono telefone mobile cell handy hotline fax tel sms whatsapp reach call "
        "text dial ring message box postfach apartado postale"
    )
)
"""Words without one of which nothing below is found."""
_LOOSE = late(r"followed|then|and|plus|come|before|add|append|write|type|under", re.IGNORECASE)
"""How an end of a name is told that any word may follow: such a sentence speaks of a place, too."""
_BEFORE: Final = 90
"""Characters before an end of a name in which the name and what stands for its dot are."""
_AFTER: Final = 40
"""Characters after an end of a name that belong to its sentence."""


_POSTAL = late(
    r"\b\d{1,5}[a-z]?,? (?:[A-Z][\w'’]+ ){1,3}(?:Street|Road|Lane|Avenue|Drive|Square|Boulevard|Terrace|Court|Alley"
    r"|Crescent|Close|Quay|Parade|Highway|St|Rd|Ave|Blvd|Ln|Dr)\b"
    r"|\b\d{1,5}(?: bis)?,? (?:rue|avenue|boulevard|place|quai|impasse|chemin) (?:d[eu]s? |de la )?[A-Z]\w+"
    r"|\b(?:[Cc]alle|[Aa]venida|[Vv]iale?|[Pp]iazza|[Rr]ua|[Uu]lica) (?:d\w+ )?[A-Z]\w+,? (?:n\W{1,2})?\d{1,4}\b"
    r"|\b[A-ZÄÖÜ]\w+(?:straße|strasse|gasse|platz|weg|allee|laan|straat|plein|gatan|vej|gade) \d{1,4}[a-z]?\b"
)
"""A house in a street: a number and a name, with what streets are called."""


def contacts(text: str) -> Iterator[str]:
    """Yield where somebody can be reached, by what stands in place of an address."""
    said = frozenset(_LETTERS.findall(text.lower()))
    if not said.isdisjoint(_ENDS) or any(spelled <= said for spelled in _SPELLED):
        yield from _ended(text)
    if any(map(str.isdigit, text)):
        yield from (found[0] for found in _POSTAL.finditer(text))
    if _DIGITS.search(text) or not said.isdisjoint(_BOXES):
        if not (text.isascii() and said.isdisjoint(_REACHED)) or _NUMBER.search(text):
            yield from (found[0] for found in _CONTACT.finditer(text))
        yield from _grouped_phones(text)
    if "@" in text or (not said.isdisjoint(_NETWORKS) and _HANDLE.search(text)):
        yield from (found[0] for found in _ON_A_NETWORK.finditer(text))


def _ended(text: str) -> Iterator[str]:
    """Yield names whose dot is disguised: by its name, by a sign that ordinary texts do not have there, or in words."""
    for last in _END.finditer(text):
        found = _BEFORE_AN_END.search(text[max(0, last.start() - _BEFORE) : last.start()])
        end = re.sub(r"[\W_]", "", last[0]).lower()
        gap = found[1].replace(" \u0307", "\u0307") if found else ""
        alone = last[0] in ("com", "Com") and not _is_romance(
            text[max(0, last.start() - _BEFORE) : last.end() + _AFTER]
        )
        if alone and not found:
            said = text[max(0, last.start() - _BEFORE) : last.end()].split(" ")
            yield " ".join(said[-2:] if said[-1] == last[0] else said[-1:])
        elif found and (alone or _is_a_dot(gap, end) or (end != last[0].lower() and "." in gap)):
            yield found[0] + last[0]
    for found in _ENDING.finditer(text):
        sentence = text[max(text.rfind(end, 0, found.start()) for end in ".!?\n") + 1 : found.end() + _AFTER]
        if not _LOOSE.match(found[0]) or _PLACE.search(sentence):
            yield found[0]


def _is_romance(text: str) -> bool:
    """Return whether a text is in a language in which `com` is a word: nobody else writes it but in an address."""
    said = set(text.lower().split())
    return not _ROMANCE.isdisjoint(said) or len(_SHORT_ROMANCE & said) > 1


def _is_a_dot(gap: str, end: str) -> bool:
    """Return whether what stands between a name and the end of an address is meant as a dot."""
    word = gap.strip(" \t([{<\"'*_>}])").lower()
    if _WORD_FOR_A_DOT.fullmatch(word):
        return end in _ASCII_ODD
    if any(map(str.isalnum, gap)):
        return not _WORD_FOR_A_DOT.search(word) or "full" in word or "decimal" in word
    if end not in _STRONG_ENDS or set(gap) & set(" \t"):
        return False
    odd = set(gap) - _JOINERS
    dots = gap.strip("._") == "" and "." in gap and len(gap) > 1
    return dots or any(not one.isascii() for one in odd) or (end in _ASCII_ODD and bool(odd))


def _grouped_phones(text: str) -> Iterator[str]:
    """Yield numbers in groups of which the first begins with a zero, as telephone numbers have them."""
    for found in _GROUPED_PHONE.finditer(text):
        groups = found[0].split(found[1])
        counted = len(set(map(len, groups))) == 1 and groups == sorted(groups)
        if sum(map(len, groups)) in _PHONE_DIGITS and not counted:
            yield found[0]
