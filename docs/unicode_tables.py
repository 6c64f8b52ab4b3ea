"""Writes ``src/maspo/core/characters.py``: which characters hide, which are emoji, and which look like ASCII.

Not part of ``make tables``, for it needs two packages that nothing else does. In an environment of its own::

    pip install regex==2026.11.19 confusable-homoglyphs==3.3.1
    python docs/unicode_tables.py > src/maspo/core/characters.py
    ruff format src/maspo/core/characters.py
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from importlib import resources

import regex

HIDING = r"[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}]"
BLANKS = (0x1D159, 0x2800, 0xFFFC)
"""Symbols that fonts leave empty: a musical null note head, the empty braille pattern, the object's replacement."""
HEAD = '''"""Facts of Unicode: which characters hide, which are emoji, and which look like ASCII. Generated.

Written by ``docs/unicode_tables.py`` from Unicode 17.0 as the package ``regex`` 2026.11.19 has it
(Default_Ignorable_Code_Point, General_Category, Noncharacter_Code_Point, Emoji), and from the confusables of Unicode's
Technical Standard 39 as ``confusable-homoglyphs`` 3.3.1 has them. Unicode data files: © Unicode, Inc.,
https://www.unicode.org/license.txt.
"""

from __future__ import annotations

from typing import Final

'''


def ranges(codes: Iterable[int]) -> str:
    """Return code points as pairs of first and last, in hexadecimal digits."""
    spans: list[list[int]] = []
    for code in sorted(codes):
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return " ".join(f"{first:X}" if first == last else f"{first:X}-{last:X}" for first, last in spans)


def matching(pattern: str) -> set[int]:
    """Return the code points that a pattern matches."""
    wanted = regex.compile(pattern)
    return {code for code in range(0x110000) if wanted.match(chr(code))}


def look_alikes() -> dict[str, str]:
    """Return, by an ASCII character, those that look like it and are not compatible with it (NFKD)."""
    text = resources.files("confusable_homoglyphs").joinpath("confusables.json").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for one, others in json.loads(text).items():
        plain = [other["c"] for other in others if other["c"].isascii() and len(other["c"]) == 1]
        # Between letters that look alike themselves (I, l, 1), the smallest letter is taken.
        if len(one) == 1 and not one.isascii() and plain and not unicodedata.normalize("NFKD", one)[0].isascii():
            found.setdefault(sorted(plain, key=lambda sign: (not sign.islower(), sign))[0], set()).add(one)
    return {sign: "".join(sorted(alike)) for sign, alike in sorted(found.items())}


def wrapped(name: str, text: str, said: str) -> str:
    """Return an assignment of a long text, in lines."""
    lines: list[str] = [""]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) > 100:
            lines.append("")
        lines[-1] += f"{word} "
    body = "\n".join(f'    "{line}"' for line in lines)
    return f'{name}: Final = (\n{body}\n)\n"""{said}"""\n'


def main() -> None:
    """Print the module."""
    ignorable = matching(r"\p{Default_Ignorable_Code_Point}")
    hiding = (matching(HIDING) | set(BLANKS)) - {0x09, 0x0A}
    hiding -= matching(r"\p{Prepended_Concatenation_Mark}")
    print(HEAD, end="")
    print(wrapped("IGNORABLE", ranges(ignorable), "Default_Ignorable_Code_Point."))
    said = "What a reader cannot see: also controls (but line end and tab), surrogates, private use, and empty symbols."
    print(wrapped("HIDING", ranges(hiding), said))
    print(wrapped("EMOJI", ranges(matching(r"\p{Emoji}")), "Emoji."))
    print("LOOK_ALIKES: Final = {")
    for sign, alike in look_alikes().items():
        spelled = [f"\\u{ord(one):04x}" if ord(one) < 0x10000 else f"\\U{ord(one):08x}" for one in alike]
        parts = ["".join(spelled[start : start + 10]) for start in range(0, len(spelled), 10)]
        print(f"    {json.dumps(sign)}: " + " ".join(f'"{part}"' for part in parts) + ",")
    print("}")
    print('"""By an ASCII character, those that look like it and that no normalization makes one with it."""')


if __name__ == "__main__":
    main()
