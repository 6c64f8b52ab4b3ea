"""Asking the proposer's model in an optimizer's own words, with texts of runs in place of marks; the answer is data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from maspo.core.errors import CallFailed
from maspo.core.quoting import quoted, shortened, unquoted, without_thinking
from maspo.models.base import ASKED, Message, ModelClient, RoleSettings
from maspo.optimizers.base import Answered, AskModel

_LONGEST_ANSWER = 400_000
"""Characters of an answer that are kept: far more than any ``models.max_tokens`` lets a model write."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks a model what an optimizer wants to know.

    ``shown_characters`` is how much of each text of a run is shown.
    """

    model: ModelClient
    settings: RoleSettings
    shown_characters: int = 4000

    async def ask(self, request: AskModel, shown: Mapping[str, str]) -> Answered:
        """Return the answer to a question, in whose messages texts stand in the place of their marks.

        Marks that a text brings in stay as they are.
        """
        marks = sorted(shown, key=len, reverse=True)  # one may begin as another does
        any_mark = re.compile("|".join(map(re.escape, marks))) if marks else None

        def filled(text: str) -> str:
            return any_mark.sub(lambda mark: self._quote(shown[mark[0]]), text) if any_mark else text

        messages = tuple(Message(role, filled(text)) for role, text in request.messages)
        settings = self.settings
        if request.max_tokens is not None:
            settings = replace(settings, max_tokens=min(settings.max_tokens, request.max_tokens))
        try:
            reply = await self.model.complete(settings.request(messages, ASKED, request.agent, request.id))
        except CallFailed as error:
            return Answered("", str(error))
        return Answered(unquoted(without_thinking(reply.text[:_LONGEST_ANSWER])).strip())

    def _quote(self, text: str) -> str:
        return quoted(shortened(text, self.shown_characters))
