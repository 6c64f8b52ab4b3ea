"""Regular expressions that somebody else wrote: compiled, or told what is wrong with them."""

from __future__ import annotations

import re
import warnings


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a compiled pattern. What may mean something else in a later Python is compiled as this one reads it.

    Raises:
        ValueError: it is no regular expression, or one that this Python cannot hold; says why.

    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(pattern)
    except RecursionError:
        raise ValueError("groups nested too deep") from None
    except (re.error, OverflowError) as error:
        raise ValueError(str(error)) from error
