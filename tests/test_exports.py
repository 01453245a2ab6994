"""Documents written in the formats of other tools and read again."""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from khabar.config import Source
from khabar.corpus import find_files, read_corpus
from khabar.documents import Claim, Document, Span, check_document, sort_spans
from khabar.faults import FaultLog, KhabarError, Origin
from khabar.formats import FORMATS, recognise, write_documents
from khabar.formats import hf_datasets as hf
from khabar.formats.label_studio import labelling_config
from khabar.formats.records import Draft, file_name, id_of_file, to_documents, tokens
from khabar.scheme import DEFAULT_SCHEME, Scheme
from khabar.text import atoms

CLUSTERS = ["😀", "👍🏽", "👨\u200d👩\u200d👧", "𝟙", "a\u0301", "إنَّ", "\u200f", "\u202bنص\u202c", "\ufeff"]
WORDS = st.sampled_from(["حلب", "3", "1,200", "،", "،،،", "٪", "<b>", "&", "]]>", '"', "\\n", "/", *CLUSTERS])
GAPS = st.sampled_from([" ", " ", " ", "", "\n", "  ", "\t", "\u00a0", "\r\n", "\r", "\u2028", "\x85", " \n "])
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text("اب😀\n<", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=4,
)
IDS = st.text(st.sampled_from("abعد😀 /\\.:%2?#"), min_size=1, max_size=6)


@st.composite
def made(draw: Callable[..., Any]) -> Document:
    """A valid document: what makes offsets go wrong, scores, meta, heads with and without claims."""
    words = draw(st.lists(WORDS, min_size=1, max_size=7))
    gaps = draw(st.lists(GAPS, min_size=len(words) + 1, max_size=len(words) + 1))
    text = gaps[0] + "".join(w + g for w, g in zip(words, gaps[1:], strict=True))
    cut = atoms(text)
    spans = []
    for layer in DEFAULT_SCHEME.layers.values():
        at = 0
        while at < len(cut):
            length = draw(st.integers(0, 3))
            if length and at + length <= len(cut):
                score = draw(st.none() | st.floats(0, 1))
                spans.append(Span(cut[at].start, cut[at + length - 1].end, draw(st.sampled_from(layer)), score))
            at += max(length, 1)
    heads = [i for i, s in enumerate(spans) if s.label in DEFAULT_SCHEME.heads]
    parts = [i for i, s in enumerate(spans) if s.label in DEFAULT_SCHEME.parts]
    claims = [
        Claim(head, tuple(sorted(draw(st.sets(st.sampled_from(parts), max_size=3)) if parts else ())))
        for head in heads
        if draw(st.integers(0, 3))
    ]
    ordered, linked = sort_spans(spans, claims)
    return Document(
        draw(IDS), text, ordered, linked, draw(st.dictionaries(st.text("abم", max_size=3), JSON, max_size=2))
    )


CORPORA = st.lists(made(), min_size=1, max_size=2, unique_by=lambda d: d.id)


def there_and_back(documents: list[Document], name: str, path: Path) -> tuple[list[Document], FaultLog, FaultLog]:
    """What comes back, what was said in writing and what in reading; the format is told by the files themselves."""
    said, heard = FaultLog(), FaultLog()
    write_documents(documents, path, DEFAULT_SCHEME, said, format=name)
    found = []
    for file in find_files(path):
        told = recognise(file)
        assert told == name or (told, name) == ("doccano", "doccano-graphemes")
        found += FORMATS[name].read(file, DEFAULT_SCHEME, heard)
    order = {d.id: i for i, d in enumerate(documents)}
    return sorted(found, key=lambda d: order[d.id]), said, heard


LOSSLESS = {
    "label-studio": "a.json",
    "doccano": "a.jsonl",
    "prodigy": "a.jsonl",
    "cas": "a",
    "cas-json": "a",
    "spacy": "a.spacy",
    "datasets": "a",
}


@pytest.mark.parametrize("name", LOSSLESS)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CORPORA)
def test_a_format_that_holds_all_gives_back_all(name: str, documents: list[Document]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found, said, heard = there_and_back(documents, name, Path(folder) / LOSSLESS[name])
    assert found == documents
    assert not said.counts and not said.faults and not heard.faults


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CORPORA)
def test_brat_gives_back_all_but_meta(documents: list[Document]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found, said, heard = there_and_back(documents, "brat", Path(folder) / "a")
    assert found == [dataclasses.replace(d, meta={}) for d in documents]
    with_meta = sum(bool(d.meta) for d in documents)
    assert dict(said.counts) == ({"document(s) with meta that brat can't hold": with_meta} if with_meta else {})
    assert not heard.faults


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CORPORA)
def test_graphemes_lose_the_spans_that_cut_one_and_say_so(documents: list[Document]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found, said, heard = there_and_back(documents, "doccano-graphemes", Path(folder) / "a.jsonl")
    cut = links = 0
    for before, after in zip(documents, found, strict=True):
        edges = {m.end() for m in regex.finditer(r"\X", before.text)} | {0}
        kept = [s for s in before.spans if {s.start, s.end} <= edges]
        assert (after.text, after.id, after.meta, list(after.spans)) == (before.text, before.id, before.meta, kept)
        cut += len(before.spans) - len(kept)
        links += sum(len(c.parts) for c in before.claims) - sum(len(c.parts) for c in after.claims)
    wanted = {
        "span(s) that cut one of the grapheme clusters, which doccano can't hold": cut,
        "link(s) of spans that doccano can't hold": links,
    }
    assert dict(said.counts) == {what: n for what, n in wanted.items() if n}
    assert not heard.faults


@pytest.mark.parametrize("name", [*LOSSLESS, "brat", "doccano-graphemes"])
@pytest.mark.parametrize("span", [Span(4, 4, "LOC"), Span(4, 99, "LOC"), Span(-3, 3, "LOC"), Span(5, 4, "LOC")])
def test_a_span_that_is_empty_or_outside_is_not_written(name: str, span: Span, tmp_path: Path) -> None:
    with pytest.raises(KhabarError, match=r"document 'د'.*is empty or outside its text of 14 code points"):
        write_documents(
            [Document("د", "زار سالم وهران", (span,))], tmp_path / "x", DEFAULT_SCHEME, FaultLog(), format=name
        )
    assert list(tmp_path.iterdir()) == []


DOCUMENT = Document("أ-1", "😀 زار سالم حلب", (Span(2, 5, "PROPERTY"), Span(6, 10, "PER"), Span(11, 14, "LOC")))


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


NAMES = ("سالم", "سليم")
TEXT_FORMATS = [
    ("label-studio", "a.json", "a.json", '"text": "سالم"', '"text": "سليم"'),
    ("doccano", "a.jsonl", "a.jsonl", '"text": "سالم"', '"text": "سليم"'),
    ("prodigy", "a.jsonl", "a.jsonl", *(f'{{"text": "{surface}", "start": 6, "end": 10, "token' for surface in NAMES)),
    ("brat", "a", "a/أ-1.ann", "\tسالم", "\tسليم"),
    ("cas", "a", "a/أ-1.xmi", 'surface="سالم"', 'surface="سليم"'),
    ("cas-json", "a", "a/أ-1.json", '"surface": "سالم"', '"surface": "سليم"'),
]


@pytest.mark.parametrize(("name", "target", "file", "old", "new"), TEXT_FORMATS, ids=[f[0] for f in TEXT_FORMATS])
def test_a_wrong_surface_is_refused(name: str, target: str, file: str, old: str, new: str, tmp_path: Path) -> None:
    write_documents([DOCUMENT], tmp_path / target, DEFAULT_SCHEME, FaultLog(), format=name)
    edited(tmp_path / file, old, new)
    log = FaultLog()
    assert list(FORMATS[name].read(tmp_path / file, DEFAULT_SCHEME, log)) == []
    assert [(f.kind, f.origin) for f in log.errors] == [("wrong surface", Origin(str(tmp_path / file), 1))]
    assert "PER" in log.errors[0].message and "'سالم', the file says 'سليم'" in log.errors[0].message


def test_a_wrong_surface_is_refused_in_binary_formats_too(tmp_path: Path) -> None:
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    write_documents([DOCUMENT], tmp_path / "a.spacy", DEFAULT_SCHEME, FaultLog())
    (doc,) = DocBin().from_disk(tmp_path / "a.spacy").get_docs(Vocab())
    doc.spans["entities"].attrs["surfaces"]["s1"] = "سليم"
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "b.spacy")
    dataset = hf.to_dataset([DOCUMENT], DEFAULT_SCHEME)
    row = dataset[0]
    row["spans"][1]["text"] = "سليم"
    changed = type(dataset).from_list([row], dataset.features)
    logs = [FaultLog(), FaultLog()]
    assert list(FORMATS["spacy"].read(tmp_path / "b.spacy", DEFAULT_SCHEME, logs[0])) == []
    assert list(hf.from_dataset(changed, DEFAULT_SCHEME, logs[1])) == []
    assert [[f.kind for f in log.errors] for log in logs] == [["wrong surface"]] * 2


def test_utf16_offsets_are_recognised_repaired_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    plain = Document("ب", "حلب", (Span(0, 3, "LOC"),))
    write_documents([DOCUMENT, plain], path, DEFAULT_SCHEME, FaultLog())
    tasks = json.loads(path.read_text(encoding="utf-8"))
    for region in tasks[0]["annotations"][0]["result"]:
        region["value"]["start"] += 1
        region["value"]["end"] += 1
    path.write_text(json.dumps(tasks), encoding="utf-8")
    log = FaultLog()
    assert list(FORMATS["label-studio"].read(path, DEFAULT_SCHEME, log)) == [DOCUMENT, plain]
    (fault,) = log.faults
    assert (fault.kind, fault.severity, fault.origin) == ("offsets in another unit", "repair", Origin(str(path), 1))
    assert "'أ-1': its offsets count UTF-16 units: PROPERTY [3, 6) 'زار' is [2, 5)" in fault.message and fault.remedy
    strict = FaultLog(strict=True)
    list(FORMATS["label-studio"].read(path, DEFAULT_SCHEME, strict))
    assert [f.kind for f in strict.errors] == ["offsets in another unit"]


def test_scores_claims_and_layers_at_one_place_survive(tmp_path: Path) -> None:
    text = "قالت وزارة الصحة إن 3 أشخاص أصيبوا"
    spans = (Span(5, 16, "ORG", 0.1 + 0.2), Span(5, 16, "SOURCE"), Span(20, 21, "VALUE"), Span(22, 27, "UNIT", 0.5))
    document = Document("د", text, spans, (Claim(2, (1, 3)),), {"tree": [1, {"أ": None}]})
    log = FaultLog()
    check_document(document, DEFAULT_SCHEME, log)
    assert not log.faults
    for name, target in LOSSLESS.items():
        found, _, _ = there_and_back([document], name, tmp_path / name / target)
        assert found == [document], name


def test_what_xml_cant_hold_is_refused_in_xmi_and_kept_in_json(tmp_path: Path) -> None:
    document = Document("a", "حلب\x0bحمص", (Span(0, 3, "LOC"),))
    with pytest.raises(KhabarError, match=r"its text has U\+000B at offset 3, which XML can't hold"):
        write_documents([document], tmp_path / "x", DEFAULT_SCHEME, FaultLog(), format="cas")
    found, _, _ = there_and_back([document], "cas-json", tmp_path / "y")
    assert found == [document]


@pytest.mark.parametrize("name", ["brat", "cas", "cas-json"])
def test_formats_of_one_file_a_document_need_ids_that_name_files(name: str, tmp_path: Path) -> None:
    twins = [Document("a", "حلب"), Document("a", "حمص")]
    with pytest.raises(KhabarError, match="another one has its id"):
        write_documents(twins, tmp_path / "x", DEFAULT_SCHEME, FaultLog(), format=name)
    for bad in ("", "ا" * 200):
        with pytest.raises(KhabarError, match="can't be the name of a file"):
            write_documents([Document(bad, "حلب")], tmp_path / "x", DEFAULT_SCHEME, FaultLog(), format=name)
    assert not (tmp_path / "x").exists()


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_names_of_files_give_back_ids(name: str) -> None:
    made = file_name(Document(name, ""))
    assert "/" not in made and not made.startswith(".")
    assert id_of_file(Path("x") / f"{made}.ann") == name


def test_a_file_named_by_others_keeps_its_name() -> None:
    assert [id_of_file(Path(n)) for n in ("a%20b.ann", "100%.ann", "a.b.ann")] == ["a%20b", "100%", "a.b"]


@settings(max_examples=300, deadline=None)
@given(made())
def test_tokens_give_back_the_text(document: Document) -> None:
    cut = tokens(document.text)
    assert "".join(document.text[t.start : t.end] + " " * t.space for t in cut) == document.text
    assert {(a.start, a.end) for a in atoms(document.text)} <= {(t.start, t.end) for t in cut}


def test_meta_that_is_no_json_is_refused(tmp_path: Path) -> None:
    for name in LOSSLESS:
        with pytest.raises(KhabarError, match="meta is no JSON"):
            write_documents(
                [Document("a", "حلب", meta={"x": {1, 2}})], tmp_path / "x", DEFAULT_SCHEME, FaultLog(), format=name
            )


@pytest.mark.parametrize("module", ["spacy", "cassis"])
def test_a_missing_library_is_named_with_what_to_install(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n == module or n.startswith(f"{module}.")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(KhabarError, match=r"pip install 'khabar\[formats\]'"):
        write_documents(
            [Document("a", "حلب")],
            tmp_path / "x",
            DEFAULT_SCHEME,
            FaultLog(),
            format={"spacy": "spacy", "cassis": "cas"}[module],
        )


def test_links_say_which_end_is_the_head_by_their_labels() -> None:
    from khabar.formats.offsets import Mark

    def draft(*links: tuple[str, str]) -> Draft:
        marks = {
            "v": Mark("VALUE", ((0, 1),)),
            "u": Mark("UNIT", ((2, 7),)),
            "p": Mark("PERS", ((8, 12),)),
            "w": Mark("VALUE", ((13, 14),)),
        }
        return Draft("d", "3 أشخاص سالم 4", Origin("x", 1), marks, list(links))

    log = FaultLog()
    given = draft(("u", "v"), ("v", "u"), ("p", "v"), ("u", "x"), ("v", "w"))
    (document,) = to_documents([given], DEFAULT_SCHEME, log)
    assert document.claims == (Claim(0, (1,)), Claim(3))
    assert document.spans[2].label == "PER"
    assert log.counts == {
        "label PERS read as PER": 1,
        "relation(s) drawn from head to part, read the other way round": 1,
        "relation(s) that join no part to a head, not read": 2,
        "relation(s) to a span that is not there, not read": 1,
    }
    bare = draft(("u", "v"))
    bare.bare = {"w"}
    (document,) = to_documents([bare], DEFAULT_SCHEME, FaultLog())
    assert document.claims == (Claim(0, (1,)),)
    unlinked = Scheme(layers={"x": ["VALUE", "UNIT", "PERS"]})
    (document,) = to_documents([draft()], unlinked, FaultLog())
    assert document.claims == ()


def test_a_data_set_has_features_and_splits(tmp_path: Path) -> None:
    import datasets

    documents = [
        Document("a", "زار حلب", (Span(4, 7, "LOC", 0.25),), origin=Origin("news/train.jsonl", 1)),
        Document("b", "زار حمص", (Span(4, 7, "XYZ"),), origin=Origin("news/dev.marked", 1)),
        Document("c", "دمشق", meta={"n": 1}, origin=Origin("news/Test.conll", 1)),
        Document("d", "حماة", origin=Origin("news/more.conll", 1)),
    ]
    write_documents(documents, tmp_path / "out", DEFAULT_SCHEME, FaultLog(), format="datasets")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "test.parquet",
        "train.parquet",
        "validation.parquet",
    ]
    files = {p.stem: str(p) for p in (tmp_path / "out").iterdir()}
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))
    assert {split: list(d["id"]) for split, d in loaded.items()} == {
        "train": ["a", "d"],
        "validation": ["b"],
        "test": ["c"],
    }
    label = loaded["train"].features["spans"].feature["label"]
    assert label.names == [*DEFAULT_SCHEME.labels, "XYZ"]
    assert loaded["train"][0]["spans"] == [
        {"start": 4, "end": 7, "label": label.str2int("LOC"), "text": "حلب", "score": 0.25}
    ]
    log = FaultLog()
    again = [
        d for split in ("train", "validation", "test") for d in hf.from_dataset(loaded[split], DEFAULT_SCHEME, log)
    ]
    assert again == [documents[0], documents[3], documents[1], documents[2]]
    assert not log.faults
    both = hf.to_dataset_dict({"train": documents[:1], "test": []}, DEFAULT_SCHEME)
    assert both["train"].features == both["test"].features and len(both["test"]) == 0


def test_a_single_parquet_file_is_written_where_its_name_says_so(tmp_path: Path) -> None:
    write_documents([DOCUMENT], tmp_path / "a.parquet", DEFAULT_SCHEME, FaultLog())
    assert (tmp_path / "a.parquet").is_file()
    found = read_corpus(Source(path=str(tmp_path / "a.parquet")), DEFAULT_SCHEME, FaultLog())
    assert found.documents == (DOCUMENT,)


def test_spacy_can_train_on_what_is_written(tmp_path: Path) -> None:
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    document = Document("a", "زار  سالم\nحلب .", (Span(5, 9, "PER"), Span(5, 9, "SOURCE"), Span(10, 13, "LOC")))
    write_documents([document], tmp_path / "a.spacy", DEFAULT_SCHEME, FaultLog())
    (doc,) = DocBin().from_disk(tmp_path / "a.spacy").get_docs(Vocab())
    assert doc.text == document.text
    assert [t.text for t in doc] == ["زار", " ", "سالم", "\n", "حلب", "."]
    assert [(e.text, e.label_) for e in doc.ents] == [("سالم", "PER"), ("حلب", "LOC")]
    assert [(s.text, s.label_) for s in doc.spans["claims"]] == [("سالم", "SOURCE")]


def test_configurations_of_tools_name_every_label(tmp_path: Path) -> None:
    write_documents([DOCUMENT], tmp_path / "a", DEFAULT_SCHEME, FaultLog(), format="brat")
    conf = (tmp_path / "a" / "annotation.conf").read_text(encoding="utf-8")
    assert "Arg2:VALUE|AMOUNT" in conf
    for label in DEFAULT_SCHEME.labels:
        assert f"\n{label}\n" in conf and f'<Label value="{label}"/>' in labelling_config(DEFAULT_SCHEME)


def test_an_empty_corpus_is_a_file_all_the_same(tmp_path: Path) -> None:
    for name, target in LOSSLESS.items():
        path = tmp_path / name / target
        write_documents([], path, DEFAULT_SCHEME, FaultLog(), format=name)
        log = FaultLog()
        files = [path] if path.is_file() else [p for p in path.iterdir() if p.suffix in (".parquet", ".json", ".xmi")]
        assert [d for file in files for d in FORMATS[name].read(file, DEFAULT_SCHEME, log)] == []
        assert not log.faults
