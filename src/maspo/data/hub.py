"""Rows from the Hugging Face Hub, at a pinned revision where one is known. Only ever called when agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maspo.core.errors import InputsInvalid
from maspo.data.records import Record

ADDRESS = "https://huggingface.co/datasets"


@dataclass(frozen=True, slots=True)
class Hub:
    """One split of a dataset on the Hub. ``repo`` may also be a local folder of the same layout."""

    repo: str
    split: str
    config: str = ""
    revision: str = "main"
    """A commit, so that the rows can never change; ``main`` where none is known."""
    file: str = ""
    """The one file to read, in a dataset that holds several tables."""
    gated: bool = False
    """Whether its terms must be accepted on its page first."""

    @property
    def address(self) -> str:
        """Where people can look at it."""
        return f"{ADDRESS}/{self.repo}"


def read_hub(hub: Hub) -> list[Record]:
    """Fetch the rows of a split through the ``datasets`` library, which keeps them in its own cache.

    Raises:
        InputsInvalid: the library is not installed, or the rows cannot be had; says why and what else can be done.

    """
    try:
        from datasets import load_dataset
    except ImportError:
        raise InputsInvalid(
            f"{hub.address}: fetching it needs the datasets library; install it with `pip install 'maspo[datasets]'`, "
            "or give a local file"
        ) from None
    which: Mapping[str, str] = {"data_files": hub.file} if hub.file else {}
    try:
        rows = load_dataset(hub.repo, hub.config or None, split=hub.split, revision=hub.revision, **which)
        return [dict(row) for row in rows]
    except Exception as error:
        terms = "; accept its terms on that page and log in with `hf auth login` first" if hub.gated else ""
        raise InputsInvalid(
            f"{hub.address} ({hub.split}): cannot be had, {type(error).__name__}: {str(error)[:300]}{terms}; "
            "or give a local file"
        ) from error
