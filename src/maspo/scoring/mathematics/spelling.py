r"""One spelling for many: LaTeX, Unicode and plain notation of an answer brought to one form. Pure.

``\dfrac{1}{2}``, ``½`` and ``\frac12`` become ``\frac{1}{2}``; words that stand in ``\text{…}`` are kept in double
quotes, so that they are not taken for products of letters.
"""

from __future__ import annotations

import re
import unicodedata

from maspo.scoring.mathematics.decimals import periodic
from maspo.scoring.mathematics.formulas import FUNCTIONS
from maspo.scoring.mathematics.notations import of_programs
from maspo.scoring.mathematics.wording import in_signs, without_preamble

_SIGNS = r"""
sqrt √  sqrt[3] ∛  sqrt[4] ∜  pi π  infty ∞  cup ∪  cap ∩  in ∈  emptyset ∅ø  pm ±  le ≤⩽  ge ≥⩾  ne ≠  deg °∘  theta θ
phi ϕφ  alpha α  beta β  gamma γ  lambda λ  omega ω  langle ⟨  rangle ⟩  cdot ×∙·⋅∗  mathbb{R} ℝ  frac{1}{2} ½
frac{1}{3} ⅓  frac{2}{3} ⅔  frac{1}{4} ¼  frac{3}{4} ¾  frac{1}{5} ⅕  frac{2}{5} ⅖
frac{3}{5} ⅗  frac{4}{5} ⅘  frac{1}{6} ⅙
frac{5}{6} ⅚  frac{1}{8} ⅛  frac{3}{8} ⅜  frac{5}{8} ⅝  frac{7}{8} ⅞  lfloor ⌊  rfloor ⌋  lceil ⌈  rceil ⌉
lor ∨  land ∧  lnot ¬  to →  Rightarrow ⇒  Leftrightarrow ⇔  setminus ∖  perp ⊥  parallel ∥  subset ⊂  subseteq ⊆
supset ⊃  supseteq ⊇  notin ∉  sum ∑  int ∫  prod ∏  partial ∂  nabla ∇  delta δ  Delta Δ  sigma σ  Sigma Σ  mu μ  rho ρ
tau τ  epsilon ε  eta η  psi ψ  Phi Φ  Psi Ψ  Gamma Γ  Omega ΩΩ  angle ∠  triangle △  cong ≅  simeq ≃  sim ∼  propto ∝
dots …⋯  mathbb{N} ℕ  mathbb{Z} ℤ  mathbb{Q} ℚ  mathbb{C} ℂ  forall ∀  therefore ∴
"""
_UNICODE = {
    **{sign: f"\\{name} " for name, signs in re.findall(r"(\S+) (\S+)", _SIGNS) for sign in signs},
    **dict.fromkeys("−–—‒﹣‑‐⁻", "-"),
    **dict.fromkeys("\u00a0\u2009\u202f\u2002\u2003\u3000\t\n\r", " "),
    **dict.fromkeys('\u200b\u200c\u200d\ufeff\u2061\u2062“”"', ""),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("‘’′", "'"),
    **dict.fromkeys("．٫", "."),
    **dict.fromkeys("，٬", ","),
    "٪": "%",
    "∶": ":",
    "ᵀ": "^T",
    "≡": "=",
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˣ", "0123456789-+nx")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_RAISED_UNIT = re.compile(r"(\\(?:text|mathrm|mbox)\s*\{[^{}]*?)([²³])\s*\}")
_ROOT_OF_NUMBER = re.compile(r"([√∛∜])\s*(\d+(?:\.\d+)?)")
"""A root sign has no braces: what it is taken of is the whole number."""
_DIGITS = {
    place: str(unicodedata.decimal(chr(place)))
    for place in range(0x660, 0x11000)
    if unicodedata.category(chr(place)) == "Nd" and not 0xFF10 <= place <= 0xFF19
}
"""Digits of other scripts: models that answer in Arabic or Bengali often write numbers in them."""
_TRANSLATED = str.maketrans({**_UNICODE, **{chr(place): digit for place, digit in _DIGITS.items()}})

_COMMANDS = """frac dfrac tfrac cfrac sfrac nicefrac flatfrac xfrac, sqrt surd, pi uppi, binom dbinom tbinom,
le leq leqslant leqq, ge geq geqslant geqq, ne neq,
= equiv mapsto, cdot times ast, deg circ degree degrees, emptyset varnothing, mod pmod bmod pod,
{ lbrace, } rbrace, [ lbrack, ] rbrack, | lvert rvert vert mid, phi varphi, theta vartheta, epsilon varepsilon,
lor vee, land wedge, lnot neg, cup union, mathbb Bbb, : colon, dots ldots cdots hdots dotsc dotsb, parallel Vert,
setminus backslash smallsetminus, Rightarrow implies Longrightarrow, Leftrightarrow iff, to rightarrow longrightarrow,
sin sen Sin, cos Cos, tan tg Tan, cot ctg cotg cotan, csc cosec, arcsin arcsen Arcsin, arccos Arccos,
arctan arctg Arctan Arctg, arccot arcctg arccotg, sinh sh, cosh ch, tanh th, coth cth, arsinh arsh arcsinh,
arcosh arch arccosh, artanh arth arctanh, log lg Log, ln Ln, gcd GCD mcd pgcd ggT НОД, lcm LCM mcm ppcm kgV,
€ euro texteuro, ¢ cent textcent, ¥ yen textyen, £ pounds textsterling, § textdollar"""
_SAME_COMMAND = {other: names[0] for names in map(str.split, _COMMANDS.split(",")) for other in names[1:]}
_PLAIN = {
    "=": "=",
    "|": "|",
    "[": "[",
    "]": "]",
    ":": ":",
    "mod": " mod ",
    "prime": "'",
    "slash": "/",
    "lparen": "(",
    "rparen": ")",
    "imath": "i",
    "jmath": "j",
    "cr": r"\\ ",
    "therefore": " ",
    **{sign: sign for sign in "§€¥£¢"},
}
_SHAPES = """left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr middle displaystyle textstyle
limits scriptstyle quad qquad thinspace space rm bf it tt boldsymbol mathbf mathit bm overrightarrow vec
operatorname nonumber underline ensuremath large Large LARGE huge Huge small normalsize num unit si mathop boxed
strut notag displaylimits enspace emph bfseries checkmark hfill protect unboldmath mathop cancel centering null
bbox numprint square blacksquare Box qed newline"""
_GONE = frozenset(_SHAPES.split())
_GONE_ARGUMENTS = re.compile(
    r"\\(?:raisebox|hspace|vspace|label|tag|phantom|hphantom|vphantom|color|textcolor|colorbox)\*?\s*\{[^{}]*\}"
    r"|\\fcolorbox\s*\{[^{}]*\}\s*\{[^{}]*\}"
)
_ACCENT = re.compile(
    r"\\(hat|widehat|tilde|widetilde|bar|dot|ddot|check|breve|mathring)(?![A-Za-z])\s*(?:\{\s*(\\?[A-Za-z]+)\s*\}"
    r"|(\\[A-Za-z]+|[A-Za-z]))"
)
_MAY_BE_ACCENTED = re.compile(r"hat|tilde|bar|dot|check|breve|ring")
_UNIT_VECTORS = frozenset({"i", "j", "k", "\\imath", "\\jmath"})
_PRIMED = re.compile(
    r"(?<![A-Za-z\\])([A-Za-z])\^\s*\{\s*((?:\\prime\s*|')+)\}|(?<![A-Za-z\\])([A-Za-z])\^\s*\\prime(?![A-Za-z])"
)
_OF_SET = re.compile(r"\\(max|min|gcd|lcm)\s*(?:\\left)?\\\{([^{}]*?)(?:\\right)?\\\}")
_SI = re.compile(r"\\(?:SI|qty)\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_LINED_POWER = re.compile(r"\^\s*\{\s*\\(underline|overline)(?![A-Za-z])")
_FACTORIALS = {"underline": "falling", "overline": "rising"}
"""Falling and rising factorials; elsewhere a line below only shapes what is set."""
_ROOT_OF = re.compile(r"\\root\s*\{?\s*(\w+)\s*\}?\s*\\of(?![A-Za-z])")
_POWER = re.compile(r"(?<=[\w)\]}])\s?\*\*\s?(?=[\w({\\-])")
"""The power of programs; two asterisks at an edge of a text are emphasis."""
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_OPERATOR_NAME = re.compile(r"\\operatorname\*?\s*\{\s*([A-Za-z]+)\s*\}")
_CROSS = re.compile(
    r"(\\(?:mathbf|vec|boldsymbol|bm)\s*(?:\{\\?[A-Za-z]+\}|[A-Za-z])|\\nabla"
    r"|(?<![A-Za-z\\\d])[A-Zuvw])\s*\\times(?=\s*(?:\\(?:mathbf|vec|boldsymbol|bm|nabla)(?![A-Za-z])|[A-Zuvw](?![A-Za-z])))"
)
"""A product of vectors, matrices or sets: its order matters."""
_CROSS_SIGN = re.compile(
    r"(?:(?<=[uvw])(?<![A-Za-z\\\d][uvw])|(?<=\}))\s*×(?=\s*(?:[uvw](?![A-Za-z])|\\(?:mathbf|vec|boldsymbol|bm)))"
)
"""Its sign, between vectors only: L × W is an area."""
_TEXT_OF_MATH = re.compile(
    r"\\(?:text|mbox|textbf|mathrm|mathit)\s*\{\s*(\\(?:frac|sqrt|pi|binom)(?:[^{}]|\{[^{}]*\})*)\}"
)
_SPACE_COMMAND = re.compile(r"(?<!\\)\\[,!;:> ]|~")
_TEXT = re.compile(r"\\(?:text(?:bf|it|rm|sf|tt|normal|up)?|mbox|hbox|fbox|mathrm|mathsf|mathtt)\s*\{([^{}]*)\}")
_POWER_OF_TEN = re.compile(r"(?<=\d)\s*\\(?:text|mathrm)\s*\{\s*(?:E\s*\}|[Ee]\s*\}(?=\s*\{))\s*\{?\s*([-+]?\d+)\s*\}?")
"""The E of 4.5E-4, upright; a small one stands for Euler's number where no braces say otherwise."""
_BRACKETS = re.compile(r"\\[\[\]()]")
_WRAPPED = re.compile(r"(\$\$|\$|\\\[|\\\()(.*?)(\$\$|\$|\\\]|\\\))", re.DOTALL)
_NUMBERS_WITH_COMMAS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?!\d|,\d)")
_SURE_NUMBERS_WITH_COMMAS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3}){2,}(?![\d,])|(?<=§)\d{1,3}(?:,\d{3})+(?![\d,])")
_NUMBERS_WITH_BRACED_COMMAS = re.compile(r"(?<=\d)(?:\{,\}|,\s*\\!|\\,|\\;|\\ |\\thinspace)\s*(?=\d{3})")
_DECIMAL_BRACED_COMMA = re.compile(r"(?<=\d)\{,\}(?=\d{1,2}(?!\d|\{,\}))")
"""The decimal comma of LaTeX; before three digits it parts thousands."""
_LAKHS = re.compile(r"(?:(?<=[₹s.\s])|^)\d{1,2}(?:,\d\d)+,\d{3}(?![\d,])")
"""An amount of rupees, in India grouped by two digits above the thousands."""
_THOUSANDS_WITH_POINTS = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})+),(\d+)(?![\d.,]*[.,]?\d)")
"""Points that part thousands, and a comma before decimals: 1.250,75 can be read in one way alone."""
_EURO_COMMA = re.compile(
    r"(?<![\d.,])(\d+),\d\d?(?![\d,])(?=(?:[^\w(){}\[\]]|\\,|\\[a-z]*text\{)*(?:€|EUR\b|[Ee]uros?\b|zł|kr\b|₽|руб|Kč))"
    r"|(?:€|EUR|R§)\s*(\d+),\d\d?(?![\d,])"
)
"""A decimal comma in an amount of money of countries that write one."""
_NUMBERS_WITH_SPACES = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?!\d)(?! \d)")
_MIXED = re.compile(r"(?<![\d.^_{/])(\d+)(?: +| *- *(?=\d+/\d+$))(\d+)/(\d+)(?![\d/.])")
_AMOUNT = re.compile(r"([-+§]?\d[\d.,/]*)\s+([A-Za-z][^\d]*)")
_DOTTED = re.compile(r"\.(\d*)\\dot\s*\{?(\d)\}?(?:(\d*)\\dot\s*\{?(\d)\}?)?")
_REVERSED = re.compile(
    # not behind a name, whose index it would be: x[1], y[3]
    r"(?:(?<![^\WU])|(?<=\\in)|(?<=\\c[ua]p))([\[\]])([^\[\]();,=]+)[;,]([^\[\]();,=]+)([\[\]])"
)
"""An interval in square brackets."""
_DEGREES = re.compile(r"\^\s*(?:\\deg(?![A-Za-z])|\{\s*(?:\\deg|o)\s*\}|o(?![A-Za-z]))")
_SLANTED = re.compile(r"(?:\{\s*\})?\^\s*\{?(\d+)\}?\s*(?:\\!)?\s*/\s*(?:\\!)?\s*_\s*\{?(\d+)\}?")
"""A fraction set small around a stroke."""
_COMMA_AS_TEXT = re.compile(r"(?<=\d)\\(?:text|mathord|mathrm|mbox)\s*\{,\}(?=\d{3})")
_ROW_SPACE = re.compile(r"\\\\\s*\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm)\s*\]")
_EMPTY_BRACKET = re.compile(r"\\(?:left|right)\s*\.")
_PLAIN_MATRIX = re.compile(r"\\([pb]?matrix)\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_ABSOLUTE = re.compile(r"\\[aA]bs\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_BARRED_DIGITS = re.compile(r"(?<=[\d.])\\bar\s*\{?\s*(\d+)\s*\}?")
_NOT_EQUAL = re.compile(r"\\not\s*=")
_UNIT_COMMAND = re.compile(r"\\(?:si|unit)\s*\{([^{}]*)\}")
_UNIT_FRACTION = re.compile(
    r"\\[dt]?frac\s*\{\s*\\(?:text|mathrm)\s*\{\s*([A-Za-z]+)\s*\}\s*\}\s*\{\s*\\(?:text|mathrm)\s*\{\s*([A-Za-z]+)\s*\}\s*\}"
)
_NAMED_UNIT = re.compile(r"(?<=\d)\s*\\operatorname\s*\{\s*([A-Za-z]+)\s*\}(?=\s*$)")
"""A unit behind a number, set as the name of an operation."""


PLAIN_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
"""What is spelled in one way only."""


def spelled(text: str) -> str:
    """Return an answer in the one spelling; spaces are kept where they may part words."""
    if PLAIN_NUMBER.fullmatch(text):
        return text
    if "₹" in text or "Rs" in text or "rupee" in text:
        text = _LAKHS.sub(lambda found: found[0].replace(",", ""), text)
    if not text.isascii():
        if "×" in text:
            text = _CROSS_SIGN.sub(r"\\times ", text)
        text = unicodedata.normalize("NFKC", _scripts(text).translate(_TRANSLATED))
    if "\\\\" in text and "[" in text:
        text = _ROW_SPACE.sub(r"\\\\ ", text)
    text = _unmarked(text.translate(_TRANSLATED))
    if "," in text and "." in text:
        text = _THOUSANDS_WITH_POINTS.sub(lambda found: f"{found[1].replace('.', '')}.{found[2]}", text)
    if "," in text and (euros := _EURO_COMMA.search(text)) is not None:
        comma = euros.end(euros.lastindex or 1)
        text = f"{text[:comma]}.{text[comma + 1 :]}"
    if "{" in text:
        text = _DECIMAL_BRACED_COMMA.sub(".", text.replace("{:}", ":"))
    if "_" in text and "/" in text and "^" in text:
        text = _SLANTED.sub(r"\\frac{\1}{\2}", text)
    if "\\" in text:
        text = _latex(text)
    elif "{,}" in text:
        text = text.replace("{,}", "")
    if "]" in text or "[" in text:
        text = _REVERSED.sub(_opened, text)
    text = without_preamble(" ".join(text.replace("~", " ").split()))
    text = of_programs(in_signs(periodic(_numbers(text))))
    return text.rstrip(" .,;:").lstrip(" ,;:")


def _latex(text: str) -> str:
    """Bring commands to one spelling; those that only shape what is set are gone."""
    if "," in text or r"\;" in text or "\\ " in text or "space" in text:
        text = _NUMBERS_WITH_BRACED_COMMAS.sub("", text)
    if "operatorname" in text:
        text = _NAMED_UNIT.sub(lambda found: found[0] if found[1] in FUNCTIONS else rf"\text{{{found[1]}}}", text)
        text = _OPERATOR_NAME.sub(r"\\\1 ", text)
    if "times" in text:
        text = _CROSS.sub(r"\1 \\cross ", text)
    text = _rare(text)
    has_words = "ext" in text or "math" in text or "box" in text
    if has_words:
        text = _TEXT_OF_MATH.sub(r" \1 ", text)
    if _MAY_BE_ACCENTED.search(text):
        text = _ACCENT.sub(_accented, text)
    if has_words:
        text = _TEXT.sub(_as_words, _POWER_OF_TEN.sub(r"e\1", text))
    text = _SPACE_COMMAND.sub(" ", _COMMAND.sub(_command, text))
    if "dot" in text:
        text = _DOTTED.sub(r".\1\\overline{\2\3\4}", text)
    return _DEGREES.sub(r"\\deg ", text) if "^" in text else text


def _rare(text: str) -> str:
    """Bring to one spelling what few answers hold, after a fast look for it."""
    if (
        "space" in text
        or "raisebox" in text
        or "color" in text
        or "phantom" in text
        or "label" in text
        or "tag" in text
    ):
        text = _GONE_ARGUMENTS.sub(" ", text)
    text = _set_otherwise(text)
    if "\\SI" in text or "\\qty" in text:
        text = _SI.sub(r"\1 \\text{\2}", text)
    if "'" in text or "prime" in text:
        text = _PRIMED.sub(_primed, text)
    if r"\{" in text:
        text = _OF_SET.sub(r"\\\1(\2)", text)
    if "line" in text:
        text = _LINED_POWER.sub(lambda found: rf"^{{\{_FACTORIALS[found[1]]} ", text)
    return _ROOT_OF.sub(r"\\sqrt[\1]", text) if r"\of" in text else text


def _set_otherwise(text: str) -> str:
    """Bring to one spelling other ways to set fractions, brackets, matrices, bars and units."""
    if "{,}" in text:
        text = _COMMA_AS_TEXT.sub("", text)
    if "left" in text or "right" in text:
        text = _EMPTY_BRACKET.sub(" ", text)
    if "atrix" in text:
        text = _PLAIN_MATRIX.sub(r"\\begin{\1}\2\\end{\1}", text)
    if "bs" in text:
        text = _ABSOLUTE.sub(r"|\1|", text)
    if "\\bar" in text:
        text = _BARRED_DIGITS.sub(r"\\overline{\1}", text)
    if "\\not" in text:
        text = _NOT_EQUAL.sub(r"\\ne ", text)
    if "\\si" in text or "\\unit" in text:
        text = _UNIT_COMMAND.sub(lambda found: rf"\text{{{found[1].replace(chr(92), ' ')}}}", text)
    return (
        _UNIT_FRACTION.sub(r"\\text{\1/\2}", text) if "frac" in text and ("text" in text or "mathrm" in text) else text
    )


def _primed(found: re.Match[str]) -> str:
    return (found[1] or found[3]) + "'" * max(1, (found[2] or "").count("prime") + (found[2] or "").count("'"))


def _accented(found: re.Match[str]) -> str:
    r"""Keep an accent as a part of the letter's name, since \hat{x} is not x; those of unit vectors say nothing."""
    letter = found[2] or found[3]
    if found[1] in ("hat", "widehat") and letter in _UNIT_VECTORS:
        return letter.removesuffix("math").removeprefix("\\") if letter[0] == "\\" else letter
    return f" {letter}_{{{found[1].removeprefix('wide')[:3]}}} "


def compact(text: str) -> str:
    """Return a spelled answer without spaces, to compare as a string."""
    return text.replace(" ", "")


def _scripts(text: str) -> str:
    text = _ROOT_OF_NUMBER.sub(lambda found: f"{found[1]}{{{found[2]}}}", text)
    text = _RAISED_UNIT.sub(lambda found: f"{found[1]}}}^{found[2].translate(_SUPERSCRIPTS)} ", text)
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿˣ]+", lambda found: "^{" + found[0].translate(_SUPERSCRIPTS) + "}", text)
    return re.sub("[₀₁₂₃₄₅₆₇₈₉]+", lambda found: "_{" + found[0].translate(_SUBSCRIPTS) + "}", text)


def _unmarked(text: str) -> str:
    """Take math marks and emphasis away: dollars in pairs, asterisks; a dollar before a number is money."""
    if "**" in text:
        text = _POWER.sub("^", text.strip()).replace("**", "")
    text = text.replace(r"\$", "§").replace("`", "").replace(r"\%", "%")
    if "$" in text or "\\(" in text or "\\[" in text or "\\)" in text or "\\]" in text:
        text = _BRACKETS.sub(" ", _WRAPPED.sub(r" \2 ", text)).replace("$", "§")
    return text


def _as_words(found: re.Match[str]) -> str:
    words = _SPACE_COMMAND.sub(" ", found[1]).strip() if "\\" in found[1] else found[1].strip()
    words = words.rstrip(",;") if words[-2:-1].isalpha() else words
    if words == ":":
        return words
    if re.fullmatch(r"[-+\d.,/%§()\s]*", words) or re.fullmatch(r"and|or|[A-Za-z]?", words):
        return f" {words} "
    if words in FUNCTIONS:
        return f"\\{words} "
    amount = _AMOUNT.fullmatch(words)
    if amount is not None:
        return f' {amount[1]} "{amount[2]}" '
    return f' "{words}" ' if re.search("[A-Za-z]", words) else f" {words} "


def _command(found: re.Match[str]) -> str:
    name = _SAME_COMMAND.get(found[1], found[1])
    if name in _GONE or (name.startswith(("text", "math")) and name != "mathbb"):
        return " "
    return _PLAIN.get(name, f"\\{name}")


def _opened(interval: re.Match[str]) -> str:
    """Write the open ends of an interval as round brackets: most of Europe turns the square ones around, ]0; 1]."""
    begin, lowest, highest, end = interval.groups()
    if begin == "[" and end == "]":
        return interval[0]
    return f"{'[' if begin == '[' else '('}{lowest},{highest}{']' if end == ']' else ')'}"


def _numbers(text: str) -> str:
    # Within brackets a comma parts items: (1,234) is a pair, 1,234 a number.
    if "," in text:
        bracketed = "(" in text or "[" in text or r"\{" in text
        commas = _SURE_NUMBERS_WITH_COMMAS if bracketed else _NUMBERS_WITH_COMMAS
        text = commas.sub(lambda found: found[0].replace(",", ""), text)
    if " " in text:
        text = _NUMBERS_WITH_SPACES.sub(lambda found: found[0].replace(" ", ""), text)
    return _MIXED.sub(r"\1\\frac{\2}{\3}", text) if "/" in text else text
