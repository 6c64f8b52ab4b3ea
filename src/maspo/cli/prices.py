"""Prices that the settings name now, for runs whose models had none."""

from __future__ import annotations

from pathlib import Path

from maspo.cli.settings import Sources, load_settings
from maspo.cli.terminal import note
from maspo.core.errors import ConfigInvalid
from maspo.study.record import add_prices


def adopt_prices(folder: Path) -> None:
    """Add the prices of ``maspo.toml`` to the settings of a run, for models that have none there; say which."""
    try:
        prices = load_settings(Sources({})).config.models.prices
    except ConfigInvalid:
        return  # The settings of a run are its own; what cannot be read here is told where settings count.
    if added := add_prices(folder, prices):
        note(f"note: {folder} had no price for {', '.join(added)}; that of the settings here counts from now on")
