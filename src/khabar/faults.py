"""What can be wrong with input, said once: a fault has a kind, a place, a message and a remedy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "repair", "note"]


class KhabarError(Exception):
    """An error a user can act on: the message says what is wrong, where, and the remedy."""


@dataclass(frozen=True)
class Origin:
    """Where a record stands: a file and the line (from 1) it begins on."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Fault:
    """One finding about the input.

    `error`: the record can't be used. `repair`: it was mended in reading and is used.
    `note`: it is used as it is, but the reader should know.
    """

    kind: str
    message: str
    remedy: str
    origin: Origin | None = None
    severity: Severity = "error"

    def __str__(self) -> str:
        where = f"{self.origin}: " if self.origin else ""
        remedy = f" Remedy: {self.remedy}" if self.remedy else ""
        return f"{where}{self.kind}: {self.message}.{remedy}"


class CorpusError(KhabarError):
    """A corpus has faults; the first of them are in the message."""

    shown = 20

    def __init__(self, errors: list[Fault]) -> None:
        self.errors = errors
        lines = [f"{len(errors)} fault(s) in the data:"]
        lines += [f"  {fault}" for fault in errors[: self.shown]]
        if len(errors) > self.shown:
            lines.append(f"  … and {len(errors) - self.shown} more (`khabar check PATH` lists all)")
        super().__init__("\n".join(lines))


@dataclass
class FaultLog:
    """Collects faults while reading, so that one pass names all of them.

    With `strict`, whatever would be repaired is an error instead.
    """

    strict: bool = False
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(
        self,
        kind: str,
        message: str,
        remedy: str = "",
        *,
        origin: Origin | None = None,
        severity: Severity = "error",
    ) -> None:
        if severity == "repair" and self.strict:
            severity = "error"
        self.faults.append(Fault(kind, message, remedy, origin, severity))

    def count(self, what: str, n: int = 1) -> None:
        """Counts something harmless that was done to the input (a label renamed, say)."""
        if n:
            self.counts[what] += n

    def of(self, severity: Severity) -> list[Fault]:
        return [fault for fault in self.faults if fault.severity == severity]

    @property
    def errors(self) -> list[Fault]:
        return self.of("error")

    def raise_errors(self) -> None:
        """Raises CorpusError if any fault is an error."""
        if errors := self.errors:
            raise CorpusError(errors)
