"""Label Studio JSON: a list of tasks with their annotations, as its "JSON" export has them and its import takes them.

A span is a region of type `labels`, a link a region of type `relation` from part to head. Id and meta are in the task's
`data`, a confidence is the region's `score`, and a head that opens no claim has `no_claim` in the region's `meta`.
Label Studio counts code points now and counted UTF-16 units before (its issues 1008, 1347); a browser gives it CRLF as
one character. All of these are told apart by the surface that each region carries.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from khabar.documents import Document
from khabar.faults import FaultLog, KhabarError, Origin
from khabar.formats.lines import whole_file
from khabar.formats.offsets import Mark, Unit
from khabar.formats.records import (
    LINK,
    Draft,
    a_score,
    a_surface,
    bare_heads,
    checked,
    entries,
    links_of,
    not_a_document,
    objects,
    surface_of,
    to_documents,
    whole_number,
)
from khabar.scheme import Scheme

UNITS = (Unit.CODE_POINTS, Unit.UTF16, Unit.CODE_POINTS_CRLF, Unit.UTF16_CRLF)


def read(path: str | Path, scheme: Scheme, log: FaultLog) -> Iterator[Document]:
    """Reads documents; a task that can't be made one is reported with its number in the list and left out."""
    try:
        tasks = json.loads(Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf").decode())
    except OSError as error:
        raise KhabarError(f"{path}: {error.strerror}. Remedy: give the path of a readable file.") from error
    except (ValueError, RecursionError) as error:
        log.add("broken JSON", str(error), "export the tasks again, as JSON", origin=Origin(str(path), 1))
        return
    drafts = []
    for number, task in enumerate(tasks if isinstance(tasks, list) else [tasks], 1):
        origin = Origin(str(path), number)
        if draft := _draft(task, scheme, log, origin):
            drafts.append(draft)
    yield from to_documents(drafts, scheme, log, units=UNITS)


def _draft(task: Any, scheme: Scheme, log: FaultLog, origin: Origin) -> Draft | None:
    data = task.get("data") if isinstance(task, dict) else None
    if not isinstance(data, dict):
        not_a_document(
            f"task {origin.line} has no data", "export as JSON (not JSON-MIN, which has no relations)", origin, log
        )
        return None
    strings = [key for key, value in data.items() if isinstance(value, str) and key != "id"]
    key = "text" if "text" in strings else strings[0] if len(strings) == 1 else None
    if key is None:
        not_a_document(
            f"task {origin.line} has no text: its data has {', '.join(data) or 'nothing'}",
            'give the text the name "text"',
            origin,
            log,
        )
        return None
    own = data.get("meta")
    meta = {k: v for k, v in data.items() if k not in ("id", key, "meta")}
    meta |= own if isinstance(own, dict) else {} if own is None else {"meta": own}
    name = data.get("id", task.get("id"))
    draft = Draft(f"{Path(origin.path).stem}:{origin.line}" if name is None else str(name), data[key], origin)
    draft.meta = meta
    for n, region in enumerate(_regions(task, log)):
        if not isinstance(region, dict) or not _region(region, n, draft, scheme, log):
            log.add(
                "not a span",
                f"document {draft.id!r}: region {n} lacks start, end or labels",
                "export the task again",
                origin=origin,
            )
            return None
    return draft


def _regions(task: dict[str, Any], log: FaultLog) -> list[Any]:
    """The regions of a task's first annotation that wasn't cancelled, else of its first prediction."""
    given = objects(task, "annotations", log) or objects(task, "completions", log)
    kept = [annotation for annotation in given if not annotation.get("was_cancelled")]
    log.count("cancelled annotation(s) of a task, not read", len(given) - len(kept))
    # What a curator marked as ground truth goes before the rest.
    kept.sort(key=lambda a: not a.get("ground_truth"))
    if not given and (predictions := objects(task, "predictions", log)):
        log.count("task(s) without annotation, read from their prediction")
        kept = predictions[:1]
    log.count("further annotation(s) of a task, not read", max(0, len(kept) - 1))
    return entries(kept[0], "result", log) if kept else []


def _region(region: dict[str, Any], n: int, draft: Draft, scheme: Scheme, log: FaultLog) -> bool:
    """Adds a region to the draft. False if it is a broken span."""
    kind = region.get("type")
    if kind == "relation":
        draft.links.append((str(region.get("from_id")), str(region.get("to_id"))))
        return True
    value = region.get("value")
    if kind not in ("labels", "hypertextlabels"):
        log.count(f"region(s) of type {kind} not read")
        return True
    if not isinstance(value, dict):
        return False
    place = value if whole_number(value.get("start")) else value.get("globalOffsets")
    labels = value.get(kind)
    if not isinstance(place, dict) or not all(whole_number(place.get(end)) for end in ("start", "end")):
        return False
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        return False
    if not labels:
        log.count("region(s) without label, not read")
    key = str(region.get("id", n))
    # A region with labels of both layers is two spans; its relations are those of the one that can have any.
    for i, label in enumerate(sorted(labels, key=lambda label: label not in {*scheme.heads, *scheme.parts})):
        draft.marks[f"{key}/{i}" if i else key] = Mark(
            label,
            ((place["start"], place["end"]),),
            a_surface(value.get("text")),
            a_score(region.get("score")),
        )
    extra = region.get("meta")
    if isinstance(extra, dict) and extra.get("no_claim") is True:
        draft.bare.add(key)
    return True


def _task(document: Document, scheme: Scheme) -> dict[str, Any]:
    bare = bare_heads(document, scheme)
    result: list[dict[str, Any]] = []
    for i, span in enumerate(document.spans):
        region: dict[str, Any] = {
            "id": f"s{i}",
            "type": "labels",
            "from_name": _control(span.label, scheme),
            "to_name": "text",
            "value": {
                "start": span.start,
                "end": span.end,
                "text": surface_of(document, span),
                "labels": [span.label],
            },
        }
        if span.score is not None:
            region["score"] = float(span.score)
        if i in bare:
            region["meta"] = {"no_claim": True}
        result.append(region)
    result += [
        {"type": "relation", "from_id": f"s{part}", "to_id": f"s{head}", "direction": "right", "labels": [LINK]}
        for part, head in links_of(document)
    ]
    data: dict[str, Any] = {"text": document.text, "id": document.id}
    if document.meta:
        data["meta"] = document.meta
    return {"data": data, "annotations": [{"result": result}]}


def _control(label: str, scheme: Scheme) -> str:
    return scheme.layer_of(label) if scheme.known(label) else "label"


def labelling_config(scheme: Scheme) -> str:
    """The labelling interface (XML) that a Label Studio project needs to show documents of this scheme."""
    lines = ["<View>", f"  <Relations><Relation value={quoteattr(LINK)}/></Relations>"]
    for layer, labels in scheme.layers.items():
        lines.append(f'  <Labels name={quoteattr(layer)} toName="text">')
        lines += [f"    <Label value={quoteattr(label)}/>" for label in labels]
        lines.append("  </Labels>")
    return "\n".join([*lines, '  <Text name="text" value="$text"/>', "</View>"])


def write_file(documents: Iterable[Document], path: Path, scheme: Scheme, log: FaultLog) -> None:
    """Writes a file of tasks, each with one annotation. The format holds all there is.

    Raises ValueError for a document with a span that is empty or outside its text.
    """
    between = "[\n"
    with whole_file(path) as file:
        for document in documents:
            file.write(between + json.dumps(_task(checked(document), scheme), ensure_ascii=False))
            between = ",\n"
        file.write("[]\n" if between == "[\n" else "\n]\n")
