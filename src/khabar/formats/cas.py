"""UIMA CAS, as INCEpTION exports and imports it: a folder with a file a document, XMI (and one type system) or JSON.

Spans are of type `khabar.Span`, links of type `khabar.Link` with Governor (head) and Dependent (part) as INCEpTION's
relation layers have them; id and meta are in `khabar.Document`. INCEpTION's own spans (custom layers and named
entities) are read by their feature `label` or `value`. UIMA counts UTF-16 units; `dkpro-cassis` converts them.
"""

from __future__ import annotations

import functools
import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from khabar.documents import Document
from khabar.faults import FaultLog, KhabarError, Origin
from khabar.formats.lines import whole_folder
from khabar.formats.offsets import Mark
from khabar.formats.records import (
    Draft,
    a_score,
    a_surface,
    bare_heads,
    checked,
    file_name,
    id_of_file,
    library,
    links_of,
    meta_from,
    not_a_document,
    surface_of,
    to_documents,
)
from khabar.scheme import Scheme

SPAN, LINK, DOCUMENT = "khabar.Span", "khabar.Link", "khabar.Document"
TYPE_SYSTEM = "TypeSystem.xml"
_METADATA = "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData"
_CUSTOM = ("webanno.custom.", "custom.")
# What the tools put into every document by themselves.
_FURNITURE = re.compile(r"^uima\.|\.segmentation\.type\.|\.metadata\.type\.|\.webanno\.api\.type\.")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(path: str | Path, scheme: Scheme, log: FaultLog) -> Iterator[Document]:
    """Reads the document of one file of XMI (with its type system beside it) or JSON."""
    file, origin = Path(path), Origin(str(path), 1)
    cassis = library("cassis")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise KhabarError(f"{path}: {error.strerror}. Remedy: give the path of a readable file.") from error
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            if data.lstrip().startswith(b"{"):
                cas = cassis.load_cas_from_json(data.decode())
            else:
                cas = cassis.load_cas_from_xmi(data.decode(), typesystem=_types_beside(file))
        except KhabarError:
            raise
        # cassis lets through whatever its parsers and its own look-ups raise.
        except Exception as error:
            not_a_document(f"no CAS: {type(error).__name__}: {error}", "export the document again", origin, log)
            return
    if astray := [str(w.message) for w in caught if "Not mapping" in str(w.message)]:
        log.add(
            "span outside text",
            f"{len(astray)} offset(s) lie outside the text or in the middle of a character: {astray[0]}",
            "count offsets in UTF-16 units, as UIMA does",
            origin=origin,
        )
        return
    if not isinstance(cas.sofa_string, str):
        not_a_document("the CAS has no text", "export the document again", origin, log)
        return
    try:
        draft = _draft(cas, file, origin, log)
    except ValueError as error:
        not_a_document(f"broken meta: {error}", "leave it out", origin, log)
        return
    yield from to_documents([draft], scheme, log)


def _types_beside(file: Path) -> Any:
    place = file.with_name(TYPE_SYSTEM)
    try:
        stat = place.stat()
    except OSError as error:
        raise KhabarError(
            f"{file}: no {TYPE_SYSTEM} beside it. Remedy: put the one of the same export there."
        ) from error
    return _load_types(place, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=4)
def _load_types(place: Path, changed: int, size: int) -> Any:
    """The type system of a folder; `changed` and `size` tell a new file from the one in the cache."""
    return library("cassis").load_typesystem(place)


def _draft(cas: Any, file: Path, origin: Origin, log: FaultLog) -> Draft:
    draft = Draft(id_of_file(file), cas.sofa_string, origin)
    title = None
    for fs in cas.select_all_fs():
        name, features = fs.type.name, {feature.name for feature in fs.type.all_features}
        if name == DOCUMENT:
            title = draft.id = str(getattr(fs, "id", None) or draft.id)
            draft.meta = meta_from(getattr(fs, "meta", None))
        elif name == _METADATA and title is None:
            # INCEpTION names the file after the annotator, and the document here.
            draft.id = str(fs.documentTitle or fs.documentId or draft.id)
        elif (name == LINK or name.startswith(_CUSTOM)) and {"Governor", "Dependent"} <= features:
            if fs.Governor is None or fs.Dependent is None:
                log.count(f"relation(s) of type {name} with an open end, not read")
            else:
                draft.links.append((str(fs.Dependent.xmiID), str(fs.Governor.xmiID)))
        elif (name == SPAN or name.startswith(_CUSTOM) or name.endswith(".NamedEntity")) and "begin" in features:
            _add_span(fs, name, draft, log)
        elif not _FURNITURE.search(name):
            log.count(f"annotation(s) of type {name} not read")
    return draft


def _add_span(fs: Any, name: str, draft: Draft, log: FaultLog) -> None:
    label = next((value for key in ("label", "value") if isinstance(value := getattr(fs, key, None), str)), None)
    if not label:
        log.count(f"annotation(s) of type {name} without label, not read")
        return
    key, own = str(fs.xmiID), name == SPAN
    # An offset that is missing can only be outside the text.
    begin, end = (-1 if value is None else value for value in (fs.begin, fs.end))
    surface, score, bare = (getattr(fs, name, None) if own else None for name in ("surface", "score", "noClaim"))
    draft.marks[key] = Mark(label, ((begin, end),), a_surface(surface), a_score(score))
    if bare is True:
        draft.bare.add(key)


def type_system() -> Any:
    """The types of Khabar's own annotations. Raises KhabarError without dkpro-cassis."""
    types = library("cassis").TypeSystem()
    span = types.create_type(SPAN, "uima.tcas.Annotation")
    for feature, kind in (("label", "String"), ("surface", "String"), ("score", "Double"), ("noClaim", "Boolean")):
        types.create_feature(span, feature, f"uima.cas.{kind}")
    link = types.create_type(LINK, "uima.tcas.Annotation")
    types.create_feature(link, "Governor", SPAN)
    types.create_feature(link, "Dependent", SPAN)
    document = types.create_type(DOCUMENT, "uima.cas.TOP")
    types.create_feature(document, "id", "uima.cas.String")
    types.create_feature(document, "meta", "uima.cas.String")
    return types


def to_cas(document: Document, scheme: Scheme, types: Any) -> Any:
    """The document as a CAS. `types`: what `type_system` gives; one serves many documents."""
    cas = library("cassis").Cas(typesystem=types)
    cas.sofa_string, cas.sofa_mime = document.text, "text/plain"
    make = {name: types.get_type(name) for name in (SPAN, LINK, DOCUMENT)}
    cas.add(make[DOCUMENT](id=document.id, meta=json.dumps(document.meta, ensure_ascii=False)))
    bare = bare_heads(document, scheme)
    spans = [
        make[SPAN](
            begin=span.start,
            end=span.end,
            label=span.label,
            surface=surface_of(document, span),
            score=None if span.score is None else float(span.score),
            noClaim=True if i in bare else None,
        )
        for i, span in enumerate(document.spans)
    ]
    cas.add_all(spans)
    for part, head in links_of(document):
        begin, end = document.spans[part].start, document.spans[part].end
        cas.add(make[LINK](begin=begin, end=end, Governor=spans[head], Dependent=spans[part]))
    return cas


def write_xmi(documents: Iterable[Document], path: Path, scheme: Scheme, log: FaultLog) -> None:
    """Writes a folder of XMI files and their type system. The format holds all that XML can.

    Raises ValueError for a document with a character that XML can't hold, an id that can't be a file's name or is
    another's, or a span that is empty or outside its text; KhabarError without dkpro-cassis.
    """
    _write(documents, path, scheme, ".xmi", lambda cas: cas.to_xmi())


def write_json(documents: Iterable[Document], path: Path, scheme: Scheme, log: FaultLog) -> None:
    """Writes a folder of JSON files, each with its types. The format holds all there is. Raises as `write_xmi`."""
    mode = library("cassis.typesystem").TypeSystemMode.MINIMAL
    _write(documents, path, scheme, ".json", lambda cas: cas.to_json(type_system_mode=mode))


def _write(
    documents: Iterable[Document], path: Path, scheme: Scheme, suffix: str, serialise: Callable[[Any], str]
) -> None:
    types = type_system()
    names: set[str] = set()
    with whole_folder(path) as folder:
        if suffix == ".xmi":
            types.to_xml(folder / TYPE_SYSTEM)
        for given in documents:
            document = checked(given)
            name = file_name(document)
            if name in names:
                raise ValueError(f"document {document.id!r}: another one has its id")
            names.add(name)
            if suffix == ".xmi":
                _refuse_what_xml_refuses(document)
            (folder / f"{name}{suffix}").write_bytes(serialise(to_cas(document, scheme, types)).encode())


def _refuse_what_xml_refuses(document: Document) -> None:
    for what, string in (
        ("text", document.text),
        ("id", document.id),
        ("meta", json.dumps(document.meta, ensure_ascii=False)),
    ):
        if bad := _NO_XML.search(string):
            raise ValueError(
                f"document {document.id!r}: its {what} has U+{ord(bad[0]):04X} at offset {bad.start()}, "
                "which XML can't hold (CAS JSON can)"
            )
