"""A plug-in whose library is not installed says what to install."""

from __future__ import annotations

import importlib
import sys

import pytest


@pytest.mark.parametrize(
    ("name", "library", "install"),
    [("dspy", "dspy", "pip install dspy"), ("mlflow", "mlflow.genai.optimize.optimizers", "--upgrade mlflow")],
)
def test_pm01_what_to_install_is_said(name: str, library: str, install: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"maspo.integrations.{name}", raising=False)
    with pytest.raises(ImportError, match=install) as error:
        importlib.import_module(f"maspo.integrations.{name}")
    assert error.value.name == name
