"""Counts what a corpus holds: the figures of the datasheet, and the guidelines' rule that every digit is covered.

    python data/describe.py data/khabar-news

Prints sizes by split, spans and links by label, and how often each phenomenon of number writing occurs, beside its
quota. Exits 1 when a digit run lies inside no span that may cover it, or inside several.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from khabar.config import Source
from khabar.corpus import find_files, read_corpus
from khabar.documents import Claim, Document, Span
from khabar.faults import FaultLog
from khabar.scheme import DEFAULT_SCHEME

QUOTA = 60
COVERING = ("VALUE", "AMOUNT", "TIME", "RATE", "ORDINAL", "REFERENCE", "UNIT")
console = Console(highlight=False, width=120)

D = "[0-9٠-٩]"
DIGITS = re.compile(rf"{D}+(?:[.,٫٬،]{D}+)*")
NUMBER_STEM = (
    "واحد|اثن|إثن|ثلاث|ثلث|أربع|اربع|ربع|خمس|ست|سبع|ثمان|تسع|عشر|مئ|مائ|ألف|الف|آلاف|الاف|مليون|مليار|ملايين|نصف|بضع"
)
EASTERN = "يناير|فبراير|مارس|أبريل|ابريل|إبريل|مايو|يونيو|يوليو|أغسطس|اغسطس|سبتمبر|أكتوبر|اكتوبر|نوفمبر|ديسمبر"
LEVANTINE = "كانون|شباط|آذار|اذار|نيسان|أيار|ايار|حزيران|تموز|آب |أيلول|ايلول|تشرين"
MAGHREBI = "جانفي|فيفري|أفريل|افريل|ماي |جوان|جويلية|أوت|اوت |يوليوز|غشت|شتنبر|نونبر|دجنبر"
HIJRI = "هـ|محرم|صفر|ربيع الأول|ربيع الآخر|جمادى|رجب|شعبان|رمضان|شوال|ذو القعدة|ذي القعدة|ذو الحجة|ذي الحجة"
CURRENCY = "دولار|دينار|جنيه|ريال|درهم|ليرة|يورو|فرنك|شيكل|أوقية|روبية|يوان|ين |جنيها|ليرات|دراهم|ريالات|دنانير"
PHONE = "هاتف|الهاتف|الخط|اتصال|للاتصال|واتساب|الساخن|للتواصل|الأرضي|الرقم(?:ين)?(?: الأخضر| المجاني)? ?$|رقم أخضر"
MODEL = (
    "[-A-Za-z]$|طراز|بوينغ|بوينج|إيرباص|ايرباص|آيفون|ايفون|غالاكسي|جالاكسي|جالاكسى|طائرة|طائرات|مروحي|مسي[ّ]?رة|محرك|"
    "دراجة|شاحنة|حاصدة|سيارة|صاروخ|جهاز|معالج|قمر|القمر"
)
AGE = "عمر|بالغ|يبلغ|سن"
YEARS = "عاما|عام|سنة|سنوات|أعوام|اعوام|ربيعا|عامًا"
Finder = Callable[[Document], Iterable[object]]


def shown(document: Document, span: Span) -> str:
    return document.text[span.start : span.end]


def labelled(document: Document, *labels: str) -> Iterator[tuple[Span, str]]:
    for span in document.spans:
        if span.label in labels:
            yield span, shown(document, span)


def surface(labels: str, pattern: str) -> Finder:
    """Spans of some labels whose text matches."""
    compiled = re.compile(pattern)
    return lambda d: [s for s, text in labelled(d, *labels.split()) if compiled.search(text)]


def plain(pattern: str) -> Finder:
    """Matches in the text itself."""
    compiled = re.compile(pattern)
    return lambda d: compiled.findall(d.text)


def before(label: str, pattern: str, reach: int = 30) -> Finder:
    """Spans of a label with a match shortly before them on the same line."""
    compiled = re.compile(pattern)
    return lambda d: [
        s for s, _ in labelled(d, label) if compiled.search(d.text[max(0, s.start - reach) : s.start].split("\n")[-1])
    ]


def parts(document: Document, claim: Claim, label: str) -> list[str]:
    return [shown(document, document.spans[p]) for p in claim.parts if document.spans[p].label == label]


def claims(test: Callable[[Document, Claim], bool]) -> Finder:
    return lambda d: [c for c in d.claims if test(d, c)]


def stated(key: str) -> Finder:
    """Claims that the article's header names under a key."""
    return lambda d: [n for n in str(d.meta.get(key, "")).split(",") if n]


def is_age(document: Document, claim: Claim) -> bool:
    units = " ".join(parts(document, claim, "UNIT"))
    about = " ".join(parts(document, claim, "PROPERTY"))
    return bool(re.search(YEARS, units)) and (bool(re.search(AGE, about)) or _in_brackets(document, claim))


def _in_brackets(document: Document, claim: Claim) -> bool:
    return document.text[: document.spans[claim.head].start].rstrip().endswith("(")


def is_range(document: Document, claim: Claim) -> bool:
    text = shown(document, document.spans[claim.head])
    opened = any(re.search("بين|تتراوح|من$", m) for m in parts(document, claim, "MODIFIER"))
    return bool(re.search(rf"{D}\s*[-–]\s*{D}| إلى | الى |أو ", text)) or (opened and bool(re.search(r"\sو", text)))


def nested(document: Document) -> list[Span]:
    names = [s for s in document.spans if s.label in DEFAULT_SCHEME.layers["entities"]]
    return [r for r, _ in labelled(document, "REFERENCE") if any(n.start <= r.start and r.end <= n.end for n in names)]


def changes_from_to(document: Document) -> list[int]:
    served = Counter(p for c in document.claims for p in c.parts if document.spans[p].label == "CHANGE")
    return [p for p, n in served.items() if n > 1]


PHENOMENA: dict[str, Finder] = {
    "Latin digits": surface("VALUE", "[0-9]"),
    "Arabic-Indic digits": surface("VALUE", "[٠-٩]"),
    "thousands with ,": surface("VALUE", rf"(?<!{D}){D}{{1,3}}(?:,{D}{{3}})+(?!{D})"),
    "thousands with ٬": surface("VALUE", rf"{D}٬{D}{{3}}"),
    "thousands with .": surface("VALUE", rf"(?<!{D}){D}{{1,3}}(?:\.{D}{{3}})+(?!{D})"),
    "thousands with a space": surface("VALUE", rf"(?<!{D}){D}{{1,3}}(?:[ \u00a0\u202f]{D}{{3}})+(?!{D})"),
    "decimals with ٫": surface("VALUE", rf"{D}٫{D}"),
    "decimals with ,": surface("VALUE", rf"{D},{D}{{1,2}}(?!{D})"),
    "decimals with .": surface("VALUE", rf"{D}\.{D}{{1,2}}(?!{D})"),
    "number words alone": surface("VALUE", rf"^[^0-9٠-٩]*(?:{NUMBER_STEM})[^0-9٠-٩]*$"),
    "digits with scale words": surface("VALUE", rf"{D}.*(?:ألف|الف|آلاف|الاف|مليون|ملايين|مليار)"),
    "clitic on a number word": surface("VALUE", rf"^(?:[وفبلك]|بال|لل|وال)(?:{NUMBER_STEM})"),
    "clitic before digits": plain(rf"(?<!\w)(?:[وفبلك]ـ?|الـ?|والـ?|بالـ?){D}"),
    "duals and other AMOUNTs": surface("AMOUNT", "."),
    "construct forms": surface("VALUE", "(?:ألفي|الفي|مئتي|مائتي|مئتا|مائتا|مليوني|ملياري|ثلثي|ثلثا)(?:\\s|$)"),
    "fractions": surface("VALUE AMOUNT", "نصف|ربع|ثلث|أرباع|ارباع|أخماس|اخماس|سدس|خُمس|عُشر"),
    "ranges": claims(is_range),
    "changes from X to Y": changes_from_to,
    "percentages of wholes": claims(
        lambda d, c: (
            any(re.search("[%٪]|بالمئة|بالمائة|في المئة|في المائة", u) for u in parts(d, c, "UNIT"))
            and bool(parts(d, c, "SUBJECT"))
        )
    ),
    "percentage points": surface("UNIT AMOUNT", "نقط[ةت]|نقاط"),
    "rates": surface("RATE", "."),
    "vague magnitudes": surface("VALUE", r"عشرات|مئات|المئات|^[وبل]?(?:ال)?(?:آلاف|الاف|ملايين)|بضع"),
    "figures corrected later": stated("corrected"),
    "conversions": stated("conversion"),
    "ages": claims(is_age),
    "scores": surface("VALUE", rf"^{D}+\s*[-–:]\s*{D}+$"),
    "ordinals": surface("ORDINAL", "."),
    "Gregorian months": surface("TIME", EASTERN),
    "Hijri dates": surface("TIME", HIJRI),
    "Levantine months": surface("TIME", LEVANTINE),
    "Maghrebi months": surface("TIME", MAGHREBI),
    "double calendars": plain("الموافق"),
    "telephone numbers": before("REFERENCE", PHONE, 40),
    "laws, articles, decrees": before(
        "REFERENCE", "المادة|المادتين|المواد|قانون|القانون|مرسوم|المرسوم|القرار|قرار|لسنة|الفصل"
    ),
    "model numbers": before("REFERENCE", MODEL, 20),
    "numbers inside names": nested,
    "negated figures": stated("negated"),
    "planned figures": stated("planned"),
    "forecast figures": stated("forecast"),
    "modifiers": surface("MODIFIER", "."),
    "currencies": surface("UNIT", CURRENCY),
    "currencies with nationality": surface("UNIT", rf"(?:{CURRENCY})\S*\s+\S+ي"),
    "hamza-less words": plain(
        r"(?<!\w)(?:و|ب|ل)?(?:الى|اكثر|الاولى|الامريكي|الامريكية|امس|ان|او|اعلن|الاول|اعلنت|اكد)(?!\w)"
    ),
}


def uncovered(document: Document) -> list[str]:
    """Digit runs that are not inside exactly one span that may cover them."""
    faults = []
    for run in DIGITS.finditer(document.text):
        n = sum(s.label in COVERING and s.start <= run.start() and run.end() <= s.end for s in document.spans)
        if n != 1:
            faults.append(f"{document.origin}: {document.id}: digits {run[0]!r} at {run.start()} covered {n} times")
    return faults


def show(title: str, columns: list[str], rows: Iterable[Iterable[object]]) -> None:
    table = Table(title=title, title_justify="left")
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    console.print(table)


def main(
    paths: Annotated[list[Path], typer.Argument(help="Annotated files or folders.")],
    check_only: Annotated[bool, typer.Option("--check", help="Only check that every digit is covered.")] = False,
) -> None:
    """Print the datasheet's counts."""
    log = FaultLog()
    files: dict[str, list[Document]] = {}
    for path in paths:
        for file in find_files(path):
            files[file.name] = list(read_corpus(Source(path=str(file)), DEFAULT_SCHEME, log).documents)
    log.raise_errors()
    every = [d for documents in files.values() for d in documents]
    if not check_only:
        rows = [
            (name, len(ds), sum(len(d.text.split()) for d in ds), sum(len(d.claims) for d in ds))
            for name, ds in [*files.items(), ("all", every)]
        ]
        show("size", ["file", "articles", "words", "claims"], rows)
        lengths = sorted(len(d.text.split()) for d in every)
        middle = sum(150 <= n <= 250 for n in lengths)
        console.print(f"words an article: {lengths[0]} to {lengths[-1]}, median {lengths[len(lengths) // 2]}; ")
        console.print(f"{middle} articles of 150 to 250 words\n")
        spans = Counter(s.label for d in every for s in d.spans)
        links = Counter(d.spans[p].label for d in every for c in d.claims for p in c.parts)
        show("labels", ["label", "spans", "links"], [(n, spans[n], links[n] or "") for n in DEFAULT_SCHEME.labels])
        for key in ("desk", "region", "kind"):
            found = Counter(d.meta.get(key, "none") for d in every).most_common()
            console.print(f"{key}: " + ", ".join(f"{name} {n}" for name, n in found) + "\n")
        counted = [(name, sum(len(list(find(d))) for d in every)) for name, find in PHENOMENA.items()]
        show(
            f"phenomena (quota {QUOTA})",
            ["phenomenon", "occurrences", ""],
            [(name, n, "" if n >= QUOTA else "below") for name, n in counted],
        )
    faults = [fault for d in every for fault in uncovered(d)]
    for fault in faults:
        console.print(fault, markup=False)
    console.print(f"{len(faults)} digit run(s) not covered exactly once")
    if faults:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
