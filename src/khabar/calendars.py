"""Calendars: periods of days and how ISO 8601 writes them, months by all their Arabic names, Hijri years.

Gregorian month and weekday names of every region come from CLDR through babel, Hijri months and the Umm al-Qura
reckoning from hijridate, which knows the years 1343 to 1500 AH; a Hijri date may be a day off where a country sights
the moon.
"""

from __future__ import annotations

import calendar as gregorian
import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Literal

import hijridate
from babel import Locale

from khabar.nouns import words_of

Era = Literal["gregorian", "hijri"]
Unit = Literal["day", "month", "year", "span"]

_REGIONS = ("ar", "ar_SY", "ar_DZ", "ar_MA", "ar_MR")
_GREGORIAN_ALIASES = {
    1: "كانون ثاني; كانون ثان",
    2: "فبرائر; فيفري",
    3: "اذار",
    4: "ابريل; افريل; نيسان; أبرييل",
    5: "ماي; ايار; نوار; مايس",
    6: "يونيه; جوان",
    7: "يوليه; جويليه; يوليوز",
    8: "اوت; غشت; آب; اب",
    9: "شتنبر",
    10: "تشرين اول; اكتوبر; تشرين الاول",
    11: "نونبر; تشرين ثاني; تشرين ثان",
    12: "دجنبر; كانون اول",
}
_HIJRI_ALIASES = {
    1: "محرم الحرام",
    4: "ربيع الاخر; ربيع الثاني",
    5: "جمادى الاول; جماد الأول",
    6: "جمادى الاخر; جمادى الثانية; جماد الآخر",
    11: "ذي القعدة; ذو القعده; ذي القعده",
    12: "ذي الحجة; ذو الحجه; ذي الحجه",
}
FEASTS: dict[tuple[str, ...], tuple[int, int]] = {
    ("عيد", "الفطر"): (10, 1),
    ("عيد", "الاضحي"): (12, 10),
    ("يوم", "النحر"): (12, 10),
    ("يوم", "عرفة"): (12, 9),
    ("يوم", "التروية"): (12, 8),
    ("يوم", "عاشوراء"): (1, 10),
    ("عاشوراء",): (1, 10),
    ("المولد", "النبوي"): (3, 12),
    ("ليلة", "القدر"): (9, 27),
}
"""Month and day of the Hijri year."""
SEASONS = {"ربيع": 3, "صيف": 6, "خريف": 9, "شتاء": 12}
"""The month in which a season begins; winter ends in the next year."""


HIJRI_YEARS = (1343, 1500)
"""The years of hijridate's tables, first and last."""


class OutsideCalendarError(ValueError):
    """A date that does not exist, or that the calendar's tables do not reach."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both inside, and the unit they were said in."""

    first: dt.date
    last: dt.date
    unit: Unit = "span"

    @property
    def iso(self) -> str:
        """ISO 8601: a year, a month, a day, or an interval of them (`2019-01/2019-09`)."""
        first, last = self.first, self.last
        if first == last:
            return first.isoformat()
        whole_months = first.day == 1 and last.day == month_days(last.year, last.month)
        if whole_months and first.month == 1 and last.month == 12:
            return f"{first.year:04}" if first.year == last.year else f"{first.year:04}/{last.year:04}"
        if whole_months:
            low, high = f"{first.year:04}-{first.month:02}", f"{last.year:04}-{last.month:02}"
            return low if low == high else f"{low}/{high}"
        return f"{first.isoformat()}/{last.isoformat()}"

    @property
    def before(self) -> Period:
        """The unit right before: the year before a year, the month before a month, else the day before."""
        last = shifted(self.first, -1, "d")
        if self.unit == "year" and (self.first.month, self.first.day) == (1, 1):
            return Period(dt.date(last.year, 1, 1), last, "year")
        if self.unit == "month" and self.first.day == 1:
            return Period(last.replace(day=1), last, "month")
        return Period(last, last, "day")

    @property
    def after(self) -> Period:
        """The unit right after."""
        first = shifted(self.last, 1, "d")
        if self.unit == "year" and (first.month, first.day) == (1, 1):
            return year_of(first.year)
        if self.unit == "month" and first.day == 1:
            return month_of(first.year, first.month)
        return Period(first, first, "day")

    @property
    def begin_iso(self) -> str:
        """ISO 8601 of its beginning, as precise as the period: `2019` of whole years, `2019-03` of whole months."""
        return self.iso.split("/")[0]

    @property
    def end_iso(self) -> str:
        """ISO 8601 of its end, as precise as the period."""
        return self.iso.split("/")[-1]


def month_days(year: int, month: int) -> int:
    """How many days a Gregorian month has."""
    return gregorian.monthrange(year, month)[1]


def day_of(year: int, month: int, day: int, era: Era = "gregorian") -> Period:
    """One day. Raises OutsideCalendarError if there is no such day."""
    if era == "hijri" and not HIJRI_YEARS[0] <= year <= HIJRI_YEARS[1]:
        raise OutsideCalendarError(f"the Hijri years known are {HIJRI_YEARS[0]} to {HIJRI_YEARS[1]}, not {year}")
    try:
        date = dt.date(year, month, day) if era == "gregorian" else _from_hijri(year, month, day)
    except (ValueError, OverflowError) as error:
        raise OutsideCalendarError(f"no day {year}-{month}-{day} in the {era} calendar") from error
    return Period(date, date, "day")


def month_of(year: int, month: int, era: Era = "gregorian") -> Period:
    """One month. Raises OutsideCalendarError if the calendar does not reach it."""
    first = day_of(year, month, 1, era).first
    days = month_days(year, month) if era == "gregorian" else hijridate.Hijri(year, month, 1).month_length()
    return Period(first, first + dt.timedelta(days - 1), "month")


def year_of(year: int, era: Era = "gregorian") -> Period:
    """One year. Raises OutsideCalendarError if the calendar does not reach it."""
    return Period(day_of(year, 1, 1, era).first, month_of(year, 12, era).last, "year")


def _from_hijri(year: int, month: int, day: int) -> dt.date:
    converted = hijridate.Hijri(year, month, day).to_gregorian()
    return dt.date(converted.year, converted.month, converted.day)


def hijri_year(date: dt.date) -> int:
    """The Hijri year of a day. Raises OutsideCalendarError outside 1343 to 1500 AH."""
    try:
        return int(hijridate.Gregorian(date.year, date.month, date.day).to_hijri().year)
    except (ValueError, OverflowError) as error:
        raise OutsideCalendarError(f"no Hijri year known for {date}") from error


def day_of_month(date: dt.date, day: int, era: Era) -> Period:
    """Another day of the month that a date lies in. Raises OutsideCalendarError if the month has no such day."""
    if era == "gregorian":
        return day_of(date.year, date.month, day)
    lunar = hijridate.Gregorian(date.year, date.month, date.day).to_hijri()
    return day_of(lunar.year, lunar.month, day, "hijri")


def shifted(date: dt.date, amount: int, code: str) -> dt.date:
    """The date so many units later (UCUM a, mo, wk, d; h, min and s count as nothing less than days).

    The last day of a month stays inside it. Raises OutsideCalendarError beyond the years 1 to 9999.
    """
    try:
        if code in ("a", "mo"):
            months = date.year * 12 + date.month - 1 + amount * (12 if code == "a" else 1)
            year, month = divmod(months, 12)
            return dt.date(year, month + 1, min(date.day, month_days(year, month + 1)))
        days = {"wk": 7, "d": 1}.get(code, 0)
        return date + dt.timedelta(days * amount)
    except (ValueError, OverflowError) as error:
        raise OutsideCalendarError(f"{amount} {code} from {date} is outside the calendar") from error


@cache
def months() -> dict[tuple[str, ...], tuple[Era, int]]:
    """Months by their folded words: era and number."""
    found: dict[tuple[str, ...], tuple[Era, int]] = {}
    for region in _REGIONS:
        for number, name in Locale.parse(region).months["format"]["wide"].items():
            found[tuple(words_of(name))] = ("gregorian", int(number))
    for number in range(1, 13):
        for name in _GREGORIAN_ALIASES[number].split(";"):
            found[tuple(words_of(name))] = ("gregorian", number)
        hijri_names = [hijridate.Hijri(1445, number, 1).month_name("ar"), *_HIJRI_ALIASES.get(number, "").split(";")]
        for name in filter(None, hijri_names):
            found[tuple(words_of(name))] = ("hijri", number)
    return found


@cache
def weekdays() -> dict[str, int]:
    """Weekdays by folded name with the article: Monday is 0."""
    named = {words_of(name)[0]: int(n) for n, name in Locale("ar").days["format"]["wide"].items()}
    return named | {"الثلثاء": 1, "الاربعا": 2, "الاتنين": 0}


def part_of(period: Period, part: str) -> Period:
    """A part of a period: its `start`, `middle` or `end`.

    Of a year these are the first, the middle two and the last month; of several years (a century) the first, the middle
    two and the last year; of a month its thirds; of anything else the first day, the middle one and the last.
    """
    first, last = period.first, period.last
    days = (last - first).days + 1
    if period.unit == "year" and days > 400:
        half = first.year + (last.year - first.year + 1) // 2
        low, high = {"start": (first.year, first.year), "middle": (half - 1, half), "end": (last.year, last.year)}[part]
        return Period(dt.date(low, 1, 1), dt.date(high, 12, 31), "year")
    if period.unit == "year":
        begin, end = {"start": (0, 1), "middle": (5, 7), "end": (11, 12)}[part]
        until = last if part == "end" else shifted(shifted(first, end, "mo"), -1, "d")
        return Period(shifted(first, begin, "mo"), until, "month")
    if period.unit == "month":
        third = {"start": (0, 9), "middle": (10, 19), "end": (20, days - 1)}[part]
        return Period(first + dt.timedelta(third[0]), first + dt.timedelta(min(third[1], days - 1)))
    at = {"start": first, "middle": first + dt.timedelta(days // 2), "end": last}[part]
    return Period(at, at, "day")


def nth_part(period: Period, n: int, of: int) -> Period:
    """The n-th of `of` equal parts of a year (quarters, halves), in whole months; of a month, in days.

    Raises OutsideCalendarError if there is no such part.
    """
    if not 1 <= n <= of:
        raise OutsideCalendarError(f"no part {n} of {of}")
    if period.unit == "month":
        days = (period.last - period.first).days + 1
        first, last = days * (n - 1) // of, days * n // of - 1
        return Period(period.first + dt.timedelta(first), period.first + dt.timedelta(last))
    first_day = shifted(period.first, 12 // of * (n - 1), "mo")
    return Period(first_day, shifted(shifted(period.first, 12 // of * n, "mo"), -1, "d"))


def leading(period: Period, count: int, code: str, *, nth: bool = False) -> Period:
    """The first `count` units of a period (the first nine months of 2019); with `nth` the count-th alone."""
    start = shifted(period.first, count - 1, code) if nth else period.first
    last = shifted(shifted(period.first, count, code), -1, "d")
    if last > period.last and (last - period.last).days > 6:
        raise OutsideCalendarError(f"{count} {code} are longer than {period.iso}")
    return Period(start, min(last, period.last))
