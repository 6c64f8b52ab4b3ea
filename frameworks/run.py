"""What frameworks do to prompts, and whether maspo finds the teams in them: each in its newest release.

    .venv-dev/bin/python -m frameworks.run [--only agno,dspy] [--environments DIR] [--shipped look] [--write]
    .venv-dev/bin/python -m frameworks.run --changed-since main

For each team in ``teams/``: an environment of its own, made where it is missing; the app alone against an endpoint on
this machine that keeps what it is asked; then ``maspo discover``, a small optimization, and fifty rollouts at a time.
Last come programs that its repository ships (``examples.py``), of which ``--shipped look`` optimizes none. With
``--write`` the tables in docs/frameworks.md are renewed. Exit code 1 where an agent was missed, a call was attributed
wrongly, or a framework did not run.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from frameworks.endpoint import Endpoint, endpoint
from frameworks.environments import NAMES, Team, team
from frameworks.examples import EXAMPLES, Example, program, source_of
from frameworks.rewrites import NUMBER, Returned, returned
from frameworks.trials import AT_ONCE, LOOKED_AT, ROWS, AtOnce, Optimized, at_once, discovered, hashes, optimized

HERE: Final = Path(__file__).resolve().parent
PAGE: Final = HERE.parent / "docs" / "frameworks.md"
READ: Final = {file.stem for file in (HERE.parent / "src" / "maspo" / "apps" / "readers").glob("[!_]*.py")}
"""Frameworks whose own names of agents are read; of the others, names are those that their prompts give."""
FIRST, LAST = "You write down what the problem asks for.", "End of the instructions."
TEXTS: Final[Mapping[str, str]] = {
    "`{x}`": "{x}",
    "`{{y}}`": "{{y}}",
    "`{% z %}`": "{% z %}",
    "`$v`": "$v ${w}",
    "LaTeX": r"\frac{a}{b} \n",
    "white space": "two  spaces\n    and an indented line",
}
"""What stands between the first and the last sentence of a prompt; each in a run of its own."""
PROMPTS: Final[Mapping[str, str]] = {"scout": FIRST, "author": "ive the letter of the answer"}
"""Who is called in each team, and a passage by which the endpoint knows its calls."""
BEGINNING: Final = 100
"""Characters of instructions by which agents of programs that are shipped differ, before any value stands in them."""
FAILURES: Final = 2
"""Refusals with HTTP 500 after which the endpoint answers, when retries are counted."""
NEVER: Final = "is in the app and was never called"
_TABLE = re.compile(r"(<!-- table: ([\w-]+) -->\n)((?:\|.*\n)*)(<!-- end -->)")


def arrival(server: Endpoint, begins: str, middle: str, failed: str) -> str:
    """Return what became of a text on its way."""
    prompts = [text for text in server.prompts() if begins in text]
    if not prompts:
        return failed or "not sent"
    found = prompts[0].partition(begins)[2].partition(LAST)[0]
    if found == f" {middle} ":
        return "unchanged"
    if " ".join(found.split()) == " ".join(middle.split()):
        return "white space changed"
    return f"becomes `{' '.join(found.split())}`" if found.strip() else "left out"


@dataclass(frozen=True)
class Row:
    """What was found of one framework."""

    name: str
    version: str
    arrivals: Mapping[str, str]
    own: int
    """Characters of the first call's instructions beyond the prompt."""
    calls: int
    """Calls of one run; two agents are called once each."""
    attempts: int
    """Requests that a call takes which is refused twice with HTTP 500: 3, or 1 where nobody tries again."""
    found: tuple[str, ...]
    counted: Mapping[str, int]
    """Calls of each agent at the endpoint, in the rollouts of ``maspo discover``."""
    told: Mapping[str, int]
    """The same as maspo tells them."""
    warned: bool
    """Whether it names the agent that is never called."""
    small: Optimized
    many: AtOnce
    many_counted: Mapping[str, int]
    """Calls of each agent at the endpoint, in rollouts at a time."""
    kept: bool
    """Whether the files of the team are what they were."""
    returned: Returned | None
    """What became of rewrites in its source; None where no agent was found."""

    @property
    def right(self) -> bool:
        """Whether every agent was found, under its own name where that is read, and every call is told as its own."""
        if self.returned is not None and self.returned.changed:
            return False
        if self.returned is not None and not self.returned.arrived:
            return False
        if self.small.code or self.small.counted != self.small.reached or not self.small.rewritten:
            return False
        if self.many.answered < AT_ONCE or self.many.foreign or not self.kept:
            return False
        if self.name in READ:
            pairs = ((self.told, self.counted), (self.many.told, self.many_counted))
            return self.warned and all(told.get(one) == heard[one] > 0 for told, heard in pairs for one in PROMPTS)
        return len(self.found) == len(PROMPTS) and sorted(self.told.values()) == sorted(self.counted.values())


def measure(team: Team) -> Row:
    """Run one framework's team."""
    with endpoint() as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        team = team.lies_in(folder)
        before = hashes(folder)
        begins = {text: f"{FIRST} Form {number}." for number, text in enumerate(TEXTS)}
        prompts = {text: f"{begins[text]} {middle} {LAST}" for text, middle in TEXTS.items()}
        failed = team.alone(server.url, ROWS[0], *prompts.values())
        arrivals = {
            text: arrival(server, begins[text], middle, failed[prompts[text]]) for text, middle in TEXTS.items()
        }
        server.heard.clear()
        team.alone(server.url, ROWS[0], FIRST)
        calls, first = len(server.heard), next((text for text in server.prompts() if FIRST in text), "")
        server.heard.clear()
        server.fails = FAILURES
        team.alone(server.url, ROWS[0], FIRST)
        attempts = max(1, len(server.heard) - calls + 1)
        server.fails = 0
        server.heard.clear()
        said = discovered(team, server, folder)
        counted = counts(server)
        small = optimized(team, server, folder, set(server.prompts())) if said["agents"] else Optimized(1, 0, 0, 0)
        many = at_once(server, folder) if said["agents"] else AtOnce(0, 0, {})
        many_counted = counts(server)
        kept = before.items() <= hashes(folder).items()
        is_loose = arrivals["white space"] != "unchanged"
        back = returned(team, server, folder, FIRST, is_loose=is_loose) if said["agents"] else None
    return Row(
        team.name,
        team.version,
        arrivals,
        len(first.strip()) - len(FIRST),
        calls,
        attempts,
        tuple(said["agents"]),
        counted,
        {agent: sum(one["models"].values()) for agent, one in said["agents"].items()},
        any(note.casefold().startswith("auditor: ") for note in said["notes"]),
        small,
        many,
        many_counted,
        kept,
        back,
    )


@dataclass(frozen=True)
class Shipped:
    """What was found of a program that a framework ships."""

    version: str
    example: Example
    agents: int
    """Different instructions at the endpoint, up to where values stand in them."""
    found: tuple[str, ...]
    named: tuple[str, ...]
    """Agents that were never called, and are told to be there."""
    calls: int
    """At the endpoint, in the runs that are told of."""
    told: int
    """Those that are told as an agent's."""
    again: int
    """Calls of a second run on one input; 0 where it asks the same, and is answered from the record."""
    small: Optimized | None
    """None where it was only looked at."""
    many: AtOnce | None
    kept: bool

    @property
    def right(self) -> bool:
        """Whether all agents and calls are told."""
        small = self.small is None or (not self.small.code and self.small.counted == self.small.reached)
        many = self.many is None or (self.many.answered == AT_ONCE and not self.many.foreign)
        one_run = self.again <= self.calls / LOOKED_AT * 2
        whole = self.agents == len(self.found) and self.calls == self.told
        return whole and one_run and small and many and self.kept


def measure_shipped(name: str, example: Example, environments: Path, looks: bool) -> Shipped:
    """Run a program that a framework ships, as it is; optimize it, too, if it is not only looked at."""
    source = source_of(example, environments) / example.path
    before = hashes(source.parent)
    with endpoint() as server, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        app = program(name, example, environments, folder)
        server.uses_tools, server.word = True, example.word
        said = discovered(app, server, folder)
        seeds = server.prompts()
        # The last look is a second run on one input, of which nothing is told but that it asked otherwise.
        otherwise = any(note.startswith("two runs on the same input ask") for note in said["notes"])
        again = max(0, len(seeds) - said["calls"]) if otherwise else 0
        small = optimized(app, server, folder, set(seeds)) if said["agents"] and not looks else None
        many = at_once(server, folder) if small is not None and not small.code else None
    for note in said["notes"]:
        print(f"{example.path}: {note}", file=sys.stderr, flush=True)
    return Shipped(
        app.version,
        example,
        len({text[:BEGINNING] for text in seeds}),
        tuple(said["agents"]),
        tuple(note.partition(":")[0] for note in said["notes"] if NEVER in note),
        len(seeds) - again,
        sum(sum(one["models"].values()) for one in said["agents"].values()),
        again,
        small,
        many,
        before.items() <= hashes(source.parent).items(),
    )


def counts(server: Endpoint) -> Mapping[str, int]:
    """Return the calls of each agent at the endpoint; an earlier one's prompt may stand behind that of a request."""
    found = Counter[str]()
    for text in server.prompts():
        places = {agent: text.find(passage) for agent, passage in PROMPTS.items() if passage in text}
        if places:
            found[min(places, key=places.__getitem__)] += 1
    return dict(found)


def tables(rows: list[Row]) -> Mapping[str, str]:
    """Return the tables of the page."""
    texts = ["framework", *TEXTS]
    calls = ["framework", "own text", "calls", "requests for a call refused twice", "agents found", "never called"]
    arrived = [[row.version, *row.arrivals.values()] for row in rows]
    counted = [
        [
            row.version,
            f"{row.own:,} characters" if row.own else "none",
            f"{row.calls} for 2 agents",
            str(row.attempts),
            ", ".join(agent_cell(row, agent) for agent in row.found),
            "named" if row.warned else "not named",
        ]
        for row in rows
    ]
    trials = ["framework", "small optimization", "rewrites arrived", f"{AT_ONCE} at once", "foreign prompts", "files"]
    trials.append("written back")
    tried = [
        [
            row.version,
            small_cell(row.small),
            str(row.small.rewritten),
            f"{row.many.answered} answers",
            str(row.many.foreign),
            "unchanged" if row.kept else "changed",
            back_cell(row.returned),
        ]
        for row in rows
    ]
    return {"texts": table(texts, arrived), "calls": table(calls, counted), "trials": table(trials, tried)}


def small_cell(small: Optimized | None) -> str:
    """Return how a small optimization went."""
    if small is None:
        return "not run"
    return f"{small.counted} of {small.reached} calls told" if not small.code else "fails"


def back_cell(back: Returned | None) -> str:
    """Return what became of rewrites in a team's source."""
    if back is None:
        return "not run"
    refused = f", {back.refused} refused" if back.refused else ""
    return f"{back.arrived} of {NUMBER - back.refused}{refused}" if back.refused < NUMBER else "refused"


def agent_cell(row: Row, agent: str) -> str:
    """Return an agent with its calls: those that are told as its own, of those that reached the endpoint."""
    return f"{agent} {row.told[agent]}" + (f" of {row.counted[agent]}" if agent in row.counted else "")


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def shipped_table(shipped: Sequence[Shipped]) -> str:
    """Return the table of programs that frameworks ship."""
    head = ["program", "run with", "agents found", "never called", "calls told", "small optimization"]
    head += [f"{AT_ONCE} at once", "files"]
    rows = [
        [
            f"{one.example.repository}@{one.example.version[:10]}:{one.example.path}",
            one.version,
            f"{len(one.found)} of {one.agents} that are called, {one.example.declared} declared",
            f"{len(one.named)} named" if one.named else "none named",
            f"{one.told} of {one.calls}" + (f", and {one.again} of a second run" if one.again else ""),
            small_cell(one.small),
            f"{one.many.answered} answers, {one.many.foreign} foreign prompts" if one.many else "not run",
            "unchanged" if one.kept else "changed",
        ]
        for one in shipped
    ]
    return table(head, rows)


def merged(before: str, now: str) -> str:
    """Return a table with the rows of now, and those of before that are of other frameworks."""
    head, rule, *rows = now.splitlines(keepends=True)
    kept = {key_of(line): line for line in (*before.splitlines(keepends=True)[2:], *rows)}
    return "".join((head, rule, *(kept[name] for name in sorted(kept))))


def key_of(line: str) -> str:
    """Return what stays of a row: the name of a framework, or a program and what it is run with, without versions."""
    first, second = [cell.split() for cell in line.split("|")[1:3]]
    return first[0] if len(first) > 1 else f"{re.sub('@.*:', ':', first[0])} {second[0]}"


def changed_since(commit: str, root: Path = HERE.parent) -> list[str]:
    """Return the frameworks whose reader or team has changed since a commit; all where that commit is not there."""
    git = ["git", "-C", str(root), "diff", "--name-only", commit, "--", "src/maspo/apps/readers", "frameworks/teams"]
    told = subprocess.run(git, check=False, capture_output=True, text=True)
    changed = {Path(line).stem.removesuffix("_team") for line in told.stdout.splitlines()}
    return [name for name in NAMES if name in changed or told.returncode]


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names, with commas")
    parser.add_argument("--changed-since", default="", metavar="COMMIT", help="those whose reader or team has changed")
    parser.add_argument("--environments", type=Path, default=HERE.parent / ".venv-frameworks")
    parser.add_argument("--shipped", choices=("not", "look", "optimize"), default="optimize", help="programs shipped")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    asked = changed_since(given.changed_since) if given.changed_since else NAMES
    names = given.only.split(",") if given.only else asked
    if unknown := sorted(set(names) - set(NAMES)):
        raise SystemExit(f"--only: no team of {', '.join(unknown)}; there are {', '.join(NAMES)}")
    rows, shipped, environments = list[Row](), list[Shipped](), given.environments.resolve()
    for name in names:
        try:
            row = measure(team(name, environments))
            for one in EXAMPLES.get(name, ()) if given.shipped != "not" else ():
                shipped.append(measure_shipped(name, one, environments, given.shipped == "look"))
        except (OSError, subprocess.SubprocessError) as error:  # the others may work
            print(f"{name}: {error}\n{str(getattr(error, 'stderr', None) or '')[-2000:]}", file=sys.stderr, flush=True)
            continue
        print(json.dumps(asdict(row)), flush=True)
        rows.append(row)
    found = {**tables(rows), "shipped": shipped_table(shipped)}
    print("\n".join(found.values()))
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(_TABLE.sub(lambda one: one[1] + merged(one[3], found[one[2]]) + one[4], page), encoding="utf-8")
    raise SystemExit(
        0 if len(rows) == len(names) and all(row.right for row in rows) and all(one.right for one in shipped) else 1
    )


if __name__ == "__main__":
    main()
