"""Words that deny, doubt or take back what stands beside them, or bring another answer in. Pure.

They are looked for in lower case: a search in any case is slow.
"""

from __future__ import annotations

import re

from maspo.core.late import late

_TAKEN_BACK = late(
    r"\b(?:wait|actually|correction|corrected|sorry|scratch|mistake[n]?|oops|hmm"
    r"|wrong|incorrect|reconsider\w*|instead"
    r"|second thoughts?|chang(?:e|ed|ing) my|reflection|however|although|alternative\w*|perhaps|maybe"
    r"|possibly|might|could|unsure|uncertain"
    r"|not (?:sure|certain)|ambiguous|mixed|either|depends|doubt\w*|unclear|eigentlich|moment|doch|falsch|vielleicht"
    r"|möglicherweise|allerdings|jedoch|stattdessen|sondern|korrektur|attendez|en fait|plutôt|peut-être|cependant"
    r"|toutefois|erreur|faux|espera|en realidad|quizás?|tal vez|sin embargo|corrección|incorrect[oa]|perdón)\b"
    r"|不对|不對|其实|其實|更正|或许|也许|可能|但是|然而|不过|いや|実は|しかし|ただし|かもしれ|訂正|間違",
)
"""Words with which an answer is taken back or doubted."""
_ANOTHER = late(
    r"^\W*(?:yes|true|false|ja|oui|sí)\b|(?:^|[,;]\s)and\b|\b(?:would|as well|too|fits?|if|unless|only when)\b"
    r"|\b(?:or|but|no|nope|not|nor|also|both|equally|possible|auch|aussi|también|vs|rather"
    r"|should|must|right|correct|answer|label|category|better|final|chang\w+"
    r"|revis\w+|updat\w+|oder|aber|nein|nicht|ou|mais|non|pas|pero|sino)\b|n['’]t\b|或|但|而是|不是|または|ではな|ではあり|[?？]",
)
"""Words that may bring another answer in, in what is not headed as a reason."""
_BEGINS_ANEW = late(r"(?:^|[.!?\n:]\s{0,3})(?:but|no|yet|still|aber|nein|mais|non|pero)\b")
_NOT_ITS_OWN = late(
    r"\b(?:not|never|nor|neither|no|none|possible|wrong|worst|incorrect|false|if|unless|would|could|might|may|except|excluding"
    r"|least|less|opposite|unlike|whether|likely|unlikely|common|example|instance|other|another|alternative|former|old"
    r"|previous|original|initial|first|second|third|half|part|some|one|user|question|text|review|closest|second-best|that|which|who|reject\w*|avoid\w*|lost|runner\S*|hard\w*|far|says?|anything|exclu\w*|eliminat\w*|ruled|discarded|thinks?|believes?|thought|supposed|assumed|said|claim\w*"
    r"|format|distractor|expected|nicht|kein\w*|falsch\w*|wenn|wäre|pas|faux|fausse|mauvaise|si|serait|incorrect\w*|sería"
    r"|ni)\b|n['’]t\b|\bn['’]|不|没|非|如果|说|說|认为|認為|言|思|もし|ない|[?？]",
)
"""Words before an answer that say it is none, or the one of something else."""


def takes_back(text: str) -> bool:
    """Whether a text takes back or doubts what was said before it."""
    return text != "" and _TAKEN_BACK.search(text.lower()) is not None


def brings_another(text: str) -> bool:
    """Whether a text may bring in another answer than the one before it."""
    return text != "" and _ANOTHER.search(text.lower()) is not None


def begins_anew(text: str) -> bool:
    """Whether one of the sentences of a text begins as one that contradicts: "No, …", "But …"."""
    return text != "" and _BEGINS_ANEW.search(text.lower()) is not None


def is_not_its_own(before: str) -> bool:
    """Whether the words before an answer say that it is none, or the one of something else."""
    return before != "" and _NOT_ITS_OWN.search(before.lower()) is not None


def denies(text: str, value: str) -> bool:
    """Whether a text says that it is not this value: "it is no spam"."""
    wanted = re.escape(value.strip("*` "))
    pattern = rf"(?:\b(?:no|not|never|kein\w{{0,2}}|nicht|pas)|n['’]t)\s+(?:(?:an?|the|really)\s+)?{wanted}"
    return re.search(pattern, text, re.IGNORECASE) is not None
