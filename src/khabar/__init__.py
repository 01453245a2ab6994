"""Khabar: named entities and checkable numeric claims from Arabic news."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from khabar.documents import Claim, Document, Span
from khabar.faults import KhabarError
from khabar.scheme import DEFAULT_SCHEME, Scheme

if TYPE_CHECKING:
    from khabar.tagger import Tagger

__all__ = ["DEFAULT_SCHEME", "Claim", "Document", "KhabarError", "Scheme", "Span", "Tagger"]


def __getattr__(name: str) -> Any:
    # Reading and checking documents should not have to wait for torch.
    if name == "Tagger":
        from khabar.tagger import Tagger

        return Tagger
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
