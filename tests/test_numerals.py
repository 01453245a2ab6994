from __future__ import annotations

import json
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from khabar.numberwords import WAYS, lexicon, spell, spellings
from khabar.numerals import Number, answer_lines, find, parse
from khabar.text import atoms

CLITICS = ("", "و", "ب", "ل", "ف", "وب", "ول", "ك")
MILLION, MILLIARD = 10**6, 10**9


def value(text: str) -> Number:
    number = parse(text)
    assert number is not None, text
    return number


def ends(text: str) -> tuple[int | Fraction, int | Fraction]:
    return value(text).low, value(text).high


def found(text: str) -> list[str]:
    return [f.text for f in find(text)]


# -- every spelling of a whole number


def test_every_number_below_ten_thousand_comes_back_from_its_spellings() -> None:
    wrong = []
    for n in range(10_000):
        # Each number in eight ways of writing, so that its neighbours cover the others.
        for i in range(n * 8, n * 8 + 8):
            clitic, text = CLITICS[(n + i) % len(CLITICS)], spell(n, WAYS[i % len(WAYS)])
            if clitic == "ك" and text.startswith("مية"):
                continue  # كمية is a quantity
            text = clitic + text
            if (number := parse(text)) is None or (number.low, number.high) != (n, n):
                wrong.append((n, text, number))
    assert not wrong


def disguised(text: str, rng: random.Random) -> str:
    """With tatweel and vowel signs that change no reading, and the و of every other word set apart."""
    words: list[str] = []
    for word in text.split(" "):
        if words and word.startswith("و") and not word.startswith("واحد") and rng.random() < 0.3:
            words.append("و")
            word = word[1:]
        at = rng.randrange(len(word))
        mark = rng.choice(("", "ـ", "ِ", "ْ")) if at else ""
        words.append(word[: at + 1] + mark + word[at + 1 :])
    return " ".join(words)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 15).flatmap(lambda digits: st.integers(0, 10**digits)),
    st.integers(0, 2**32),
    st.sampled_from(CLITICS),
)
def test_numbers_to_ten_to_the_fifteen_come_back_from_their_spellings(n: int, seed: int, clitic: str) -> None:
    rng = random.Random(seed)
    for text in rng.sample(found := list(spellings(n, clitics=(clitic,))), min(12, len(found))):
        assert ends(disguised(text, rng)) == (n, n), text


@given(
    st.integers(0, 10**15),
    st.sampled_from([",", "٬", " ", "\u00a0", "\u202f", ""]),
    st.sampled_from(["", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹"]),
)
def test_digits_of_all_kinds_with_all_group_separators(n: int, separator: str, digits: str) -> None:
    text = f"{n:,}".replace(",", separator)
    text = text.translate({ord(str(i)): d for i, d in enumerate(digits)})
    assert ends(text) == (n, n)
    assert found(f"بلغ {text} شخص") == [text]


# -- single expressions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.5 ملايين", 3_500_000),
        ("20 ألفا و500", 20_500),
        ("تسعة آلاف و٤٠٠", 9_400),
        ("مليون ونصف", 1_500_000),
        ("مليون ونصف المليون", 1_500_000),
        ("مليارين ونصف مليار", 2_500 * MILLION),
        ("ثلاثة ونصف مليون", 3_500_000),
        ("ألف وخمسمئة", 1_500),
        ("ألف خمسمئة", 1_500),
        ("ألف ومئتي", 1_200),
        ("ألفا و150", 1_150),
        ("ألفاً", 1_000),
        ("مئة و20", 120),
        ("مئة وسبعة آلاف", 107_000),
        ("مئة ألف وألف", 101_000),
        ("مئة وأحد عشر", 111),
        ("ألف مليار", 10**12),
        ("10ملايين", 10 * MILLION),
        ("1 213,4 مليون", 1_213_400_000),
        ("مليون واحد", MILLION),
        ("مليون و750 الفا", 1_750_000),
        ("نصف مليون", 500_000),
        ("ثلاثة أرباع المليون", 750_000),
        ("ثلثا مليون", Fraction(2_000_000, 3)),
        ("مليون إلا ربعا", 750_000),
        ("مئة إلا خمسة", 95),
        ("واحدا ونصفا", Fraction(3, 2)),
        ("2 1/4", Fraction(9, 4)),
        ("3½", Fraction(7, 2)),
        ("ثلاثة فاصلة خمسة", Fraction(7, 2)),
        ("ثلاث دزينات", 36),
        ("وثلاثتهم", 3),
        ("«145» مليار", 145 * MILLIARD),
        ("بـ100", 100),
        ("ناقص 3", -3),
        ("سالب خمسة", -5),
        ("-2٫5", Fraction(-5, 2)),
        ("5 تحت الصفر", -5),
        ("7 درجات تحت الصفر", -7),
        ("الخمسة آلاف", 5_000),
        ("اثنتي عشرة", 12),
        ("واحدة", 1),
    ],
)
def test_exact_values(text: str, expected: int | Fraction) -> None:
    assert ends(text) == (expected, expected)
    assert value(text).kind == "cardinal"
    assert not value(text).alternatives


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("نصف", Fraction(1, 2)),
        ("الثلث", Fraction(1, 3)),
        ("ثلثي", Fraction(2, 3)),
        ("ثلثاها", Fraction(2, 3)),
        ("خُمس", Fraction(1, 5)),
        ("بخُمسها", Fraction(1, 5)),
        ("خُمسي", Fraction(2, 5)),
        ("ثلاثة أرباع", Fraction(3, 4)),
        ("تسعة أعشارها", Fraction(9, 10)),
        ("1/4", Fraction(1, 4)),
        ("½", Fraction(1, 2)),
        ("واحد من كل أربعة", Fraction(1, 4)),
    ],
)
def test_fractions(text: str, expected: Fraction) -> None:
    assert (value(text).low, value(text).high, value(text).kind) == (expected, expected, "fraction")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("10 و15", 10, 15),
        ("60-70", 60, 70),
        ("10–15", 10, 15),
        ("5 إلى 7 آلاف", 5_000, 7_000),
        ("3 آلاف إلى 10 آلاف", 3_000, 10_000),
        ("500 000 ومليون", 500_000, MILLION),
        ("مليون ومليون ونصف المليون", MILLION, 1_500_000),
        ("أربعين وخمسين ألف", 40_000, 50_000),
        ("ثلاثة أو أربعة", 3, 4),
        ("خمس وسبع", 5, 7),
        ("الثامنة و18", 8, 18),
        ("5 إلى 7 في المئة", 5, 7),
        ("8% إلى 3%", 3, 8),
        ("-5 إلى -2", -5, -2),
        ("1,6 إلى 2,3 مليار", 1_600 * MILLION, 2_300 * MILLION),
    ],
)
def test_ranges_and_a_scale_word_that_counts_for_both_ends(text: str, low: int, high: int) -> None:
    assert (*ends(text), value(text).kind) == (low, high, "range")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("العشرات", 20, 99),
        ("مئات", 200, 999),
        ("آلاف", 2_000, 9_999),
        ("ملايين", 2 * MILLION, 10 * MILLION - 1),
        ("عشرات الآلاف", 20_000, 99_999),
        ("مئات الملايين", 200 * MILLION, MILLIARD - 1),
        ("بضعة", 3, 9),
        ("بضع عشرات", 30, 90),
        ("بضعة آلاف", 3_000, 9_000),
        ("بضع عشرة", 13, 19),
        ("نيف وعشرون", 21, 29),
        ("مئة ونيف", 101, 199),
    ],
)
def test_vague_words_are_ranges_that_say_so(text: str, low: int, high: int) -> None:
    number = value(text)
    assert (number.low, number.high, number.kind, number.flags) == (low, high, "vague", ("vague",))


@pytest.mark.parametrize(
    ("text", "first", "second"), [("3-1", 3, 1), ("1-صفر", 1, 0), ("0-0", 0, 0), ("116 - 86", 116, 86)]
)
def test_scores_keep_the_order_of_the_text(text: str, first: int, second: int) -> None:
    assert value(text) == Number(first, second, "range", ("score",))


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("أول", 1),
        ("الأولى", 1),
        ("ثانيا", 2),
        ("الثانية", 2),
        ("الحادي عشر", 11),
        ("الثانية عشرة", 12),
        ("التاسعة والعشرون", 29),
        ("المئة والخامسة", 105),
        ("للسادس", 6),
        ("أولاهما", 1),
    ],
)
def test_ordinals_are_ranks(text: str, rank: int) -> None:
    assert value(text) == Number(rank, rank, "ordinal")


@pytest.mark.parametrize("text", ["الـ15", "الـ(15)", "الـ 15"])
def test_the_article_before_digits_makes_a_rank_or_a_definite_count(text: str) -> None:
    number = value(text)
    assert (number.low, number.kind, number.flags) == (15, "ordinal", ("ambiguous",))
    assert number.alternatives == (Number(15, 15),)
    assert value("الـ20 ألفا").kind == "cardinal"


@pytest.mark.parametrize("text", ["7,5%", "٧٫٥٪", "%7.5", "7.5 بالمئة", "7,5 في المائة", "سبعة ونصف بالمئة", "75‰"])
def test_percent_keeps_its_figure(text: str) -> None:
    assert value(text).kind == "percent"
    assert ends(text) == (Fraction(15, 2), Fraction(15, 2))


@pytest.mark.parametrize(
    ("text", "low", "high", "flag"),
    [
        ("شخصين", 2, 2, "dual"),
        ("ساعتان", 2, 2, "dual"),
        ("وبطلان", 2, 2, "dual"),
        ("ناقص درجتين", -2, -2, "dual"),
        ("ساعتين ونصف", Fraction(5, 2), Fraction(5, 2), "dual"),
        ("سنتين إلى ست", 2, 6, "dual"),
        ("ساعة ونصف", Fraction(3, 2), Fraction(3, 2), "unit"),
        ("بنقطة مئوية ونصف", Fraction(3, 2), Fraction(3, 2), "unit"),
        ("الدرجة ونصف الدرجة", Fraction(3, 2), Fraction(3, 2), "unit"),
        ("متر ونصف إلى مترين ونصف", Fraction(3, 2), Fraction(5, 2), "unit"),
        ("يوم أو يومين", 1, 2, "unit"),
        ("بثلاثية", 3, 3, "group"),
        ("ضعفي", 2, 2, "multiple"),
    ],
)
def test_units_that_carry_their_number(text: str, low: Fraction, high: Fraction, flag: str) -> None:
    assert ends(text) == (low, high)
    assert flag in value(text).flags


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "مرحبا",
        "5 أشخاص",
        "بالمئة",
        "%",
        "-",
        "و",
        "12/10/2019",
        "14:30",
        "1.2.3",
        "لبنان",
        "المهندسين",
        "الأحد",
        "ألف ألف",
    ],
)
def test_what_is_no_number_expression_is_none(text: str) -> None:
    assert parse(text) is None


# -- ambiguity


@pytest.mark.parametrize(
    ("text", "first", "others"),
    [
        ("1.200", 1200, [Fraction(6, 5)]),
        ("6.940 مليار", 6_940 * MILLION, [6_940 * MILLIARD]),
        ("10,800 مليار", 10_800 * MILLIARD, [10_800 * MILLION]),
        ("5،6", Fraction(28, 5), [5, 6]),
        ("خمس", 5, [Fraction(1, 5)]),
        ("ألفا", 2000, [1000]),
        ("العشرين", 20, [20]),
        ("مئة ونصف", Fraction(201, 2), [150]),
        ("ألف ونصف", 1500, [Fraction(2001, 2)]),
        ("ألف و200 مليون", 1_200 * MILLION, [1000, 200 * MILLION]),
    ],
)
def test_ambiguity_is_said_with_its_alternatives(text: str, first: int, others: list[int | Fraction]) -> None:
    number = value(text)
    assert number.low == number.high == first
    assert "ambiguous" in number.flags
    assert [other.low for other in number.alternatives] == others


def test_other_doubts() -> None:
    assert value("1-2") == Number(1, 2, "range", ("score", "ambiguous"), (Number(1, 2, "range"),))
    assert value("5,6 و7").alternatives == (Number(Fraction(28, 5), 7, "range"),)
    assert value("بليونين").flags == ("billion",)
    assert value("2.000 و2.500").alternatives == (Number(2, Fraction(5, 2), "range"),)


# -- running text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("قتل 20 ألفا و500 وأصيب 3 و5 فقدوا", ["20 ألفا و500", "3", "5"]),
        ("تتراوح أعمارهم بين 18 و25 عاما", ["18 و25"]),
        ("بين عشرة آلاف و15 ألف شخص", ["عشرة آلاف و15 ألف"]),
        ("من 5 إلى 7 آلاف طن", ["5 إلى 7 آلاف"]),
        ("ارتفع السعر من 5 إلى 7 دنانير", ["5", "7"]),
        ("زادت 3.8 بالمئة إلى 669 مليارا", ["3.8 بالمئة", "669 مليارا"]),
        ("من 28 مليارا في 2022 إلى 24.1 مليارا", ["28 مليارا", "2022", "24.1 مليارا"]),
        ("هبطت الحرارة إلى 5 درجات تحت الصفر", ["5 درجات تحت الصفر"]),
        ("فاز 3-1 ثم خسر 0-2", ["3-1", "0-2"]),
        ("مات بكوفيد-19 في 12/10/2022 عند 14:30", ["19"]),
        ("هاتف 0123-456-789", []),
        ("بـ100 دولار و1,200 يورو", ["100", "1,200"]),
        ("وبخمسة ملايين", ["وبخمسة ملايين"]),
        ("الجولة الـ15 والـ(20)", ["الـ15", "والـ(20)"]),
        ("مليون ونصف المليون شخص ونصف السكان", ["مليون ونصف المليون", "ونصف"]),
        ("عدد 500\n600 آخرون", ["500", "600"]),
        ("ثمنها مليون", ["مليون"]),
        ("أنجز في 2024 ألف عملية", ["2024", "ألف"]),
    ],
)
def test_expressions_in_running_text(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "وصل يوم الاثنين مع أحد الوزراء",
        "في كانون الثاني وربيع الأول وجمادى الأولى",
        "لست متأكدا من ثمن السيارة",
        "بلغوا نصف النهائي وربع نهائي البطولة",
        "كمية كبيرة من ثاني أكسيد الكربون",
        "عاد أول من أمس إلى فلسطين",
        "النسبة في المئة والنتيجة أولية",
        "خسر أمام وست هام",
        "اجتمع الشيخ تميم بن حمد آل ثاني",
    ],
)
def test_homographs_are_no_numbers(text: str) -> None:
    assert found(text) == []


def test_the_words_around_decide() -> None:
    fifth, five, doubtful = find("خمس السكان وخمس سنوات وخمس أطباء البلاد")
    assert (fifth.number.low, fifth.number.kind) == (Fraction(1, 5), "fraction")
    assert five.number == Number(5, 5)
    assert doubtful.number.alternatives == (Number(Fraction(1, 5), Fraction(1, 5), "fraction"),)
    assert [f.number.low for f in find("ألفا جندي")] == [2000]
    assert [f.number.low for f in find("استمر 30 ثانية")] == [30]
    assert [f.number.flags for f in find("1-2 على أرضه")] == [("score", "ambiguous")]
    (ages,) = find("بين خمسة وعشرين عاما")
    assert (ages.number.low, ages.number.high, ages.number.alternatives) == (5, 20, (Number(25, 25),))


def test_a_dash_before_a_counted_noun_at_the_head_of_a_list_is_no_minus() -> None:
    bullet, degrees = find("-5 أشخاص")[0].number, find("الحرارة -5 درجات")[0].number
    assert (bullet.low, bullet.alternatives[0].low, degrees.low, degrees.alternatives) == (5, -5, -5, ())


JUNK = "ابتثجخسشعفكلمنهويأإآىئةء ـًُِّْ0123456789٠١٢٣٥.,٫٬،-–/:%٪()«»\n\u200f\u00a0aG½²\ud83d"
PIECES = st.one_of(
    st.sampled_from(sorted(lexicon())),
    st.text(alphabet=JUNK, max_size=6),
    st.sampled_from(["و", "إلى", "بين", "الـ", "-", "9" * 80]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=30).map(" ".join) | st.text() | st.text(alphabet=JUNK))
def test_no_text_makes_it_fail_and_what_it_finds_is_sound(text: str) -> None:
    cut = atoms(text)
    starts, stops = {a.start for a in cut}, {a.end for a in cut}
    last = 0
    for one in find(text):
        assert last <= one.start < one.end
        assert one.text == text[one.start : one.end]
        assert one.start in starts
        assert one.end in stops
        assert one.number.low <= one.number.high or "score" in one.number.flags
        assert bool(one.number.alternatives) == ("ambiguous" in one.number.flags)
        last = one.end
    number = parse(text)
    assert number is None or number.low <= number.high or "score" in number.flags


@pytest.mark.parametrize("form", ["{}", "مئة و{}", "3 فاصلة {}", "{},1 و2", "1/{}", "الـ{}", "-{}", "1,{}", "{} ألف"])
def test_endless_digits_are_no_number(form: str) -> None:
    # Python refuses to turn more than 4,300 digits into an integer.
    text = form.format("9" * 5000)
    assert parse(text) is None
    assert all(len(one.text) < 20 for one in find(text))


# -- lines of JSON


def test_a_line_of_text_gives_a_line_of_json() -> None:
    lines = list(answer_lines(["قتل 5 أشخاص و2.5% من ثلثي السكان\n", "لا شيء\r\n", ""]))
    assert [json.loads(line) for line in lines[1:]] == [[], []]
    five, percent, thirds = json.loads(lines[0])
    assert five == {"start": 4, "end": 5, "text": "5", "low": 5, "high": 5, "kind": "cardinal", "flags": []}
    assert (percent["text"], percent["low"], percent["kind"]) == ("2.5%", "2.5", "percent")
    assert (thirds["low"], thirds["flags"]) == ("0.66666666666666666667", ["rounded"])
    assert "ثلثي" in lines[0]


def test_a_whole_line_is_one_expression_or_null() -> None:
    first, second, third = answer_lines(["1.200\n", "قتل 5\n", "\ud83d 5\n"], whole=True)
    answer = json.loads(first)
    assert (answer["start"], answer["end"], answer["text"], answer["low"]) == (0, 5, "1.200", 1200)
    assert answer["alternatives"] == [{"low": "1.2", "high": "1.2", "kind": "cardinal", "flags": []}]
    assert json.loads(second) is None
    third.encode("utf-8")
