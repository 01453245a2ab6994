from __future__ import annotations

import datetime as dt
import re

import hijridate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from khabar import calendars
from khabar.calendars import OutsideCalendarError, Period
from khabar.times import ELSEWHERE, EVENT, MATCH_MINUTE, NEEDS_DATE, NO_WORD, RECURS, TIME_OF_DAY, UNREAD, read_time

SUNDAY = dt.date(2024, 5, 12)


def value(text: str, date: dt.date | None = SUNDAY) -> str | None:
    return read_time(text, date).value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019", "2019"),
        ("عام ٢٠٢١", "2021"),
        ("لسنة 2025", "2025"),
        ("20 مارس 2023", "2023-03-20"),
        ("السادس من شباط 2023", "2023-02-06"),
        ("فاتح غشت 2024", "2024-08-01"),
        ("متم يوليوز 2023", "2023-07-31"),
        ("كانون الأول/ديسمبر 2019", "2019-12"),
        ("16 يوليو (تموز) 1990", "1990-07-16"),
        ("7-7-2007", "2007-07-07"),
        ("بين 2013 و2014", "2013/2014"),
        ("بين عامي 1941 و1944", "1941/1944"),
        ("عاما 2015 و2017", "{2015,2017}"),
        ("الموسم 2019-2020", "2019/2020"),
        ("السنة المالية 2022-23", "2022/2023"),
        ("الربع الأول من 2020", "2020-01/2020-03"),
        ("النصف الثاني من عام 2021", "2021-07/2021-12"),
        ("الفصل الأخير من 2022", "2022-10/2022-12"),
        ("خلال التسعة اشهر الاولى من عام 2019", "2019-01/2019-09"),
        ("خلال الأشهر الستة الأولى من 2023", "2023-01/2023-06"),
        ("لتسعة أشهر من 2023", "2023-01/2023-09"),
        ("الأسبوع الثالث من مايو 2023", "2023-05-15/2023-05-21"),
        ("من 6 إلى 12 جويلية 2022", "2022-07-06/2022-07-12"),
        ("14 حزيران حتى 15 تموز 2018", "2018-06-14/2018-07-15"),
        ("22 و23 سبتمبر 2024", "2024-09-22/2024-09-23"),
        ("نيسان وتموز 2021", "{2021-04,2021-07}"),
        ("نهاية 2025", "2025-12"),
        ("مطلع عام 2020", "2020-01"),
        ("منتصف شباط 2021", "2021-02-11/2021-02-20"),
        ("صيف 2024", "2024-06/2024-08"),
        ("سبعينيات القرن الماضي", "1970/1979"),
        ("القرن الثامن عشر", "1701/1800"),
        ("منذ 2011", "2011/.."),
        ("منذ انطلاق المشروع في 1971", "1971/.."),
        ("قبل 2026", "../2025"),
        ("قبل نهاية 2025", "../2025-12"),
        ("بعد 2028", "2029/.."),
        ("بحلول عام 2030", "../2030"),
        ("حتى أيلول 2026", "../2026-09"),
        ("اعتبارا من كانون الثاني 2019", "2019-01/.."),
    ],
)
def test_what_says_its_year_needs_no_date(text: str, expected: str) -> None:
    assert value(text, None) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("اليوم", "2024-05-12"),
        ("أمس السبت", "2024-05-11"),
        ("أول أمس", "2024-05-10"),
        ("غدا", "2024-05-13"),
        ("العام الماضي", "2023"),
        ("هذا العام", "2024"),
        ("العام المالي المقبل", "2025"),
        ("الشهر الماضي", "2024-04"),
        ("الأسبوع الماضي", "2024-04-29/2024-05-05"),
        ("هذا الموسم", "2023/2024"),
        ("الخميس الماضي", "2024-05-09"),
        ("الثلاثاء المقبل", "2024-05-14"),
        ("مارس الماضي", "2024-03"),
        ("أيلول المقبل", "2024-09"),
        ("نيسان من العام الماضي", "2023-04"),
        ("الثالث من الشهر الحالي", "2024-05-03"),
        ("الربع الثاني من العام الجاري", "2024-04/2024-06"),
        ("منذ جانفي", "2024-01/2024-05-12"),
        ("منذ مطلع العام", "2024-01/2024-05-12"),
        ("منذ 3 سنوات", "2021/2024-05-12"),
        ("قبل أسبوعين", "2024-04-28"),
        ("قبل شهر", "2024-04"),
        ("الأيام الخمسة الماضية", "2024-05-07/2024-05-12"),
        ("السنوات الأخيرة", "../2024-05-12"),
        ("بين فيفري وجوان", "2024-02/2024-06"),
        ("بين 21 دجنبر و18 يناير", "2023-12-21/2024-01-18"),
        ("حتى الآن", "../2024-05-12"),
        ("مؤخرا", "../2024-05-12"),
        ("منتصف القرن", "2050/2051"),
    ],
)
def test_deictics_are_read_against_the_documents_date(text: str, expected: str) -> None:
    assert value(text) == expected
    undated = read_time(text, None)
    assert undated.value is None and undated.reason == NEEDS_DATE


def test_a_bare_weekday_is_the_last_one_unless_the_claim_lies_ahead() -> None:
    said = read_time("مساء الثلاثاء", SUNDAY)
    assert (said.value, said.alternatives) == ("2024-05-07", ("2024-05-14",))
    assert {"evening", "assumed"} <= set(said.flags)
    assert read_time("الثلاثاء", SUNDAY, future=True).value == "2024-05-14"
    assert read_time("ابتداء من الثلاثاء", SUNDAY).value == "2024-05-14/.."


def test_a_month_without_a_year_is_the_nearest_and_the_other_an_alternative() -> None:
    said = read_time("آب", SUNDAY)
    assert (said.value, said.alternatives) == ("2024-08", ("2023-08",))
    assert "assumed" in said.flags


def test_a_weekday_tells_the_year_and_a_wrong_one_is_flagged() -> None:
    assert read_time("الاثنين 12 أيار", dt.date(2025, 1, 10)).value == "2025-05-12"
    assert "weekday_mismatch" in read_time("الجمعة 15 ماي 2016").flags
    assert "weekday_mismatch" in read_time("أمس الجمعة", SUNDAY).flags


def test_hijri_dates_go_through_the_umm_al_qura_calendar() -> None:
    said = read_time("الأربعاء 8 رجب 1446هـ")
    assert (said.value, said.flags) == ("2025-01-08", ("hijri",))
    assert value("رمضان 1445هـ") == "2024-03-11/2024-04-09"
    assert value("١٢/٣/١٤٤٥هـ") == "2023-09-27"
    assert value("من 24 / 10 الى 7 / 11 / 1436 هـ", None) == "2015-08-09/2015-08-22"
    assert value("عيد الفطر 1436هـ", None) == "2015-07-17"
    assert value("رمضان 2026", None) == "2026-02-18/2026-03-19"
    # 1440 alone is a Hijri year; a sign says otherwise.
    assert "hijri" in read_time("منذ 1440", SUNDAY).flags
    assert value("سنة 1440م", None) == "1440"
    assert "1343 to 1500" in read_time("عام 702هـ").reason


def test_durations_are_told_from_dates() -> None:
    assert read_time("خلال 24 ساعة") == read_time("خلال أربع وعشرين ساعة")
    within = read_time("خلال 24 ساعة", SUNDAY)
    assert (within.value, within.flags) == ("PT24H", ("duration",))
    after = read_time("بعد عامين", SUNDAY)
    assert (after.value, after.flags) == ("P2Y", ("offset", "after"))
    assert read_time("قبل 72 ساعة من الموعد", SUNDAY).flags == ("offset", "before")
    assert read_time("قبل أيام", SUNDAY).flags == ("vague",)
    assert value("خلال العام") == "2024" and value("خلال عام") == "P1Y"
    assert value("منذ نحو ثلاثة عشر عاما") == "2011/2024-05-12"
    assert "approximate" in read_time("منذ نحو ثلاثة عشر عاما", SUNDAY).flags


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("قبل الزلزال", EVENT),
        ("عام المونديال", EVENT),
        ("آنذاك", ELSEWHERE),
        ("اليوم التالي", ELSEWHERE),
        ("العام السابق", ELSEWHERE),
        ("ليلا", TIME_OF_DAY),
        ("قبل السادسة صباحا", TIME_OF_DAY),
        ("الدقيقة 73", MATCH_MINUTE),
        ("كل صباح", RECURS),
        ("54", UNREAD),
        ("؟", UNREAD),
        (" ", NO_WORD),
    ],
)
def test_what_is_no_date_has_a_reason(text: str, reason: str) -> None:
    said = read_time(text, SUNDAY)
    assert (said.value, said.reason) == (None, reason)


def test_clock_times_parts_of_the_day_and_minutes_are_flags() -> None:
    assert read_time("الساعة 14:10").flags == ("clock:14:10",)
    assert read_time("السادسة وأربع دقائق مساء").flags == ("clock:18:04",)
    assert read_time("من التاسعة صباحا حتى السادسة مساء").flags == ("clock:09:00", "clock:18:00")
    said = read_time("الثالثة والنصف من فجر 17 رمضان 1443هـ")
    assert said.value == "2022-04-18" and {"dawn", "clock:03:30"} <= set(said.flags)
    assert read_time("الدقيقتين 31 و58").flags == ("minute:31+58",)


def test_what_was_read_only_in_part_says_so() -> None:
    assert read_time("الفترة نفسها من العام الماضي", SUNDAY).flags == ("same_period",)
    assert "event" in read_time("قبل مباراة 19 نونبر 2024").flags
    assert "ambiguous" in read_time("شتاء 2023").flags
    assert read_time("بين 2020 و2010").reason.startswith("ends")


def test_a_periods_iso_form_is_as_long_as_it_needs_to_be() -> None:
    def iso(first: str, last: str) -> str:
        return Period(dt.date.fromisoformat(first), dt.date.fromisoformat(last)).iso

    assert iso("2024-01-01", "2024-12-31") == "2024"
    assert iso("2024-02-01", "2024-02-29") == "2024-02"
    assert iso("2024-02-01", "2024-02-28") == "2024-02-01/2024-02-28"
    assert iso("2023-01-01", "2024-12-31") == "2023/2024"
    assert iso("2024-05-12", "2024-05-12") == "2024-05-12"


@given(st.dates(dt.date(1930, 1, 1), dt.date(2070, 1, 1)), st.sampled_from(["ar", "ar_SY", "ar_DZ", "ar_MA"]))
def test_every_day_round_trips_in_the_month_names_of_every_region(day: dt.date, region: str) -> None:
    name = calendars.Locale.parse(region).months["format"]["wide"][day.month]
    assert value(f"{day.day} {name} {day.year}", None) == day.isoformat()


@given(st.dates(dt.date(1930, 1, 1), dt.date(2070, 1, 1)))
def test_every_hijri_day_round_trips(day: dt.date) -> None:
    hijri = hijridate.Gregorian(day.year, day.month, day.day).to_hijri()
    assert value(f"{hijri.day} {hijri.month_name('ar')} {hijri.year}هـ", None) == day.isoformat()


@given(st.dates(dt.date(1930, 1, 1), dt.date(2070, 1, 1)), st.integers(1, 40))
def test_days_ago_are_counted_back_from_the_date(date: dt.date, days: int) -> None:
    expected = (date - dt.timedelta(days)).isoformat()
    assert value(f"قبل {days} يوما", date) == expected


def test_the_calendar_says_what_it_cannot_reach() -> None:
    with pytest.raises(OutsideCalendarError, match="1343 to 1500"):
        calendars.year_of(1200, "hijri")
    with pytest.raises(OutsideCalendarError, match="2023-2-29"):
        calendars.day_of(2023, 2, 29)
    assert read_time("30 فبراير 2023").value is None
    assert read_time("قبل 67 مليون سنة", SUNDAY).reason


DAY = r"\d{4}(-\d\d(-\d\d)?)?"
LONG = r"P[0-9.YMWDTHS]+"
ISO = re.compile(rf"({DAY}|\.\.)(/({DAY}|\.\.))?|[{{\[][-0-9/,]+[}}\]]|{LONG}(\.\.{LONG})?")
VOCABULARY = """
منذ قبل بعد حتى بحلول خلال بين من إلى و نهاية مطلع عام سنة الشهر العام الماضي المقبل رمضان مارس كانون الثاني الاثنين
5 31 2023 1445هـ - / مساء ثلاثة أيام شهرين الربع الأول القرن العشرين ألف الساعة 10:30 يومي غدا أوائل الأولى ونصف
"""
WORDS = st.sampled_from(VOCABULARY.split())


@given(st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=7).map(" ".join)), st.one_of(st.none(), st.dates()))
def test_any_text_is_iso_8601_or_has_a_reason(text: str, date: dt.date | None) -> None:
    said = read_time(text, date)
    assert (said.value is None) == bool(said.reason)
    if said.value is not None:
        assert ISO.fullmatch(said.value), said.value
