"""brat standoff: a folder with a `.txt` and an `.ann` file a document, and the `annotation.conf` that brat wants.

Spans are T lines, links R lines `PartOf Arg1:part Arg2:head`. The id is the file's name. A confidence is a note
(`#1  Score T1  0.93`), a head that opens no claim has the attribute `NoClaim`. brat has no place for meta. Offsets are
code points. Lines can't hold a line break, so brat cuts a span at each (`0 5;6 10`); such pieces are joined in reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from khabar.documents import Document
from khabar.faults import FaultLog, Origin
from khabar.formats.lines import numbered_lines, whole_folder
from khabar.formats.offsets import Mark, Pieces, Unit
from khabar.formats.records import (
    LINK,
    Draft,
    bare_heads,
    checked,
    file_name,
    id_of_file,
    links_of,
    not_a_document,
    to_documents,
)
from khabar.scheme import Scheme

UNITS = (Unit.CODE_POINTS, Unit.UTF16, Unit.CODE_POINTS_CRLF)
_PLACE = re.compile(r"(\S+) (\d+ \d+(?:;\d+ \d+)*)")
_RELATION = re.compile(r"(\S+) [^\s:]+:(\S+) [^\s:]+:(\S+)\s*")
# White space with what `str.splitlines`, and so a reader of lines, takes for the end of one.
_BREAK = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")


def read(path: str | Path, scheme: Scheme, log: FaultLog) -> Iterator[Document]:
    """Reads the document of one `.ann` file and the `.txt` beside it (either may be given).

    A line that can't be read is reported, and the document left out.
    """
    ann, txt = Path(path).with_suffix(".ann"), Path(path).with_suffix(".txt")
    origin = Origin(str(ann), 1)
    try:
        text = txt.read_bytes().decode("utf-8")
    except OSError as error:
        not_a_document(f"{txt.name}: {error.strerror}", "put the text beside its annotations", origin, log)
        return
    except UnicodeDecodeError as error:
        log.add("broken UTF-8", f"{txt.name}, byte {error.start}", "save the file as UTF-8", origin=origin)
        return
    draft = Draft(id_of_file(ann), text, origin)
    faults = len(log.errors)
    # Attributes and notes may stand before the span they are about.
    later: list[tuple[str, str]] = []
    for number, line in numbered_lines(ann, log):
        if line.strip() and not _line(line, draft, later, log):
            log.add(
                "not a span",
                f"{line!r}",
                "write ID, tab, LABEL START END, tab, the text (spans) or ID, tab, TYPE Arg1:ID Arg2:ID (relations)",
                origin=Origin(str(ann), number),
            )
    for key, score in later:
        if key in draft.marks:
            mark = draft.marks[key]
            draft.marks[key] = Mark(mark.label, mark.pieces, mark.surface, float(score))
    if len(log.errors) == faults:
        yield from to_documents([draft], scheme, log, units=UNITS)


def _line(line: str, draft: Draft, scores: list[tuple[str, str]], log: FaultLog) -> bool:
    """Adds a line to the draft. False if it can't be read."""
    fields = line.split("\t", 2)
    key, body = fields[0], fields[1] if len(fields) > 1 else ""
    words = body.split()
    if key.startswith("T"):
        place = _PLACE.fullmatch(body)
        if place is None:
            return False
        draft.marks[key] = Mark(place[1], _pieces(place[2]), fields[2] if len(fields) > 2 else None)
    elif key.startswith("R"):
        relation = _RELATION.fullmatch(body)
        if relation is None:
            return False
        draft.links.append((relation[2], relation[3]))
    elif key.startswith("A") and words[:1] == ["NoClaim"] and len(words) == 2:
        draft.bare.add(words[1])
    elif key.startswith("#") and words[:1] == ["Score"] and len(words) == 2 and _is_number(fields[2:]):
        scores.append((words[1], fields[2]))
    else:
        kinds = {
            "E": "event",
            "A": "attribute",
            "M": "attribute",
            "N": "normalisation",
            "#": "note",
            "*": "equivalence",
        }
        if key[:1] not in kinds:
            return False
        log.count(f"{kinds[key[:1]]}(s) of brat not read")
    return True


def _pieces(given: str) -> Pieces:
    found = [piece.split() for piece in given.split(";")]
    return tuple((int(start), int(end)) for start, end in found)


def _is_number(fields: list[str]) -> bool:
    try:
        float("".join(fields))
    except ValueError:
        return False
    return True


def _ann(document: Document, scheme: Scheme) -> str:
    lines = []
    for i, span in enumerate(document.spans):
        edges = [span.start]
        for gap in _BREAK.finditer(document.text, span.start, span.end):
            edges += gap.span()
        edges.append(span.end)
        pieces = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
        place = ";".join(f"{a} {b}" for a, b in pieces)
        lines.append(f"T{i + 1}\t{span.label} {place}\t{' '.join(document.text[a:b] for a, b in pieces)}")
    for n, (part, head) in enumerate(links_of(document), 1):
        lines.append(f"R{n}\t{LINK} Arg1:T{part + 1} Arg2:T{head + 1}\t")
    lines += [f"A{n}\tNoClaim T{i + 1}" for n, i in enumerate(sorted(bare_heads(document, scheme)), 1)]
    scored = [(i, span.score) for i, span in enumerate(document.spans) if span.score is not None]
    lines += [f"#{n}\tScore T{i + 1}\t{float(score)!r}" for n, (i, score) in enumerate(scored, 1)]
    return "".join(line + "\n" for line in lines)


def annotation_conf(scheme: Scheme) -> str:
    """brat's configuration for documents of this scheme."""
    lines = ["[entities]", *scheme.labels, "", "[relations]"]
    if scheme.parts and scheme.heads:
        lines.append(f"{LINK}\tArg1:{'|'.join(scheme.parts)}, Arg2:{'|'.join(scheme.heads)}")
    # Layers nest in one another, and brat allows that only where it is said.
    lines += ["<OVERLAP>\tArg1:<ENTITY>, Arg2:<ENTITY>, <OVL-TYPE>:<ANY>", "", "[events]", "", "[attributes]"]
    if scheme.heads:
        lines.append(f"NoClaim\tArg:{'|'.join(scheme.heads)}")
    return "\n".join(lines) + "\n"


def write_file(documents: Iterable[Document], path: Path, scheme: Scheme, log: FaultLog) -> None:
    """Writes a folder of pairs of files; counts the meta, which brat has no place for.

    Raises ValueError for a document whose id can't be a file's name or is another's, or with a span that is empty or
    outside its text.
    """
    names: set[str] = set()
    with whole_folder(path) as folder:
        (folder / "annotation.conf").write_bytes(annotation_conf(scheme).encode())
        for given in documents:
            document = checked(given)
            name = file_name(document)
            if name in names:
                raise ValueError(f"document {document.id!r}: another one has its id")
            names.add(name)
            (folder / f"{name}.txt").write_bytes(document.text.encode())
            (folder / f"{name}.ann").write_bytes(_ann(document, scheme).encode())
            log.count("document(s) with meta that brat can't hold", bool(document.meta))
