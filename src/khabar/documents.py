"""The data model: Document, Span, Claim, and what makes a document well-formed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from khabar.faults import FaultLog, Origin, Severity
from khabar.scheme import Scheme
from khabar.text import atoms, bidi_controls, lone_surrogate


@dataclass(frozen=True, slots=True)
class Span:
    """A labelled stretch of text: `text[start:end]`, Unicode code points, half-open."""

    start: int
    end: int
    label: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One numeric claim: indices into `Document.spans` of its head and its parts."""

    head: int
    parts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Document:
    """A text with its annotations. `text` is what the user gave, to the letter."""

    id: str
    text: str
    spans: tuple[Span, ...] = ()
    claims: tuple[Claim, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)
    origin: Origin | None = field(default=None, compare=False, repr=False)

    def of_layer(self, layer: str, scheme: Scheme) -> list[Span]:
        """The spans of one layer, in text order."""
        inside = [span for span in self.spans if scheme.known(span.label) and scheme.layer_of(span.label) == layer]
        return sorted(inside, key=lambda span: (span.start, span.end))


def sort_spans(spans: Iterable[Span], claims: Iterable[Claim]) -> tuple[tuple[Span, ...], tuple[Claim, ...]]:
    """Spans in text order (the longer first where two begin together), claims re-indexed and in order of heads."""
    given = list(spans)
    order = sorted(range(len(given)), key=lambda i: (given[i].start, -given[i].end, given[i].label))
    new_index = {old: new for new, old in enumerate(order)}
    moved = [Claim(new_index[c.head], tuple(sorted(new_index[p] for p in c.parts))) for c in claims]
    return tuple(given[i] for i in order), tuple(sorted(moved, key=lambda c: c.head))


def keep_layers(document: Document, layers: Iterable[str], scheme: Scheme, log: FaultLog) -> Document:
    """The document with the spans of some layers alone. Claims go with the layer of their head; both are counted."""
    wanted = {label for layer in layers for label in scheme.layers[layer]}
    new_index = {old: new for new, old in enumerate(i for i, s in enumerate(document.spans) if s.label in wanted)}
    claims = [
        Claim(new_index[c.head], tuple(new_index[p] for p in c.parts if p in new_index))
        for c in document.claims
        if c.head in new_index
    ]
    log.count("span(s) of layers not asked for", len(document.spans) - len(new_index))
    log.count("claim(s) of layers not asked for", len(document.claims) - len(claims))
    return replace(document, spans=tuple(document.spans[i] for i in new_index), claims=tuple(claims))


def check_text(text: str, name: str, log: FaultLog, origin: Origin | None = None, *, bidi: Severity = "error") -> None:
    """Reports what makes a text unfit for annotation: no atoms, NUL, lone surrogates, bidi controls.

    Direction marks are invisible: an annotator can't see that a span begins before or after one.
    """
    if not text.strip():
        log.add("empty document", f"{name} has no text", "remove the record", origin=origin)
    if "\x00" in text:
        at = text.index("\x00")
        log.add("NUL character", f"{name} has U+0000 at offset {at}", "remove it and shift the spans", origin=origin)
    if (at_surrogate := lone_surrogate(text)) is not None:
        log.add(
            "broken Unicode",
            f"{name} has a lone surrogate at offset {at_surrogate}",
            "write the whole character (JSON \\uD83D\\uDE00 needs both halves)",
            origin=origin,
        )
    if controls := bidi_controls(text):
        at, control = controls[0]
        log.add(
            "bidi control",
            f"{name} has {len(controls)} invisible direction mark(s), the first {control} at offset {at}",
            "remove them before annotating, or allow them (--allow-bidi)",
            origin=origin,
            severity=bidi,
        )


def check_document(document: Document, scheme: Scheme, log: FaultLog, *, bidi: Severity = "error") -> None:
    """Reports every fault of a document against the scheme. Changes nothing."""
    name, origin, text = f"document {document.id!r}", document.origin, document.text
    check_text(text, name, log, origin, bidi=bidi)
    cut = atoms(text)
    starts, ends = {a.start for a in cut}, {a.end for a in cut}

    def say(kind: str, message: str, remedy: str) -> None:
        log.add(kind, f"{name}: {message}", remedy, origin=origin)

    for span in document.spans:
        what = f"{span.label} [{span.start}, {span.end})"
        if not scheme.known(span.label):
            say("unknown label", what, scheme.suggestion(span.label))
        if not 0 <= span.start < span.end <= len(text):
            say(
                "span outside text",
                f"{what} in a text of {len(text)} code points",
                "count offsets in code points of the untouched text, end exclusive",
            )
        elif span.start not in starts or span.end not in ends:
            whole = [a for a in cut if a.start < span.end and a.end > span.start]
            hint = f"the whole atoms are [{whole[0].start}, {whole[-1].end})" if whole else "the span holds no atom"
            say("split atom", f"{what} {text[span.start : span.end]!r} cuts a word or number", hint)
    for layer in scheme.layers:
        for a, b in itertools.pairwise(document.of_layer(layer, scheme)):
            if b.start < a.end:
                say(
                    "overlap",
                    f"{a.label} [{a.start}, {a.end}) and {b.label} [{b.start}, {b.end}) in layer {layer}",
                    "within a layer spans never overlap: keep one of them",
                )
    _check_claims(document, scheme, say)


def _check_claims(document: Document, scheme: Scheme, say: Callable[[str, str, str], None]) -> None:
    spans, heads = document.spans, set()
    for n, claim in enumerate(document.claims, 1):
        if not 0 <= claim.head < len(spans):
            say("claim without head", f"claim {n} has head {claim.head}", f"give an index below {len(spans)}")
            continue
        head = spans[claim.head]
        if head.label not in scheme.heads:
            say(
                "claim without head",
                f"claim {n} is headed by {head.label} [{head.start}, {head.end})",
                f"a head is one of {', '.join(scheme.heads) or 'none: the scheme names no heads'}",
            )
        if claim.head in heads:
            say("head used twice", f"claim {n} has the head of another claim", "join the two claims")
        heads.add(claim.head)
        for part in claim.parts:
            if not 0 <= part < len(spans):
                say("claim part", f"claim {n} has part {part}", f"give indices below {len(spans)}")
            elif spans[part].label not in scheme.parts:
                say(
                    "claim part",
                    f"claim {n} has a part labelled {spans[part].label}",
                    f"parts are {', '.join(scheme.parts) or 'none: the scheme names no parts'}",
                )
