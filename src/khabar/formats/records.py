"""Records of other tools: what their readers and writers share, from a record to a document and back."""

from __future__ import annotations

import importlib
import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from khabar.documents import Claim, Document, Span, sort_spans
from khabar.faults import FaultLog, KhabarError, Origin
from khabar.formats.lines import numbered_lines
from khabar.formats.offsets import Choice, Mark, Pieces, Unit, choose_units, edges, read_mark
from khabar.scheme import Scheme
from khabar.text import Atom, atoms

LINK = "PartOf"
"""What a relation from a part to the head of its claim is called in the files of other tools."""

# What some file system refuses in a name, the escape character, dots in front, and dots and spaces at the end.
_UNSAFE = re.compile(r'[/\\:*?"<>|%\x00-\x1f\x7f]|^\.|[. ]$')
_LONGEST_NAME = 240  # bytes, with room for a suffix


_REMEDY = "nothing, if that is right; else set the tool to count code points and export again"


@dataclass
class Draft:
    """A record as its tool wrote it: offsets not yet verified, links between keys instead of claims.

    `links`: (key of one end, key of the other). `bare`: keys of heads that open no claim.
    """

    id: str
    text: str
    origin: Origin
    marks: dict[str, Mark] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)
    bare: set[str] = field(default_factory=set)
    meta: dict[str, Any] = field(default_factory=dict)


def to_documents(
    drafts: Sequence[Draft], scheme: Scheme, log: FaultLog, *, units: Sequence[Unit] = (Unit.CODE_POINTS,)
) -> Iterator[Document]:
    """Verified documents: every span with a surface has that surface, every other one lies inside its text.

    The first of `units` is what the tool is known to count; offsets in another one are repaired and reported. A draft
    whose spans fit in none is reported and left out.
    """
    choice = choose_units([(draft.text, list(draft.marks.values())) for draft in drafts], units)
    told = False
    for draft, unit in zip(drafts, choice.units, strict=True):
        if unit is None:
            unit = min(units, key=lambda other: list(_readings(draft, other).values()).count(None))
        readings = _readings(draft, unit)
        if wrong := [key for key, pieces in readings.items() if pieces is None]:
            for key in wrong:
                _report_wrong(draft, draft.marks[key], unit, log)
            continue
        silent = bool(draft.marks) and all(mark.surface is None for mark in draft.marks.values())
        if silent:
            told = told or _report_choice(draft, unit, units, choice, readings, log)
        elif unit is not units[0] and unit is not Unit.CODE_POINTS:
            _report_repair(draft, unit, readings, log)
        if unit is units[0] and unit is not Unit.CODE_POINTS and readings != _readings(draft, Unit.CODE_POINTS):
            log.count(f"document(s) whose offsets count {unit}, as their tool does")
        yield _document(draft, {key: pieces for key, pieces in readings.items() if pieces is not None}, scheme, log)


def _readings(draft: Draft, unit: Unit) -> dict[str, Pieces | None]:
    table = edges(draft.text, unit)
    return {key: read_mark(draft.text, mark, table) for key, mark in draft.marks.items()}


def _report_wrong(draft: Draft, mark: Mark, unit: Unit, log: FaultLog) -> None:
    name = f"document {draft.id!r}: {mark.label} {_shown(mark.pieces)}"
    # Its place alone, whatever its surface.
    place = read_mark(draft.text, replace(mark, surface=None), edges(draft.text, unit))
    if place:
        log.add(
            "wrong surface",
            f"{name} is {' '.join(draft.text[start:end] for start, end in place)!r}, the file says {mark.surface!r}",
            "offsets and text don't belong together: export both again, from the text that was annotated",
            origin=draft.origin,
        )
    else:
        log.add(
            "span outside text",
            f"{name} is empty, or has no place in a text of {len(draft.text)} code points",
            "count offsets in code points of the untouched text, end exclusive",
            origin=draft.origin,
        )


def _report_repair(draft: Draft, unit: Unit, readings: dict[str, Pieces | None], log: FaultLog) -> None:
    moved = next(key for key, pieces in readings.items() if pieces != draft.marks[key].pieces)
    mark = draft.marks[moved]
    log.add(
        "offsets in another unit",
        f"document {draft.id!r}: its offsets count {unit}: {mark.label} {_shown(mark.pieces)} {mark.surface!r} is "
        f"{_shown(readings[moved] or ())} in code points",
        _REMEDY,
        origin=draft.origin,
        severity="repair",
    )


def _report_choice(
    draft: Draft,
    unit: Unit,
    units: Sequence[Unit],
    choice: Choice,
    readings: dict[str, Pieces | None],
    log: FaultLog,
) -> bool:
    """Says of a file without surfaces in what unit it was read, if it matters to this draft. True if it did."""
    others = [other for other in units if other is not unit and _readings(draft, other) != readings]
    tied = [other for other in others if choice.on_edges[other] == choice.on_edges[unit]]
    if not others or (unit is units[0] and not tied):
        return False
    counts = ", ".join(f"{n} as {other}" for other, n in choice.on_edges.most_common())
    log.add(
        "offsets in another unit" if unit is not units[0] else "offsets in an unknown unit",
        f"the file's offsets were read as {unit}; {counts} lie on the edges of words",
        _REMEDY,
        origin=draft.origin,
        severity="repair" if unit is not units[0] else "note",
    )
    return True


def _shown(pieces: Pieces) -> str:
    return ";".join(f"[{start}, {end})" for start, end in pieces)


def _document(draft: Draft, readings: dict[str, Pieces], scheme: Scheme, log: FaultLog) -> Document:
    spans: list[Span] = []
    index: dict[str, int] = {}
    for key, pieces in readings.items():
        mark = draft.marks[key]
        gaps = [draft.text[a[1] : b[0]] for a, b in itertools.pairwise(pieces)]
        if not all(gap.isspace() for gap in gaps):
            log.add(
                "discontinuous span",
                f"document {draft.id!r}: {mark.label} {_shown(pieces)} {mark.surface!r} was left out",
                "mark one stretch of text",
                origin=draft.origin,
                severity="repair",
            )
            continue
        if gaps:
            log.count("span(s) that their tool had cut at a line break, joined")
        label = mark.label
        if label in scheme.aliases:
            log.count(f"label {label} read as {scheme.aliases[label]}")
            label = scheme.aliases[label]
        index[key] = len(spans)
        spans.append(Span(pieces[0][0], pieces[-1][1], label, mark.score))
    claims = _claims(draft, spans, index, scheme, log)
    ordered, linked = sort_spans(spans, claims)
    return Document(draft.id, draft.text, ordered, linked, draft.meta, draft.origin)


def _claims(draft: Draft, spans: list[Span], index: dict[str, int], scheme: Scheme, log: FaultLog) -> list[Claim]:
    """A claim for every span whose label is a head's, with what is linked to it."""
    parts: dict[int, set[int]] = {
        i: set() for key, i in index.items() if spans[i].label in scheme.heads and key not in draft.bare
    }
    for one, other in draft.links:
        if one not in index or other not in index:
            log.count("relation(s) to a span that is not there, not read")
            continue
        part, head = index[one], index[other]
        if spans[part].label in scheme.heads and spans[head].label in scheme.parts:
            log.count("relation(s) drawn from head to part, read the other way round")
            part, head = head, part
        if spans[head].label in scheme.heads and spans[part].label in scheme.parts:
            parts.setdefault(head, set()).add(part)
        else:
            log.count("relation(s) that join no part to a head, not read")
    return [Claim(head, tuple(sorted(found))) for head, found in parts.items()]


def checked(document: Document) -> Document:
    """The document with spans and claims in order, fit to be written.

    Raises ValueError for an empty span or one outside the text, a claim of spans that aren't there, and meta that is no
    JSON.
    """
    name = f"document {document.id!r}"
    for span in document.spans:
        if not 0 <= span.start < span.end <= len(document.text):
            raise ValueError(
                f"{name}: {span.label} [{span.start}, {span.end}) is empty or outside its text of "
                f"{len(document.text)} code points"
            )
    for claim in document.claims:
        if not all(0 <= i < len(document.spans) for i in (claim.head, *claim.parts)):
            raise ValueError(f"{name}: a claim has spans that aren't there")
    try:
        json.dumps(document.meta)
    except TypeError as error:
        raise ValueError(f"{name}: its meta is no JSON ({error})") from error
    spans, claims = sort_spans(document.spans, document.claims)
    return replace(document, spans=spans, claims=claims)


def links_of(document: Document) -> list[tuple[int, int]]:
    """Indices of (part, head) for every part of every claim."""
    return [(part, claim.head) for claim in document.claims for part in claim.parts]


def bare_heads(document: Document, scheme: Scheme) -> set[int]:
    """Indices of spans that are labelled as heads and open no claim: readers have to be told of them."""
    heads = {claim.head for claim in document.claims}
    return {i for i, span in enumerate(document.spans) if span.label in scheme.heads and i not in heads}


def surface_of(document: Document, span: Span) -> str:
    return document.text[span.start : span.end]


@dataclass(frozen=True, slots=True)
class Token:
    """A word as spaCy and Prodigy have them: its offsets, and whether a single space follows that is no token."""

    start: int
    end: int
    space: bool


def tokens(text: str) -> list[Token]:
    """Atoms as tokens; white space beyond the one space after an atom is a token too, so that nothing is lost."""
    found: list[Token] = []
    at = 0
    for atom in [*atoms(text), Atom(len(text), len(text))]:
        if found and at < atom.start and text[at] == " ":
            found[-1] = replace(found[-1], space=True)
            at += 1
        found += [Token(start, end, False) for start, end in ((at, atom.start), (atom.start, atom.end)) if start < end]
        at = atom.end
    return found


def file_name(document: Document) -> str:
    """The document's id as the name of a file, without suffix: what a file system refuses is percent-encoded.

    Raises ValueError for an id that is empty or too long for a name.
    """
    name = _UNSAFE.sub(lambda m: f"%{ord(m[0]):02X}", document.id)
    if not name or len(name.encode()) > _LONGEST_NAME:
        raise ValueError(f"document {document.id!r}: its id can't be the name of a file")
    return name


def id_of_file(path: Path) -> str:
    """The id that `file_name` turned into this name, or the name as it is."""
    name = unquote(path.stem)
    return name if _UNSAFE.sub(lambda m: f"%{ord(m[0]):02X}", name) == path.stem else path.stem


def json_objects(path: str | Path, log: FaultLog) -> Iterator[tuple[dict[str, Any], Origin]]:
    """The objects of a file of JSON lines; a line that holds none is reported."""
    for number, line in numbered_lines(path, log):
        origin = Origin(str(path), number)
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            log.add("broken JSON", str(error), "write one JSON object a line", origin=origin)
            continue
        if isinstance(record, dict):
            yield record, origin
        else:
            not_a_document(f"the line holds a {type(record).__name__}", "write an object with a text", origin, log)


def not_a_document(message: str, remedy: str, origin: Origin, log: FaultLog) -> None:
    log.add("not a document", message, remedy, origin=origin)


def meta_from(string: str | None) -> dict[str, Any]:
    """Meta that was written as a string of JSON. Raises ValueError if it is none or no object."""
    meta = json.loads(string or "{}")
    if not isinstance(meta, dict):
        raise ValueError(f"meta is a {type(meta).__name__}")
    return meta


def entries(record: dict[str, Any], key: str, log: FaultLog) -> list[Any]:
    """The list under a key of a JSON object; empty where there is none, and counted where something else is."""
    value = record.get(key)
    if isinstance(value, list):
        return value
    log.count(f"{key} of a record that is no list, not read", value is not None)
    return []


def objects(record: dict[str, Any], key: str, log: FaultLog) -> list[dict[str, Any]]:
    """The objects in the list under a key; what else is there is counted."""
    given = entries(record, key, log)
    found = [entry for entry in given if isinstance(entry, dict)]
    log.count(f"entries of {key} that are no objects, not read", len(given) - len(found))
    return found


def whole_number(value: Any) -> bool:
    """Whether a JSON value is an integer."""
    return isinstance(value, int) and not isinstance(value, bool)


def a_score(value: Any) -> float | None:
    """A confidence, if the value is a number."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def a_surface(value: Any) -> str | None:
    """A surface, if the value is a string."""
    return value if isinstance(value, str) else None


def library(name: str) -> ModuleType:
    """An optional library. Raises KhabarError, with what to install, when it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise KhabarError(
            f"this format needs {name}, which is not installed. Remedy: pip install 'khabar[formats]'."
        ) from error
