"""Prices that the settings name now, for work whose models had none."""

from __future__ import annotations

from pathlib import Path

from maspo.cli.settings import load_prices
from maspo.cli.terminal import note
from maspo.core.plain_files import is_there
from maspo.core.running import run
from maspo.study.evaluation.recorded import add_prices_to_evaluation, holds_evaluation
from maspo.study.optimize import DATABASE as JOURNAL
from maspo.study.record import add_prices


def adopt_prices(folder: Path) -> None:
    """Add the prices of ``maspo.toml`` to the settings of a run or an evaluation, for models without one; say which.

    Raises:
        ConfigInvalid: the file or a price in it cannot be used.

    """
    prices = load_prices()
    if is_there(folder / JOURNAL):
        added = add_prices(folder, prices)
    elif holds_evaluation(folder):
        added = run(add_prices_to_evaluation(folder, prices))
    else:
        return
    if added:
        note(f"note: {folder} had no price for {', '.join(added)}; that of the settings here counts from now on")
