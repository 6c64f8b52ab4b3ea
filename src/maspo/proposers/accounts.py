"""Numbers of accounts and cards in a text: known by their check digits, so that no other number is taken for one. Pure.

Sources: ISO 13616 (IBAN) with the check of ISO 7064, and the check digit of ISO/IEC 7812 (Luhn).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_IBAN = re.compile(r"(?<![\w-])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![\w-])")
_CARD = re.compile(r"(?<![\w.,-])[3-6]\d{3}([ .-]?)\d{4}\1\d{4}\1\d{2,4}(?![\w-]|[.,]\d)")
_REST: Final = 97
_LEAST_DIFFERENT: Final = 2
"""Digits of a card's number that differ; a row of one digit has a right check digit, too."""


def accounts(text: str) -> Iterator[str]:
    """Yield the numbers of accounts and cards in a text."""
    for found in _IBAN.finditer(text):
        bare = re.sub(r"[ -]", "", found[0])
        if int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % _REST == 1:
            yield found[0]
    for found in _CARD.finditer(text):
        digits = [int(sign) for sign in found[0] if sign.isdigit()]
        doubled = [digit if at % 2 == 0 else digit * 2 - 9 * (digit > 4) for at, digit in enumerate(reversed(digits))]
        if sum(doubled) % 10 == 0 and len(set(digits)) >= _LEAST_DIFFERENT:
            yield found[0]
