"""The search: pure, deterministic in (seed, results). Says what it wants and is told the answer."""
