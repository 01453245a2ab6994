"""The scheme: which layers there are, their labels, and which labels are heads and parts of claims."""

from __future__ import annotations

import difflib
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field, model_validator


def nearest(word: str, known: list[str]) -> str | None:
    """The entry of `known` most like `word`, without regard to case; None when nothing is like it."""
    by_folded = {entry.casefold(): entry for entry in known}
    close = difflib.get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=0.5)
    return by_folded[close[0]] if close else None


class Scheme(BaseModel):
    """Label sets by layer. Within a layer spans never overlap; layers may nest in one another.

    The first layer is the one an ordinary token-classification pipeline sees in a saved model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: dict[str, list[str]] = Field(description="Labels of each layer, by the layer's name.")
    heads: list[str] = Field(default=[], description="Labels that open a claim.")
    parts: list[str] = Field(default=[], description="Labels that belong to the heads of claims.")
    free: list[str] = Field(default=[], description="Parts that may also stand without a claim.")
    single: list[str] = Field(default=[], description="Parts of which a claim has one at most.")
    aliases: dict[str, str] = Field(default={}, description="Other names for labels, renamed in reading.")

    @model_validator(mode="after")
    def _consistent(self) -> Scheme:
        if not self.layers:
            raise ValueError("a scheme needs at least one layer")
        for layer, labels in self.layers.items():
            if not labels:
                raise ValueError(f"layer {layer!r} has no labels")
            if not layer.isidentifier():
                raise ValueError(f"layer {layer!r}: a layer's name is made of letters, digits and underscores")
        labels = self.labels
        if twice := sorted({label for label in labels if labels.count(label) > 1}):
            raise ValueError(f"label(s) given twice: {', '.join(twice)}; a label belongs to one layer")
        for bad in (label for label in labels if label == "O" or label.startswith(("B-", "I-")) or " " in label):
            raise ValueError(f"label {bad!r} can't be told from a tag; rename it")
        known = set(labels)
        for role in ("heads", "parts", "free", "single"):
            if missing := [label for label in getattr(self, role) if label not in known]:
                raise ValueError(f"{role} names label(s) that no layer has: {', '.join(missing)}")
        if both := set(self.heads) & set(self.parts):
            raise ValueError(f"label(s) both head and part: {', '.join(sorted(both))}")
        if stray := [alias for alias, label in self.aliases.items() if label not in known or alias in known]:
            raise ValueError(f"alias(es) must lead from an unknown label to a known one: {', '.join(stray)}")
        return self

    @property
    def labels(self) -> list[str]:
        """All labels, in order of the layers."""
        return [label for labels in self.layers.values() for label in labels]

    @cached_property
    def _layer_of(self) -> dict[str, str]:
        return {label: layer for layer, labels in self.layers.items() for label in labels}

    def layer_of(self, label: str) -> str:
        """The layer of `label`. Raises KeyError for a label that is not in the scheme."""
        return self._layer_of[label]

    def known(self, label: str) -> bool:
        return label in self._layer_of

    def suggestion(self, label: str) -> str:
        """What to say to someone who wrote `label`."""
        close = nearest(label, self.labels)
        near = f"did you mean {close}? " if close else ""
        return f"{near}The scheme has {', '.join(self.labels)}"


DEFAULT_SCHEME = Scheme(
    layers={
        "entities": ["PER", "ORG", "LOC", "MISC"],
        "claims": [
            "VALUE",
            "AMOUNT",
            "UNIT",
            "MODIFIER",
            "RATE",
            "CHANGE",
            "PROPERTY",
            "SUBJECT",
            "SOURCE",
            "TIME",
            "ORDINAL",
            "REFERENCE",
        ],
    },
    heads=["VALUE", "AMOUNT"],
    parts=["UNIT", "MODIFIER", "RATE", "CHANGE", "PROPERTY", "SUBJECT", "SOURCE", "TIME"],
    free=["TIME"],
    single=["UNIT", "RATE"],
    # ANERcorp and Wojood write PERS.
    aliases={"PERS": "PER"},
)
