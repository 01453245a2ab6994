"""doccano JSONL: one example a line, with `entities` and `relations`, or with `label` as triples.

doccano counts UTF-16 units (what its annotator calls code points is the length of a JavaScript string; its issue
2290), or grapheme clusters in a project that is set to. It carries no surfaces, so exports have them under `surfaces`,
with what else doccano has no place for. In foreign files the unit is that in which most spans lie on atom edges.
Its grapheme clusters are those of Unicode 10: emoji made since may count as more than one there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from khabar.documents import Document
from khabar.faults import FaultLog, Origin
from khabar.formats.lines import whole_file
from khabar.formats.offsets import Mark, Unit, positions
from khabar.formats.records import (
    LINK,
    Draft,
    a_score,
    a_surface,
    bare_heads,
    checked,
    entries,
    json_objects,
    links_of,
    not_a_document,
    objects,
    surface_of,
    to_documents,
    whole_number,
)
from khabar.scheme import Scheme

UNITS = (Unit.UTF16, Unit.CODE_POINTS, Unit.GRAPHEMES)
_SPANS = ("entities", "label", "labels")
_READ = {"id", "text", "data", "meta", "relations", "surfaces", *_SPANS}


def read(path: str | Path, scheme: Scheme, log: FaultLog) -> Iterator[Document]:
    """Reads documents, in whichever unit fits; an example that can't be made one is reported and left out."""
    yield from to_documents(_drafts(path, log), scheme, log, units=UNITS)


def read_graphemes(path: str | Path, scheme: Scheme, log: FaultLog) -> Iterator[Document]:
    """Reads documents of a project that counts grapheme clusters."""
    yield from to_documents(_drafts(path, log), scheme, log, units=(Unit.GRAPHEMES,))


def _drafts(path: str | Path, log: FaultLog) -> list[Draft]:
    found = (_draft(record, log, origin) for record, origin in json_objects(path, log))
    return [draft for draft in found if draft is not None]


def _draft(record: dict[str, Any], log: FaultLog, origin: Origin) -> Draft | None:
    text = record.get("text", record.get("data"))
    if not isinstance(text, str):
        not_a_document('no "text" of type string', "give every example its text", origin, log)
        return None
    meta = record.get("meta")
    if isinstance(meta, str):
        # doccano before 1.0 exported meta as a string of JSON.
        try:
            meta = json.loads(meta)
        except ValueError:
            meta = {"meta": meta}
    draft = Draft(str(record.get("id", f"{Path(origin.path).stem}:{origin.line}")), text, origin)
    draft.meta = {k: v for k, v in record.items() if k not in _READ and v not in ([], None)}
    draft.meta |= meta if isinstance(meta, dict) else {} if meta is None else {"meta": meta}
    more = {_place(m): m for m in map(_entity, entries(record, "surfaces", log)) if m}
    for n, given in enumerate(entry for key in _SPANS for entry in entries(record, key, log)):
        entity = _entity(given)
        if entity is None:
            log.add(
                "not a span",
                f"document {draft.id!r}: span {n} lacks offsets or label",
                'write {"label": str, "start_offset": int, "end_offset": int} or [start, end, label]',
                origin=origin,
            )
            return None
        key = str(entity.get("id", f"#{n}"))
        extra = more.get(_place(entity), {})
        draft.marks[key] = Mark(
            entity["label"],
            ((entity["start_offset"], entity["end_offset"]),),
            a_surface(extra.get("text")),
            a_score(extra.get("score")),
        )
        if extra.get("no_claim") is True:
            draft.bare.add(key)
    draft.links = [(str(r.get("from_id")), str(r.get("to_id"))) for r in objects(record, "relations", log)]
    return draft


def _place(entity: dict[str, Any]) -> tuple[Any, ...]:
    return entity.get("start_offset"), entity.get("end_offset"), entity.get("label")


def _entity(given: Any) -> dict[str, Any] | None:
    if isinstance(given, list) and len(given) == 3:
        given = dict(zip(("start_offset", "end_offset", "label"), given, strict=True))
    good = (
        isinstance(given, dict)
        and whole_number(given.get("start_offset"))
        and whole_number(given.get("end_offset"))
        and isinstance(given.get("label"), str)
    )
    return given if good else None


def write_file(documents: Iterable[Document], path: Path, scheme: Scheme, log: FaultLog) -> None:
    """Writes examples for a project as doccano makes it, in UTF-16 units. The format holds all there is.

    Raises ValueError for a document with a span that is empty or outside its text.
    """
    _write(documents, path, scheme, log, Unit.UTF16)


def write_graphemes(documents: Iterable[Document], path: Path, scheme: Scheme, log: FaultLog) -> None:
    """Writes examples for a project that counts grapheme clusters; counts the spans that cut one.

    Raises ValueError for a document with a span that is empty or outside its text.
    """
    _write(documents, path, scheme, log, Unit.GRAPHEMES)


def _write(documents: Iterable[Document], path: Path, scheme: Scheme, log: FaultLog, unit: Unit) -> None:
    used = 0
    with whole_file(path) as file:
        for document in documents:
            record = _example(checked(document), scheme, log, unit, used)
            used += len(document.spans)
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _example(document: Document, scheme: Scheme, log: FaultLog, unit: Unit, used: int) -> dict[str, Any]:
    """One example. `used`: how many ids of spans the file has already; doccano wants them unique in it."""
    bare = bare_heads(document, scheme)
    offset = positions(document.text, unit)
    entities: dict[int, dict[str, Any]] = {}
    surfaces = []
    for i, span in enumerate(document.spans):
        if span.start not in offset or span.end not in offset:
            log.count(f"span(s) that cut one of the {unit}, which doccano can't hold")
            continue
        place = {"label": span.label, "start_offset": offset[span.start], "end_offset": offset[span.end]}
        entities[i] = {"id": used + i, **place}
        more: dict[str, Any] = {**place, "text": surface_of(document, span)}
        if span.score is not None:
            more["score"] = float(span.score)
        if i in bare:
            more["no_claim"] = True
        surfaces.append(more)
    links = links_of(document)
    kept = [(part, head) for part, head in links if part in entities and head in entities]
    log.count("link(s) of spans that doccano can't hold", len(links) - len(kept))
    record: dict[str, Any] = {
        "id": document.id,
        "text": document.text,
        "entities": list(entities.values()),
        "relations": [
            {"id": n, "from_id": used + part, "to_id": used + head, "type": LINK} for n, (part, head) in enumerate(kept)
        ],
        "surfaces": surfaces,
    }
    if document.meta:
        record["meta"] = document.meta
    return record
