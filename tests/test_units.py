from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khabar.currencies import countries_named, main_country
from khabar.durations import duration
from khabar.measures import iso_duration
from khabar.nouns import words_of
from khabar.units import read_rate, read_unit, unit_of_amount


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("دولار كندي", "CAD"),
        ("دولارا أمريكيا", "USD"),
        ("دولار أميركي", "USD"),
        ("دنانير كويتية", "KWD"),
        ("ريالا عمانيا", "OMR"),
        ("جنيه إسترليني", "GBP"),
        ("جنيها مصريا", "EGP"),
        ("ليرة لبنانية", "LBP"),
        ("أورو", "EUR"),
        ("شيقل", "ILS"),
        ("أوقية جديدة", "MRU"),
        ("€", "EUR"),
        ("USD", "USD"),
    ],
)
def test_currencies_are_iso_4217_by_nationality(text: str, code: str) -> None:
    unit = read_unit(text)
    assert (unit.kind, unit.code, unit.alternatives) == ("currency", code, ())


def test_a_bare_dollar_is_the_american_one_and_says_so() -> None:
    assert read_unit("دولار").code == "USD"
    assert "default" in read_unit("دولارات").flags


@pytest.mark.parametrize(
    ("noun", "code", "country"),
    [("دينار", "IQD", "IQ"), ("ليرة", "SYP", "SY"), ("جنيه", "SDG", "SD"), ("ريال", "YER", "YE")],
)
def test_a_bare_shared_name_is_ambiguous_until_the_document_names_one_of_its_countries(
    noun: str, code: str, country: str
) -> None:
    bare = read_unit(noun)
    assert bare.code is None and code in bare.alternatives and "ambiguous" in bare.flags
    named = read_unit(noun, countries={country, "FR"})
    assert named.code == code and "country_of_document" in named.flags
    others = {main_country(other) or "" for other in bare.alternatives}
    assert read_unit(noun, countries=others).code is None


def test_countries_are_named_by_name_clitic_and_adjective() -> None:
    assert countries_named("أقرت الحكومة العراقية قرضا لمصر، وللسعودية نصيب منه") == {"IQ", "EG", "SA"}
    assert countries_named("سافر من جنوب السودان") == {"SS"}
    assert countries_named("زار عمان") == {"OM"}
    assert countries_named("زار عمان عاصمة الأردن") == {"JO"}


def test_parts_of_a_currency_have_its_code_and_a_factor() -> None:
    assert (read_unit("قرشا مصريا").code, read_unit("قرشا مصريا").factor) == ("EGP", Fraction(1, 100))
    assert read_unit("فلسا", countries={"KW"}).factor == Fraction(1, 1000)
    # Of a fils nobody can say how large it is before the currency is known.
    assert read_unit("فلسا").factor is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("كيلومترا مربعا", "km2"),
        ("كلم", "km"),
        ("ميلا بحريا", "[nmi_i]"),
        ("كيلوجراما", "kg"),
        ("أطنان", "t"),
        ("ميجاوات", "MW"),
        ("تيراواط ساعة", "TW.h"),
        ("قدم مكعبة", "[cft_i]"),
        ("درجات مئوية", "Cel"),
        ("كلم/س", "km/h"),
        ("ميللي أمبير/ثانية", "mA/s"),
        ("جزءا في المليون", "[ppm]"),
        ("برميل", "[bbl_us]"),
    ],
)
def test_measures_are_ucum(text: str, code: str) -> None:
    unit = read_unit(text)
    assert (unit.kind, unit.code) == ("measure", code)


def test_measures_that_may_be_several_are_not_guessed() -> None:
    assert read_unit("درجة").code is None and "Cel" in read_unit("درجة").alternatives
    assert "below_zero" in read_unit("درجات تحت الصفر").flags
    assert read_unit("فدان").flags == ("no_code",)
    assert read_unit("كيلو طماطم").code == "kg"
    assert {"default", "qualified"} <= set(read_unit("كيلو طماطم").flags)
    assert read_unit("عقود").alternatives == ("a",)


@pytest.mark.parametrize("text", ["%", "٪", "بالمئة", "بالمائة", "في المئة", "فى المائة"])
def test_percent_however_it_is_written(text: str) -> None:
    assert (read_unit(text).kind, read_unit(text).code) == ("percent", "%")


def test_percentage_points_are_flagged_and_basis_points_are_hundredths() -> None:
    assert read_unit("نقاط مئوية").flags == ("points",)
    assert read_unit("نقطة أساس").factor == Fraction(1, 100)
    assert read_unit("نقطة").kind == "count"


def test_time_units_and_counted_nouns() -> None:
    assert [read_unit(t).code for t in ("عاما", "أشهر", "أسبوعا", "دقائق")] == ["a", "mo", "wk", "min"]
    assert read_unit("قرن").factor == 100
    assert (read_unit("جرحى").kind, read_unit("جرحى").key) == ("count", "جريح")
    assert read_unit("أضعاف").flags == ("multiple",)
    assert read_unit("غرامات").alternatives == ("g",)


def test_amounts_carry_their_unit() -> None:
    assert unit_of_amount("ساعتين ونصف").code == "h"
    assert unit_of_amount("بنقطة مئوية ونصف").flags == ("points",)
    assert unit_of_amount("الدرجة ونصف الدرجة").key == "درجة"
    assert unit_of_amount("وشاحنتين").key == "شاحنة"
    assert unit_of_amount("لسنتين").kind == "time"
    assert unit_of_amount("بثلاثية").flags == ("group", "default")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("يوميا", "P1D"),
        ("السنوية", "P1Y"),
        ("على أساس شهري", "P1M"),
        ("في الساعة", "PT1H"),
        ("كل ثلاث سنوات", "P3Y"),
        ("كل سبع ساعات ونصف الساعة", "PT7H30M"),
        ("لساعتين", "PT2H"),
        ("كل 72 دقيقة", "PT72M"),
        ("للبرميل", "per برميل"),
        ("للتر", "per لتر"),
        ("للكيلومتر المربع", "per كيلومتر مربع"),
        ("لكل 100 ألف نسمة", "per 100000 نسمة"),
        ("من كل عشرة بالغين", "per 10 بالغ"),
        ("مقابل الدولار الواحد", "per USD"),
        ("للأسرة شهريا", "per اسرة P1M"),
        ("لكل منهما", "per each"),
    ],
)
def test_rates_are_iso_8601_periods_or_per_a_unit(text: str, shown: str) -> None:
    assert str(read_rate(text)) == shown


def test_a_share_is_told_from_a_rate() -> None:
    assert "share" in read_rate("من كل ستة تلاميذ").flags
    assert "share" not in read_rate("لكل ستة تلاميذ").flags


def test_durations_join_their_units() -> None:
    def iso(text: str) -> str | None:
        found = duration(words_of(text))
        return found[0].iso if found else None

    assert iso("سنتين وثمانية أشهر") == "P32M"
    assert iso("عام ونصف عام") == "P1Y6M"
    assert iso("أيام") == "P3D..P10D"
    assert iso("نصف قرن") == "P50Y"
    assert iso("كتابين") is None


@given(
    st.fractions(min_value=0, max_value=1000, max_denominator=60),
    st.sampled_from(["a", "mo", "wk", "d", "h", "min", "s"]),
)
def test_iso_durations_begin_with_p_and_hold_no_fraction_sign(amount: Fraction, code: str) -> None:
    written = iso_duration(amount, code)
    assert written.startswith("P") and "/" not in written
    assert ("T" in written) or code in ("a", "mo", "wk", "d")


@given(st.text(max_size=40))
def test_any_text_is_a_unit_and_a_rate_or_has_a_reason(text: str) -> None:
    for unit in (read_unit(text), unit_of_amount(text)):
        assert (unit.kind is None) == bool(unit.reason)
        assert not (unit.code and "ambiguous" in unit.flags)
    rate = read_rate(text)
    assert bool(rate.reason) or bool(str(rate)) or rate.number != 1
