"""``maspo check`` on a team with tools: functions are looked at once they are agreed to, and never before."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def test_x01_a_tool_is_not_imported_before_it_is_agreed_to_and_one_that_is_missing_is_told(
    maspo: Run, folder: Path
) -> None:
    (folder / "x01_stock.py").write_text(
        "from pathlib import Path\n\nPath('imported').touch()\n\n\ndef left(name: str) -> int:\n    return 4\n"
    )
    (folder / "rows.jsonl").write_text("".join(f'{{"input": "Is article {n} there?"}}\n' for n in range(12)))
    team = 'agents:\n  clerk: {{prompt: "You help customers.", tools: ["x01_stock:{}"]}}\n'
    for name, code in (("left", 0), ("lefft", 2)):
        (folder / "team.yaml").write_text(team.format(name))
        given = (
            "check",
            "team.yaml",
            "--inputs",
            "rows.jsonl",
            "--agent-model",
            "m",
            "--base-url",
            "http://127.0.0.1:9/v1",
        )
        said = maspo(*given)
        assert said.code == 0 and not (folder / "imported").exists(), said
        fingerprint = re.search(r"--trust ([0-9a-f]{32})", said.err)
        assert fingerprint, said.err
        said = maspo(*given, "--trust", fingerprint[1])
        assert said.code == code, said
        assert ("has no attribute 'lefft'" in said.err) == (code == 2)
        (folder / "imported").unlink(missing_ok=True)
