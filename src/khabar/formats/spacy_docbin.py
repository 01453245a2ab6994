"""spaCy `DocBin`: documents with a span group a layer, as `spacy train` and spaCy pipelines read them.

Tokens are atoms, and white space as spaCy has it, so the text is the same to the letter. The first layer is in
`doc.ents` as well. Each span has an id; a group's `attrs` hold surfaces and confidences by id, and
`doc.user_data["khabar"]` holds the document's id, its meta and its claims by the ids of spans.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from khabar.documents import Document
from khabar.faults import FaultLog, KhabarError, Origin
from khabar.formats.lines import whole_file
from khabar.formats.offsets import Mark
from khabar.formats.records import (
    Draft,
    a_score,
    a_surface,
    bare_heads,
    checked,
    library,
    links_of,
    meta_from,
    not_a_document,
    surface_of,
    to_documents,
    tokens,
)
from khabar.scheme import Scheme

_KEY = "khabar"
_OTHER = "other"  # the group of labels that the scheme doesn't have


def read(path: str | Path, scheme: Scheme, log: FaultLog) -> Iterator[Document]:
    """Reads documents: the spans of all groups, and of `doc.ents` where no group has them."""
    docbin, vocab = library("spacy.tokens").DocBin(), library("spacy.vocab").Vocab()
    try:
        docbin.from_bytes(Path(path).read_bytes())
        docs = list(docbin.get_docs(vocab))
    except OSError as error:
        raise KhabarError(f"{path}: {error.strerror}. Remedy: give the path of a readable file.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        not_a_document(f"no DocBin: {error}", "write it with DocBin.to_disk", Origin(str(path), 1), log)
        return
    drafts = [_draft(doc, Origin(str(path), number), log) for number, doc in enumerate(docs, 1)]
    yield from to_documents([draft for draft in drafts if draft is not None], scheme, log)


def _draft(doc: Any, origin: Origin, log: FaultLog) -> Draft | None:
    known = doc.user_data.get(_KEY) or {}
    try:
        meta = meta_from(known.get("meta"))
        draft = Draft(str(known.get("id", f"{Path(origin.path).stem}:{origin.line}")), doc.text, origin, meta=meta)
        draft.links = [(part, head) for part, head in known.get("links", ())]
        draft.bare = set(known.get("bare", ()))
    except (ValueError, TypeError, AttributeError) as error:
        not_a_document(f'user_data["{_KEY}"] is broken: {error}', "leave it out", origin, log)
        return None
    places = set()
    for name, group in doc.spans.items():
        surfaces, scores = group.attrs.get("surfaces") or {}, group.attrs.get("scores") or {}
        for n, span in enumerate(group):
            key = span.id_ or f"{name}/{n}"
            draft.marks[key] = Mark(
                span.label_,
                ((span.start_char, span.end_char),),
                a_surface(surfaces.get(key, span.text)),
                a_score(scores.get(key)),
            )
            places.add((span.start_char, span.end_char, span.label_))
    for n, span in enumerate(doc.ents):
        if (span.start_char, span.end_char, span.label_) not in places:
            draft.marks[f"ents/{n}"] = Mark(span.label_, ((span.start_char, span.end_char),), span.text)
    return draft


def _doc(document: Document, scheme: Scheme, vocab: Any) -> Any:
    spacy = library("spacy.tokens")
    cut = tokens(document.text)
    doc = spacy.Doc(vocab, words=[document.text[t.start : t.end] for t in cut], spaces=[t.space for t in cut])
    if doc.text != document.text:
        raise ValueError(f"document {document.id!r}: spaCy's text is not the same as its own")
    first = {token.start: i for i, token in enumerate(cut)}
    end = {token.end: i + 1 for i, token in enumerate(cut)}
    groups: dict[str, list[Any]] = {}
    attrs: dict[str, dict[str, dict[str, Any]]] = {}
    for i, span in enumerate(document.spans):
        if span.start not in first or span.end not in end:
            raise ValueError(f"document {document.id!r}: {span.label} [{span.start}, {span.end}) cuts a token")
        layer, key = scheme.layer_of(span.label) if scheme.known(span.label) else _OTHER, f"s{i}"
        made = spacy.Span(doc, first[span.start], end[span.end], label=span.label, span_id=key)
        groups.setdefault(layer, []).append(made)
        notes = attrs.setdefault(layer, {"surfaces": {}, "scores": {}})
        notes["surfaces"][key] = surface_of(document, span)
        if span.score is not None:
            notes["scores"][key] = float(span.score)
    for layer, spans in groups.items():
        doc.spans[layer] = spacy.SpanGroup(doc, name=layer, spans=spans, attrs=attrs[layer])
    # Within a layer spans don't overlap, as spaCy demands of its entities.
    doc.ents = [spacy.Span(doc, s.start, s.end, label=s.label) for s in groups.get(next(iter(scheme.layers)), [])]
    doc.user_data[_KEY] = {
        "id": document.id,
        "meta": json.dumps(document.meta, ensure_ascii=False),
        "links": [[f"s{part}", f"s{head}"] for part, head in links_of(document)],
        "bare": [f"s{i}" for i in sorted(bare_heads(document, scheme))],
    }
    return doc


def write_file(documents: Iterable[Document], path: Path, scheme: Scheme, log: FaultLog) -> None:
    """Writes a file of documents. The format holds all there is.

    Raises ValueError for a document with a span that is empty, outside its text or cuts an atom, and KhabarError
    without spaCy.
    """
    docbin, vocab = library("spacy.tokens").DocBin(store_user_data=True), library("spacy.vocab").Vocab()
    for document in documents:
        docbin.add(_doc(checked(document), scheme, vocab))
    with whole_file(path) as file, open(file.fileno(), "wb", closefd=False) as raw:
        raw.write(docbin.to_bytes())
