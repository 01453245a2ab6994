"""Times of claims: TIME texts to ISO 8601 dates, intervals and durations.

Deictics and dates without a year are read against the document's date. Intervals are written `a/b`, open ones `../b`
and `a/..`, sets `{a,b}` and one of several `[a,b]` (ISO 8601-2). What can't be dated gives None and the reason; what a
rule settled is in the flags, and the other reading among the alternatives.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from khabar.calendars import Era, OutsideCalendarError, Period, day_of_month, shifted
from khabar.clocks import split_clocks
from khabar.dates import ANAPHORIC, PARTS_OF_DAY
from khabar.durations import Duration, duration, leading_number
from khabar.mentions import Hit, Mention, Settled, settled
from khabar.nouns import listed, words_of
from khabar.periods import PeriodReader


@dataclass(frozen=True, slots=True)
class Time:
    """When a claim holds.

    `value`: ISO 8601; a duration (`P3M`, a vague one `P3M..P10M`) where the text says how long and not when.
    `alternatives`: other readings. `reason`: why `value` is None. Flags:

    - of durations: `duration` (within so long), `offset` with `before` or `after` (so long before or after an event),
      `rolling` (counted from the document's date), `approximate`, `more_than`, `less_than`, `at_least`, `vague`;
    - of what was settled: `assumed` (the nearest year or week), `this_assumed` (the current one), `first_assumed`,
      `quarter_assumed`, `century_assumed`, `ambiguous`, `weekday_mismatch`;
    - of the calendar: `hijri`, `season`, `fiscal`, `school`, `week` (from Monday), `weekend`, `recurring`, `set`,
      `one_of`;
    - nearer than the value: `start`, `middle`, `end` (about that edge), parts of the day (`dawn`, `evening` …),
      `clock:HH:MM`, `minute:N` of a match, `same_period` (a part of the value, named before);
    - `event`: the date is an event's; `rest`: words after the date were not read.
    """

    value: str | None
    alternatives: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    reason: str = ""


NEEDS_DATE = "needs the document's date"
EVENT = "no date in it: an event, or words not known"
ELSEWHERE = "counted from a time named elsewhere"
TIME_OF_DAY = "a time of day without a day"
MATCH_MINUTE = "the minute of a match"
RECURS = "a time that recurs"
NO_WORD = "no word"
UNREAD = "not understood"

_LONGEST = 60
"""Words of a text that are read; a TIME has a handful."""
_DROPPED = frozenset("()«»\"'“”[].،,؛#_")
_NOW = listed("الان حاليا الساعة اللحظة اليوم")
_PAST_ADVERBS = listed("مؤخرا موخرا اخيرا سابقا حديثا قديما")
_NEXT_ADVERBS = listed("لاحقا مستقبلا قريبا")
_THEN = listed("حينها وقتها انذاك خلالها حينئذ بعدها قبلها حينذاك يومها")
_OPENERS = {
    tuple(phrase.split()): kind
    for kind, phrases in {
        "during": "خلال; اثناء; طوال; طيلة; غضون; ظرف; في غضون; في ظرف; علي مدي; علي مدار; علي امتداد; في; عند; مع; "
        "ضمن; عن; كامل; لكامل",
        "since": "منذ; مذ",
        "before": "قبل; قبيل; قبل حلول; ما قبل",
        "after": "بعد; عقب; بعيد; ما بعد",
        "until": "حتي; الي غاية; لغاية; غاية; الي حدود; الي حد; الي; حدود",
        "by": "بحلول; مع حلول; افق; في افق",
        "from": "من; اعتبارا من; اعتبارا; ابتداء من; بداية من; بدءا من; انطلاقا من; الفترة من; فترة من; الممتد من; "
        "الممتدة من; الاسبوع الممتد من; الفترة الممتدة من",
        "between": "بين; ما بين; الفترة بين; فترة بين",
        "week_to": "الاسبوع المنتهي في; الاسبوع المنتهي",
    }.items()
    for phrase in phrases.split("; ")
}
_CONNECTORS = [
    tuple(phrase.split()) for phrase in ("الي غاية", "والي غاية", "الي حدود", "و حتي", "الي", "حتي", "وحتي", "-", "–")
]
_NAMED_BEFORE = listed("الفترة المدة الشهر الربع اليوم الاسبوع الموسم العام السنة الجلسة الليلة الدورة الاسابيع الشهور")
_LIKE = ANAPHORIC | listed("المقابلة المماثلة المماثل المقابل")
_TIMES_OF_DAY = (listed("صباحا مساء ليلا ظهرا فجرا عصرا نهارا ظهيرة ليل") | set(PARTS_OF_DAY)) - listed(
    "جلسة تعاملات تداولات"
)
_AROUND_DAY = listed("و قبل بعد حتي عند منذ ساعات ساعة منتصف متاخرة متاخر من وقت الاولي اولي")
_FILLERS = listed("كله كلها فقط تقريبا المبارك بالتوقيت بتوقيت المحلي تحديدا كاملا كاملة واحد واحدة قليلة الواحد")
_COUNTED_FROM = ("من", "علي")
_GONE = ("مضت", "مضي", "خلت")
_PLAYED = re.compile(r"(?:ال)?(?:جلس|موسم|مواسم|سباق|مباري|مبارا|دور|جول)\w*")


def read_time(text: str, date: dt.date | None = None, *, future: bool = False) -> Time:
    """The time that the text of a TIME span says, against the document's date. Never raises.

    `future`: the claim is planned or forecast, so that a bare Sunday or March is the coming one.
    """
    words, clocks = split_clocks([word for word in words_of(text) if word not in _DROPPED])
    while clocks and words and (words[0] == "من" or words[-1] in ("من", "الي", "و")):
        words.pop(0 if words[0] == "من" else -1)
    if not words or (clocks and tuple(words) in _OPENERS):
        return Time(None, flags=tuple(clocks), reason=TIME_OF_DAY if clocks else NO_WORD)
    try:
        time = _TimeReader(words[:_LONGEST], date, future).read()
    except OutsideCalendarError as error:
        return Time(None, reason=str(error))
    if clocks and time.reason in (EVENT, UNREAD):
        time = replace(time, reason=TIME_OF_DAY)
    rest = ["rest"] if len(words) > _LONGEST else []
    return replace(time, flags=tuple(dict.fromkeys([*time.flags, *clocks, *rest])))


class _TimeReader(PeriodReader):
    """One TIME expression, its document's date, and whether it lies ahead."""

    def __init__(self, words: Sequence[str], date: dt.date | None, future: bool) -> None:
        super().__init__(words)
        self.date, self.future = date, future

    def read(self) -> Time:
        opener, i = self.match(0, _OPENERS) or ("", 0)
        if i >= len(self.words):
            opener, i = "", 0
        nested, k = self.match(i, _OPENERS) or ("", i)
        if (
            nested in ("between", "from", "before")
            and (opener == "during" or nested == "between")
            and k < len(self.words)
        ):
            opener, i = nested, k
        for attempt in (self._adverb, self._minute, self._recurring, self._time_of_day, self._named_before, self._pair):
            if (time := attempt(opener, i)) is not None:
                return time
        lasting, found = duration(self.words[i:]), self.point(i)
        if lasting and (found is None or found[1] <= i + lasting[1]):
            time = self._lasting(opener, lasting[0], i, i + lasting[1])
            if time is not None:
                return time
        return self._pointed(opener, *found) if found else self._event(opener, i)

    # What is no date

    def _adverb(self, opener: str, i: int) -> Time | None:
        words, forms = self.words, set(self.forms(0))
        if forms & _THEN or words[:2] in (["بعد", "ذلك"], ["قبل", "ذلك"]):
            return Time(None, reason=ELSEWHERE)
        if (len(words) == 1 and forms & _PAST_ADVERBS) or words == ["وقت", "سابق"]:
            return self._open("past")
        if (len(words) == 1 and forms & _NEXT_ADVERBS) or words == ["وقت", "لاحق"]:
            return self._open("next")
        if words in (["منذ", "وقت", "طويل"], ["منذ", "فترة", "طويلة"]):
            return self._open("past")
        if words in (["الان"], ["حاليا"], ["هذه", "الايام"], ["هذه", "اللحظة"], ["منذ", "قليل"], ["قبل", "قليل"]):
            return Time(str(self.date)) if self.date else Time(None, reason=NEEDS_DATE)
        if opener == "until" and words[-1] in _NOW and len(words) - i <= 1:
            return Time(f"../{self.date}") if self.date else Time(None, reason=NEEDS_DATE)
        return None

    def _open(self, direction: str) -> Time:
        if self.date is None:
            return Time(None, flags=("vague",), reason=NEEDS_DATE)
        return Time(f"../{self.date}" if direction == "past" else f"{self.date}/..", flags=("vague",))

    def _minute(self, opener: str, i: int) -> Time | None:
        if self.at(i) not in ("دق", "د") and not self.one_of(i, ("الدقيقة", "الدقيقتين")):
            return None
        minutes, j = [], i + 1
        while j < len(self.words):
            number = self.integer(j)
            ranked = None if number is not None else self.ordinal(j)
            if number is not None or ranked:
                minutes.append(number if number is not None else ranked[0] if ranked else 0)
            j = ranked[1] if ranked else j + 1
        flags = (f"minute:{'+'.join(map(str, minutes))}",) if minutes else ()
        return Time(None, flags=flags, reason=MATCH_MINUTE)

    def _recurring(self, opener: str, i: int) -> Time | None:
        if self.at(i) in ("كل", "اوقات", "العادة"):
            return Time(None, flags=("recurring",), reason=RECURS)
        return None

    def _time_of_day(self, opener: str, i: int) -> Time | None:
        bare = []
        for k in range(i, len(self.words)):
            if self.one_of(k, _AROUND_DAY):
                continue
            part = next((f for f in (form.removeprefix("ال") for form in self.forms(k)) if f in _TIMES_OF_DAY), None)
            if part is None:
                return None
            bare.append(PARTS_OF_DAY.get(part.removesuffix("ا"), PARTS_OF_DAY.get(part, "noon")))
        return Time(None, flags=tuple(dict.fromkeys(bare)), reason=TIME_OF_DAY) if bare else None

    def _named_before(self, opener: str, i: int) -> Time | None:
        """الفترة نفسها من العام الماضي, الشهر ذاته من 2023; ذلك الحين and اليوم التالي are not to be dated."""
        pointing = self.one_of(i, ("ذلك", "تلك"))
        like = self.at(i) in ("نفس", "ذات") or (self.one_of(i, _NAMED_BEFORE) and self.at(i + 1) in _LIKE)
        if not pointing and not like:
            return None
        for k in range(i + 2, len(self.words)):
            if (self.at(k) == "من" or self.year_number(k)) and (found := self.point(self.skip(k, "من"))):
                when = self._settle(found[0])
                if when is None:
                    return Time(None, flags=("same_period",), reason=NEEDS_DATE)
                return Time(when[0].iso, tuple(when[2]), ("same_period", *when[1]))
        return Time(None, reason=ELSEWHERE)

    # Pairs

    def _settle(self, mention: Mention, year: int | None = None) -> Settled | None:
        return settled(mention, self.date, future=self.future, year=year)

    def _pair(self, opener: str, i: int) -> Time | None:
        """Two dates: بين A وB, من A إلى B, A وB, A أو B; the year said once serves both."""
        start = self.skip(i, "عامي", "سنتي", "يومي", "شهري", "عاما", "في", "من", "يوم")
        first = self.point(start) or self._day_alone(start)
        joined = self._connector(first[1], first[0]) if first else None
        second = self.point(joined[1]) if joined else None
        if first is None or joined is None or second is None:
            return None
        if opener == "between" or joined[0] == "range":
            return self._interval(first[0], second[0], second[1])
        mentions, end = [first[0], second[0]], second[1]
        while (more := self._connector(end, mentions[-1])) and more[0] == joined[0] and (third := self.point(more[1])):
            mentions.append(third[0])
            end = third[1]
        return self._several(opener, mentions, joined[0], end)

    def _connector(self, j: int, before: Mention) -> tuple[str, int] | None:
        for connector in _CONNECTORS:
            if tuple(self.words[j : j + len(connector)]) == connector:
                usable = connector != ("-",) or before.in_year is not None
                return ("range", self.skip(j + len(connector), "في", "يوم")) if usable else None
        if self.at(j) == "او":
            return "or", j + 1
        if self.at(j) == "و":
            return "list", j + 1
        return ("list", j) if self.at(j).startswith("و") and len(self.at(j)) > 2 and self.point(j) else None

    def _day_alone(self, i: int) -> Hit | None:
        """The day of a pair whose month is said with the second: 15 إلى 20 نيسان, 22 و23 سبتمبر."""
        number = self.day_number(i)
        if number is None:
            return None
        day, j = number
        for k in range(j, min(j + 4, len(self.words))):
            second = self.day(k) if k > j or self.at(k).startswith("و") else None
            if second:
                era: Era = "hijri" if "hijri" in second[0].flags else "gregorian"
                return second[0].mapped(partial(_same_month, day=day, era=era)), j
        return None

    def _interval(self, first: Mention, second: Mention, end: int) -> Time:
        high = self._settle(second, second.year if second.year is not None else first.year)
        low = self._settle(first, second.year if first.year is None else None)
        if high is None or low is None:
            return Time(None, flags=tuple(first.flags), reason=NEEDS_DATE)
        begin, until = low[0], high[0]
        if begin.first > until.last and first.in_year and first.year is None:
            year = second.year if second.year is not None else until.first.year
            begin = next((p for p in (first.in_year(year), first.in_year(year - 1)) if p.first <= until.last), begin)
        elif first.year is None and second.year is None and first.in_year:
            begin = next((p for p in (first.in_year(until.first.year),) if p.first <= until.last), begin)
        if begin.first > until.last:
            return Time(None, reason=f"ends ({until.iso}) before it begins ({begin.iso})")
        value = f"{begin.begin_iso}/{until.end_iso}"
        if begin.unit == until.unit:
            value = Period(begin.first, until.last, begin.unit).iso
        flags = [*low[1], *(flag for flag in high[1] if flag not in ("start", "middle")), *self._rest(end)]
        return Time(value, (), tuple(dict.fromkeys(flags)))

    def _several(self, opener: str, mentions: Sequence[Mention], kind: str, end: int) -> Time:
        known = next((mention.year for mention in reversed(mentions) if mention.year is not None), None)
        found = [self._settle(mention, known) for mention in mentions]
        times = [when for when in found if when is not None]
        if len(times) < len(found):
            return Time(None, reason=NEEDS_DATE)
        flags = [flag for when in times for flag in when[1]]
        periods = sorted((when[0] for when in times), key=lambda period: period.first)
        adjoining = all(a.after.first == b.first and a.unit == b.unit for a, b in itertools.pairwise(periods))
        if adjoining and kind == "list":
            value = Period(periods[0].first, periods[-1].last, periods[0].unit).iso
        else:
            inside = ",".join(period.iso for period in periods)
            value, named = (f"{{{inside}}}", "set") if kind == "list" else (f"[{inside}]", "one_of")
            flags.append(named)
        flags += [opener] if opener in ("since", "before", "after") else []
        alternatives = [other for when in times for other in when[2]]
        return Time(value, tuple(alternatives), tuple(dict.fromkeys([*flags, *self._rest(end)])))

    # Durations

    def _lasting(self, opener: str, said: Duration, i: int, end: int) -> Time | None:
        """A duration with its opener: خلال 24 ساعة, منذ ثلاث سنوات, قبل أسبوعين, بعد عامين."""
        follows, rest = self.at(end), self._rest(end)
        counted = duration(self.words[i:end], bare=False) is not None
        if end == i + 1 and any(form.startswith("ال") for form in self.forms(i)):
            return None
        if not counted and self.at(i).endswith(("ها", "هم", "ه")):
            return Time(None, reason=ELSEWHERE)
        if rest and follows not in (*_COUNTED_FROM, *_GONE) and opener not in ("before", "after"):
            if follows in ANAPHORIC:
                return Time(None, reason=ELSEWHERE)
            if not counted or follows in ("الاولي", "الاول"):
                return None
        bounds = [flag for flag in said.flags if flag != "vague"]
        vague = ["vague"] if "vague" in said.flags else []
        if follows in ("قادمة", "مقبلة", "قادم", "مقبل") and opener in ("", "during"):
            if self.date is None:
                return Time(None, reason=NEEDS_DATE)
            return Time(f"{self.date}/{self._moved(said, 1)}", flags=("rolling",))
        if opener in ("", "during", "from"):
            return Time(said.iso, flags=("duration", *bounds, *vague, *rest))
        ended = not rest or follows in _GONE
        if opener == "after" or (opener == "before" and not ended):
            return Time(said.iso, flags=("offset", opener, *bounds, *vague))
        if opener not in ("since", "before"):
            return Time(said.iso, flags=("duration", *bounds, *vague, *rest))
        if self.date is None:
            return Time(None, flags=(*bounds, *vague), reason=NEEDS_DATE)
        if vague or said.low != said.high:
            return Time(f"../{self.date}", flags=(*bounds, "vague"))
        start = self._moved(said, -1)
        return Time(start if opener == "before" else f"{start}/{self.date}", flags=(*bounds, "rolling"))

    def _moved(self, said: Duration, sign: int) -> str:
        """The document's date moved by a duration, as precise as its unit: a year, a month, a day."""
        assert self.date is not None
        whole = -(-said.low.numerator // said.low.denominator)
        moved = shifted(self.date, sign * whole, said.code)
        return {"a": f"{moved.year:04}", "mo": f"{moved.year:04}-{moved.month:02}"}.get(said.code, moved.isoformat())

    # One date with its opener

    def _pointed(self, opener: str, mention: Mention, end: int) -> Time:
        if mention.lean in ("open_past", "open_next"):
            return self._open("past" if mention.lean == "open_past" else "next")
        if "recurring" in mention.flags:
            return Time(None, flags=tuple(mention.flags), reason=RECURS)
        weekday = mention.lean == "past"
        future = self.future or opener == "by" or (opener in ("from", "until") and weekday)
        if opener == "from" and not weekday and self.date:
            future = future or not self._near(mention)
        when = self._begun(mention) if opener == "since" and not mention.direction else None
        when = when or settled(mention, self.date, future=future)
        if when is None:
            return Time(None, flags=tuple(mention.flags), reason=NEEDS_DATE)
        period, flags, alternatives = when
        if opener == "week_to":
            period, flags = Period(shifted(period.last, -6, "d"), period.last), [*flags, "week"]
        others = [_with_opener(opener, other.split("/")[0], other.split("/")[-1]) for other in alternatives]
        if opener == "since":
            value = f"{period.begin_iso}/{self.date if self.date and period.first <= self.date else '..'}"
            others = []
        elif opener == "before":
            inside = "end" in flags or bool(set(flags) & set(PARTS_OF_DAY.values()))
            value = f"../{(period if inside else period.before).end_iso}"
            others = []
        elif opener == "after":
            value, others = f"{period.after.begin_iso}/..", []
        elif opener in ("until", "by", "from"):
            value = _with_opener(opener, period.begin_iso, period.end_iso)
        else:
            value = period.iso
            others = alternatives
        return Time(value, tuple(dict.fromkeys(others)), tuple(dict.fromkeys([*flags, *self._rest(end)])))

    def _near(self, mention: Mention) -> bool:
        """Whether an option lies within two months of the date: from March on, said in April, is this March."""
        options = mention.options(self.date) if mention.options and self.date else []
        return any(abs((period.first - self.date).days) <= 60 for period in options if self.date)

    def _begun(self, mention: Mention) -> Settled | None:
        """Of several options the last that has begun: منذ مارس is since the last March."""
        if mention.options is None or self.date is None:
            return None
        options = mention.options(self.date)
        begun = [period for period in options if period.first <= self.date]
        return (begun[-1], [*mention.flags, *(["assumed"] if len(options) > 1 else [])], []) if begun else None

    def _rest(self, end: int) -> list[str]:
        return ["rest"] if any(word not in _FILLERS for word in self.words[end:]) else []

    def _event(self, opener: str, i: int) -> Time:
        """An event, with the date that may be said of it: منذ انطلاق المصهر في 1971."""
        if not any(word.isalpha() for word in self.words):
            return Time(None, reason=UNREAD)
        for k in range(i + 1, len(self.words)):
            inner, j = self.match(k, _OPENERS) or ("", k)
            lasting = duration(self.words[j:], bare=False) if inner == "before" else None
            if lasting and j + lasting[1] == len(self.words) and self.date and lasting[0].low == lasting[0].high:
                start = self._moved(lasting[0], -1)
                return Time(f"{start}/{self.date}" if opener == "since" else start, flags=("event", "rolling"))
            if found := self.point(k):
                time = self._pointed(opener, *found)
                return replace(time, flags=tuple(dict.fromkeys(["event", *time.flags])))
        if any(word in ANAPHORIC for word in self.words):
            return Time(None, reason=ELSEWHERE)
        counted = leading_number(self.words[i:])
        noun = self.at(i + counted[1]) if counted else self.at(i)
        if _PLAYED.fullmatch(noun) and (counted or noun.endswith(("ين", "ان"))):
            return Time(None, reason=f"counted in {noun}")
        return Time(None, reason=EVENT)


def _same_month(period: Period, *, day: int, era: Era) -> Period:
    return day_of_month(period.first, day, era)


def _with_opener(opener: str, begin: str, end: str) -> str:
    """An interval open to the side that the opener leaves open."""
    return f"{begin}/.." if opener in ("from", "since", "after") else f"../{end}"
