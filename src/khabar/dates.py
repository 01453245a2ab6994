"""Dates as the press writes them, read word by word: years, months, days, weekdays, parts of the day, feasts.

A reader gives what an expression said (a mention): a period, or the periods around the document's date among which one
has to be chosen, where no year is said. Longer periods and deictics (this year, the first quarter) are read in
periods.py, openers and pairs in times.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from khabar import calendars
from khabar.calendars import Era, Period
from khabar.mentions import Hit, Mention, yearly
from khabar.nouns import listed
from khabar.numerals import parse

T = TypeVar("T")

PAST = listed(
    "الماضي الماضية الماضيين الماضيان الفائت الفائتة المنصرم المنصرمة المنقضي الفارط الفارطة "
    "الاخير الاخيرة الاخيرين الاخيرتين"
)
NEXT = listed("المقبل المقبلة المقبلين المقبلان القادم القادمة القادمين قادمة قادم مقبلة القابل")
THIS = listed("الحالي الحالية الجاري الجارية الراهن الحاضر")
ANAPHORIC = listed("نفسه نفسها ذاته ذاتها عينه التالي التالية السابق السابقة الموالي الموالية الذي التي اللاحق اللاحقة")
PARTS_OF_DAY = {
    "صباح": "morning",
    "صبيحة": "morning",
    "ضحي": "morning",
    "فجر": "dawn",
    "سحر": "dawn",
    "شروق": "dawn",
    "ظهر": "noon",
    "عصر": "afternoon",
    "مساء": "evening",
    "عشية": "evening",
    "مغرب": "evening",
    "ليل": "night",
    "ليلة": "night",
    "سهرة": "night",
    "نهار": "daytime",
    "جلسة": "session",
    "تعاملات": "session",
    "تداولات": "session",
}
YEAR_WORDS = listed("عام سنة العام السنة موسم الموسم عامي سنتي اعوام سنوات السنوات الاعوام عاما")
YEAR_KINDS = {
    **dict.fromkeys(("المالي", "المالية"), "fiscal"),
    **dict.fromkeys(("الدراسي", "الدراسية", "الجامعي", "الجامعية"), "school"),
    **dict.fromkeys(("الهجري", "الهجرية"), "hijri"),
    **dict.fromkeys(("الميلادي", "الميلادية"), "gregorian"),
}
_RELATIVE = {
    ("اليوم",): 0,
    ("الليلة",): 0,
    ("امس",): -1,
    ("البارحة",): -1,
    ("امس", "الاول"): -2,
    ("اول", "امس"): -2,
    ("اول", "من", "امس"): -2,
    ("غدا",): 1,
    ("غد",): 1,
    ("الغد",): 1,
    ("بعد", "غد"): 2,
}
_CLITICS = ("و", "ف", "ب", "ل", "ك", "وب", "ول", "فب", "فل")
_YEARS = (1000, 2200)
_HIJRI_SIGNS = ("ه", "هجري", "هجرية", "للهجرة")
_GREGORIAN_SIGNS = ("م", "ميلادي", "ميلادية")


class DateReader:
    """Reads dates from folded words: each method takes an index and gives what was said there and the next index."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)

    def at(self, i: int) -> str:
        return self.words[i] if 0 <= i < len(self.words) else ""

    def forms(self, i: int) -> list[str]:
        """The word at `i`, and what is left of it without a clitic: لعام is عام too, للعام is العام."""
        word = self.at(i)
        found = [word]
        if word.startswith(("لل", "ولل")) and len(word) > 4:
            found.append("ال" + word.removeprefix("و")[2:])
        return found + [word[len(c) :] for c in _CLITICS if word.startswith(c) and len(word) - len(c) >= 2]

    def match(self, i: int, table: Mapping[tuple[str, ...], T]) -> tuple[T, int] | None:
        """The longest entry of a table of words that stands at `i`; clitics may stand before its first word."""
        for length in range(min(4, len(self.words) - i), 0, -1):
            for form in self.forms(i):
                key = (form, *self.words[i + 1 : i + length])
                if key in table:
                    return table[key], i + length
        return None

    def word(self, i: int, table: Mapping[str, T]) -> T | None:
        return next((table[form] for form in self.forms(i) if form in table), None)

    def one_of(self, i: int, words: Iterable[str]) -> bool:
        return any(form in words for form in self.forms(i))

    def skip(self, i: int, *words: str) -> int:
        while self.at(i) in words:
            i += 1
        return i

    def integer(self, i: int) -> int | None:
        word = self.at(i)
        return int(word) if word.isascii() and word.isdigit() and len(word) <= 4 else None

    def ordinal(self, i: int) -> tuple[int, int] | None:
        """An ordinal in words, the longest: السادس والعشرين. None where there is none."""
        for length in (3, 2, 1):
            words = self.words[i : i + length]
            if len(words) == length and all(word.isalpha() for word in words):
                number = parse(" ".join(words))
                if number and number.kind == "ordinal" and number.low == number.high and "clock" not in number.flags:
                    return int(number.low), i + length
        return None

    def direction(self, i: int) -> str:
        word = self.at(i)
        return "past" if word in PAST else "next" if word in NEXT else "this" if word in THIS else ""

    def year_number(self, i: int, *, bare: bool = True) -> tuple[int, Era, int] | None:
        """A year in digits, its era and the next index; 1343 to 1500 is Hijri unless a sign says otherwise."""
        number = self.integer(i)
        if number is None:
            return None
        if self.at(i + 1) in _HIJRI_SIGNS:
            return number, "hijri", i + 2
        if self.at(i + 1) in _GREGORIAN_SIGNS and number >= 100:
            return number, "gregorian", i + 2
        if not _YEARS[0] <= number <= _YEARS[1] and (bare or number < 100):
            return None
        low, high = calendars.HIJRI_YEARS
        return number, "hijri" if low <= number <= high else "gregorian", i + 1

    def year(self, i: int) -> Hit | None:
        """عام 2019, 1446هـ, موسم 2017-2018, السنة المالية 2022-2023."""
        flags: list[str] = []
        j = i
        worded = self.one_of(i, YEAR_WORDS)
        if worded:
            j += 1
            flags += ["season"] if self.one_of(i, ("موسم", "الموسم")) else []
            while kind := YEAR_KINDS.get(self.at(j)):
                flags += [kind] if kind in ("fiscal", "school") else []
                j += 1
        first = self.year_number(j, bare=not worded)
        if first is None:
            return None
        number, era, j = first
        last = number
        if self.at(j) in ("-", "–", "/"):
            second = self.year_number(j + 1, bare=False) or self._short_year(j + 1, number)
            if second is None:
                return None
            last, era, j = second
        if last < number:
            return None
        period = Period(calendars.year_of(number, era).first, calendars.year_of(last, era).last, "year")
        return Mention(period=period, year=number, flags=[*flags, "hijri"] if era == "hijri" else flags), j

    def _short_year(self, i: int, first: int) -> tuple[int, Era, int] | None:
        number = self.integer(i)
        return (first // 100 * 100 + number, "gregorian", i + 1) if number and len(self.at(i)) == 2 else None

    def dated(self, make: Callable[[int], Period], era: Era, i: int) -> Hit:
        """A day, month or season with what may follow it at `i`: a year, عام …, or a word of direction."""
        flags = ["hijri"] if era == "hijri" else []
        if direction := self.direction(i):
            return yearly(make, era, *flags, direction=direction), i + 1
        j = i + 1 if self.at(i) in ("نفسه", "ذاته", "المبارك") else i
        k = self.skip(j, "من", "في", "،")
        if self.one_of(k, ("عام", "سنة", "العام", "السنة")):
            if number := self.year_number(k + 1, bare=False):
                return self._in(make, era, number, flags)
            if (direction := self.direction(k + 1)) or any(form.startswith("ال") for form in self.forms(k)):
                step = {"past": -1, "next": 1}.get(direction, 0)

                def options(date: dt.date) -> list[Period]:
                    return [make((date.year if era == "gregorian" else calendars.hijri_year(date)) + step)]

                return Mention(options=options, in_year=make, flags=flags), k + (2 if direction else 1)
        if self.at(k) == "كل" and self.at(k + 1) in ("سنة", "عام"):
            return yearly(make, era, *flags, "recurring"), k + 2
        if number := self.year_number(j):
            return self._in(make, era, number, flags)
        return yearly(make, era, *flags), j

    def _in(self, make: Callable[[int], Period], era: Era, said: tuple[int, Era, int], flags: list[str]) -> Hit:
        """A yearly thing in the year said; a Hijri month of a Gregorian year is the one that begins in it."""
        number, year_era, j = said
        if era == "hijri" and year_era == "gregorian" and number > calendars.HIJRI_YEARS[1]:
            about = calendars.hijri_year(dt.date(number, 1, 1))
            number = next((y for y in (about, about + 1) if make(y).first.year == number), about)
        return Mention(period=make(number), in_year=make, year=number, flags=flags), j

    def month_name(self, i: int) -> tuple[Era, int, int] | None:
        """A month's name, or the two that regions give it (آب/أغسطس, أغسطس (آب)): era, number, next index."""
        j = i + 1 if self.one_of(i, ("شهر", "شهري")) else i
        found = self.match(j, calendars.months())
        if found is None:
            return None
        (era, number), j = found
        k = self.skip(j, "/")
        if not self.at(k).startswith("و"):
            second = self.match(k, calendars.months())
            if second and second[0] == (era, number):
                j = second[1]
        return era, number, j

    def month(self, i: int) -> Hit | None:
        named = self.month_name(i)
        if named is None:
            return None
        era, number, j = named
        return self.dated(lambda year: calendars.month_of(year, number, era), era, j)

    def day_number(self, i: int) -> tuple[int, int] | None:
        """The day of a month, in digits, as an ordinal, or فاتح and غرة."""
        if self.one_of(i, ("فاتح", "غرة")):
            return 1, i + 1
        j = i + 1 if self.at(i) in ("ال", "و") else i
        number = self.integer(j)
        if number is not None:
            return (number, j + 1) if 1 <= number <= 31 else None
        return self.ordinal(i)

    def day(self, i: int) -> Hit | None:
        """20 مارس 2023, السادس من شباط, ١٢/٣/١٤٤٥هـ, الثالث من الشهر الحالي."""
        if numeric := self._numeric(i):
            return numeric
        found = self.day_number(i)
        if found is None:
            return None
        number, j = found
        k = self.skip(j, "من", "ل")
        if named := self.month_name(k):
            era, month, j = named
            return self.dated(lambda year: calendars.day_of(year, month, number, era), era, j)
        if k == j or not self.one_of(k, ("الشهر",)):
            return None
        direction = self.direction(k + 1)
        step = {"past": -1, "next": 1}.get(direction, 0)

        def options(date: dt.date) -> list[Period]:
            start = calendars.shifted(date.replace(day=1), step, "mo")
            return [calendars.day_of(start.year, start.month, number)]

        said = Mention(options=options, flags=[] if direction else ["this_assumed"])
        return said, k + (2 if direction or self.at(k + 1) in ANAPHORIC else 1)

    def _numeric(self, i: int) -> Hit | None:
        """12/3/1445هـ, 7-7-2007, and 24/10 where the year is said with the next date."""
        numbers, j, mark = [self.integer(i)], i + 1, self.at(i + 1)
        while mark in ("/", "-") and self.at(j) == mark and len(numbers) < 3 and self.integer(j + 1) is not None:
            numbers.append(self.integer(j + 1))
            j += 2
        parts = [number for number in numbers if number is not None]
        if len(parts) == 2 and mark == "/" and self.at(j) in ("الي", "حتي") and parts[0] <= 31 and parts[1] <= 12:
            era: Era = "hijri" if "ه" in self.words[j:] else "gregorian"
            day, month = parts
            return yearly(lambda year: calendars.day_of(year, month, day, era), era), j
        if len(parts) != 3:
            return None
        day, month, year = parts if parts[0] <= 31 else parts[::-1]
        low, high = calendars.HIJRI_YEARS
        era = "hijri" if self.at(j) == "ه" or low <= year <= high else "gregorian"
        if not (1 <= month <= 12 and 1 <= day <= 31 and year >= 100):
            return None
        said = Mention(
            period=calendars.day_of(year, month, day, era),
            in_year=lambda other: calendars.day_of(other, month, day, era),
            year=year,
            flags=["hijri"] if era == "hijri" else [],
        )
        return said, j + (self.at(j) in ("ه", "م"))

    def weekday(self, i: int) -> Hit | None:
        """الاثنين, with the date or the word of direction that may follow; a date that is said wins."""
        number = self.word(i, calendars.weekdays())
        if number is None or self.at(i + 1) in ANAPHORIC:
            return None
        if dated := self.day(self.skip(i + 1, "الموافق", "،")):
            return self._on_weekday(dated[0], number), dated[1]

        def options(date: dt.date) -> list[Period]:
            back = (date.weekday() - number) % 7
            days = [calendars.shifted(date, n, "d") for n in (-back - 7, -back, 7 - back)]
            return [Period(day, day, "day") for day in days]

        direction = self.direction(i + 1)
        return Mention(options=options, direction=direction, lean="past"), i + (2 if direction else 1)

    def _on_weekday(self, said: Mention, number: int) -> Mention:
        """A date said with its weekday: it tells which year is meant, or does not fit."""
        if said.period and said.period.first.weekday() != number:
            said.flags.append("weekday_mismatch")
        if said.period is None and said.options:
            every = said.options

            def fitting(date: dt.date) -> list[Period]:
                return [period for period in every(date) if period.first.weekday() == number] or every(date)

            said.options, said.weekday = fitting, number
        return said

    def relative_day(self, i: int) -> Hit | None:
        """اليوم, أمس, غدا, with the weekday and date that may follow; a date that is said wins."""
        found = self.match(i, _RELATIVE)
        if found is None:
            return None
        step, j = found
        if self.at(j) in ANAPHORIC | {"الواحد", "العالمي"} or (step == 0 and self.ordinal(j)):
            return None

        def options(date: dt.date) -> list[Period]:
            day = calendars.shifted(date, step, "d")
            return [Period(day, day, "day")]

        number = self.word(j, calendars.weekdays()) if j < len(self.words) else None
        dated = self.weekday(j) if number is not None else self.day(self.skip(j, "الموافق", "،"))
        if dated and dated[0].period:
            return dated
        return Mention(options=options, weekday=number), dated[1] if dated else j

    def part_of_day(self, i: int) -> Hit | None:
        """مساء السبت, فجر اليوم, بعد ظهر الخميس: the day, flagged with its part."""
        flags: list[str] = []
        j = i
        while True:
            if self.at(j) in ("بعد", "قبل") and self.one_of(j + 1, ("ظهر", "الظهر", "منتصف")):
                flags.append("afternoon" if self.at(j) == "بعد" else "morning")
                j += 2
            elif part := self.word(j, PARTS_OF_DAY):
                flags.append(part)
                j += 1
            elif self.one_of(j, ("يوم", "يومه", "تاريخ")) or (j > i and self.at(j) in ("من", "دوام")):
                j += 1
            else:
                break
        if j == i:
            return None
        found = self.relative_day(j) or self.weekday(j) or self.day(j) or self.feast(j)
        if found is None:
            return None
        found[0].flags[:0] = flags
        return found

    def feast(self, i: int) -> Hit | None:
        found = self.match(i, calendars.FEASTS)
        if found is None:
            return None
        (month, day), j = found
        j = self.skip(j, "المبارك")
        return self.dated(lambda year: calendars.day_of(year, month, day, "hijri"), "hijri", j)
