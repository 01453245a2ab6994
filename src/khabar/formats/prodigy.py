"""Prodigy JSONL: one task a line with `tokens`, `spans` and `relations`, as `db-out` writes and the recipes read them.

Spans count code points and name their first and last token. A relation's `head` and `child` are the last tokens of
two spans, which can't tell spans of two layers apart; `head_span` and `child_span` can, and are taken where given.
Surface (`text`), `score` and `no_claim` are further keys of a span; Prodigy keeps what it doesn't know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from khabar.documents import Document, Span
from khabar.faults import FaultLog, Origin
from khabar.formats.lines import whole_file
from khabar.formats.offsets import Mark, Unit
from khabar.formats.records import (
    LINK,
    Draft,
    a_score,
    bare_heads,
    checked,
    entries,
    json_objects,
    links_of,
    not_a_document,
    objects,
    surface_of,
    to_documents,
    tokens,
    whole_number,
)
from khabar.scheme import Scheme

UNITS = (Unit.CODE_POINTS, Unit.UTF16)


def read(path: str | Path, scheme: Scheme, log: FaultLog) -> Iterator[Document]:
    """Reads documents; tasks that were rejected or ignored are counted, broken ones reported and left out."""
    drafts = []
    for record, origin in json_objects(path, log):
        if (answer := record.get("answer", "accept")) != "accept":
            log.count(f"task(s) with answer {answer!r}, not read")
        elif draft := _draft(record, log, origin):
            drafts.append(draft)
    yield from to_documents(drafts, scheme, log, units=UNITS)


def _draft(record: dict[str, Any], log: FaultLog, origin: Origin) -> Draft | None:
    text = record.get("text")
    if not isinstance(text, str):
        not_a_document('no "text" of type string', "give every task its text", origin, log)
        return None
    meta = record.get("meta") or {}
    name = str(record.get("id", f"{Path(origin.path).stem}:{origin.line}"))
    draft = Draft(name, text, origin, meta=meta if isinstance(meta, dict) else {"meta": meta})
    words = [t for t in objects(record, "tokens", log) if isinstance(t.get("text"), str)]
    spans = entries(record, "spans", log)
    for i, span in enumerate(spans):
        if not _is_span(span):
            log.add(
                "not a span",
                f"document {name!r}: span {i} lacks start, end or label",
                'write {"start": int, "end": int, "label": str}',
                origin=origin,
            )
            return None
        draft.marks[str(i)] = Mark(
            span["label"], ((span["start"], span["end"]),), _surface(span, words), a_score(span.get("score"))
        )
        if span.get("no_claim") is True:
            draft.bare.add(str(i))
    for relation in objects(record, "relations", log):
        child, head = (_end(relation, end, spans) for end in ("child", "head"))
        if child is None or head is None:
            log.count("relation(s) between tokens that are no one span, not read")
        else:
            draft.links.append((str(child), str(head)))
    return draft


def _is_span(given: Any) -> bool:
    return (
        isinstance(given, dict)
        and whole_number(given.get("start"))
        and whole_number(given.get("end"))
        and isinstance(given.get("label"), str)
    )


def _surface(span: dict[str, Any], words: list[dict[str, Any]]) -> str | None:
    """The span's own text, else that of its tokens."""
    if isinstance(span.get("text"), str):
        return str(span["text"])
    first, last = span.get("token_start"), span.get("token_end")
    if not isinstance(first, int) or not isinstance(last, int) or not 0 <= first <= last < len(words):
        return None
    inside = words[first : last + 1]
    return "".join(t["text"] + (" " if t.get("ws", True) else "") for t in inside[:-1]) + str(inside[-1]["text"])


def _end(relation: dict[str, Any], end: str, spans: list[dict[str, Any]]) -> int | None:
    """Index of the span at one end of a relation; None if none or several could be meant."""
    place = relation.get(f"{end}_span")
    if isinstance(place, dict):
        keys = ("start", "end", "label")
        found = [i for i, s in enumerate(spans) if all(s.get(k) == place.get(k) for k in keys)]
    else:
        at = relation.get(end)
        found = [i for i, s in enumerate(spans) if at is not None and s.get("token_end") == at]
    return found[0] if len(found) == 1 else None


def _task(document: Document, scheme: Scheme) -> dict[str, Any]:
    cut = tokens(document.text)
    first = {token.start: i for i, token in enumerate(cut)}
    last = {token.end: i for i, token in enumerate(cut)}
    bare = bare_heads(document, scheme)

    def place(span: Span) -> dict[str, Any]:
        ends = {"token_start": first[span.start], "token_end": last[span.end]}
        return {"start": span.start, "end": span.end, **ends, "label": span.label}

    try:
        places = [place(span) for span in document.spans]
    except KeyError as error:
        raise ValueError(f"document {document.id!r}: a span cuts the token at offset {error}") from error
    spans = []
    for i, span in enumerate(document.spans):
        record = {"text": surface_of(document, span), **places[i], "type": "span"}
        if span.score is not None:
            record["score"] = float(span.score)
        if i in bare:
            record["no_claim"] = True
        spans.append(record)
    relations = [
        {
            "head": places[head]["token_end"],
            "child": places[part]["token_end"],
            "head_span": places[head],
            "child_span": places[part],
            "label": LINK,
        }
        for part, head in links_of(document)
    ]
    task: dict[str, Any] = {
        "id": document.id,
        "text": document.text,
        "tokens": [
            {"text": document.text[t.start : t.end], "start": t.start, "end": t.end, "id": i, "ws": t.space}
            for i, t in enumerate(cut)
        ],
        "spans": spans,
        "relations": relations,
        "answer": "accept",
    }
    if document.meta:
        task["meta"] = document.meta
    return task


def write_file(documents: Iterable[Document], path: Path, scheme: Scheme, log: FaultLog) -> None:
    """Writes a file of tasks, for `rel.manual` and `spans.manual`. The format holds all there is.

    Raises ValueError for a document with a span that is empty, outside its text or cuts an atom.
    """
    with whole_file(path) as file:
        for document in documents:
            file.write(json.dumps(_task(checked(document), scheme), ensure_ascii=False) + "\n")
