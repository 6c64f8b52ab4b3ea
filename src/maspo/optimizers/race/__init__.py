"""Parts of the anchor race alone; what several optimizers share stands in ``maspo.optimizers.parts``. Pure."""
