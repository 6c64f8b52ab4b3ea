"""What a number may mean to those who part thousands and decimals in another way, or shorten them. Pure.

A reading is right only if a plain number is what was asked for: "3,14" may be a list as well.
"""

from __future__ import annotations

import re

_AMOUNT = re.compile(r"(\D{0,12}?)([-−]?\d[\d.,_]*)(\s?[kK](?![A-Za-z]))?(\D{0,40})")
_READINGS = (
    (re.compile(r"[-−]?\d{1,3}(?:_\d{3})+(?:\.\d+)?"), "_", "."),  # programs: 1_000_000
    (re.compile(r"[-−]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))"), "", ","),  # most of Europe: 3,14
    (re.compile(r"[-−]?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,})"), ".", ","),  # the same: 1.250,75
)
"""How a number is written, the sign that parts its thousands, and the one that parts its decimals."""
_THOUSAND = 1000


def read_elsewhere(answer: str) -> str | None:
    """Return an amount with its number as it is written elsewhere; None where there is only one way to read it."""
    if not any(sign in answer for sign in ",_kK") and answer.count(".") < 2:
        return None
    found = _AMOUNT.fullmatch(answer.strip().strip("$"))
    if found is None:
        return None
    number = found[2]
    for written, thousands, decimals in _READINGS:
        if written.fullmatch(number):
            number = (number.replace(thousands, "") if thousands else number).replace(decimals, ".")
            break
    if found[3]:
        number += rf"\cdot {_THOUSAND}"
    return f"{found[1]}{number}{found[4]}" if number != found[2] else None
