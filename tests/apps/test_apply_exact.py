"""What is written back arrives as it is: in every kind of file, and in every way in which a program puts values in.

Each case is a source that is really read: modules are run, files loaded, JavaScript run by Node.js where that is there.
"""

from __future__ import annotations

import inspect
import json
import re
import shlex
import shutil
import subprocess
import textwrap
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from maspo.apps.literals import Named
from maspo.apps.writeback import CannotWrite, find_places, only_place, rewritten

OLD = "You plan a trip, step by step.\nName what it costs."
VALUED = "You plan a trip to {value}, step by step.\nName what it costs."
SEVERAL = "You plan the trip of {value} to {value2}, step by step.\nName what it costs."
VALUES = {"{value}": "Ann O'Hara", "{value2}": 'the "old" {town}'}
"""What stood for values: the first is who, the second where."""

PIECES = (
    *(
        "{",
        "}",
        "{{",
        "}}",
        "{x}",
        "{{y}}",
        "{0}",
        "{ z }",
        "{who}",
        "{place}",
        "{%",
        "%}",
        "{% raw %}",
        "{#",
        "#}",
        "{$",
    ),
    *(
        "$",
        "$v",
        "$who",
        "${w}",
        "$$",
        "%",
        "%s",
        "%(x)s",
        "%%",
        "100% sure",
        "\\",
        "\\n",
        "\\\\",
        "\\frac{a}{b}",
        "\\N{DASH}",
    ),
    *(
        "\\x41",
        "\\u0041",
        "'",
        '"',
        "'''",
        '"""',
        "`",
        "<b>",
        "<<place>>",
        "[who]",
        "&amp;",
        "#",
        "//",
        "/*",
        "---",
        "é",
        "中文",
        "🙂",
    ),
    *(
        "one",
        "two",
        ", ",
        ". ",
        ": ",
        " ",
        "\n",
        "\n\n",
        "\n  ",
        "\t",
        "\r\n",
        "\r",
        "\u2028",
        "\x7f",
        "\x85",
        "\ufeff",
        "null",
    ),
)
"""What rewrites are made of: whatever some language, file or program reads as more than itself."""


@st.composite
def rewrites(draw: st.DrawFn, old: str) -> str:
    """Draw a rewrite that keeps the values of the old prompt, in their order."""
    pieces = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
    text = "Rewrite. " + draw(pieces)
    for value in re.findall(r"\{value\d*\}", old):
        text += f" {value} {draw(pieces)}"
    return f"{text} The end."


def run_python(source: str) -> str:
    """Run a module and return what it calls ``prompt``."""
    names: dict[str, Any] = {"who": VALUES["{value}"], "row": {"place": VALUES["{value2}"]}, "dedent": textwrap.dedent}
    names |= {"cleandoc": inspect.cleandoc, "place": VALUES["{value2}"]}
    exec(compile(source.removeprefix("\ufeff"), "team.py", "exec", dont_inherit=True), names)
    prompt = names["prompt"]
    assert isinstance(prompt, str)
    return prompt


def as_jinja_reads(source: str) -> str:
    """Do what Jinja does to a template of values and raw blocks alone."""
    known = {"who": VALUES["{value}"], "place": VALUES["{value2}"]}

    def said(found: re.Match[str]) -> str:
        if found["raw"] is not None:
            return found["raw"]
        assert found["name"] in known, f"{found[0]}: no value of this name"
        return known[found["name"]]

    tokens = r"\{%\s*raw\s*%\}(?P<raw>.*?)\{%\s*endraw\s*%\}|\{\{\s*(?P<name>.*?)\s*\}\}|\{%.*?%\}|\{#.*?#\}"
    return re.sub(tokens, said, source, flags=re.DOTALL)


def as_text(source: str) -> str:
    """Read a file of text as ``open`` does."""
    return source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


ONE = OLD.replace("\n", " ")
PYTHON: Mapping[str, tuple[str, str, Named]] = {
    "a constant": (f"prompt = {OLD!r}  # a comment\n", OLD, "none"),
    "in parts": ("prompt = (\n    'You plan a trip, step by step.\\n'\n    'Name what it costs.'\n)\n", OLD, "none"),
    "three quotes": (f'prompt = """\n{OLD}\n"""\n', OLD, "none"),
    "three quotes, CRLF": (f'prompt = """\n{OLD}\n"""\n'.replace("\n", "\r\n"), OLD, "none"),
    "a mark at the beginning": (f'\ufeffa = "\u2028"; prompt = """\n{OLD}\n"""\n', OLD, "none"),
    "behind a page break": (f'a = """x\u2028\x0cy"""\n\x0cprompt = """\n{OLD}\n"""\n', OLD, "none"),
    "dedented": (f"prompt = dedent({chr(34) * 3}\n{textwrap.indent(OLD, '    ')}\n    {chr(34) * 3})\n", OLD, "none"),
    "a doc string": (f'class S:\n    """{ONE}"""\n\n\nprompt = inspect.getdoc(S)\n', ONE, "none"),
    "joined": (f"prompt = '\\n'.join({OLD.splitlines()!r})\n", OLD, "none"),
    "added": ("prompt = 'You plan a trip, step by step.' + '\\n' + 'Name what it costs.'\n", OLD, "none"),
    "of constants": (
        "WORK = 'You plan a trip, step by step.'\nRULES = 'Name what it costs.'\nprompt = f'{WORK}\\n{RULES}'\n",
        *(OLD, "none"),
    ),
    "an f-string": ("prompt = f'You plan a trip to {who}, step by step.\\nName what it costs.'\n", VALUED, "none"),
    "an f-string in parts": (
        "prompt = (\n    f'You plan the trip of {who} '\n    f'to {row[\"place\"]}, step by step.\\n'\n"
        "    'Name what it costs.')\n",
        *(SEVERAL, "none"),
    ),
    "an f-string with a form": (
        "prompt = f'You plan a trip to {who!s:>3}, step by step.\\nName what it costs.'\n",
        *(VALUED, "none"),
    ),
    "added to values": (
        "prompt = 'You plan the trip of ' + who + ' to ' + (row['place'] or '') "
        "+ ', step by step.\\nName what it costs.'\n",
        *(SEVERAL, "none"),
    ),
    "joined with values": (
        "prompt = ' '.join(['You plan a trip to', who + ', step by step.\\nName what it costs.'])\n",
        *(VALUED, "none"),
    ),
    "format": (
        "P = 'You plan the trip of {who} to {row[place]}, step by step.\\nName what it costs.'\n"
        "prompt = P.format(who=who, row=row)\n",
        *(SEVERAL, "braces"),
    ),
    "format by order": (
        "prompt = 'You plan the trip of {} to {}, step by step.\\nName what it costs.'.format(who, place)\n",
        *(SEVERAL, "braces"),
    ),
    "format_map": (
        "P = 'You plan a trip to {who}, step by step.\\nName what it costs.'\nprompt = P.format_map({'who': who})\n",
        *(VALUED, "braces"),
    ),
    "percent": (
        "prompt = 'You plan the trip of %s to %s, step by step.\\nName what it costs.' % (who, place)\n",
        *(SEVERAL, "percent"),
    ),
    "percent by name": (
        "P = 'You plan a trip to %(who)s, step by step.\\nName what it costs.'\nprompt = P % {'who': who}\n",
        *(VALUED, "percent"),
    ),
    "string.Template": (
        "from string import Template\nT = Template('You plan a trip to $who, step by step.\\nName what it costs.')\n"
        "prompt = T.substitute(who=who)\n",
        *(VALUED, "dollar"),
    ),
    "replace": (
        "P = 'You plan a trip to <<who>>, step by step.\\nName what it costs.'\nprompt = P.replace('<<who>>', who)\n",
        *(VALUED, "none"),
    ),
    "replace braces": (
        "P = 'You plan a trip to {{who}}, step by step.\\nName what it costs.'\nprompt = P.replace('{{who}}', who)\n",
        *(VALUED, "none"),
    ),
}
"""A module, its prompt as it arrives, and how the module reads it."""


def folded(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


TEMPLATED = VALUED.replace("{value}", "{{ who }}")
FILES: Mapping[str, tuple[str, str, str, Named, Callable[[str], str]]] = {
    "json": ("p.json", json.dumps({"a": [OLD, "b"]}), OLD, "none", lambda text: str(json.loads(text)["a"][0])),
    "toml": (
        "p.toml",
        f"[a] # c\np = {json.dumps(OLD)}\n",
        OLD,
        "none",
        lambda text: str(tomllib.loads(text)["a"]["p"]),
    ),
    "toml lines": (
        *("p.toml", f"p = '''\n{OLD}\n'''\nq = 1\n", OLD, "none"),
        lambda text: str(tomllib.loads(text)["p"]),
    ),
    "yaml": (
        "p.yaml",
        f"a:\n  p: {json.dumps(OLD)}\n  q: 1\n",
        OLD,
        "none",
        lambda text: str(yaml.safe_load(text)["a"]["p"]),
    ),
    "yaml block": (
        *("p.yaml", f"a:\n  p: |\n{folded(OLD)}  q: 1\n", OLD, "none"),
        lambda text: str(yaml.safe_load(text)["a"]["p"]),
    ),
    "yaml folded, CRLF": (
        *("p.yaml", f"a:\n  p: >-\n{folded(ONE)}  q: 1\n".replace("\n", "\r\n"), ONE, "none"),
        lambda text: str(yaml.safe_load(text)["a"]["p"]),
    ),
    "yaml flow": (
        "p.yml",
        f"a: {{p: '{ONE}', q: [1]}}\n",
        ONE,
        "none",
        lambda text: str(yaml.safe_load(text)["a"]["p"]),
    ),
    "yaml jinja": (
        *("p.yaml", f"p: {json.dumps(TEMPLATED)}\n", VALUED, "jinja"),
        lambda text: as_jinja_reads(str(yaml.safe_load(text)["p"])),
    ),
    "text": ("p.txt", f"\n{OLD}\n", OLD, "none", as_text),
    "text, CRLF": ("p.md", f"{OLD}\n".replace("\n", "\r\n"), OLD, "none", as_text),
    "text of MDX behind settings": (
        *("p.mdx", f"---\ntitle: x\n---\n{OLD}\n", OLD, "none"),
        lambda text: as_text(text).split("---\n", 2)[2],
    ),
    "text behind settings": (
        *("p.prompty", f"---\nname: x\n---\n{OLD}\n", OLD, "none"),
        lambda text: as_text(text).split("---\n", 2)[2],
    ),
    "text filled by hand": (
        *("p.md", f"{VALUED}\n".replace("{value}", "[who]"), VALUED, "none"),
        lambda text: as_text(text).replace("[who]", VALUES["{value}"]),
    ),
    "text in jinja": ("p.md", f"{TEMPLATED}\n", VALUED, "jinja", lambda text: as_jinja_reads(as_text(text))),
    "jinja": ("p.jinja2", f"{TEMPLATED}\n", VALUED, "jinja", lambda text: as_jinja_reads(as_text(text))),
}


def filled(prompt: str) -> str:
    """Return a prompt with the values in their places."""
    return re.sub(r"\{value2?\}", lambda found: VALUES[found[0]], prompt)


def written(file: str, source: str, old: str, new: str, language: Named) -> str | None:
    """Write a prompt back: as nobody tells the language, else as told; None where it is refused."""
    place = only_place(find_places(file, source, old))
    try:
        return rewritten(source, place, old, new)
    except CannotWrite:
        pass
    try:
        return rewritten(source, place, old, new, language)
    except CannotWrite:
        return None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
@pytest.mark.parametrize("case", PYTHON)
def test_what_is_written_into_a_module_is_what_it_says_when_it_runs(case: str, data: st.DataObject) -> None:
    source, old, language = PYTHON[case]
    source = source if "inspect." not in source else f"import inspect\n{source}"
    assert run_python(source).strip() == filled(old)
    new = data.draw(rewrites(old))
    made = written("team.py", source, old, new, language)
    if made is not None:
        assert run_python(made).strip() == filled(new).strip()


ADDED = "\nName a hotel, too."
SOMETIMES: Mapping[str, str] = {
    "added to a constant": "BASE = OLD\nprompt = BASE + (ADDED if often else '')\n",
    "one or the other": "BASE = OLD\nprompt = BASE + ADDED if often else BASE\n",
    "added later": "prompt = OLD\nif often:\n    prompt += ADDED\n",
    "lines": "lines = [OLD]\nif often:\n    lines.append(ADDED.strip())\nprompt = '\\n'.join(lines)\n",
    "a name": "more = ADDED if often else ''\nprompt = f'''OLD_ITSELF{more}'''\n",
}
"""Modules that add words behind a prompt on some inputs only."""


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
@pytest.mark.parametrize("often", [True, False])
@pytest.mark.parametrize("case", SOMETIMES)
def test_what_a_program_adds_behind_a_prompt_on_some_inputs_stays_there(
    case: str, data: st.DataObject, *, often: bool
) -> None:
    source = SOMETIMES[case].replace("OLD_ITSELF", OLD).replace("OLD", repr(OLD)).replace("ADDED", repr(ADDED))
    given, added = f"often = {often}\n", ADDED if often else ""
    assert run_python(given + source) == OLD + added
    new = data.draw(rewrites(OLD))
    made = written("team.py", source, f"{OLD}{{value}}", f"{new}{{value}}", "none")
    if made is not None:
        assert run_python(given + made).strip() == f"{new}{added}".strip()
    plain = written("team.py", source, f"{OLD}{{value}}", "Rewrite. The end.{value}", "none")
    assert plain is not None and run_python(given + plain) == f"Rewrite. The end.{added}"
    for lost in ("Rewrite. {value} The end.", "Rewrite. The end.", "Rewrite. The end.\n\n{value}"):
        other = written("team.py", source, f"{OLD}{{value}}", lost, "none")
        assert other is None or run_python(given + other) == lost.replace("{value}", added)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
@pytest.mark.parametrize("case", FILES)
def test_what_is_written_into_a_file_is_what_is_read_from_it(case: str, data: st.DataObject) -> None:
    file, source, old, language, arrives = FILES[case]
    assert arrives(source).strip() == filled(old)
    new = data.draw(rewrites(old))
    made = written(file, source, old, new, language)
    if made is not None:
        assert arrives(made).strip() == filled(new).strip()


HARD = (
    'Braces {x} {{y}}, $z %s 100% sure, C:\\new \\frac{a}{b}, "quoted" \'single\' """three""", `tick` ${w}, é.\n'
    "\nA line: with a colon # and a mark\n- and one that ends so: \\"
)


@pytest.mark.parametrize("case", [*PYTHON, *FILES])
def test_a_hard_text_can_be_written_wherever_it_is_told_how_the_app_reads_it(case: str) -> None:
    arrives: Callable[[str], str] = run_python
    if case in PYTHON:
        file, (source, old, language) = "team.py", PYTHON[case]
        source = source if "inspect." not in source else f"import inspect\n{source}"
    else:
        file, source, old, language, arrives = FILES[case]
    new = HARD + "".join(f" {value}," for value in re.findall(r"\{value\d*\}", old))
    made = written(file, source, old, new, language)
    assert made is not None
    assert arrives(made).strip() == filled(new)


JAVASCRIPT: Mapping[str, tuple[str, str]] = {
    "single quotes": ("const prompt = 'You plan a trip, step by step.\\nName what it costs.' // it's\n", OLD),
    "double quotes": (
        'const odd = /[\'"`]/g; const prompt = "You plan a trip, step by step.\\nName what it costs."\n',
        OLD,
    ),
    "a template": (f"const prompt = `\n{OLD}\n`\n", OLD),
    "a template with values": (
        "const place = row['place']\n"
        "const prompt = `You plan the trip of ${who} to ${`${place}`}, step by step.\\nName what it costs.`\n",
        SEVERAL,
    ),
}


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
@pytest.mark.parametrize("case", JAVASCRIPT)
def test_what_is_written_into_javascript_is_what_it_says_when_it_runs(case: str, tmp_path: Path) -> None:
    source, old = JAVASCRIPT[case]
    news: list[str] = []

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(rewrites(old))
    def draw(new: str) -> None:
        news.append(new)

    draw()
    values = f"const who = {json.dumps(VALUES['{value}'])}, row = {{place: {json.dumps(VALUES['{value2}'])}}}\n"
    made = [
        one for new in [old, HARD + old, *news] if (one := written("team.mjs", source, old, new, "none")) is not None
    ]
    assert len(made) == len(news) + 2
    blocks = "".join(f"{{\n{one}\nsaid.push(prompt)\n}}\n" for one in made)
    script = tmp_path / "team.mjs"
    script.write_text(
        f"{values}const said = []\n{blocks}console.log(JSON.stringify(said))\n", encoding="utf-8", newline=""
    )
    done = subprocess.run(["node", str(script)], check=True, capture_output=True, text=True)
    said = [text.strip() for text in json.loads(done.stdout)]
    assert said == [filled(new).strip() for new in [old, HARD + old, *news]]


def in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


IN_JSON = in_json(OLD)
SHELL: Mapping[str, tuple[str, str, Named]] = {
    "single quotes": (f"prompt='{OLD}' # it's\n", OLD, "none"),
    "single quotes in parts": (
        "prompt='Anna'\\''s trip, step by step.'\"\nAnd what it costs.\"\n",
        *("Anna's trip, step by step.\nAnd what it costs.", "none"),
    ),
    "double quotes": (f'case x in x) prompt="{OLD}" ;; *) : "a$(echo ")")`echo \\$`" ;; esac\n', OLD, "none"),
    "double quotes with values": (
        'prompt="You plan the trip of $who to ${place:-"home"}, step by step.\nName what it costs."\n',
        *(SEVERAL, "none"),
    ),
    "the default of a variable": (f'prompt="${{PROMPT:-{OLD}}}"\n', OLD, "none"),
    "a document": (f"prompt=$(cat <<EOF\n{VALUED.replace('{value}', '$who')}\nEOF\n)\n", VALUED, "none"),
    "a raw document": (f"prompt=\"$(cat <<'THE END' # it's\n{OLD}\nTHE END\n)\"\n", OLD, "none"),
    "a document without tabs": ("prompt=$(cat <<-\\EOF\n\t" + OLD.replace("\n", "\n\t") + "\n\tEOF\n)\n", OLD, "none"),
    "JSON in a document": (
        f'json=$(cat <<EOF\n{{"content": "{in_json(SEVERAL)}"}}\nEOF\n)\n'.replace("{value}", "$who").replace(
            "{value2}", "$(quoted)"
        ),
        *(SEVERAL, "none"),
    ),
    "JSON in a raw document": (f'json=$(cat <<\'EOF\'\n[{{"content": "{IN_JSON}"}}]\nEOF\n)\n', OLD, "none"),
    "JSON in single quotes": (f'json=\'{{"content": "{IN_JSON}", "user": "\'"$who"\'"}}\'\n', OLD, "none"),
    "JSON in double quotes": (
        'json="{\\"content\\": \\"You plan a trip to $who, step by step.\\\\nName what it costs.\\"}"\n',
        *(VALUED, "none"),
    ),
    "put into JSON": (f'say() {{ json="{{\\"content\\": \\"$1\\"}}"; }}\nsay "{ONE}"\n', ONE, "json"),
    "put into JSON, with its signs": (f"say() {{ json='{{\"content\": \"'$1'\"}}'; }}\nsay '{ONE}'\n", ONE, "json"),
    "as printf reads it": (
        'said="You plan a trip, step by step.\\\\nName what it costs."\nprompt=$(printf \'%b\' "$said")\n',
        *(OLD, "echo"),
    ),
    "lines as printf reads them": (f"said='{OLD}'\nprompt=$(printf '%b' \"$said\")\n", OLD, "echo"),
    "lines put into JSON": (
        f'say() {{ json="{{\\"content\\": \\"$1\\"}}"; }}\nsay "{IN_JSON}"\n'.replace("\\n", "\\\\n"),
        *(OLD, "json"),
    ),
}
"""A script that sets ``prompt``, or ``json`` with a prompt in it; how the prompt arrives, and how its text is read."""
HINDRANCES: Mapping[str, str] = {"a document without tabs": "\n\t", "the default of a variable": "'"}
"""What no text of a kind can hold."""


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("case", SHELL)
def test_what_is_written_into_a_script_is_what_it_says_when_it_runs(case: str, shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    source, old, language = SHELL[case]
    news = [old, HARD + old]

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(rewrites(old))
    def draw(new: str) -> None:
        news.append(new)

    draw()
    made = [(new, one) for new in news if (one := written("team.sh", source, old, new, language)) is not None]
    if hindrance := HINDRANCES.get(case):
        assert all(hindrance in new for new in {*news} - {new for new, _ in made})
    else:
        assert len(made) == len(news)
    values = f"who={shlex.quote(VALUES['{value}'])} place={shlex.quote(VALUES['{value2}'])}\n"
    values += f"quoted() {{ printf '%s' {shlex.quote(in_json(VALUES['{value2}']))}; }}\n"
    blocks = "".join(f"prompt= json=\n{one}printf '%s\\0' \"$prompt$json\"\n" for _, one in made)
    script = tmp_path / "team.sh"
    script.write_bytes((values + blocks).encode())
    done = subprocess.run([shell, str(script)], check=True, capture_output=True)
    said = [one.decode() for one in done.stdout.split(b"\0")[:-1]]
    if "json" in case.lower():
        said = [next(iter(re.findall(r'"content": ("(?:[^"\\]|\\.)*")', one))) for one in said]
        said = [str(json.loads(one)) for one in said]
    assert [one.strip() for one in said] == [filled(new).strip() for new, _ in made]


BEFORE: Mapping[str, str] = {
    "a comment": ": # it's \"\n",
    "signs that begin no comment": ": a#'b' $# ${#HOME} ${HOME#'/'} ${HOME%%\"}\"*}\n",
    "signs without a meaning": ": \\' \\\" \\`\n",
    "a document": "cat >/dev/null <<EOF || :\nit's ${HOME:-\"'\"} $(echo ')') $(( (1 << 2) ))\nEOF\n",
    "two documents": "cat >/dev/null <<-A - <<'B'\n\tit's\n\tA\nit's $(\nB\n",
    "quotes in quotes": ': "$(echo "it\'s $(echo "it\'s")")" "it\'s" \'an "\'\n',
    "a case": 'case "it\'s" in\n  it*) : ;;\n  "\'") : ;;\nesac\n',
    "ticks": ': `echo "it\'s"`\n',
    "a group": "( : 'a)' ); f() { :; }; { : \"}\"; }\n",
}


@pytest.mark.parametrize("before", BEFORE)
def test_a_text_of_a_script_is_found_behind_all_that_a_shell_skips(before: str) -> None:
    source = f"{BEFORE[before]}prompt='{OLD}'\nprintf '%s' \"$prompt\"\n"
    done = subprocess.run(["sh", "-c", source], check=True, capture_output=True, text=True)
    assert done.stdout == OLD
    place = only_place(find_places("team.sh", source, OLD))
    assert source[place.said.start : place.said.end] == f"'{OLD}'"


@pytest.mark.parametrize(
    "broken",
    [
        *("a=$(case x in x) echo ;; esac)\n", "a='\n", 'a="$(\n', "cat <<EOF\n", "a=${b\n", "a=`b\n", "a=\0\n"),
        *("cat <<!\n\n!\n", "cat <<E'O'F\nE\nEOF\n", 'cat <<"a$b"\na$b\n', "a=$((1 + '1'))\n", "((a); (b))\n"),
        *('a="${b//\'"\'/}"\n', "(a)#b\n", "a=$(cat <<E)\nE\n", "cat <<E $(a\nE\n)\nE\n"),
    ],
)
def test_of_a_script_that_is_not_understood_nothing_is_said(broken: str) -> None:
    assert find_places("team.sh", f"prompt='{OLD}'\n{broken}", OLD) == []


def test_a_script_with_lines_of_thousands_of_commands_is_not_read_at_length() -> None:
    longest = "sed a;" * 4000
    assert find_places("team.sh", f"prompt='{OLD}'\n{longest}\n", OLD) == []
    assert find_places("team.sh", f"prompt='{OLD}'\n: {'word ' * 500}\n", OLD)
    long_prompt = "Say what you see. " * 4000
    assert find_places("team.sh", f"prompt='{long_prompt}'\n", long_prompt)


def test_what_a_program_in_quotes_says_is_no_json() -> None:
    assert find_places("team.sh", f"""python3 -c 'print({{"role": "{ONE}"}})'""", ONE) == []
    assert find_places("team.sh", f"""jq -n '{{messages: [{{content: "{ONE}"}}]}}'""", ONE)


def test_a_form_of_printf_is_no_place_for_a_prompt() -> None:
    for script in (f"printf '{ONE}\\n'", f'printf -v x -- "{ONE}"'):
        assert find_places("team.sh", script, ONE) == []
    assert find_places("team.sh", f"printf '%s' '{ONE}'", ONE)


def test_backslashes_of_a_script_that_echoes_are_written_only_as_the_user_says() -> None:
    for text, old in ((ONE.replace(". ", ".\\n"), ONE.replace(". ", ".\n")), (OLD, OLD)):
        place = only_place(find_places("team.sh", f"say='{text}'\necho \"$say\"\n", old))
        with pytest.raises(CannotWrite, match=r"--template"):
            rewritten(f"say='{text}'\necho \"$say\"\n", place, old, f'{old} Write \\frac or "no".')


def test_a_quote_is_written_between_those_of_json_only_as_the_user_says() -> None:
    source = f'ask "{ONE}"\n'
    place = only_place(find_places("team.sh", source, ONE))
    new = f'{ONE} Say "no".'
    with pytest.raises(CannotWrite, match=r"double quotes.*--template: none.*json"):
        rewritten(source, place, ONE, new)
    assert rewritten(source, place, ONE, new, "none") == f'ask "{ONE} Say \\"no\\"."\n'
    assert rewritten(source, place, ONE, new, "json") == f'ask "{ONE} Say \\\\\\"no\\\\\\"."\n'


def test_of_a_script_of_another_program_nothing_is_said() -> None:
    for program in ("/usr/bin/env fish", "/bin/csh", "/usr/bin/expect -f", "/usr/bin/env python3"):
        assert find_places("team.sh", f"#!{program}\nprompt='{OLD}'\n", OLD) == []
    assert find_places("team.sh", f"#!/usr/bin/env -S bash -e\nprompt='{OLD}'\n", OLD)


@pytest.mark.parametrize("after", ["s", "_x", "9", "[0]", ":", "-", "é", "\n", '"', "}", "$"])
@pytest.mark.parametrize("around", ['prompt="{}"\n', "prompt=$(cat <<E\n{}\nE\n)\n"])
def test_what_follows_a_value_of_a_script_is_no_part_of_its_name(around: str, after: str) -> None:
    source = around.format("You plan a trip to $who, step by step.")
    old = "You plan a trip to {value}, step by step."
    new = f"You plan {{value}}{after} and more."
    made = rewritten(source, only_place(find_places("team.sh", source, old)), old, new, "none")
    script = f"who=Ann\n{made}printf '%s' \"$prompt\"\n"
    done = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == new.replace("{value}", "Ann")
