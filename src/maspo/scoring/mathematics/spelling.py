r"""One spelling for many: LaTeX, Unicode and plain notation of an answer brought to one form. Pure.

``\dfrac{1}{2}``, ``½`` and ``\frac12`` become ``\frac{1}{2}``; words that stand in ``\text{…}`` are kept in double
quotes, so that they are not taken for products of letters.
"""

from __future__ import annotations

import re
import unicodedata

from maspo.scoring.mathematics.formulas import FUNCTIONS

_SIGNS = r"""
sqrt √  pi π  infty ∞  cup ∪  cap ∩  in ∈  emptyset ∅ø  pm ±  le ≤⩽  ge ≥⩾  ne ≠  deg °∘  theta θ  phi ϕφ  alpha α
beta β  gamma γ  lambda λ  omega ω  langle ⟨  rangle ⟩  cdot ×∙·⋅∗  mathbb{R} ℝ  frac{1}{2} ½  frac{1}{3} ⅓
frac{2}{3} ⅔  frac{1}{4} ¼  frac{3}{4} ¾  frac{1}{5} ⅕  frac{1}{8} ⅛
"""
_UNICODE = {
    **{sign: f"\\{name} " for name, signs in re.findall(r"(\S+) (\S+)", _SIGNS) for sign in signs},
    **dict.fromkeys("−–—‒﹣", "-"),
    **dict.fromkeys("\u00a0\u2009\u202f\u2002\u2003\u3000\t\n\r", " "),
    **dict.fromkeys('\u200b\u200c\u200d\ufeff\u2061\u2062“”"', ""),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("‘’′", "'"),
    "≡": "=",
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_TRANSLATED = str.maketrans(_UNICODE)

_COMMANDS = """frac dfrac tfrac cfrac, binom dbinom tbinom, le leq leqslant leqq, ge geq geqslant geqq, ne neq,
= equiv mapsto, cdot times ast, deg circ degree degrees, emptyset varnothing, mod pmod bmod pod,
{ lbrace, } rbrace, [ lbrack, ] rbrack, | lvert rvert vert mid, phi varphi, theta vartheta,
and land, or lor, cup union, mathbb Bbb"""
_SAME_COMMAND = {other: names[0] for names in map(str.split, _COMMANDS.split(",")) for other in names[1:]}
_PLAIN = {"=": "=", "|": "|", "[": "[", "]": "]", "mod": " mod ", "and": " and ", "or": " or "}
_SHAPES = """left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr middle displaystyle textstyle
limits scriptstyle quad qquad thinspace space rm bf it tt boldsymbol mathbf mathit bm vec overrightarrow hat
operatorname nonumber"""
_GONE = frozenset(_SHAPES.split())
_GONE_ARGUMENTS = re.compile(r"\\(?:hspace|vspace|label|tag|phantom|hphantom|color|textcolor)\*?\s*\{[^{}]*\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_SPACE_COMMAND = re.compile(r"(?<!\\)\\[,!;:> ]|~")
_TEXT = re.compile(r"\\(?:text(?:bf|it|rm|sf|tt|normal|up)?|mbox|hbox|fbox|mathrm|mathsf|mathtt)\s*\{([^{}]*)\}")
_POWER_OF_TEN = re.compile(r"(?<=\d)\s*\\(?:text|mathrm)\s*\{\s*(?:E\s*\}|[Ee]\s*\}(?=\s*\{))\s*\{?\s*([-+]?\d+)\s*\}?")
"""The E of 4.5E-4, upright; a small one stands for Euler's number where no braces say otherwise."""
_RATIO_WORD = re.compile(r'(?<=[\d}])\s*"?\s+to\s+"?\s*(?=[\d\\])|(?<=[\d}])\s*"to"\s*(?=[\d\\])')
_WRAPPED = re.compile(r"(\$\$|\$|\\\[|\\\()(.*?)(\$\$|\$|\\\]|\\\))", re.DOTALL)
_NUMBERS_WITH_COMMAS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?!\d|,\d)")
_NUMBERS_WITH_BRACED_COMMAS = re.compile(r"(?<=\d)(?:\{,\}|,\s*\\!|\\,|\\;|\\ |\\thinspace)\s*(?=\d{3})")
_NUMBERS_WITH_SPACES = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?!\d)(?! \d)")
_MIXED = re.compile(r"(?<![\d.^_{/])(\d+)(?: +| *- *(?=\d+/\d+$))(\d+)/(\d+)(?![\d/.])")
_LARGE = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_LARGE_WORD = re.compile(rf'(?<=\d)\s*"?\s*({"|".join(_LARGE)})\b\s*(")?')
_HALF_DAY = re.compile(r"(?<=\d)\s*\b([AaPp])\.\s?[Mm]\b\.?")
_ROUGHLY = re.compile(
    r'^(?:\\approx(?![A-Za-z])|[≈=]|"(?:approximately|about)"|(?:approximately|about|either|both)\s)\s*'
)
_AMOUNT = re.compile(r"([-+§]?\d[\d.,/]*)\s+([A-Za-z][^\d]*)")
_CHOOSE = re.compile(r"(?<![\w)}\]])(?:\{\s*\}\s*)?[_^]\s*\{?\s*(\d+)\s*\}?\s*C\s*_\s*(?:\{\s*(\d+)\s*\}|(\d))")
_ORDINAL = re.compile(r'(?<=\d)(?:\^\s*\{?\s*)?"?(?:st|nd|rd|th)\b"?\s*\}?')
_PREAMBLE = re.compile(r'^"[^"]*\b(?:is|are):?"\s*')
_DOTTED = re.compile(r"\.(\d*)\\dot\s*\{?(\d)\}?(?:(\d*)\\dot\s*\{?(\d)\}?)?")
_DEGREES = re.compile(r"\^\s*(?:\\deg(?![A-Za-z])|\{\s*\\deg\s*\}|o(?![A-Za-z]))")


def spelled(text: str) -> str:
    """Return an answer in the one spelling; spaces are kept where they may part words."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _scripts(text).translate(_TRANSLATED))
    text = text.translate(_TRANSLATED)
    text = _NUMBERS_WITH_BRACED_COMMAS.sub("", _unmarked(text))
    text = _GONE_ARGUMENTS.sub(" ", text)
    text = _TEXT.sub(_as_words, _POWER_OF_TEN.sub(r"e\1", text))
    text = _COMMAND.sub(_command, text)
    text = _SPACE_COMMAND.sub(" ", text)
    text = _DEGREES.sub(r"\\deg ", _DOTTED.sub(r".\1\\overline{\2\3\4}", text))
    text = _ROUGHLY.sub("", _PREAMBLE.sub("", _numbers(" ".join(text.split()))))
    text = _CHOOSE.sub(lambda found: rf"\binom{{{found[1]}}}{{{found[2] or found[3]}}}", text)
    text = _HALF_DAY.sub(r" \1m", _RATIO_WORD.sub(":", text))
    text = _ORDINAL.sub(" ", _LARGE_WORD.sub(_as_power, text))
    return text.rstrip(" .,;:").lstrip(" ,;:")


def compact(text: str) -> str:
    """Return a spelled answer without spaces, to compare as a string."""
    return text.replace(" ", "")


def _scripts(text: str) -> str:
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ]+", lambda found: "^{" + found[0].translate(_SUPERSCRIPTS) + "}", text)
    return re.sub("[₀₁₂₃₄₅₆₇₈₉]+", lambda found: "_{" + found[0].translate(_SUBSCRIPTS) + "}", text)


def _unmarked(text: str) -> str:
    """Take math marks and emphasis away: dollars in pairs, asterisks; a dollar before a number is money."""
    text = text.replace(r"\$", "§").replace("**", "").replace("`", "").replace(r"\%", "%")
    text = _WRAPPED.sub(r" \2 ", text)
    text = re.sub(r"\\[\[\]()]", " ", text)
    return text.replace("$", "§")


def _as_words(found: re.Match[str]) -> str:
    words = found[1].strip()
    if re.fullmatch(r"[-+\d.,/%§()\s]*", words) or re.fullmatch(r"and|or|[A-Za-z]?", words):
        return f" {words} "
    if words in FUNCTIONS:
        return f"\\{words} "
    amount = _AMOUNT.fullmatch(words)
    if amount is not None:
        return f' {amount[1]} "{amount[2]}" '
    return f' "{words}" ' if re.search("[A-Za-z]", words) else f" {words} "


def _as_power(found: re.Match[str]) -> str:
    # What follows in the same quotes is a unit: "million dollars".
    return rf"\cdot 10^{_LARGE[found[1]]}" + ("" if found[2] or '"' not in found[0] else ' "')


def _command(found: re.Match[str]) -> str:
    name = _SAME_COMMAND.get(found[1], found[1])
    if name in _GONE:
        return " "
    return _PLAIN.get(name, f"\\{name}")


def _numbers(text: str) -> str:
    # Within brackets a comma parts items: (1,234) is a pair, 1,234 a number.
    if not re.search(r"[(\[]|\\\{", text):
        text = _NUMBERS_WITH_COMMAS.sub(lambda found: found[0].replace(",", ""), text)
    else:
        text = re.sub(
            r"(?<![\d.,])\d{1,3}(?:,\d{3}){2,}(?![\d,])|(?<=§)\d{1,3}(?:,\d{3})+(?![\d,])",
            lambda found: found[0].replace(",", ""),
            text,
        )
    text = _NUMBERS_WITH_SPACES.sub(lambda found: found[0].replace(" ", ""), text)
    return _MIXED.sub(r"\1\\frac{\2}{\3}", text)
