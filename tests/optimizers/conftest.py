"""The optimizers that every test of the contract runs on."""

from __future__ import annotations

import pytest

from maspo.optimizers.registry import OPTIMIZERS
from tests.optimizers.small import needs_package


@pytest.fixture(params=["ascent", "race"])
def method(request: pytest.FixtureRequest) -> str:
    """The name of each search of our own, which learn from three levels and from misalignment cases."""
    return str(request.param)


@pytest.fixture(params=sorted(OPTIMIZERS.own))
def any_method(request: pytest.FixtureRequest) -> str:
    """The name of every optimizer that there is."""
    needs_package(str(request.param))
    return str(request.param)
