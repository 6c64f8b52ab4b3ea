"""What a framework does to the literals in which prompts stand: the one list of what is known."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

Named: TypeAlias = Literal["none", "braces", "jinja", "dollar", "percent", "json", "echo", "adk", "agno", "crewai"]
"""Nothing, ``str.format``, Jinja, ``string.Template``, ``%``, quotes of JSON, ``echo``, or a framework's own way."""
Template: TypeAlias = Literal["unknown", Named]
TEMPLATES: Final[tuple[Named, ...]] = get_args(Named)
"""What can be chosen with ``--template``."""
TO_CHOOSE: Final = f"{', '.join(TEMPLATES[:-1])} or {TEMPLATES[-1]}"
