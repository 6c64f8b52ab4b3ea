"""A prompt that is written into a script of a shell is never run, nor changed by what reads it once more."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from maspo.apps.literals import Template
from maspo.apps.writeback import CannotWrite, find_places, only_place, rewritten

OLD = "You plan a trip with care and name what it costs"
JSON = f'{{"content": "{OLD}"}}'
RUN = "touch ran"
"""What a hostile prompt would have run."""
WORDS = "New words alone"
HOSTILE = (
    *(f"New $({RUN}) x", f"New `{RUN}` x", f'New"; {RUN}; "x', f"New'; {RUN}; 'x", f"New\n{RUN}\nx", f"New; {RUN}"),
    *(f"New & {RUN} & x", f"New\nEOF\n{RUN}\nx", f"New\n\tEOF\n{RUN}\nx", f"New \\$({RUN}) \\", f"New' | {RUN} #"),
    *(
        f'New\\" | {RUN} #',
        f"N/e; s/.*/{RUN}/e; s/",
        f"New\r\n{RUN}\r",
        f"${{x:-$({RUN})}}",
        f"}}; {RUN}; {{",
        f"<({RUN})",
    ),
    *(
        "New %s %d 100% \\n \\\\ x",
        "New  two   spaces * ? ~ x",
        "@/etc/hostname",
        "--output=ran",
        "</etc/hostname",
        "-n New",
        "- one\n- two",
        "New {{x}} !! !x",
    ),
    *(
        'New "q" \\"',
        "New\\\nx",
        "New\n  indented\n\ttab",
        "New & \\1 x/e",
        "New \\(1+1) \\(env.HOME)",
        "New | x",
        "é 🙂 “x” ‘y’",
    ),
    *("New $HOME ${HOME} $1 $@ $$", "New " * 3000 + "'\"$`\\ x", "New <b> > x", "New # x", WORDS, "New\\"),
)
SHOW = 'printf %s "$p"\n'
SAYS = f"p='{OLD}'\n"

PROGRAMS: Mapping[str, str] = {
    "eval of double quotes": f'{SAYS}eval "q=\\"$p\\""\nprintf %s "$q"\n',
    "eval of single quotes": f"{SAYS}eval \"printf %s '$p'\"\n",
    "sh -c": f"{SAYS}sh -c \"printf %s '$p'\"\n",
    "bash -lc": f'{SAYS}bash -lc "printf %s \\"$p\\""\n',
    "a shell that reads a document": f"{SAYS}sh <<EOF\nprintf %s '$p'\nEOF\n",
    "a shell behind a pipe": f"{SAYS}echo \"printf %s '$p'\" | sh\n",
    "source": f"{SAYS}. /dev/stdin <<EOF\nprintf %s '$p'\nEOF\n",
    "ssh": f'ssh() {{ shift; sh -c "$*"; }}\n{SAYS}ssh host "printf %s \'$p\'"\n',
    "ssh in a variable": f"host() {{ sh -c \"$*\"; }}\nat='ssh host'\nat=host\n{SAYS}$at \"printf %s '$p'\"\n",
    "an alias": f"alias run='ssh host'\nrun() {{ eval \"$1\"; }}\n{SAYS}run \"printf %s '$p'\"\n",
    "ticks": f"{SAYS}p=`sh -c \"printf %s '$p'\"`\n{SHOW}",
    "sed": f'{SAYS}echo X | sed "s/X/$p/"\n',
    "awk": f'{SAYS}awk "BEGIN {{ printf \\"%s\\", \\"$p\\" }}"\n',
    "xargs": f"{SAYS}printf %s \"$p\" | xargs printf '%s '\n",
    "python -c": f"{SAYS}python3 -c \"print('$p')\"\n",
    "python of a document": f"{SAYS}python3 - <<EOF\nprint('$p')\nEOF\n",
    "trap": f"{SAYS}trap \"printf %s '$p'\" EXIT\n",
    "a script that it writes": f"{SAYS}cat >made.sh <<EOF\nprintf %s '$p'\nEOF\nsh made.sh\n",
    "bash with an option that takes a word": f"{SAYS}bash -o pipefail -c \"printf %s '$p'\"\n",
    "python with an option that takes a word": f"{SAYS}python3 -W ignore -c \"print('$p')\"\n",
    "make": f'{SAYS}printf \'p:\\n\\t@printf %%s "$(P)"\\n\' >M\nmake -s -f M p P="$p"\n',
    "a program with a group": f"sh -c '{{ printf %s \"{OLD}\"; }}'\n",
    "a program with a condition": f"sh -c '[ -n x ] && printf %s \"{OLD}\"'\n",
    "a program in a document": f"sh <<'EOF'\n{{ printf %s \"{OLD}\"; }}\nEOF\n",
    "a program of awk": f"echo | awk '{{ print \"{OLD}\" }}'\n",
    "JSON for eval": f"j='{JSON}'\neval \"printf %s '$j'\"\n",
}
"""Scripts that read the prompt twice, the second time as a program: no prompt that may mean something gets in."""
IN_BASH: Mapping[str, str] = {
    "a value as a prompt of the shell": f'{SAYS}printf %s "${{p@P}}"\n',
    "an array": f'a=( \'x\' "{OLD}" )\nprintf %s "${{a[1]}}"\n',
    "a string for read": f"read -r p <<< '{OLD}'\n{SHOW}",
    "a document for read": f"IFS= read -r -d '' p <<'EOF'\n{OLD}\nEOF\n{SHOW}",
    "printf -v": f"printf -v p '%s' '{OLD}'\n{SHOW}",
    "echo of bash": f"#!/bin/bash\necho '{JSON}'\n",
}
OTHERS: Mapping[str, str] = {
    "printf of a value": f'{SAYS}printf "$p"\n',
    "echo without quotes": f"{SAYS}p=$(echo $p)\n{SHOW}",
    "read without -r": f"read p <<EOF\n{OLD}\nEOF\n{SHOW}",
    "JSON that echo prints": f"echo '{JSON}'\n",
    "JSON in double quotes that echo prints": 'j="{}"\necho "$j"\n'.format(JSON.replace('"', '\\"')),
    "an argument": f'f() {{ printf %s "$1"; }}\nf "{OLD}"\n',
    "a loop over words": f"{SAYS}for word in $p; do printf '%s ' $word; done\n",
    "words as arguments": f'{SAYS}f() {{ printf %s "$*"; }}\nf $p\n',
    "an argument with a name": f'{SAYS}f() {{ case $1 in -[a-z-]*) ;; *) printf %s "$1" ;; esac; }}\nf "$p"\n',
    "a script that it writes without values": f"{SAYS}cat >made.sh <<'EOF'\nprintf %s '$p'\nEOF\n{SHOW}",
    "an argument beside another one's words": f'f() {{ printf %s "$1"; }}\nw="a b"\n: $w\nf "{OLD}"\n',
    "a form of curl": f'curl() {{ p="${{2#p=}}"; printf %s "${{p%%;*}}"; }}\ncurl -F p="{OLD}"\n',
    "arithmetic": f'x="$(echo $(((1+2))) "a")"\n{SAYS}{SHOW}',
    "a document with tabs": f"p=$(cat <<-EOF\n\t{OLD}\n\tEOF\n)\n{SHOW}",
    "a raw document": f"p=$(cat <<'EOF'\n{OLD}\nEOF\n)\n{SHOW}",
    "two documents": f"cat <<A >/dev/null; p=$(printf x)\nit's\nA\n{SAYS}{SHOW}",
    "eval of what another program says": f'eval "$(printf :)"\n{SAYS}{SHOW}',
    "jq by argument": f"{SAYS}jq -n --arg p \"$p\" '{{content: $p}}'\n",
    "jq by program": f"jq -n '{{content: \"{OLD}\"}}'\n",
    "jq by a value in its program": f'{SAYS}jq -n "{{content: \\"$p\\"}}"\n',
}


def said(shell: str, script: str, folder: Path) -> str:
    """Run a script and return the prompt that it says."""
    file = folder / "team.sh"
    file.write_bytes(script.encode())
    done = subprocess.run([shell, file.name], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    shown = done.stdout.decode().strip()
    return str(json.loads(shown)["content"]) if shown.startswith("{") and '"content"' in shown else shown


def check(shell: str, source: str, folder: Path) -> set[str]:
    """Check that whatever is written arrives as it is, and that nothing of it runs; return what is."""
    if shutil.which(shell) is None or ("jq " in source and shutil.which("jq") is None):
        pytest.skip(f"needs {shell} and jq")
    assert said(shell, source, folder) == OLD
    told: Template = "json" if source == OTHERS["jq by a value in its program"] else "none"
    places, made = find_places("t.sh", source, OLD), set[str]()
    for new in HOSTILE if places else ():
        scripts = set[str]()
        for language in sorted({"unknown", told}):
            with suppress(CannotWrite):
                scripts.add(rewritten(source, only_place(places), OLD, new, language))
        for script in scripts:
            assert said(shell, script, folder) == new.strip(), script
            assert not (folder / "ran").exists(), script
            made.add(new)
    return made


@pytest.mark.parametrize("case", PROGRAMS)
def test_a_prompt_that_a_script_reads_as_a_program_is_refused_unless_it_is_words(case: str, tmp_path: Path) -> None:
    assert check("bash", PROGRAMS[case], tmp_path) <= {WORDS}


@pytest.mark.parametrize("case", IN_BASH)
def test_what_is_written_for_bash_arrives_as_it_is_and_does_not_run(case: str, tmp_path: Path) -> None:
    assert WORDS in check("bash", IN_BASH[case], tmp_path)


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("case", OTHERS)
def test_what_is_written_for_any_shell_arrives_as_it_is_and_does_not_run(case: str, shell: str, tmp_path: Path) -> None:
    assert WORDS in check(shell, OTHERS[case], tmp_path)


def test_backslashes_of_a_script_that_prints_are_written_only_as_the_user_says() -> None:
    for shell, is_written in (("zsh", False), ("ksh", False), ("bash", True)):
        source = f'#!/bin/{shell}\np="{OLD.replace(" with", chr(10) + "with")}"\nprint "$p"\n'
        old = OLD.replace(" with", "\nwith")
        place = only_place(find_places("t.sh", source, old))
        if is_written:
            assert "frac" in rewritten(source, place, old, "New \\frac")
        else:
            with pytest.raises(CannotWrite, match=r"backslashes.*--template"):
                rewritten(source, place, old, "New \\frac")


@pytest.mark.parametrize("file", ["t.sh", "t.md", "t.txt"])
def test_half_a_character_is_written_into_no_file(file: str) -> None:
    source = SAYS if file == "t.sh" else OLD
    with pytest.raises(CannotWrite, match="half a character"):
        rewritten(source, only_place(find_places(file, source, OLD)), OLD, "New \ud800.", "none")
