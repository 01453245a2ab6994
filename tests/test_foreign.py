"""Files as other tools write them, small and by hand, after the tools' documented shapes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from khabar.cli import app
from khabar.config import Source
from khabar.corpus import read_corpus
from khabar.documents import Claim, Document, Span
from khabar.faults import FaultLog, KhabarError, Origin
from khabar.formats import FORMATS, recognise
from khabar.formats import hf_datasets as hf
from khabar.scheme import DEFAULT_SCHEME


def read(path: Path, name: str | None = None) -> tuple[list[Document], FaultLog]:
    log = FaultLog()
    return list(FORMATS[name or recognise(path)].read(path, DEFAULT_SCHEME, log)), log


def surfaces(document: Document) -> list[tuple[str, str]]:
    return [(s.label, document.text[s.start : s.end]) for s in document.spans]


def write_json(path: Path, *values: Any) -> Path:
    path.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), encoding="utf-8")
    return path


def region(key: str, start: int, end: int, text: str, *labels: str, **more: Any) -> dict[str, Any]:
    value = {"start": start, "end": end, "text": text, "labels": list(labels)}
    return {"value": value, "id": key, "from_name": "label", "to_name": "text", "type": "labels"} | more


def task(text: str, *result: dict[str, Any], **more: Any) -> dict[str, Any]:
    annotation = {"id": 7, "completed_by": 1, "was_cancelled": False, "ground_truth": False, "result": list(result)}
    base = {"id": 12, "annotations": [annotation], "predictions": [], "data": {"text": text}, "project": 3}
    return base | more


def test_label_studio_as_it_exports(tmp_path: Path) -> None:
    text = "أصيب 3  أشخاص في حلب"
    result = [
        region("a1", 0, 4, "أصيب", "PROPERTY", origin="manual"),
        region("a2", 5, 6, "3", "VALUE"),
        # A run of white space comes out as one space (its issue 3078).
        region("a3", 5, 13, "3 أشخاص", "MISC"),
        region("a4", 17, 20, "حلب", "LOC", "SUBJECT"),
        {"type": "relation", "from_id": "a1", "to_id": "a2", "direction": "right", "labels": []},
        {"type": "relation", "from_id": "a2", "to_id": "a4", "direction": "left"},
        {"type": "choices", "value": {"choices": ["حرب"]}, "from_name": "topic", "to_name": "text"},
    ]
    first = task(text, *result)
    first["data"] |= {"url": "https://example.org", "date": "2024-05-01"}
    first["annotations"].append({"id": 8, "was_cancelled": True, "result": []})
    first["annotations"].append({"id": 9, "was_cancelled": False, "result": []})
    second = task("حمص", id=13, annotations=[], predictions=[{"result": [region("x", 0, 3, "حمص", "LOC", score=0.75)]}])
    third = task("دمشق", region("y", 0, 4, "دمشق"), id=14)
    path = write_json(tmp_path / "project-3.json", [first, second, third])
    (a, b, c), log = read(path)
    assert not log.faults
    assert (a.id, a.meta, b.id) == ("12", {"url": "https://example.org", "date": "2024-05-01"}, "13")
    assert surfaces(a) == [
        ("PROPERTY", "أصيب"),
        ("MISC", "3  أشخاص"),
        ("VALUE", "3"),
        ("LOC", "حلب"),
        ("SUBJECT", "حلب"),
    ]
    assert a.claims == (Claim(2, (0, 4)),)
    assert b.spans == (Span(0, 3, "LOC", 0.75),) and c.spans == ()
    assert log.counts == {
        "cancelled annotation(s) of a task, not read": 1,
        "further annotation(s) of a task, not read": 1,
        "region(s) of type choices not read": 1,
        "relation(s) drawn from head to part, read the other way round": 1,
        "task(s) without annotation, read from their prediction": 1,
        "region(s) without label, not read": 1,
    }


def test_ground_truth_goes_before_other_annotations(tmp_path: Path) -> None:
    given = task("زار حلب", region("a", 0, 3, "زار", "PER"))
    given["annotations"].append({"ground_truth": True, "result": [region("a", 4, 7, "حلب", "LOC")]})
    (document,), _ = read(write_json(tmp_path / "a.json", [given]))
    assert surfaces(document) == [("LOC", "حلب")]


def test_label_studio_counts_crlf_as_one_in_a_browser(tmp_path: Path) -> None:
    text = "زار سالم\r\nمدينة حلب\r\nثم عاد 😀 إلى حمص"
    given = [
        task(text, region("a", 4, 8, "سالم", "PER"), region("b", 15, 18, "حلب", "LOC")),
        task(text, region("a", 15, 18, "حلب", "LOC"), region("b", 33, 36, "حمص", "LOC")),
    ]
    found, log = read(write_json(tmp_path / "a.json", given))
    assert [surfaces(d) for d in found] == [[("PER", "سالم"), ("LOC", "حلب")], [("LOC", "حلب"), ("LOC", "حمص")]]
    assert ["CRLF as one" in f.message for f in log.of("repair")] == [True, True]
    assert "UTF-16" in log.faults[1].message


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ([{"text": "حلب", "label": [{"start": 0, "end": 3, "text": "حلب", "labels": ["LOC"]}]}], "not a document"),
        ([task("حلب", data={"title": "أ", "body": "ب"})], "not a document"),
        ([task("حلب", {"type": "labels", "value": {"start": 0, "labels": ["LOC"]}})], "not a span"),
        ([task("حلب", {"type": "labels", "value": {"start": 0, "end": 3}})], "not a span"),
        ([task("حلب", region("a", 0, 9, "حلب", "LOC"))], "span outside text"),
        ([task("حلب", region("a", 1, 1, "", "LOC"))], "span outside text"),
        ([task("حلب وحمص", region("a", 4, 8, "حلب", "LOC"))], "wrong surface"),
    ],
)
def test_broken_tasks_are_named_by_number_and_the_rest_is_read(given: list[Any], kind: str, tmp_path: Path) -> None:
    path = write_json(tmp_path / "a.json", [*given, task("حمص", id=99)])
    found, log = read(path)
    assert [(f.kind, f.origin) for f in log.errors] == [(kind, Origin(str(path), 1))]
    assert log.errors[0].remedy and [d.id for d in found] == ["99"]


def test_doccano_as_it_exports_spans(tmp_path: Path) -> None:
    path = write_json(
        tmp_path / "all.jsonl",
        {
            "id": 4,
            "text": "زار سالم 😀 حلب",
            "source": "a.txt",
            "label": [[4, 8, "PER"], [12, 15, "LOC"]],
            "Comments": [],
        },
        {"id": 5, "text": "حمص", "label": [], "Comments": ["مراجعة"]},
    )
    assert recognise(path) == "doccano"
    (a, b), log = read(path)
    assert (a.id, a.meta, surfaces(a)) == ("4", {"source": "a.txt"}, [("PER", "سالم"), ("LOC", "حلب")])
    assert b.meta == {"Comments": ["مراجعة"]}
    assert not log.faults and log.counts == {"document(s) whose offsets count UTF-16 units, as their tool does": 1}


def test_doccano_as_it_exports_relations(tmp_path: Path) -> None:
    entities = [
        {"id": 31, "label": "VALUE", "start_offset": 0, "end_offset": 1},
        {"id": 32, "label": "UNIT", "start_offset": 2, "end_offset": 7},
    ]
    relations = [{"id": 1, "from_id": 31, "to_id": 32, "type": "unit"}]
    given = {"id": 1, "text": "3 أشخاص", "entities": entities, "relations": relations, "Comments": []}
    (document,), log = read(write_json(tmp_path / "admin.jsonl", given))
    assert surfaces(document) == [("VALUE", "3"), ("UNIT", "أشخاص")] and document.claims == (Claim(0, (1,)),)
    assert sum(log.counts.values()) == 1 and not log.faults


def test_doccano_with_graphemes_is_told_by_the_edges_of_words(tmp_path: Path) -> None:
    text = "إنَّ مُحَمَّدًا زارَ حلبَ"
    wanted = [("PER", "مُحَمَّدًا"), ("LOC", "حلبَ")]
    path = write_json(tmp_path / "a.jsonl", {"text": text, "label": [[3, 8, "PER"], [13, 16, "LOC"]]})
    (document,), log = read(path)
    assert surfaces(document) == wanted
    (fault,) = log.faults
    assert fault.severity == "repair"
    assert "read as grapheme clusters; 2 as grapheme clusters, 0 as UTF-16 units" in fault.message
    (said,), quiet = read(path, "doccano-graphemes")
    assert said == document and not quiet.faults


def test_doccano_says_when_the_words_dont_decide(tmp_path: Path) -> None:
    (document,), log = read(write_json(tmp_path / "a.jsonl", {"text": "😀،،،", "label": [[2, 3, "MISC"]]}))
    assert surfaces(document) == [("MISC", "،")] and document.spans[0].start == 1
    assert [(f.kind, f.severity) for f in log.faults] == [("offsets in an unknown unit", "note")]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('{"label": [], "Comments": []}', "not a document"),
        ('{"text": "حلب", "label": [[0, 3]]}', "not a span"),
        ('{"text": "حلب", "label": [["0", 3, "LOC"]]}', "not a span"),
        ('{"text": "حلب", "label": [[0, 4, "LOC"]]}', "span outside text"),
        ('{"text": "حلب", "label": [[2, 2, "LOC"]]}', "span outside text"),
        ('{"text": ', "broken JSON"),
        ("[1]", "not a document"),
    ],
)
def test_broken_examples_are_named_by_line_and_the_rest_is_read(line: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"id": "x", "text": "حمص", "label": []}}\n{line}\n', encoding="utf-8")
    found, log = read(path, "doccano")
    assert [(f.kind, f.origin) for f in log.errors] == [(kind, Origin(str(path), 2))]
    assert [d.id for d in found] == ["x"]


def test_what_has_the_wrong_shape_is_counted(tmp_path: Path) -> None:
    path = write_json(tmp_path / "a.jsonl", {"text": "حلب", "label": "رياضة", "Comments": [], "relations": [1]})
    (document,), log = read(path)
    assert document.spans == () and document.meta == {}
    assert log.counts == {
        "label of a record that is no list, not read": 1,
        "entries of relations that are no objects, not read": 1,
    }


BRAT = "T1\tVALUE 5 6\t3\nT2\tUNIT 7 12\tأشخاص\nT3\tORG 16 21;22 26\tوزارة صحة\nT4\tLOC 28 31\tحلب\n"


def brat(folder: Path, text: str, ann: str, name: str = "doc 1") -> Path:
    (folder / f"{name}.txt").write_bytes(text.encode())
    path = folder / f"{name}.ann"
    path.write_bytes(ann.encode())
    return path


def test_brat_as_it_writes(tmp_path: Path) -> None:
    text = "أصيب 3 أشخاص في وزارة\nصحة. حلب\n".replace("صحة.", "صحةى.")
    ann = (
        BRAT.replace("صحة\n", "صحةى\n")
        + "R1\tUnit Arg1:T1 Arg2:T2\t\n*\tAlias T1 T2\nE1\tInjure:T1 Victim:T2\nA1\tNegation E1\n"
        + "#1\tAnnotatorNotes T1\tراجع\nN1\tReference T4 Wikidata:Q41183\tحلب\n"
    )
    path = brat(tmp_path, text, ann)
    assert recognise(path) == recognise(path.with_suffix(".txt")) == "brat"
    (document,), log = read(path)
    assert (document.id, document.text) == ("doc 1", text)
    assert surfaces(document) == [("VALUE", "3"), ("UNIT", "أشخاص"), ("ORG", "وزارة\nصحةى"), ("LOC", "حلب")]
    assert document.claims == (Claim(0, (1,)),)
    assert not log.faults
    assert log.counts == {
        "equivalence(s) of brat not read": 1,
        "event(s) of brat not read": 1,
        "attribute(s) of brat not read": 1,
        "note(s) of brat not read": 1,
        "normalisation(s) of brat not read": 1,
        "relation(s) drawn from head to part, read the other way round": 1,
        "span(s) that their tool had cut at a line break, joined": 1,
    }


def test_brat_spans_in_pieces_are_reported_and_left_out(tmp_path: Path) -> None:
    path = brat(tmp_path, "وزارة الدفاع والصحة", "T1\tORG 0 5;13 19\tوزارة والصحة\nT2\tORG 0 12\tوزارة الدفاع\n")
    (document,), log = read(path)
    assert surfaces(document) == [("ORG", "وزارة الدفاع")]
    (fault,) = log.faults
    assert (fault.kind, fault.severity) == ("discontinuous span", "repair") and "[0, 5);[13, 19)" in fault.message


def test_brat_in_utf16_is_repaired(tmp_path: Path) -> None:
    (document,), log = read(brat(tmp_path, "😀 حلب", "T1\tLOC 3 6\tحلب\n"))
    assert surfaces(document) == [("LOC", "حلب")] and len(log.of("repair")) == 1


@pytest.mark.parametrize(
    ("ann", "kind", "line"),
    [
        ("T1\tLOC 0 3\tحلب\nT2 LOC 0 3 حلب\n", "not a span", 2),
        ("T1\tLOC 0,3\tحلب\n", "not a span", 1),
        ("R1\tX Arg1:T1\n", "not a span", 1),
        ("؟\n", "not a span", 1),
        ("T1\tLOC 0 3\tحمص\n", "wrong surface", 1),
        ("T1\tLOC 0 30\tحلب\n", "span outside text", 1),
    ],
)
def test_broken_standoff_is_named_by_line(ann: str, kind: str, line: int, tmp_path: Path) -> None:
    path = brat(tmp_path, "حلب", ann)
    found, log = read(path)
    assert found == [] and [(f.kind, f.origin) for f in log.errors] == [(kind, Origin(str(path), line))]


def test_standoff_without_its_text_is_a_fault(tmp_path: Path) -> None:
    path = brat(tmp_path, "حلب", "")
    path.with_suffix(".txt").unlink()
    found, log = read(path)
    assert found == [] and [f.kind for f in log.errors] == ["not a document"]


TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<typeSystemDescription xmlns="http://uima.apache.org/resourceSpecifier"><types>
{}</types></typeSystemDescription>
"""
ONE_TYPE = """<typeDescription><name>{}</name><description/><supertypeName>{}</supertypeName><features>
{}</features></typeDescription>
"""
ONE_FEATURE = """<featureDescription><name>{}</name><description/><rangeTypeName>{}</rangeTypeName></featureDescription>
"""
ENTITY = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
TOKEN = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Token"
METADATA = "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData"
LEMMA = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Lemma"
POS = "de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS"
ANNOTATION = "uima.tcas.Annotation"
LAYERS: list[tuple[str, str, dict[str, str]]] = [
    (ENTITY, ANNOTATION, {"value": "uima.cas.String", "identifier": "uima.cas.String"}),
    (TOKEN, ANNOTATION, {}),
    (POS, ANNOTATION, {"PosValue": "uima.cas.String"}),
    (METADATA, "uima.tcas.DocumentAnnotation", {"documentTitle": "uima.cas.String", "documentId": "uima.cas.String"}),
    ("webanno.custom.Claims", ANNOTATION, {"label": "uima.cas.String"}),
    ("webanno.custom.Links", ANNOTATION, {"Dependent": "webanno.custom.Claims", "Governor": "webanno.custom.Claims"}),
]
XMI = f"""<?xml version="1.0" encoding="UTF-8"?>
<xmi:XMI xmlns:xmi="http://www.omg.org/XMI" xmlns:cas="http:///uima/cas.ecore" xmi:version="2.0"
 xmlns:custom="http:///webanno/custom.ecore"
 xmlns:ner="http:///{"/".join(ENTITY.split(".")[:-1])}.ecore"
 xmlns:seg="http:///{"/".join(TOKEN.split(".")[:-1])}.ecore"
 xmlns:pos="http:///{"/".join(POS.split(".")[:-1])}.ecore"
 xmlns:meta="http:///{"/".join(METADATA.split(".")[:-1])}.ecore">
<cas:NULL xmi:id="0"/>
<meta:DocumentMetaData xmi:id="2" sofa="1" begin="0" end="20" language="ar" documentTitle="خبر.txt"/>
<seg:Token xmi:id="3" sofa="1" begin="0" end="2"/>
<pos:POS xmi:id="4" sofa="1" begin="0" end="2" PosValue="EMO"/>
<ner:NamedEntity xmi:id="5" sofa="1" begin="17" end="20" value="LOC"/>
<ner:NamedEntity xmi:id="6" sofa="1" begin="17" end="20"/>
<custom:Claims xmi:id="7" sofa="1" begin="3" end="4" label="VALUE"/>
<custom:Claims xmi:id="8" sofa="1" begin="5" end="10" label="UNIT"/>
<custom:Links xmi:id="9" sofa="1" begin="5" end="10" Governor="7" Dependent="8"/>
<cas:Sofa xmi:id="1" sofaNum="1" sofaID="_InitialView" mimeType="text" sofaString="😀 3 أشخاص ماتوا حلب"/>
<cas:View sofa="1" members="2 3 4 5 6 7 8 9"/>
</xmi:XMI>
"""


def inception(folder: Path, xmi: str = XMI) -> Path:
    types = "".join(
        ONE_TYPE.format(name, parent, "".join(ONE_FEATURE.format(*feature) for feature in features.items()))
        for name, parent, features in LAYERS
    )
    (folder / "TypeSystem.xml").write_text(TYPES.format(types), encoding="utf-8")
    path = folder / "admin.xmi"
    path.write_text(xmi, encoding="utf-8")
    return path


def check_inception(found: list[Document], log: FaultLog) -> None:
    (document,) = found
    assert not log.faults
    assert document.id == "خبر.txt"
    assert surfaces(document) == [("VALUE", "3"), ("UNIT", "أشخاص"), ("LOC", "حلب")]
    assert document.claims == (Claim(0, (1,)),)
    assert log.counts == {
        f"annotation(s) of type {ENTITY} without label, not read": 1,
        f"annotation(s) of type {POS} not read": 1,
    }


def test_inception_as_it_exports_xmi(tmp_path: Path) -> None:
    path = inception(tmp_path)
    assert recognise(path) == "cas"
    check_inception(*read(path))


def test_inception_as_it_exports_json(tmp_path: Path) -> None:
    types = {
        name: {"%NAME": name, "%SUPER_TYPE": parent} | {f: {"%NAME": f, "%RANGE": kind} for f, kind in features.items()}
        for name, parent, features in LAYERS
    }
    structures: list[dict[str, Any]] = [
        {"%ID": 1, "%TYPE": "uima.cas.Sofa", "sofaNum": 1, "sofaID": "_InitialView", "mimeType": "text"},
        {"%ID": 2, "%TYPE": METADATA, "@sofa": 1, "begin": 0, "end": 20, "documentTitle": "خبر.txt"},
        {"%ID": 3, "%TYPE": TOKEN, "@sofa": 1, "begin": 0, "end": 2},
        {"%ID": 4, "%TYPE": POS, "@sofa": 1, "begin": 0, "end": 2, "PosValue": "EMO"},
        {"%ID": 5, "%TYPE": ENTITY, "@sofa": 1, "begin": 17, "end": 20, "value": "LOC"},
        {"%ID": 6, "%TYPE": ENTITY, "@sofa": 1, "begin": 17, "end": 20},
        {"%ID": 7, "%TYPE": "webanno.custom.Claims", "@sofa": 1, "begin": 3, "end": 4, "label": "VALUE"},
        {"%ID": 8, "%TYPE": "webanno.custom.Claims", "@sofa": 1, "begin": 5, "end": 10, "label": "UNIT"},
        {"%ID": 9, "%TYPE": "webanno.custom.Links", "@sofa": 1, "begin": 5, "end": 10, "@Governor": 7, "@Dependent": 8},
    ]
    structures[0]["sofaString"] = "😀 3 أشخاص ماتوا حلب"
    views = {"_InitialView": {"%SOFA": 1, "%MEMBERS": list(range(2, 10))}}
    path = tmp_path / "admin.json"
    given = {"%TYPES": types, "%FEATURE_STRUCTURES": structures, "%VIEWS": views}
    path.write_text(json.dumps(given, ensure_ascii=False, indent=2), encoding="utf-8")
    assert recognise(path) == "cas-json"
    check_inception(*read(path))


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ('begin="17" end="20" value', 'begin="1" end="20" value', "span outside text"),
        ('begin="17" end="20" value', 'begin="17" end="99" value', "span outside text"),
        ('begin="17" end="20" value', 'begin="17" end="17" value', "span outside text"),
        ("<custom:Links", "<custom:Unknown", "not a document"),
        ("</xmi:XMI>", "", "not a document"),
    ],
)
def test_a_broken_cas_is_a_fault(old: str, new: str, kind: str, tmp_path: Path) -> None:
    assert old in XMI
    found, log = read(inception(tmp_path, XMI.replace(old, new)))
    assert found == [] and {f.kind for f in log.errors} == {kind}


def test_xmi_without_its_types_says_where_to_put_them(tmp_path: Path) -> None:
    path = inception(tmp_path)
    (tmp_path / "TypeSystem.xml").unlink()
    with pytest.raises(KhabarError, match=r"no TypeSystem.xml beside it"):
        read(path)


def test_prodigy_as_it_exports(tmp_path: Path) -> None:
    words = [("أصيب", True), ("3", True), ("أشخاص", True), ("في", True), ("حلب", False)]
    cut: list[dict[str, Any]] = []
    for word, space in words:
        start = cut[-1]["end"] + 1 if cut else 0
        cut.append({"text": word, "start": start, "end": start + len(word), "id": len(cut), "ws": space})
    spans = [
        {"start": 5, "end": 6, "token_start": 1, "token_end": 1, "label": "VALUE"},
        {"start": 7, "end": 12, "token_start": 2, "token_end": 2, "label": "UNIT"},
        {"start": 16, "end": 19, "token_start": 4, "token_end": 4, "label": "LOC"},
        {"start": 16, "end": 19, "token_start": 4, "token_end": 4, "label": "SUBJECT"},
    ]
    relations: list[dict[str, Any]] = [
        {"head": 1, "child": 2, "label": "UNIT", "color": "#ffd882"},
        {"head": 1, "child": 4, "label": "SUBJECT", "head_span": spans[0], "child_span": spans[3]},
        {"head": 1, "child": 4, "label": "SUBJECT"},
        {"head": 0, "child": 1, "label": "X"},
    ]
    given = {"text": "أصيب 3 أشخاص في حلب", "tokens": cut, "spans": spans, "relations": relations, "answer": "accept"}
    extra = {"_input_hash": -1, "_task_hash": 5, "_view_id": "relations", "meta": {"source": "وكالة"}}
    rejected = given | {"answer": "reject"}
    path = write_json(tmp_path / "a.jsonl", given | extra, rejected, {"text": "حلب", "answer": "accept"})
    assert recognise(path) == "prodigy"
    (a, b), log = read(path)
    assert surfaces(a) == [("VALUE", "3"), ("UNIT", "أشخاص"), ("LOC", "حلب"), ("SUBJECT", "حلب")]
    assert (a.claims, a.meta, b.spans) == ((Claim(0, (1, 3)),), {"source": "وكالة"}, ())
    assert log.counts == {
        "task(s) with answer 'reject', not read": 1,
        "relation(s) between tokens that are no one span, not read": 2,
    }
    # The tokens of a span are its surface.
    cut[4]["text"] = "حمص"
    _, log = read(write_json(tmp_path / "b.jsonl", given))
    assert [f.kind for f in log.errors] == ["wrong surface"] * 2


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"html": "حلب", "answer": "accept"}, "not a document"),
        ({"text": "حلب", "answer": "accept", "spans": [{"start": 0, "label": "LOC"}]}, "not a span"),
        ({"text": "حلب", "answer": "accept", "spans": [[0, 3, "LOC"]]}, "not a span"),
        ({"text": "حلب", "answer": "accept", "spans": [{"start": 3, "end": 3, "label": "LOC"}]}, "span outside text"),
    ],
)
def test_broken_prodigy_tasks_are_faults(given: dict[str, Any], kind: str, tmp_path: Path) -> None:
    found, log = read(write_json(tmp_path / "a.jsonl", given))
    assert found == [] and [f.kind for f in log.errors] == [kind]


def test_spacy_documents_of_other_pipelines(tmp_path: Path) -> None:
    from spacy.tokens import Doc, DocBin, SpanGroup
    from spacy.tokens import Span as SpacySpan
    from spacy.vocab import Vocab

    vocab = Vocab()
    doc = Doc(vocab, words=["زار", "سالم", "حلب", "3"], spaces=[True, True, True, False])
    doc.ents = [SpacySpan(doc, 1, 2, label="PERS"), SpacySpan(doc, 2, 3, label="LOC")]
    doc.spans["sc"] = SpanGroup(doc, spans=[SpacySpan(doc, 2, 3, label="LOC"), SpacySpan(doc, 3, 4, label="VALUE")])
    path = tmp_path / "train.spacy"
    DocBin(docs=[doc]).to_disk(path)
    assert recognise(path) == "spacy"
    (document,), log = read(path)
    assert (document.id, surfaces(document)) == ("train:1", [("PER", "سالم"), ("LOC", "حلب"), ("VALUE", "3")])
    assert document.claims == (Claim(2),) and log.counts == {"label PERS read as PER": 1}
    path.write_bytes(b"no docbin")
    found, log = read(path)
    assert found == [] and [f.kind for f in log.errors] == ["not a document"]


def test_data_sets_of_others(tmp_path: Path) -> None:
    from datasets import Dataset

    rows = [
        {"text": "زار 😀 حلب", "spans": [{"start": 6, "end": 9, "label": "LOC"}], "lang": "ar"},
        {"text": "حمص", "spans": [{"start": 0, "end": 9, "label": "LOC"}], "lang": "ar"},
        {"text": None, "spans": [], "lang": "ar"},
    ]
    Dataset.from_list(rows).to_parquet(tmp_path / "a.parquet")
    (document,), log = read(tmp_path / "a.parquet")
    assert (document.id, surfaces(document), document.claims) == ("a:1", [("LOC", "حلب")], ())
    assert [(f.kind, f.origin and f.origin.line) for f in log.errors] == [
        ("not a document", 3),
        ("span outside text", 2),
    ]
    assert log.counts == {"column 'lang' of a data set not read": 1}
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    found, log = read(tmp_path / "b.parquet")
    assert found == [] and [f.kind for f in log.errors] == ["not a document"]
    (plain,) = hf.from_dataset(Dataset.from_list([{"text": "حلب"}]), DEFAULT_SCHEME, FaultLog())
    assert plain.text == "حلب"


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("a.json", '\ufeff [\n {"id": 1, "data": {}}]', "label-studio"),
        ("a.json", '{"id": 1, "annotations": [], "data": {"text": "x"}}', "label-studio"),
        ("a.json", '{"%VIEWS": {}}', "cas-json"),
        ("a.json", '{"text": "حلب", "spans": []}\n{"text": "حمص"}\n', "jsonl"),
        ("a.jsonl", '{"id": "a", "text": "حلب", "spans": [], "claims": []}', "jsonl"),
        ("a.jsonl", '{"text": "حلب", "spans": []}', "jsonl"),
        ("a.jsonl", '{"text": "حلب", "label": "رياضة"}', "jsonl"),
        ("a.jsonl", '{"text": "حلب", "label": [[0, 3, "LOC"]]}', "doccano"),
        ("a.jsonl", '{"text": "حلب", "entities": [], "relations": []}', "doccano"),
        ("a.jsonl", '{"text": "حلب", "spans": [], "answer": "accept"}', "prodigy"),
        ("a.txt", '{"text": "حلب", "tokens": []}', "prodigy"),
    ],
)
def test_files_are_told_apart_by_what_stands_in_them(name: str, text: str, wanted: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert recognise(tmp_path / name) == wanted


def test_json_that_is_no_corpus_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('"نص"', encoding="utf-8")
    with pytest.raises(KhabarError, match="say the format"):
        recognise(tmp_path / "a.json")


def test_folders_are_walked_and_converted(tmp_path: Path) -> None:
    folder = tmp_path / "brat"
    (folder / "more").mkdir(parents=True)
    brat(folder, "زار حلب", "T1\tLOC 4 7\tحلب\n", "a")
    brat(folder / "more", "زار حمص", "T1\tLOC 4 7\tحمص\n", "b")
    corpus = read_corpus(Source(path=str(folder)), DEFAULT_SCHEME, FaultLog())
    assert [d.id for d in corpus.documents] == ["a", "b"] and corpus.layers == {"entities"}
    for target, name in (("x.json", None), ("y", "cas"), ("z", "datasets"), ("w.spacy", None)):
        options = [] if name is None else ["--to", name]
        result = CliRunner().invoke(app, ["convert", str(folder), str(tmp_path / target), *options])
        assert result.exit_code == 0, result.output
        again = read_corpus(Source(path=str(tmp_path / target)), DEFAULT_SCHEME, FaultLog())
        assert again.documents == corpus.documents
