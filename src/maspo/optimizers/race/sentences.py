"""The sentences that a rewrite puts in and takes out: what was seen of one counts when it comes again. Pure.

A sentence is known by its words, as near-copies are: case, list marks and the punctuation of prose do not matter.
"""

from __future__ import annotations

from functools import lru_cache

from maspo.optimizers.parts.merge import sentences_of
from maspo.optimizers.parts.similar import END, normalize
from maspo.optimizers.race.effects import Causes
from maspo.optimizers.race.mixture import Candidate

_MOST = 6
"""Sentences put in or taken out by a candidate of which each is a cause of its own: three that replace three others.
Of a prompt that is written anew nobody knows which sentence did it, so it is one cause."""
_KNOWN = 4096
"""Candidates and sentences whose words are kept: more than a run of a small team has."""


def causes_of(candidate: Candidate) -> Causes:
    """Return what a candidate puts into its agent's prompt (1) and takes out (−1)."""
    agent, before, after = candidate.agent, _sentences(candidate.parent), _sentences(candidate.text)
    changed = before ^ after
    if not 0 < len(changed) <= _MOST:  # nothing: only their order is new
        return {(agent, candidate.id): 1.0}
    return {(agent, *words): 1.0 if words in after else -1.0 for words in sorted(changed)}


@lru_cache(_KNOWN)
def _sentences(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(words for sentence in sentences_of(text) if (words := _split_words(sentence)))


@lru_cache(_KNOWN)
def _split_words(sentence: str) -> tuple[str, ...]:
    return tuple(word for word in normalize(sentence).order if word != END)
