from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import TINY
from khabar.config import Source
from khabar.corpus import check_together, read_corpus
from khabar.documents import Claim, Document, Span, sort_spans
from khabar.faults import CorpusError, Fault, FaultLog, KhabarError, Origin
from khabar.formats import conll, jsonl, markup
from khabar.formats.lines import whole_file
from khabar.formats.registry import recognise, write_documents
from khabar.scheme import DEFAULT_SCHEME, Scheme
from khabar.text import atoms


def faults(path: Path, *, strict: bool = False, scheme: Scheme = DEFAULT_SCHEME) -> FaultLog:
    log = FaultLog(strict=strict)
    corpus = read_corpus(Source(path=str(path)), scheme, log)
    check_together({"all": corpus.documents}, log)
    return log


def only(log: FaultLog) -> Fault:
    assert len(log.errors) == 1, [str(f) for f in log.errors]
    return log.errors[0]


def record(**changes: object) -> dict[str, object]:
    base: dict[str, object] = {"id": "d", "text": "زار سالم وهران", "spans": [], "claims": []}
    return base | changes


# One row a kind of bad input: what is written, the fault's kind, what its message holds, its line.
JSONL_CASES: list[tuple[str, list[object], str, str, int]] = [
    ("outside", [record(spans=[{"start": 9, "end": 99, "label": "LOC"}])], "span outside text", "text of 14", 1),
    ("negative", [record(spans=[{"start": -1, "end": 3, "label": "LOC"}])], "span outside text", "[-1, 3)", 1),
    ("empty-span", [record(spans=[{"start": 4, "end": 4, "label": "PER"}])], "span outside text", "[4, 4)", 1),
    ("split", [record(), record(id="e", spans=[{"start": 4, "end": 7, "label": "PER"}])], "split atom", "[4, 8)", 2),
    (
        "overlap",
        [record(spans=[{"start": 4, "end": 14, "label": "PER"}, {"start": 9, "end": 14, "label": "LOC"}])],
        "overlap",
        "layer entities",
        1,
    ),
    ("label", [record(spans=[{"start": 4, "end": 8, "label": "PERSON"}])], "unknown label", "did you mean PER?", 1),
    (
        "no-head",
        [record(spans=[{"start": 4, "end": 8, "label": "UNIT"}], claims=[{"parts": [0]}])],
        "claim without head",
        "claim 0 has no head",
        1,
    ),
    (
        "part-as-head",
        [record(spans=[{"start": 4, "end": 8, "label": "UNIT"}], claims=[{"head": 0, "parts": []}])],
        "claim without head",
        "headed by UNIT",
        1,
    ),
    ("head-index", [record(claims=[{"head": 3, "parts": []}])], "claim without head", "has head 3", 1),
    (
        "part-index",
        [record(spans=[{"start": 4, "end": 8, "label": "VALUE"}], claims=[{"head": 0, "parts": [7]}])],
        "claim part",
        "part 7",
        1,
    ),
    ("duplicate", [record(), record(text="نص آخر")], "duplicate id", "given before at", 2),
    ("empty", [record(text=" \n ")], "empty document", "has no text", 1),
    ("nul", [record(text="زار\x00سالم")], "NUL character", "offset 3", 1),
    ("bidi", [record(text="زار \u202eسالم")], "bidi control", "RIGHT-TO-LEFT OVERRIDE at offset 4", 1),
    ("surrogate", [record(text="زار \ud83d")], "broken Unicode", "offset 4", 1),
    ("no-text", [{"id": "d"}], "not a document", "text", 1),
    ("list", [[1, 2]], "not a document", "list", 1),
    ("span-shape", [record(spans=[{"start": "4", "end": 8, "label": "PER"}])], "not a span", "span 0", 1),
    ("bool-offset", [record(spans=[{"start": True, "end": 8, "label": "PER"}])], "not a span", "span 0", 1),
]


@pytest.mark.parametrize(("name", "rows", "kind", "message", "line"), JSONL_CASES, ids=[c[0] for c in JSONL_CASES])
def test_bad_jsonl_is_named_with_file_line_and_remedy(
    name: str, rows: list[object], kind: str, message: str, line: int, tmp_path: Path
) -> None:
    path = tmp_path / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    fault = only(faults(path))
    assert fault.kind == kind
    assert message in f"{fault.message} {fault.remedy}"
    assert fault.origin == Origin(str(path), line)
    assert fault.remedy


def test_broken_json_and_broken_utf8_are_named_by_line_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    good = json.dumps(record()).encode()
    path.write_bytes(good + b'\n{"id": \n' + "نص".encode("cp1256") + b"\n" + good.replace(b'"d"', b'"e"') + b"\n")
    log = faults(path)
    assert [(f.kind, f.origin and f.origin.line) for f in log.errors] == [("broken JSON", 2), ("broken UTF-8", 3)]
    assert "CP1256" in log.errors[1].remedy
    assert len(read_corpus(Source(path=str(path)), DEFAULT_SCHEME, FaultLog()).documents) == 2


MARKUP_CASES = [
    ("unclosed", "زار\n⟦PER|سالم وهران", "broken markup", "never closed", 3),
    ("stray", "زار⟧ سالم", "broken markup", "closes nothing", 2),
    ("opening", "زار ⟦سالم⟧", "broken markup", "bad opening", 2),
    ("no-head", "⟦UNIT:1|دولار⟧", "claim without head", "claim 1, which has no head", 2),
    ("no-number", "⟦VALUE:1|3⟧ ⟦UNIT|دولار⟧", "claim part", "belongs to no claim", 2),
    ("free", "⟦ORDINAL:1|ثالث⟧ ⟦VALUE:1|3⟧", "claim part", "takes no number", 2),
    ("order", "⟦VALUE:2|3⟧ و⟦VALUE:1|4⟧", "head number", "numbered [2, 1]", 2),
    ("label", "سطر\n⟦LOCATION|حلب⟧", "unknown label", "did you mean LOC?", 2),
    ("split", "⟦LOC|حل⟧ب", "split atom", "[0, 3)", 2),
]


@pytest.mark.parametrize(("name", "text", "kind", "message", "line"), MARKUP_CASES, ids=[c[0] for c in MARKUP_CASES])
def test_bad_markup_is_named(name: str, text: str, kind: str, message: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.marked"
    path.write_text(f"=== d\n{text}\n", encoding="utf-8")
    errors = [f for f in faults(path).errors if f.kind == kind]
    assert errors and message in f"{errors[0].message} {errors[0].remedy}"
    assert errors[0].origin == Origin(str(path), line)


CONLL_CASES = [
    ("one-column", "زار O\nسالم\n", "no tag", 2),
    ("label", "سالم B-PERSON\n", "unknown label", 1),
    ("tag", "زار o\n", "illegal tag", 1),
    ("scheme", "سالم S-PER\n", "illegal tag", 1),
]


@pytest.mark.parametrize(("name", "text", "kind", "line"), CONLL_CASES, ids=[c[0] for c in CONLL_CASES])
def test_bad_conll_is_named(name: str, text: str, kind: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.conll"
    path.write_text("حلب B-LOC\n\n" + text, encoding="utf-8")
    fault = only(faults(path))
    assert (fault.kind, fault.origin) == (kind, Origin(str(path), line + 2))


def test_illegal_bio_is_repaired_and_counted_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("زار O\nسالم I-PERS\nالحداد I-PERS\nوهران I-LOC\n", encoding="utf-8")
    log = faults(path)
    assert not log.errors
    assert [f.origin and f.origin.line for f in log.of("repair")] == [2, 4]
    assert log.counts == {"label PERS read as PER": 2}
    strict = faults(path, strict=True)
    assert [f.kind for f in strict.errors] == ["illegal BIO"] * 2
    with pytest.raises(CorpusError, match="illegal BIO: I-PER after O, read as B-PER"):
        strict.raise_errors()


def test_conll_as_anercorp_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("(د O\nأ) O\nسالم B-PERS\nالحداد I-PERS\n\n\nحلب B-LOC\n. O", encoding="utf-8")
    assert recognise(path) == "conll"
    a, b = read_corpus(Source(path=str(path)), DEFAULT_SCHEME, FaultLog()).documents
    assert (a.text, b.text) == ("(د أ) سالم الحداد", "حلب .")
    assert [a.text[s.start : s.end] for s in a.spans] == ["سالم الحداد"]
    assert a.origin == Origin(str(path), 1) and b.origin == Origin(str(path), 7)


def test_docstart_joins_sentences_to_documents(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("-DOCSTART- O\n\nزار O\nحلب B-LOC\n\nوحمص B-LOC\n\n-DOCSTART- O\n\nدمشق B-LOC\n", encoding="utf-8")
    a, b = read_corpus(Source(path=str(path)), DEFAULT_SCHEME, FaultLog()).documents
    assert (a.text, b.text) == ("زار حلب\nوحمص", "دمشق")
    assert [a.text[s.start : s.end] for s in a.spans] == ["حلب", "وحمص"]


def test_conll_written_and_read_again_keeps_its_layer_and_says_what_it_lost(
    documents: list[Document], tmp_path: Path
) -> None:
    path = tmp_path / "a.conll"
    with whole_file(path) as file:
        conll.write(documents, file, DEFAULT_SCHEME, "entities")
    again = read_corpus(Source(path=str(path)), DEFAULT_SCHEME, FaultLog()).documents
    assert len(again) == len(documents)
    for a, b in zip(documents, again, strict=True):
        surfaces = [[d.text[s.start : s.end].split() for s in d.of_layer("entities", DEFAULT_SCHEME)] for d in (a, b)]
        assert surfaces[0] == surfaces[1]
    lost = conll.lost(documents, DEFAULT_SCHEME, "entities")
    assert lost["claims"] == sum(len(d.claims) for d in documents)
    assert lost["spans of other layers"] > 0 and lost["places where spacing changes"] > 0


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("a.jsonl", "", "jsonl"),
        ("a.txt", '{"text": "نص"}\n', "jsonl"),
        ("a.txt", "\n=== d\nنص\n", "markup"),
        ("a.txt", "زار ⟦LOC|حلب⟧\n", "markup"),
        ("a.dat", "زار O\nحلب B-LOC\n", "conll"),
    ],
)
def test_formats_are_recognised(name: str, text: str, wanted: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert recognise(tmp_path / name) == wanted


def test_plain_text_is_no_corpus(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("زار سالم وهران\n", encoding="utf-8")
    with pytest.raises(KhabarError, match="say the format"):
        recognise(tmp_path / "a.txt")


WORDS = st.lists(
    st.sampled_from(["حلب", "3", "1,200", "مليون", "😀", "،", "إنَّ", "a\u0301", "٪"]), min_size=1, max_size=12
)


@st.composite
def made(draw: Callable[..., object]) -> Document:
    """A valid document: random words, random spans in both layers, random claims."""
    words: list[str] = draw(WORDS)  # type: ignore[assignment]
    gaps: list[str] = draw(  # type: ignore[assignment]
        st.lists(st.sampled_from([" ", "\n", "  ", "\u00a0"]), min_size=len(words), max_size=len(words))
    )
    text = "".join(w + g for w, g in zip(words, gaps, strict=True)).rstrip()
    cut = atoms(text)
    spans: list[Span] = []
    for layer in DEFAULT_SCHEME.layers.values():
        at = 0
        while at < len(cut):
            length: int = draw(st.integers(0, 3))  # type: ignore[assignment]
            if length and at + length <= len(cut):
                label: str = draw(st.sampled_from(layer))  # type: ignore[assignment]
                spans.append(Span(cut[at].start, cut[at + length - 1].end, label))
            at += max(length, 1)
    heads = [i for i, s in enumerate(spans) if s.label in DEFAULT_SCHEME.heads]
    parts = [i for i, s in enumerate(spans) if s.label in DEFAULT_SCHEME.parts]
    claims = []
    for head in heads:
        chosen: set[int] = draw(st.sets(st.sampled_from(parts))) if parts else set()  # type: ignore[assignment]
        claims.append(Claim(head, tuple(sorted(chosen))))
    ordered, linked = sort_spans(spans, claims)
    return Document("d", text, ordered, linked)


@settings(max_examples=200, deadline=None)
@given(made())
def test_jsonl_gives_back_every_document(document: Document) -> None:
    log = FaultLog()
    again = jsonl.parse(jsonl.to_line(document), DEFAULT_SCHEME, log, Origin("x", 1))
    assert again == document and not log.faults


def nests(document: Document) -> bool:
    """Whether no two spans cross, and every part that must have a claim has one: what markup can say."""
    linked = {p for c in document.claims for p in c.parts}
    for i, a in enumerate(document.spans):
        needs = a.label in DEFAULT_SCHEME.parts and a.label not in DEFAULT_SCHEME.free
        if needs and i not in linked:
            return False
        for b in document.spans[i + 1 :]:
            if a.start < b.start < a.end < b.end:
                return False
    return True


@settings(max_examples=300, deadline=None)
@given(made())
def test_markup_gives_back_every_document_it_can_hold(document: Document) -> None:
    crossing = any(
        a.start < b.start < a.end < b.end for i, a in enumerate(document.spans) for b in document.spans[i + 1 :]
    )
    if crossing:
        with pytest.raises(ValueError, match="crosses"):
            markup.to_markup(document)
        return
    if not nests(document):
        return
    path = Path("d.marked")
    block = markup._Block("d", {}, 1, markup.to_markup(document).split("\n"))
    log = FaultLog()
    again = markup._document(block, path, DEFAULT_SCHEME, log)
    assert not log.faults
    assert again == document


def test_the_markup_of_the_guidelines_reads_as_they_say(documents: list[Document]) -> None:
    first = documents[0]
    claim = first.claims[1]
    shown = {first.spans[p].label: first.text[first.spans[p].start : first.spans[p].end] for p in claim.parts}
    assert first.text[first.spans[claim.head].start : first.spans[claim.head].end] == "1,200"
    assert shown == {
        "SOURCE": "وزارة الدفاع",
        "MODIFIER": "نحو",
        "UNIT": "مقاتل",
        "SUBJECT": "داعش",
        "PROPERTY": "تسللوا",
        "TIME": "عام 2019",
    }
    assert "⟦" not in first.text


def test_markup_headers_hold_meta(tmp_path: Path) -> None:
    path = tmp_path / "a.marked"
    path.write_text("=== eco-1 date=2024-05-12 desk=economy\nحلب\n\n=== two words\nحمص\n", encoding="utf-8")
    log = FaultLog()
    a, b = markup.read(path, DEFAULT_SCHEME, log)
    assert (a.id, a.meta, a.text) == ("eco-1", {"date": "2024-05-12", "desk": "economy"}, "حلب")
    assert (b.id, b.meta) == ("two words", {})
    write_documents([a, b], tmp_path / "b.marked", DEFAULT_SCHEME, log)
    assert list(markup.read(tmp_path / "b.marked", DEFAULT_SCHEME, log)) == [a, b]
    assert not log.faults
    for bad in (Document("x", "حلب", meta={"n": 3}), Document("x", "حلب", meta={"a": "b c"}), Document("x y=z", "حلب")):
        with pytest.raises(KhabarError, match="document 'x"):
            write_documents([bad], tmp_path / "c.marked", DEFAULT_SCHEME, log)
    assert not (tmp_path / "c.marked").exists()


@pytest.mark.parametrize("suffix", ["jsonl", "marked"])
def test_files_of_documents_survive_a_round_trip(suffix: str, documents: list[Document], tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    write_documents(documents, path, DEFAULT_SCHEME, FaultLog())
    log = FaultLog()
    assert list(read_corpus(Source(path=str(path)), DEFAULT_SCHEME, log).documents) == documents
    assert not log.faults


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("before\n", encoding="utf-8")
    with pytest.raises(RuntimeError), whole_file(path) as file:
        file.write("half")
        raise RuntimeError
    assert path.read_text(encoding="utf-8") == "before\n"
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_text_on_both_sides_is_a_leak(documents: list[Document]) -> None:
    log = FaultLog()
    check_together({"train": documents, "test": documents[2:3]}, log)
    assert [f.kind for f in log.errors] == ["leak"]
    allowed = FaultLog()
    check_together({"train": documents, "test": documents[2:3]}, allowed, allow_leaks=True)
    assert not allowed.errors and len(allowed.of("note")) == 1
    short = FaultLog()
    check_together({"train": [Document("a", "حلب")], "test": [Document("b", "حلب")]}, short)
    assert not short.errors and sum(short.counts.values()) == 1


def test_a_corpus_says_which_layers_it_annotates(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("حلب B-LOC\n", encoding="utf-8")
    assert read_corpus(Source(path=str(path)), DEFAULT_SCHEME, FaultLog()).layers == {"entities"}
    assert read_corpus(Source(path=str(TINY)), DEFAULT_SCHEME, FaultLog()).layers == {"entities", "claims"}
    log = FaultLog()
    only_claims = read_corpus(Source(path=str(TINY), layers=["claims"]), DEFAULT_SCHEME, log)
    assert only_claims.layers == {"claims"}
    assert any("entities" in what for what in log.counts)


def test_ids_choose_documents_and_a_missing_one_is_a_fault(tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("tiny-2\ntiny-9\n", encoding="utf-8")
    log = FaultLog()
    corpus = read_corpus(Source(path=str(TINY), ids=str(ids)), DEFAULT_SCHEME, log, root="/")
    assert [d.id for d in corpus.documents] == ["tiny-2"]
    assert "tiny-9" in only(log).message
