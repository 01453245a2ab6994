from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction

import pytest

from khabar.claims import NumericClaim, document_date, numeric_claims
from khabar.documents import Claim, Document, Span
from khabar.faults import FaultLog
from khabar.formats import markup
from khabar.scheme import DEFAULT_SCHEME


def read(marked: str, **meta: str) -> Document:
    log = FaultLog()
    document = markup._document(markup._Block("d", dict(meta), 1, marked.split("\n")), "d", DEFAULT_SCHEME, log)  # type: ignore[arg-type]
    assert not log.faults, [str(f) for f in log.faults]
    return document


def claims(marked: str, **meta: str) -> list[NumericClaim]:
    return numeric_claims(read(marked, **meta), DEFAULT_SCHEME)


def test_a_claim_has_value_unit_operator_rate_and_parts() -> None:
    (claim,) = claims(
        "ذكر ⟦SOURCE:1|⟦ORG|مجلس الأمن⟧⟧ أن ⟦SUBJECT:1|العصابات⟧ ⟦PROPERTY:1|تكسب⟧ "
        "⟦MODIFIER:1|أكثر من⟧ ⟦VALUE:1|100 ألف⟧ ⟦UNIT:1|دولار⟧ ⟦RATE:1|باليوم⟧."
    )
    assert claim.value is not None and (claim.value.low, claim.value.high) == (100_000, 100_000)
    assert (claim.operator, claim.rates) == (">", ("P1D",))
    assert claim.unit is not None and (claim.unit.kind, claim.unit.code) == ("currency", "USD")
    assert [p.text for p in claim.of("PROPERTY")] == ["تكسب"]
    assert [(e.label, e.text) for e in claim.entities] == [("ORG", "مجلس الأمن")]
    assert (claim.status, claim.confidence, claim.change) == (("reported",), None, None)


def test_times_are_read_against_the_document_date() -> None:
    marked = "⟦PROPERTY:1|وصل⟧ ⟦TIME:1|أمس⟧ ⟦VALUE:1|30⟧ ⟦UNIT:1|طنا⟧"
    assert claims(marked, date="2024-03-01")[0].times == ("2024-02-29",)
    assert claims(marked)[0].times == ()
    (dated,) = claims("⟦PROPERTY:1|تسلل⟧ ⟦TIME:1|خلال التسعة اشهر الاولى من عام 2019⟧ ⟦VALUE:1|1,200⟧ ⟦UNIT:1|مقاتل⟧")
    assert dated.times == ("2019-01/2019-09",)
    assert dated.unit is not None and dated.unit.kind == "count"


def test_forms_of_one_counted_noun_share_a_key() -> None:
    keys = set()
    for number, noun in (("1,200", "مقاتل"), ("11", "مقاتلا"), ("5", "مقاتلين")):
        (claim,) = claims(f"⟦VALUE:1|{number}⟧ ⟦UNIT:1|{noun}⟧")
        assert claim.unit is not None
        keys.add(claim.unit.key)
    assert len(keys) == 1


def test_an_amount_carries_its_unit() -> None:
    (claim,) = claims("نظم التنظيم صفوفه في ⟦AMOUNT:1|منطقتين⟧")
    assert claim.value is not None and claim.value.low == 2
    assert claim.unit is not None and claim.unit.kind == "count"
    (half,) = claims("⟦PROPERTY:1|استمر⟧ ⟦AMOUNT:1|ساعة ونصف⟧")
    assert half.value is not None and half.value.low == Fraction(3, 2)
    assert half.unit is not None and half.unit.kind == "time"


def test_a_dinar_is_ambiguous_until_the_document_names_one_country() -> None:
    (alone,) = claims("⟦PROPERTY:1|بلغ⟧ السعر ⟦VALUE:1|3⟧ ⟦UNIT:1|دنانير⟧")
    assert alone.unit is not None and alone.unit.code is None and len(alone.unit.alternatives) > 3
    assert "unit:ambiguous" in alone.flags
    (named,) = claims("في ⟦LOC|الأردن⟧ ⟦PROPERTY:1|بلغ⟧ السعر ⟦VALUE:1|3⟧ ⟦UNIT:1|دنانير⟧")
    assert named.unit is not None and named.unit.code == "JOD"


def test_a_change_a_plan_and_a_denial_are_said() -> None:
    up, down = claims(
        "⟦CHANGE:1|ارتفع⟧ ⟦PROPERTY:1|السعر⟧ ⟦VALUE:1|5⟧⟦UNIT:1|%⟧.\n"
        "⟦CHANGE:2|وتراجعت⟧ ⟦PROPERTY:2|الواردات⟧ ⟦VALUE:2|7⟧⟦UNIT:2|%⟧."
    )
    assert (up.change, down.change) == ("up", "down")
    (planned,) = claims("تعتزم ⟦SUBJECT:1|الوزارة⟧ ⟦PROPERTY:1|بناء⟧ ⟦VALUE:1|3 آلاف⟧ ⟦UNIT:1|وحدة⟧")
    assert planned.status == ("planned",)
    (denied,) = claims("نفى ⟦SOURCE:1|الجيش⟧ ⟦PROPERTY:1|مقتل⟧ ⟦VALUE:1|30⟧ ⟦UNIT:1|جنديا⟧")
    assert denied.status == ("negated",)


def test_degrees_below_zero_are_negative() -> None:
    (claim,) = claims("⟦PROPERTY:1|سجلت⟧ ⟦VALUE:1|5⟧ ⟦UNIT:1|درجات تحت الصفر⟧")
    assert claim.value is not None and claim.value.low == -5


def test_the_sentence_and_the_offsets_are_those_of_the_text() -> None:
    document = read("قال ذلك.\nأصيب ⟦VALUE:1|12⟧ ⟦UNIT:1|جنديا⟧ أمس. ثم عاد.")
    (claim,) = numeric_claims(document, DEFAULT_SCHEME)
    assert claim.sentence == "أصيب 12 جنديا أمس."
    assert document.text[claim.sentence_start :].startswith("أصيب")
    assert document.text[claim.head.start : claim.head.end] == "12" == claim.head.text


def test_confidence_is_the_lowest_and_what_is_not_understood_is_flagged() -> None:
    spans = (Span(0, 4, "VALUE", 0.9), Span(5, 9, "UNIT", 0.4))
    document = Document("d", "كلام شيئا", spans, (Claim(0, (1,)),))
    (claim,) = numeric_claims(document, DEFAULT_SCHEME)
    assert claim.confidence == pytest.approx(0.4)
    assert claim.value is None and "value:not understood" in claim.flags


def test_a_date_is_taken_from_meta_if_it_is_one() -> None:
    document = Document("d", "نص", meta={"date": "2024-03-01T10:00:00"})
    assert document_date(document) == dt.date(2024, 3, 1)
    for bad in ("", "yesterday", "2024-13-01"):
        assert document_date(replace(document, meta={"date": bad})) is None
