"""A pattern that is looked for only where a sign of it stands finds what it finds everywhere."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from maspo.core import numerals
from maspo.core.sought import Sought
from maspo.proposers import addresses, foreign, readings, retold, spoken

_FRAGMENTS = tuple(
    r"""
http|hxxp|https://|www.|example.com|evil . example| dot | d0t |[dot]|(at)| at |
@|com|c om|c0m|.|:|/|\\|//| colon |colon colon |
 slash |forward slash |localhost:80|192.168.0.1|192-168-0-1|10, 200, 3, 4|0xdeadbeef|3232235777|::1|2001:db8::ff00:42|
+49 30 1234567|tel: 0301234567|sk-abcdefghijklmnop1234|api key is abcdefg123|Bearer abcdefghijklmnopqrst|
eyJabcdefgh.abcdefgh|
%68%74%74%70|\x68\x74\x74\x70\x73\x3a|\u0068|U+0068 |=68=74|&#104;&#104;&#104;&#104;&#104;&#104;|\150\164\164\160|
01101000 01101000 01101000 01101000 |
104 116 116 112 115 58 47|alfa bravo charlie delta echo foxtrot|one nine two|'a' + 'b'|
"x" . "y"|moc.live|//:ptth|uggcf:|
rivy.pbz|@someone on telegram|mailto:a| the |word|ſ| c0.a8.00.01 |
site [d] com|site period com|
me[a]site.com|(colon)|a(slash)b|site(.)de|a[.b|site-dot-com|site\.com|site,com|%5cx68;%5cx68;%5cx68;%5cx68;%5cx68;%5cx68;|
///one.two.three|doi:10.1234/5|"." . ''|'.'.join(['a', 'b'])|+AFAAbABlAGEAcwBl-|
north+AC4-org|chr(46)|siteDOTcom|me@site(no spam).com|a<i>.b|sk-abc defg 1234 hijk 5678 lmno|
site <d> com|you <a> site.com|site point fr|puesto punto es|site - dot - com|\\host\share|
U+0068 U+0068 U+0068 U+0068 U+0068 U+0068 U+0068|(://)|a. com|me at site.com|1 dot 2|word|
1,000,000|12.5k|two hundred and ten| '85 |3 + 4|3. so |1 2 3 4|8-5-12-12-15|p4r15|1,2
""".replace("|\n", "|")
    .strip("\n")
    .split("|")
)


def _patterns() -> Iterator[Sought]:
    for module in (addresses, foreign, numerals, readings, retold, spoken):
        for value in vars(module).values():
            if isinstance(value, Sought):
                yield value
            elif isinstance(value, tuple):
                yield from (one[0] for one in value if isinstance(one, tuple) and one and isinstance(one[0], Sought))


_PATTERNS = tuple(dict.fromkeys(_patterns()))


def _texts() -> list[str]:
    draw = random.Random(16)
    return [*_FRAGMENTS, *("".join(draw.choices(_FRAGMENTS, k=draw.randint(2, 6))) for _ in range(1500))]


def test_a_text_without_a_sign_of_a_pattern_does_not_match_it() -> None:
    texts = [text for text in _texts() if text.isascii()]
    matched = set[Sought]()
    for one in _PATTERNS:
        for text in (*texts, *map(str.upper, texts)):
            if one.pattern.search(text):
                matched.add(one)
                assert one.may_be_in(text), (one.pattern.pattern, text)
    # Those that nothing here matches are few, so the test says something about the rest.
    assert len(_PATTERNS) > 40
    assert len(_PATTERNS) - len(matched) <= 12, [one.pattern.pattern for one in _PATTERNS if one not in matched]


@pytest.mark.parametrize("text", ["ſk-abcdefghijklmnopqrst", "passſword", "ﬁle • com"])
def test_beyond_ascii_every_pattern_is_looked_for(text: str) -> None:
    assert all(one.may_be_in(text) for one in _PATTERNS)


def test_long_runs_are_read_once() -> None:
    mended = next(one for one, _ in readings._MENDED if r"\+\s*dot" in one.pattern.pattern)
    assert mended.sub(".", "a \n+ dot +\tb +dot+ + dot + c") == "a.b..c"
    assert readings._UTF_7.findall("a+AFAAbABl+AGEAcwBl- b+short- c+AFAA+bABlAG-+AGEAcwBlABl-") == [
        "+AFAAbABl+AGEAcwBl-",
        "+AFAA+bABlAG-",
        "+AGEAcwBlABl-",
    ]
    began = time.process_time()
    for unit in ("\n", " \n", "+"):
        assert mended.sub(".", f"dot {unit * 100_000}") == f"dot {unit * 100_000}"
        assert not readings._UTF_7.findall(f"+{unit * 100_000}")
    assert time.process_time() - began < 20  # read anew from each place it would take hours
