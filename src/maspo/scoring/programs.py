"""Which part of an output is the program: fences whole and half, quotes, tags, code among prose. Pure.

No text is parsed as Python here: lines are told apart by how they begin. Whether it is a program says the sandbox.
"""

from __future__ import annotations

import builtins
import keyword
import re
import textwrap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from maspo.scoring.json_values import objects_of
from maspo.scoring.readable import tail

_FENCE = re.compile(r"[ \t]*+(`{3,}+|~{3,}+)[ \t]*+(.*)")
_INFO = re.compile(r"(`*+)[ \t]*+(\w*+)[ \t]*+")
_ONE_LINE = re.compile(r"[ \t]*+`{3}(?:python|py)?[ \t]++([^`\s][^`]*+)`{3}[ \t]*+")
_SHORTEST_FENCE = 3
_SHORT_FENCES = frozenset({"`", "``"})
_LANGUAGE = re.compile(r"[{.]*([\w+#-]*)")
_PYTHON = frozenset({"python", "python3", "py", "python2", "ipython", "python-repl", "pycon", "code", "sage", ""})
_QUOTE_FENCE = re.compile(
    r"^(?:'''|\"\"\")(?:(?:python|py)\s*$|[ \t]*\n(?=(?:async def|def|class|import|from)\s|@))", re.MULTILINE
)
_QUOTE_END = re.compile(r"^(?:'''|\"\"\")\s*$", re.MULTILINE)
_CODE_AS_INFO = re.compile(r"(?:python|py)?\d?\s*((?:(?:async def|def|class|import|from)\b|@).*)")
_PROMPTS = re.compile(r"^(?:>>>|\.\.\.|In \[\d+\]:)(?: |$)", re.MULTILINE)
_CHANGES = frozenset({"diff", "patch"})
_PATCH = re.compile(r"^(?:diff --git |--- \S.*\n\+\+\+ \S|\*\*\* Begin Patch$)", re.MULTILINE)
"""How a change begins that stands in no fence: as git writes it, and as OpenAI's agents do."""
_SHELL = re.compile(r"^[ \t]*[!%][A-Za-z%].*$", re.MULTILINE)
"""A line of a notebook that is no Python: !pip install …, %timeit."""
_TAGS = re.compile(
    r"<(/?)(?:code|pre|answer|final_answer|python|program|solution|completion)(?:\s[^<>\n]{0,80})?>|\[(/?)(?:PYTHON"
    r"|CODE|ANSWER|python|code)\]"
    r"|\\(?:begin|(end))\{(?:lstlisting|verbatim|minted|python)\*?\}(?:\[[^\]\n]*\])?(?:\{python\d?\})?",
)
"""What stands around a program where models know no fences."""
_BEGINS = re.compile(
    r"(?:async[ ]+def|def|class)\s+\w+\s*[(:\[]|(?:import|from)\s+[A-Za-z_][\w.]*(?:\s+(?:import|as)\s+[\w(*]"
    r"|\s*(?:,|$))|@[\w.]+"
)
"""How a program begins."""
_BEGINS_AFTER_WORDS = re.compile(r"[^\n]{0,60}?[:>!.]\s*(?=(?:async\s+def|def|class)\s+\w+\s*[(:])")
_INLINE = re.compile(r"(?<!`)`((?:(?:async\s+def|def)\s+\w+\s*\(|[A-Za-z_]\w*\s*=\s*lambda\b)[^`]{1,4000})`(?!`)")
"""A function set as code within a sentence."""
_GOES_ON = re.compile(
    r"\s|(?:async|def|class|import|from|return|for|while|if|elif|else|try|except|finally|with|assert|raise|del"
    r"|global|pass|print)\b(?!\s+\w+\s+\w+\s+\w+\s+\w+$)"
    r"|[@#)\]}'\"]|[A-Za-z_][\w.]*(?:\[[^\]\n]*\])?\s*(?:[-+*/%|&^]|//|\*\*)?=(?!=)"
    r"|[A-Za-z_][\w.]*(?:\s*:\s*[\w\[\], .|]+)?\s*=(?!=)|[A-Za-z_][\w.]*\([^\n]*\)\s*$"
)
"""A line of a program, after its begin."""
_FAULTY = re.compile(
    r"(?i)\b(?:what\s+not\s+to\s+do|do\s*n[o']t|avoid|incorrect|wrong|bad|buggy|broken|not\s+recommended"
    r"|anti-?pattern|original|naive|slower)\b"
)
"""How a model introduces a program that is not its answer."""
_MENDED = re.compile(r"(?i)\b(?:better|fix(?:ed)?|correct(?:ed|ion)?|right|improved|instead|final|revised)\b[^.!?]*$")
"""What makes a program that is introduced with such words the answer all the same: "That is wrong. Better:"."""
_PROSE = re.compile(r"[A-Z][a-z]+:?(?:,? [\w'’()`*/^-]+){2,}[.:!?]")
"""A line that is a sentence, and no line of a program."""
_SESSION = re.compile(r"^>>> (?=(?:async def|def|class|import|from)\b|@)", re.MULTILINE)
_ASIDE_LINES = 2
_LETTERS = re.compile(r"[A-Za-z_]\w*")
_BOUND = re.compile(r"\b(?:def|class|import|as|for)\s+([A-Za-z_]\w*)|([A-Za-z_]\w*)\s*=(?!=)|\blambda\s+([A-Za-z_]\w*)")
_PARAMETERS = re.compile(r"\bdef\s+\w+\s*\(([^)]*)\)")
_TOP = re.compile(
    r"^(?:(?:async\s+)?def|class)\s+([A-Za-z_]\w*)|^([A-Za-z_]\w*)\s*(?::[^=\n]+)?=(?!=)"
    r"|^import\s+([A-Za-z_]\w*)(?:\s+as\s+([A-Za-z_]\w*))?"
    r"|^from\s+[\w.]+\s+import\s+(?:\([^)]*\)|[^\n]*)",
    re.MULTILINE,
)
_PRINTS = re.compile(r"\bprint\b|\bstdout\b|\bopen\(1\b")
_INDENT = "    "
_INTRODUCES = re.compile(r"[A-Z][\w'’ ,`*]{0,100}:\s*")
"""A line that announces the rest of a function."""
_RETURNS = re.compile(r"^(?:return|yield)\b", re.MULTILINE)
"""What stands in no program outside of a function: it is the rest of one."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of an output that may be a program."""

    text: str
    language: str = ""
    faulty: bool = False
    """Whether it is introduced as what not to do."""

    @property
    def is_python(self) -> bool:
        """Whether it may be Python, by the name of its language."""
        return self.language in _PYTHON


def program_in(reply: str, names: Collection[str], body_of: str = "") -> str:
    """Return the program in a reply: the last block that defines one of some names, with what it uses of others.

    Without one, code among prose that does; else the last block of Python, the last block, all of it. ``body_of`` is
    the head of a function of which a reply may be the rest.
    """
    text = _quotes_as_fences(_unquoted(reply))
    fenced = "```" in text or "~~~" in text
    if not fenced and (patch := _PATCH.search(text)) is not None:
        text, fenced = f"{text[: patch.start()]}```diff\n{text[patch.start() :]}\n```", True
    blocks = list(_blocks(text if fenced else _TAGS.sub(_as_fence, text)))
    python = [block for block in blocks if block.is_python]
    defining = [block for block in python if _defines_any(block.text, names)]
    if defining:
        sound = [block for block in defining if not block.faulty]
        return _with_helpers((sound or defining)[-1], python, names)
    for value in _values_of_json(text):
        if _defines_any(value, names):
            return value
    bare = _among_prose(text)
    if bare and _defines_any(bare, names):
        return bare
    inline = _INLINE.search(text)
    if inline is not None and _defines_any(inline[1], names):
        return f"{inline[1]}\n"
    before = _before_fence(text) if fenced else text
    for found in (*(block.text for block in reversed(python)), before if body_of else ""):
        if body_of and _is_body(found):
            return _indented_body(found)
    if python or blocks:
        return (python or blocks)[-1].text
    return _indented_body(text) if body_of and (not bare or _RETURNS.search(bare)) else bare or text


def printing_program_in(reply: str) -> str:
    """Return the program in a reply that is run as a whole: the last block of Python that prints, or is called Python.

    What such a program reads and prints often stands in blocks of its own, without the name of a language.
    """
    text = _quotes_as_fences(_unquoted(reply))
    fenced = "```" in text or "~~~" in text
    blocks = [block for block in _blocks(text if fenced else _TAGS.sub(_as_fence, text)) if block.is_python]
    printing = [block for block in blocks if _PRINTS.search(block.text)] or [one for one in blocks if one.language]
    sound = [block for block in printing if not block.faulty]
    return (sound or printing)[-1].text if printing else program_in(reply, ())


def _values_of_json(text: str) -> Iterator[str]:
    """Yield the texts in the JSON objects of a reply, the last object first: {"code": "def …"}."""
    if '"' not in text or "{" not in text:
        return
    for value in reversed(list(objects_of(tail(text)))):
        yield from _texts_in(value)


def _texts_in(value: object) -> Iterator[str]:
    """Yield the texts within a JSON value: {"name": "write_file", "arguments": {"content": "def …"}}."""
    left = [value]  # no recursion: a reply may nest as deep as it likes
    while left:
        inner = left.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, dict):
            left += reversed(inner.values())
        elif isinstance(inner, list):
            left += reversed(inner)


def _unquoted(text: str) -> str:
    """Return a text without the marks of a quotation before each of its lines."""
    lines = text.split("\n")
    said = [line for line in lines if line.strip()]
    if not said or not all(line.startswith(">") for line in said):
        return text
    return "\n".join(line.removeprefix(">").removeprefix(" ") for line in lines)


def _quotes_as_fences(text: str) -> str:
    """Return a text whose rows of three quotes around a program are fences, as some models write them."""
    if not _QUOTE_FENCE.search(text) or "```" in text:
        return text
    return _QUOTE_END.sub("```", _QUOTE_FENCE.sub("```python\n", text))


def _as_fence(tag: re.Match[str]) -> str:
    ends = bool(tag[1] or tag[2] or tag[3])
    return "\n```\n" if ends else "\n```python\n"


@dataclass(frozen=True, slots=True)
class Fence:
    """A line that opens or closes a block: its row of signs, what follows it, and the words or code before it."""

    mark: str
    info: str
    before: str = ""
    is_indented: bool = False

    def closes(self, opening: str) -> bool:
        """Whether it ends the block that a row of signs has opened; a longer row does, too."""
        return len(self.mark) >= len(opening) and (self.mark[0] == opening[0] or not self.info)

    @property
    def code(self) -> list[str]:
        """The program's first line, where it stands in the line of the fence."""
        found = _CODE_AS_INFO.fullmatch(self.info)
        return [found[1]] if found is not None else []

    @property
    def language(self) -> str:
        """What it says the block is written in. "``` ```python": the first row was a slip."""
        found = _LANGUAGE.match(self.info.rpartition("`")[2].strip())
        return (found[1] if found else "").lower()


def _fence(line: str) -> Fence | None:
    """Return the fence in a line, which may stand at the end of words or code; None without one."""
    found = _FENCE.fullmatch(line)
    if found is not None:
        return Fence(found[1], found[2].strip(), is_indented=line.startswith(" "))
    before, mark, rest = line.partition("```")
    if mark and before.strip() and "`" not in before and _CODE_AS_INFO.fullmatch(rest):
        return Fence(mark, rest, before)
    info = _INFO.fullmatch(rest) if mark and before.strip() and "`" not in before else None
    return Fence(mark + info[1], info[2], before) if info is not None else None


def _blocks(text: str) -> Iterator[Block]:
    """Yield the blocks in fences; one that is never closed ends with the text, or where the next one begins."""
    opening = language = ""
    lines: list[str] = []
    said: list[str] = []
    quotes = 0
    for line in text.split("\n"):
        fence = _fence(line)
        if not opening:
            one_line = _ONE_LINE.fullmatch(line)
            if one_line is not None:
                yield Block(f"{one_line[1].rstrip()}\n")
            elif fence is None:
                said.append(line)
            else:
                opening, language, lines, quotes = fence.mark, fence.language, fence.code, 0
                said += [fence.before] if fence.before else []
        elif (
            fence is None
            or not fence.closes(opening)
            or (fence.before and fence.info)
            or (fence.is_indented and quotes % 2)  # within the description of a function
        ):
            if line.strip() in _SHORT_FENCES:
                # One or two signs instead of three.
                yield _block(lines, language, said)
                opening, said = "", []
            else:
                lines.append(line)
                quotes += line.count('"""')
        else:
            yield _block([*lines, fence.before] if fence.before else lines, language, said)
            again = fence.info.lower() in _PYTHON - {""}
            opening, language, lines, said, quotes = fence.mark if again else "", fence.language, [], [], 0
    if opening:
        yield _block(_to_an_end(_to_a_shorter_fence(lines, opening)), language, said)


def _to_a_shorter_fence(lines: Sequence[str], opening: str) -> Sequence[str]:
    """Return the lines of a block that no row as long as its own closes, up to a shorter one that stands alone."""
    shorter = opening[:_SHORTEST_FENCE]
    end = next((place for place, line in enumerate(lines) if line.strip() == shorter), len(lines))
    return lines[:end]


def _to_an_end(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines of a block that is never closed up to the first sentence, or up to quotes in a fence's place."""
    end = next((place for place, line in enumerate(lines) if place and _PROSE.fullmatch(line.rstrip())), len(lines))
    kept = list(lines[:end])
    while kept and not kept[-1].strip():
        kept.pop()
    quotes = kept[-1].strip() if kept else ""
    is_end = quotes in ("'''", '"""') and sum(line.count(quotes) for line in kept) % 2
    return kept[:-1] if is_end else kept


def _block(lines: Sequence[str], language: str, said: Sequence[str]) -> Block:
    if language in _CHANGES:
        # What is left when the change is made.
        lines, language = [line[1:] for line in lines if line[:1] in ("+", " ") and not line.startswith("+++")], ""
    elif lines and lines[0].strip().lower() in _PYTHON - {"", "code"}:
        lines = lines[1:]
    text = _SHELL.sub("", _without_prompts("".join(f"{line}\n" for line in lines)))
    plain = textwrap.dedent(text)
    # The rest of a function keeps its indent, which says what it is; a whole program has none.
    before = " ".join([line for line in said if line.strip()][-_ASIDE_LINES:][-1:])
    faulty = _FAULTY.search(before)
    is_faulty = faulty is not None and _MENDED.search(before, faulty.end()) is None
    return Block(plain if _BEGINS.match(plain.lstrip("\n")) else text, language, is_faulty)


def _without_prompts(text: str) -> str:
    """Return a program without the prompts of a Python session, and without what it printed."""
    if not text.lstrip().startswith((">>> ", "In [")):
        return text
    return "".join(f"{_PROMPTS.sub('', line)}\n" for line in text.split("\n") if _PROMPTS.match(line))


def _among_prose(text: str) -> str:
    """Return the code among the lines of a text: from the first line that begins a program to the last of its kind."""
    session = _SESSION.search(text) if ">>> " in text else None
    lines = (text if session is None else _without_prompts(text[session.start() :])).split("\n")
    for place, line in enumerate(lines):
        words = _BEGINS_AFTER_WORDS.match(line)
        code = line[words.end() :] if words is not None else line
        if _BEGINS.match(code.lstrip()) is None:
            continue
        indent = code[: len(code) - len(code.lstrip())]
        found = [code.removeprefix(indent)]
        for other in lines[place + 1 :]:
            inner = other.removeprefix(indent)
            if inner.strip() and not (_GOES_ON.match(inner) and not _FENCE.match(inner)):
                break
            found.append(inner)
        return "\n".join(found).rstrip() + "\n"
    return ""


def _before_fence(text: str) -> str:
    """Return what stands before the first fence, which closes it where its begin was left out."""
    kept: list[str] = []
    for line in text.split("\n"):
        if _FENCE.match(line):
            break
        kept.append(line)
    return "\n".join(kept)


def _is_body(text: str) -> bool:
    """Whether a text can be the rest of a function: it returns or yields, and its lines are indented or begin so."""
    lines = [line for line in text.split("\n") if line.strip()]
    return (
        bool(lines)
        and re.search(r"^\s*(?:return|yield)\b", text, re.MULTILINE) is not None
        and (lines[0][0] in " \t" or _GOES_ON.match(lines[0]) is not None)
    )


def _indented_body(text: str) -> str:
    """Return the rest of a function with the indent that a model or a server cut off its first line, or all lines."""
    lines = text.strip("\n").split("\n")
    if _INTRODUCES.fullmatch(lines[0]) and len(lines) > 1:
        lines = "\n".join(lines[1:]).strip("\n").split("\n")
        text = "\n".join(lines) + "\n"
    end = _begin_of_words(lines)
    if end < len(lines):
        lines = lines[:end]
        text = "\n".join(lines) + "\n"
    returns = any(_RETURNS.match(line) for line in lines)
    if not lines[0] or lines[0][0] in " \t" or (_BEGINS.match(lines[0]) and not returns):
        return text
    rest = [line for line in lines[1:] if line.strip()]
    least = min((len(line) - len(line.lstrip()) for line in rest), default=0)
    if rest and least:
        return "\n".join([rest[0][:0] + _indent_of(rest, least) + lines[0], *lines[1:]]) + "\n"
    if not returns:
        return text
    return "".join(f"{_INDENT}{line}\n" if line.strip() else "\n" for line in lines)


def _begin_of_words(lines: Sequence[str]) -> int:
    """Return where what is said about a body begins, as a paragraph behind it; the number of lines where nothing is.

    A paragraph within a text in three quotes is of the body, and what has more code behind it is no end of it.
    """
    for at in range(2, len(lines)):
        if lines[at - 1].strip() or not _PROSE.match(lines[at]):
            continue
        before = "\n".join(lines[:at])
        if any(before.count(quotes) % 2 for quotes in ('"""', "'''")):
            continue
        goes_on = any(line[:1] in (" ", "\t") or _RETURNS.match(line) for line in lines[at:] if line.strip())
        return len(lines) if goes_on else at - 1
    return len(lines)


def _indent_of(lines: Sequence[str], width: int) -> str:
    return next(line[:width] for line in lines if len(line) - len(line.lstrip()) == width)


def _with_helpers(main: Block, blocks: Sequence[Block], names: Collection[str]) -> str:
    """Return a program with the other blocks that define what it uses: helpers, constants, imports."""
    others = [block for block in blocks if block is not main and not _defines_any(block.text, names)]
    needed, parts = _free_names(main.text), [main.text]
    for block in reversed(others):
        if needed & set(_top_names(block.text)):
            parts.insert(0, block.text)
            needed |= _free_names(block.text)
    return "\n".join(part.rstrip("\n") for part in parts) + "\n" if len(parts) > 1 else main.text


def _free_names(text: str) -> set[str]:
    """Return the names that a program uses and does not bind itself, by the look of it."""
    bound = {name for found in _BOUND.finditer(text) for name in found.groups() if name}
    bound |= {name for found in _PARAMETERS.finditer(text) for name in _LETTERS.findall(found[1])}
    return {
        name
        for name in set(_LETTERS.findall(text)) - bound
        if not keyword.iskeyword(name) and not hasattr(builtins, name)
    }


def _top_names(text: str) -> Iterator[str]:
    for found in _TOP.finditer(text):
        if found[0].startswith("from"):
            yield from _LETTERS.findall(found[0].partition(" import ")[2])
        else:
            yield from (name for name in found.groups() if name)


def _defines_any(text: str, names: Collection[str]) -> bool:
    return any(
        re.search(rf"^(?:(?:async\s+)?def|class)\s+{name}\b|^{name}\s*=(?!=)", text, re.MULTILINE)
        for name in map(re.escape, names)
    )
