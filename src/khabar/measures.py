"""Measures and time units: Arabic names and abbreviations to UCUM codes (Unified Code for Units of Measure).

The names come from CLDR through babel, in all the forms its plural rules give them; the press's other spellings
(كيلوجرام, ميجاوات, كلم) and the region's own measures are added here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any, cast

from babel.units import format_unit

from khabar.nouns import key_of, singulars, undefined, words_of

_UCUM = """
length-kilometer km; length-meter m; length-decimeter dm; length-centimeter cm; length-millimeter mm;
length-micrometer um; length-nanometer nm; length-mile [mi_i]; length-yard [yd_i]; length-foot [ft_i];
length-inch [in_i]; length-light-year [ly]; length-nautical-mile [nmi_i]; length-astronomical-unit AU;
length-parsec pc; area-square-kilometer km2; area-hectare har; area-square-meter m2;
area-square-centimeter cm2; area-square-mile [mi_i]2; area-square-yard [syd_i]; area-square-foot [sft_i];
area-square-inch [sin_i]; volume-cubic-kilometer km3; volume-cubic-meter m3; volume-cubic-centimeter cm3;
volume-cubic-foot [cft_i]; volume-cubic-yard [cyd_i]; volume-cubic-inch [cin_i]; volume-liter L;
volume-milliliter mL; volume-centiliter cL; volume-deciliter dL; volume-hectoliter hL; volume-megaliter ML;
volume-barrel [bbl_us]; volume-bushel [bu_us]; volume-gallon-imperial [gal_br]; volume-teaspoon [tsp_us];
volume-tablespoon [tbs_us]; mass-ton t; mass-tonne t; mass-kilogram kg; mass-gram g; mass-milligram mg;
mass-microgram ug; mass-pound [lb_av]; mass-ounce-troy [oz_tr]; power-gigawatt GW; power-megawatt MW;
power-kilowatt kW; power-watt W; power-milliwatt mW; power-horsepower [HP]; energy-kilowatt-hour kW.h;
energy-joule J; energy-kilojoule kJ; energy-kilocalorie kcal; energy-british-thermal-unit [Btu];
electric-volt V; electric-ampere A; electric-milliampere mA; electric-ohm Ohm; frequency-gigahertz GHz;
frequency-megahertz MHz; frequency-kilohertz kHz; frequency-hertz Hz; digital-petabyte PBy;
digital-terabyte TBy; digital-gigabyte GBy; digital-megabyte MBy; digital-kilobyte kBy; digital-byte By;
digital-terabit Tbit; digital-gigabit Gbit; digital-megabit Mbit; digital-kilobit kbit;
temperature-celsius Cel; temperature-fahrenheit [degF]; temperature-kelvin K; speed-kilometer-per-hour km/h;
speed-meter-per-second m/s; speed-mile-per-hour [mi_i]/h; speed-knot [kn_i]; pressure-pascal Pa;
pressure-hectopascal hPa; pressure-kilopascal kPa; pressure-megapascal MPa; pressure-bar bar;
pressure-millibar mbar; pressure-millimeter-ofhg mm[Hg]; concentr-permille [ppth]; concentr-permillion [ppm];
graphics-pixel [pixel]
"""
"""CLDR's unit identifiers and their UCUM codes. طن alone is the tonne in Arabic, whatever CLDR calls a ton."""
_OTHER = """
كيلومتر km; كلم km; سنتمتر cm; سنتم cm; سم cm; ملم mm; مم mm; ملليمتر mm; ميلليمتر mm; م m; ميل بحري [nmi_i];
انش [in_i]; كلم مربع km2; كم مربع km2; م2 m2; م مربع m2; م3 m3; م مكعب m3; قدم مكعب [cft_i]; قدم مربع [sft_i];
كيلوغرام kg; كيلو غرام kg; كغ kg; كغم kg; كجم kg; كلغ kg; غ g; غم g; جم g; ملغ mg; ملغم mg; مجم mg;
ملليغرام mg; ميليغرام mg; طن t; طن متري t; مل mL; ملل mL; مللتر mL; ملليلتر mL; ميليلتر mL; سي سي mL;
اونصة [oz_tr]; اوقية [oz_tr]; باوند [lb_av]; تيراواط TW; غيغاواط GW; ميغاواط MW; كيلوواط kW; كيلواط kW; واط W;
تيراواط ساعة TW.h; غيغاواط ساعة GW.h; ميغاواط ساعة MW.h; كيلوواط ساعة kW.h; كيلواط ساعة kW.h;
كيلو واط ساعة kW.h; غيغاهرتز GHz; ميغاهرتز MHz; كيلوهرتز kHz; فولط V; ميلي امبير mA; ميللي امبير mA;
حصان ميكانيكي [HP]; حصان بخاري [HP]; سعرة حرارية kcal; سعر حراري kcal; درجة مئوية Cel; درجة سيلزيوس Cel;
درجة سلسيوس Cel; مئوي Cel; مئوية Cel; سنتيغراد Cel; درجة سنتيغراد Cel; فهرنهايت [degF]; كيلومتر في الساعة km/h;
كلم/س km/h; كم/س km/h; كلم/سا km/h; كلم/ساعة km/h; كم/ساعة km/h; كيلومتر/ساعة km/h; م/ث m/s; عقدة [kn_i];
جزء في المليون [ppm]; جزء بالمليون [ppm]; جزء في المليار [ppb]; جزء بالمليار [ppb]; سنة ضوئية [ly];
في الالف [ppth]; بالالف [ppth]
"""
_TIME = (
    "سنة a; عام a; شهر mo; اسبوع wk; يوم d; ليلة d; ساعة h; دقيقة min; ثانية s; "
    "مللي ثانية ms; ملي ثانية ms; عقد a 10; قرن a 100"
)
_NO_CODE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("فدان", "دونم", "قنطار", "اردب", "كيلة", "شبر", "ذراع", "صاع", "ويبة", "ميغابكسل", "ريختر"), ()),
    "درجة": ("Cel", "deg"),
    "غالون": ("[gal_us]", "[gal_br]"),
    "قيراط": ("[car_m]", "[car_Au]"),
    "رطل": ("[lb_av]",),
}
"""Measures that UCUM has no code for, or that may be one of several."""
_SPELLINGS = (
    ("غرام", "جرام"),
    ("ميغا", "ميجا"),
    ("غيغا", "جيجا"),
    ("غيغا", "غيجا"),
    ("غالون", "جالون"),
    ("غراد", "جراد"),
)
_PERCENT = re.compile(r"[%٪]|(?:ب|في |ف )(?:ال)?(?:مئ|مائ|مي|ماي)[ةه]")
_POINTS = {"نقطة مئوي", "نقطة مئوية", "نقط مئوية"}
_BASIS = {"نقطة اساس", "نقطة اساسية", "نقطة الاساس"}


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure, a percent or a unit of time: its UCUM code (None where none is sure), and its key.

    `factor`: how many of `code` one of the unit is (a century: 100 a).
    """

    kind: str
    code: str | None
    key: str
    alternatives: tuple[str, ...] = ()
    factor: Fraction = Fraction(1)
    flags: tuple[str, ...] = ()


def _entries(table: str) -> list[list[str]]:
    return [entry.split() for entry in table.split(";")]


@cache
def _names() -> dict[str, Measure]:
    """Measures by folded name, abbreviation included."""
    names: dict[str, Measure] = {}
    keys: dict[str, str] = {}

    def add(name: str, code: str) -> None:
        measure = Measure("measure", code, keys.setdefault(code, name))
        names.setdefault(name, measure)
        for one, other in (*_SPELLINGS, ("واط", "وات")):
            if one in name:
                names.setdefault(name.replace(one, other), measure)
                names.setdefault(name.replace(one, other).replace("واط", "وات"), measure)

    for identifier, code in _entries(_UCUM):
        for length in ("long", "short"):
            written = " ".join(words_of(format_unit(100, identifier, cast(Any, length), locale="ar")))
            name = written.strip("0123456789 ")
            if name and not name.isascii() and name != "حصان":
                add(name, code)
    for *words, code in _entries(_OTHER):
        add(" ".join(words), code)
    for name, alternatives in _NO_CODE.items():
        flags = ("ambiguous",) if alternatives else ("no_code",)
        for spelling in {name, *(name.replace(*pair) for pair in _SPELLINGS)}:
            names[spelling] = Measure("measure", None, name, alternatives, flags=flags)
    for entry in _entries(_TIME):
        factor = int(entry.pop()) if entry[-1].isdigit() else 1
        *words, code = entry
        names[" ".join(words)] = Measure("time", code, " ".join(words), factor=Fraction(factor))
    return names


def percent(text: str) -> Measure | None:
    """The percent that a text of folded words is, with percentage points and basis points; None if it is none."""
    if _PERCENT.fullmatch(text):
        return Measure("percent", "%", "%")
    key = key_of(text.split())
    if key in _POINTS:
        return Measure("percent", "%", "نقطة مئوية", flags=("points",))
    if key in _BASIS:
        return Measure("percent", "%", "نقطة اساس", factor=Fraction(1, 100), flags=("points",))
    return None


def measure(words: Sequence[str]) -> tuple[Measure, int] | None:
    """The measure or time unit that folded words begin with, and how many of them name it; None for none.

    A slash between two of them is a word of its own (ميللي أمبير / ثانية).
    """
    found = _simple(words)
    if found is None or words[found[1] : found[1] + 1] != ["/"]:
        return found
    over, used = found
    under = _simple(words[used + 1 :])
    if under is None or over.code is None or under[0].code is None:
        return found
    code, key = f"{over.code}/{under[0].code}", f"{over.key}/{under[0].key}"
    return replace(over, kind="measure", code=code, key=key), used + 1 + under[1]


def _simple(words: Sequence[str]) -> tuple[Measure, int] | None:
    for length in range(min(4, len(words)), 0, -1):
        for name in _spellings(words[:length]):
            if found := _names().get(name):
                return found, length
    return None


_ISO = {"a": "P{}Y", "mo": "P{}M", "wk": "P{}W", "d": "P{}D", "h": "PT{}H", "min": "PT{}M", "s": "PT{}S"}
_SMALLER = {"a": (12, "mo"), "d": (24, "h"), "h": (60, "min"), "min": (60, "s")}


def iso_duration(amount: Fraction, code: str) -> str:
    """So many of a unit of time (a, mo, wk, d, h, min, s) as an ISO 8601 duration: PT7H30M, P1.5M."""
    whole, rest = divmod(amount, 1)
    smaller, below = _SMALLER.get(code, (1, code))
    if rest and below != code and (rest * smaller).denominator == 1:
        parts = [_ISO[code].format(whole)] if whole else []
        parts.append(_ISO[below].format(rest * smaller))
        date, _, time = "".join(part.removeprefix("P") for part in parts).partition("T")
        return "P" + date + (f"T{time.replace('T', '')}" if time else "")
    number = str(whole) if not rest else f"{float(amount):.3f}".rstrip("0").rstrip(".")
    return _ISO[code].format(number)


def _spellings(words: Sequence[str]) -> list[str]:
    """The names that these words may be a form of: كيلومترا مربعا and كيلومترات مربعة are كيلومتر مربع."""
    first = singulars(undefined(words[0]), dual=True)
    if len(words) == 1:
        return list(first)
    rest = [
        word[:-1] if word.endswith("ا") and len(word) > 3 and word not in ("ميغا", "غيغا", "تيرا") else word
        for word in words[1:]
    ]
    masculine = [word[:-1] if word.endswith("ة") and word not in ("ساعة", "ثانية") else word for word in rest]
    return [" ".join([one, *more]).replace(" / ", "/") for one in first for more in (words[1:], rest, masculine)]
