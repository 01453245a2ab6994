"""Periods longer than a day: this year, the first quarter, the first nine months of 2019, the end of March."""

from __future__ import annotations

import datetime as dt
import re

from khabar import calendars
from khabar.calendars import Era, OutsideCalendarError, Period
from khabar.dates import ANAPHORIC, NEXT, PAST, THIS, YEAR_KINDS, YEAR_WORDS, DateReader
from khabar.durations import is_dual, is_plural, leading_number, time_unit
from khabar.mentions import Hit, Mention, yearly
from khabar.nouns import listed

_EDGES = {
    **dict.fromkeys(("مطلع", "بداية", "بدء", "اوائل", "مستهل", "بدايات"), "start"),
    **dict.fromkeys(("منتصف", "وسط", "اواسط"), "middle"),
    **dict.fromkeys(("نهاية", "اواخر", "ختام", "انتهاء", "نهايات"), "end"),
    **dict.fromkeys(("متم", "موفي"), "last_day"),
}
_UNITS = listed("عام سنة شهر اسبوع موسم عقد قرن ربع يوم صيف شتاء خريف ربيع")
_FRACTIONS = {"ربع": 4, "نصف": 2, "سداسي": 2, "ثلاثي": 4, "فصل": 4}
_FIRST = ("الاولي", "الاول", "الاولين", "الاوليين")
_ROLLING = {"عقد": (10, "a"), "قرن": (100, "a")}
_TENS = ("عشرين", "ثلاثين", "اربعين", "خمسين", "ستين", "سبعين", "ثمانين", "تسعين")
_DECADE = re.compile(f"(?:ال)?({'|'.join(_TENS)})(?:ي)?ات")


class PeriodReader(DateReader):
    """Reads any date or period."""

    def deictic(self, i: int) -> Hit | None:
        """هذا العام, الشهر الماضي, الأسبوع المقبل, العام المالي الحالي, العام الماضي 1445هـ."""
        shown = self.one_of(i, ("هذا", "هذه"))
        j = i + 1 if shown else i
        flags: list[str] = []
        j += self.one_of(j, ("عطلة",))
        if self.one_of(j, ("نهاية",)) and self.at(j + 1) == "الاسبوع":
            flags.append("weekend")
            j += 1
        unit = next((form[2:] for form in self.forms(j) if form.startswith("ال") and form[2:] in _UNITS), "")
        if not unit:
            return None
        j += 1
        era: Era = "gregorian"
        while kind := YEAR_KINDS.get(self.at(j)):
            era = "hijri" if kind == "hijri" else era
            flags += [kind] if kind != "gregorian" else []
            j += 1
        direction = self.direction(j)
        if self.at(j) in ANAPHORIC or (not direction and not shown and self.ordinal(j)):
            return None
        latest = self.at(j) in ("الاخير", "الاخيرة") and unit in _ROLLING
        j += bool(direction)
        if unit in ("عام", "سنة") and not self.one_of(j, YEAR_WORDS) and (explicit := self.year(j)):
            return explicit
        if not direction and not shown:
            if unit == "يوم" or (unit == "ربيع" and j < len(self.words)):
                return None
            flags.append("this_assumed")
        if latest:
            count, code = _ROLLING[unit]
            return Mention(
                options=lambda date: [Period(calendars.shifted(date, -count, code), date)], flags=[*flags, "rolling"]
            ), j
        if unit in calendars.SEASONS:
            flags = [flag for flag in flags if flag != "this_assumed"]
            return self._season(unit, j, direction or ("this" if shown else ""))
        step = {"past": -1, "next": 1}.get(direction, 0)
        flags += {"اسبوع": ["week"], "موسم": ["season"]}.get(unit, [])
        return Mention(options=lambda date: [_unit_period(date, unit, step, era)], flags=flags), j

    def season(self, i: int) -> Hit | None:
        """صيف 2024, صيف عام 2016."""
        name = next((form for form in self.forms(i) if form in calendars.SEASONS), None)
        return self._season(name, i + 1, "") if name else None

    def _season(self, name: str, i: int, direction: str) -> Hit:
        start = calendars.SEASONS[name]

        def in_year(year: int) -> Period:
            first = calendars.month_of(year, start).first
            return Period(first, calendars.shifted(calendars.shifted(first, 3, "mo"), -1, "d"))

        said, j = self.dated(in_year, "gregorian", i)
        said.flags.append("season")
        said.direction = said.direction or direction
        if name == "شتاء" and said.period and said.year:
            said.flags.append("ambiguous")
            said.alternatives.append(in_year(said.year - 1).iso)
        return said, j

    def fraction(self, i: int) -> Hit | None:
        """الربع الأول من 2020, النصف الثاني من السنة, الفصل الأخير من 2022, الأسبوع الأول من رمضان."""
        known = (*_FRACTIONS, "اسبوع")
        unit = next((form[2:] for form in self.forms(i) if form.startswith("ال") and form[2:] in known), "")
        if not unit:
            return None
        of = _FRACTIONS.get(unit, 0)
        ranked = (of, i + 2) if of and self.at(i + 1) in ("الاخير", "الاخيرة") else self.ordinal(i + 1)
        if ranked is None or (of and ranked[0] > of):
            return None
        nth, j = ranked
        flags = ["quarter_assumed"] if unit == "فصل" else []
        whole = self.whole(j)
        if whole is None:
            if not of:
                return None
            return yearly(lambda year: calendars.nth_part(calendars.year_of(year), nth, of), "gregorian", *flags), j
        if of:
            return whole[0].mapped(lambda period: calendars.nth_part(period, nth, of), *flags), whole[1]
        return whole[0].mapped(lambda period: calendars.leading(period, nth, "wk", nth=True)), whole[1]

    def whole(self, i: int) -> Hit | None:
        """من عام 2019, من رمضان, للعام الجاري: the period that something is a part of."""
        j = self.skip(i, "من", "في", "ل")
        linked = j > i or self.at(i).startswith("لل") or self.one_of(i, YEAR_WORDS) or self.year_number(i) is not None
        return (self.year(j) or self.month(j) or self.deictic(j)) if linked else None

    def leading_units(self, i: int) -> Hit | None:
        """التسعة أشهر الأولى من 2019, تسعة أشهر من 2023, الأيام الخمسة الماضية, العامين المقبلين."""
        number: int | None = None
        j = i
        if leading := leading_number(self.words[i : i + 4]):
            low = leading[0].low
            if low != leading[0].high or low != int(low):
                return None
            number, j = int(low), j + leading[1]
        form = next((form for form in self.forms(j) if time_unit(form)), "")
        found = time_unit(form) if form else None
        if found is None:
            return None
        code, factor = found
        if is_dual(form):
            number = 2
        elif number is None and is_plural(form):
            if following := leading_number(self.words[j + 1 : j + 3]):
                number, j = int(following[0].low), j + following[1]
        elif number is None:
            return None
        j += 1
        j += self.at(j) in ("القليلة", "المعدودة", "قليلة")
        if number is not None and self.at(j) in _FIRST and code in ("a", "mo", "wk", "d"):
            return self._first_units(number, code, j)
        if self.direction(j) in ("past", "next"):
            sign = -1 if self.direction(j) == "past" else 1
            return self._recent(None if number is None else number * int(factor) * sign, sign, code), j + 1
        if number and self.at(j) == "من" and code in ("mo", "wk", "d") and (whole := self.whole(j)):
            count = number
            return whole[0].mapped(lambda p: calendars.leading(p, count, code), "first_assumed"), whole[1]
        return None

    def _first_units(self, number: int, code: str, j: int) -> Hit | None:
        whole = self.whole(j + 1)
        if whole is not None:
            return whole[0].mapped(lambda period: calendars.leading(period, number, code)), whole[1]
        if code != "mo":
            return None
        return yearly(lambda year: calendars.leading(calendars.year_of(year), number, code)), j + 1

    @staticmethod
    def _recent(count: int | None, sign: int, code: str) -> Mention:
        """The last or next units counted from the date; without a number, open to that side."""

        def options(date: dt.date) -> list[Period]:
            other = calendars.shifted(date, count or 0, code)
            return [Period(min(date, other), max(date, other))]

        if count is None:
            return Mention(options=options, lean="open_past" if sign < 0 else "open_next", flags=["vague"])
        return Mention(options=options, flags=["rolling"])

    def decade(self, i: int) -> Hit | None:
        """التسعينيات, سبعينيات القرن الماضي, العقد الأخير من القرن الماضي."""
        if self.one_of(i, ("العقد",)) and self.at(i + 1) == "الاخير" and self.at(i + 2) == "من":
            tens, j = 90, i + 3
        else:
            match = next((m for form in self.forms(i) if (m := _DECADE.fullmatch(form))), None)
            if match is None:
                return None
            tens, j = (_TENS.index(match[1]) + 2) * 10, self.skip(i + 1, "من")
        flags: list[str] = []
        if (of := self.century(j)) and of[0].period:
            start, j = of[0].period.first.year - 1, of[1]
        elif self.at(j) == "القرن" and self.at(j + 1) in PAST:
            start, j = 1900, j + 2
        else:
            start, flags = 1900, ["century_assumed"]
        return Mention(
            period=Period(dt.date(start + tens, 1, 1), dt.date(start + tens + 9, 12, 31), "year"), flags=flags
        ), j

    def century(self, i: int) -> Hit | None:
        """القرن الثامن عشر; of the Hijri calendar only what its tables reach."""
        ranked = self.ordinal(i + 1) if self.one_of(i, ("القرن",)) else None
        if ranked is None or not 1 <= ranked[0] <= 30:
            return None
        n, j = ranked
        if self.at(j) == "قبل" and self.at(j + 1) == "الميلاد":
            raise OutsideCalendarError("before the year 1")
        if self.at(j) == "الهجري":
            first, last = calendars.year_of(100 * n - 99, "hijri"), calendars.year_of(100 * n, "hijri")
            return Mention(period=Period(first.first, last.last, "year"), flags=["hijri"]), j + 1
        period = Period(dt.date(100 * n - 99, 1, 1), dt.date(100 * n, 12, 31), "year")
        return Mention(period=period), j + (self.at(j) == "الميلادي")

    def edge(self, i: int) -> Hit | None:
        """مطلع 2019, نهاية ديسمبر, منتصف الشهر الجاري, متم يوليوز."""
        part = self.word(i, _EDGES)
        if part is None:
            return None
        of = self.point(self.skip(i + 1, "من"), edges=False)
        if of is None:
            return None

        def cut(period: Period) -> Period:
            if part == "last_day" and period.unit == "month":
                return Period(period.last, period.last, "day")
            return calendars.part_of(period, "end" if part == "last_day" else part)

        return of[0].mapped(cut, "end" if part == "last_day" else part), of[1]

    def point(self, i: int, *, edges: bool = True) -> Hit | None:
        """The longest date or period that stands at `i`."""
        if i >= len(self.words):
            return None
        readers = [
            self.part_of_day,
            self.relative_day,
            self.weekday,
            self.day,
            self.feast,
            self.fraction,
            self.leading_units,
            self.decade,
            self.century,
            self.month,
            self.season,
            self.deictic,
            self.year,
            *([self.edge] if edges else []),
        ]
        best: Hit | None = None
        for read in readers:
            found = read(i)
            if found and (best is None or found[1] > best[1]):
                best = found
        if best and self.at(best[1]) in PAST | NEXT | THIS and best[0].period is not None:
            return best[0], best[1] + 1
        return best


def _unit_period(date: dt.date, unit: str, step: int, era: Era) -> Period:
    """This, the last or the next year, month, week, quarter, season of play, decade or century, around a date."""
    if unit in ("عام", "سنة"):
        year = date.year if era == "gregorian" else calendars.hijri_year(date)
        return calendars.year_of(year + step, era)
    if unit == "شهر":
        first = calendars.shifted(date.replace(day=1), step, "mo")
        return calendars.month_of(first.year, first.month)
    if unit == "اسبوع":
        monday = calendars.shifted(date, 7 * step - date.weekday(), "d")
        return Period(monday, calendars.shifted(monday, 6, "d"))
    if unit == "ربع":
        first = calendars.shifted(dt.date(date.year, (date.month - 1) // 3 * 3 + 1, 1), 3 * step, "mo")
        return Period(first, calendars.shifted(calendars.shifted(first, 3, "mo"), -1, "d"))
    if unit == "يوم":
        day = calendars.shifted(date, step, "d")
        return Period(day, day, "day")
    if unit == "موسم":
        start = (date.year if date.month >= 7 else date.year - 1) + step
        return Period(calendars.year_of(start).first, calendars.year_of(start + 1).last, "year")
    size = 10 if unit == "عقد" else 100
    start = date.year // size * size + step * size + (1 if size == 100 else 0)
    return Period(calendars.year_of(start).first, calendars.year_of(start + size - 1).last, "year")
