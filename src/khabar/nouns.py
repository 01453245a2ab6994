"""Counted nouns: one key for all the forms a noun takes after a number.

Arabic counts one noun in many forms: 1,200 مقاتل, 11 مقاتلا, خمسة مقاتلين, 3 رجال, ثلاثة من الرجال. A key is the
indefinite singular, spelt without hamza on alef and with ي for ى, so that both habits of the press give one key. It is
lemma-like, no lemma: broken plurals are looked up, regular endings are cut, and what is neither stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from khabar.text import atoms, fold

_INVISIBLE = dict.fromkeys([0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_ALIKE = str.maketrans("أإآٱىی", "اااايي") | _INVISIBLE

_BROKEN = """
طفل اطفال; مولود مواليد; بالغ; بالون; والدة; حصيلة حصائل; الماني المان; الباني البان; رجل رجال;
امراة نساء نسوة; شاب شبان شباب; شخص اشخاص; فرد افراد; عضو اعضاء; عامل عمال; طالب طلاب طلبة;
تلميذ تلاميذ تلامذة; استاذ اساتذة; طبيب اطباء; مريض مرضي; جريح جرحي; قتيل قتلي; شهيد شهداء; اسير اسري;
سجين سجناء; نزيل نزلاء; رهينة رهائن; ضحية ضحايا; جثة جثث; جندي جنود; ضابط ضباط; عنصر عناصر; قائد قادة;
رئيس رؤساء; وزير وزراء; سفير سفراء; نائب نواب; خبير خبراء; قاض قضاة; راكب ركاب; سائح سياح سواح; حاج حجاج;
زائر زوار; عالم علماء; مدير مدراء; زبون زبائن; عميل عملاء; تاجر تجار; اخ اخوة; ابن ابناء; بنت بنات; اب اباء;
زوج ازواج; رضيع رضع; شريك شركاء; زميل زملاء; صديق اصدقاء; بحار بحارة; قاصر قصر; شاهد شهود; كشاف كشافة;
حارس حراس; بطل ابطال; فقير فقراء; راع رعاة; رائد رواد; ضيف ضيوف; سمسار سماسرة; وكيل وكلاء; وسيط وسطاء;
تركي اتراك; كردي اكراد; عربي عرب; ميت موتي اموات; انثي اناث; ذكر ذكور; نفر انفار; يتيم ايتام; ارملة ارامل;
عون اعوان; شيخ شيوخ; ناشط نشطاء; شاعر شعراء; شقيق اشقاء; حفيد احفاد; توام توائم; ولد اولاد; عمدة عمد;
امير امراء; ملك ملوك; عريف عرفاء; لواء الوية; عقيد عقداء; بائع باعة; جار جيران; زعيم زعماء; حكم حكام;
مهندس مهندسين; حليف حلفاء; كادر كوادر; طاقم طواقم; اجنبي اجانب; وجه وجوه; ناد اندية نوادي ناديا;
محام محامين محامون; ناج ناجين ناجون ناجيا; متوف متوفي متوفيا متوفين; جان جناة; دولة دول; مدينة مدن; قرية قري;
منطقة مناطق; اقليم اقاليم; بلد بلدان بلاد; حي احياء; مركز مراكز; مدرسة مدارس; معهد معاهد; مصنع مصانع;
معمل معامل; مسجد مساجد; كنيسة كنائس; منزل منازل; بيت بيوت; مبني مبان مباني; دار دور; شقة شقق; غرفة غرف;
محل محال محلات; متجر متاجر; مكتب مكاتب; بنك بنوك; مصرف مصارف; حزب احزاب; فريق فرقاء; فرقة فرق; لجنة لجان;
مجلس مجالس; محكمة محاكم; سجن سجون; ميناء موانئ; معبر معابر; طريق طرق طرقات; شارع شوارع; جسر جسور; نفق انفاق;
سد سدود; بئر ابار; حقل حقول; منجم مناجم; مزرعة مزارع; حاجز حواجز; موقع مواقع; قاعدة قواعد; جزيرة جزر;
نهر انهار; جبل جبال; متحف متاحف; فندق فنادق; ملعب ملاعب; مطعم مطاعم; مقهي مقاه مقاهي; مخبز مخابز; مخزن مخازن;
قبر قبور; مقبرة مقابر; خيمة خيام خيم; كوخ اكواخ; مكان اماكن; مرفق مرافق; فرع فروع; قسم اقسام; دائرة دوائر;
قضاء اقضية; عاصمة عواصم; رصيف ارصفة; برج ابراج; طابق طوابق; باب ابواب; نافذة نوافذ; جدار جدران; صف صفوف;
فصل فصول; مسكن مساكن; ارض اراض اراضي; حوض احواض; قناة قنوات; صومعة صوامع; منفذ منافذ; ماوي ماو; بحر بحار بحور;
واد اودية وديان; كهف كهوف; سوق اسواق; معرض معارض; مسرح مسارح; معلم معالم; مشفي مشاف مشافي; مدفن مدافن;
ملجا ملاجئ; مخفر مخافر; معقل معاقل; ردهة ردهات; ناحية نواح نواحي; ضاحية ضواح ضواحي; بستان بساتين; دكان دكاكين;
سلك اسلاك; سفينة سفن; قارب قوارب; زورق زوارق; مركب مراكب; باخرة بواخر; صاروخ صواريخ; قذيفة قذائف; قنبلة قنابل;
لغم الغام; بندقية بنادق; سلاح اسلحة; حزام احزمة; مدفع مدافع; ذخيرة ذخائر; طوف اطواف; طوق اطواق; وكر اوكار;
حصان احصنة خيول; حقيبة حقائب; صندوق صناديق; كيس اكياس; علبة علب; جهاز اجهزة; هاتف هواتف; حاسوب حواسيب;
لوح الواح; كتاب كتب; صحيفة صحف; قلم اقلام; ورقة اوراق; صورة صور; تمثال تماثيل; تابوت توابيت; قطعة قطع;
نقش نقوش; ختم اختام; وثيقة وثائق; تذكرة تذاكر; سند سندات; صك صكوك; سهم اسهم; عقد عقود; قرض قروض; رخصة رخص;
تصريح تصاريح; فاتورة فواتير; ضريبة ضرائب; رسم رسوم; راتب رواتب; اجر اجور; منحة منح; جائزة جوائز; كاس كؤوس;
لقب القاب; هدف اهداف; نقطة نقاط نقط; مباراة مباريات; شوط اشواط; موسم مواسم; مرحلة مراحل; نسخة نسخ; رقم ارقام;
هجمة هجمات; حادث حوادث; حريق حرائق; زلزال زلازل; عاصفة عواصف; وفاة وفيات; جريمة جرائم; قضية قضايا; دعوي دعاوي;
شكوي شكاوي; مشروع مشاريع مشروعات; برنامج برامج; خطة خطط; قانون قوانين; مادة مواد; بند بنود; شرط شروط;
سبب اسباب; عرض عروض; وظيفة وظائف; فرصة فرص; مهمة مهام; نموذج نماذج; نوع انواع; صنف اصناف; جزء اجزاء; حصة حصص;
نسبة نسب; نتيجة نتائج; سؤال اسئلة; جملة جمل; فيلم افلام; اغنية اغان اغاني; برميل براميل; كوب اكواب; سلة سلال;
رغيف ارغفة; راس رؤوس; بقرة بقر ابقار; نعجة نعاج; شجرة اشجار; نخلة نخيل; دواء ادوية; فحص فحوص; اسرة اسر;
قبيلة قبائل; جيل اجيال; صوت اصوات; مقعد مقاعد; قائمة قوائم; منصب مناصب; مرسوم مراسيم; انبوب انابيب;
خسارة خسائر; نظام انظمة; حل حلول; سلعة سلع; كلب كلاب; قطة قطط; دجاجة دجاج; خروف خراف; جاموس جواميس; طائر طيور;
سمكة اسماك; عمود اعمدة; خط خطوط; طابع طوابع; تشريع تشريعات; دفتر دفاتر; محضر محاضر; عنوان عناوين; تمرين تمارين;
اتجاه اتجاهات; تقرير تقارير; تجربة تجارب; درس دروس; فنجان فناجين; وعاء اوعية; كاهن كهنة; اصبع اصابع; ركن اركان;
ملعقة ملاعق; وقت اوقات; حاجة حوائج; حبل حبال; ثمن اثمان; عطلة عطل; حزمة حزم; حفل حفلات; وفد وفود;
ائتلاف ائتلافات; موكب مواكب; مبلغ مبالغ; سطر اسطر سطور; رمز رموز; هرم اهرام; مليشيا مليشيات; عام اعوام;
سنة سنوات سنين; شهر اشهر شهور; اسبوع اسابيع; يوم ايام; دقيقة دقائق; ثانية ثوان ثواني; ليلة ليال ليالي;
قرن قرون; ضعف اضعاف; طن اطنان; متر امتار; ميل اميال; قدم اقدام; قنطار قناطير; رطل ارطال; فدان افدنة;
قيراط قراريط; جنيه; دونم; ين; سن; مرة; هزة; قوات; اردب ارادب; ذراع اذرع; شبر اشبار; غالون غوالين; دينار دنانير;
درهم دراهم; قرش قروش; فلس فلوس فلسات; شيكل شواكل; شيقل شواقل; هللة هلل; فرنك فرنكات; اخر اخرون اخرين اخري;
تقني تقنيان; ماعز; طائرة; الية; الة; شرطي; مجموعة; فضية; ذهبية; برونزية; ثلاثية; ثور ثيران; مالك ملاك; حد حدود;
ساكن سكان; مرافق; كلاسيكي; حاجب; غنمة اغنام; قرص اقراص; نصير انصار; تلة تلال; حفرة حفر; لاجئ; مهاجر; نازح;
مقاتل; مسلح; مواطن; لاعب; مشجع; موظف; مسافر; صياد; متطوع; مدني; عسكري; متفرج; ناخب; مرشح; مراقب; مصاب; سيدة;
مستشفي; مطار; مخيم; معسكر; منتخب; مؤتمر; ملف; مؤشر; منتج; مسار; خزان; حساب; بيان; قرار; طلب; بلاغ; اجتماع;
لقاء; قطار; مستودع; عقار; حيوان; خيار; مسدس; جواز; قطاع; مجال; مسلسل; لقاح; خلاف; تعادل; تحد; تجمع; دولار;
ريال; كيلومتر; كيلوغرام; غرام; لتر; هكتار; مقر; مولد; جرعة; انفجار; مجمع; مخطوط; معتقل; منصة; لغة; فئة; طريقة;
حاوية; اسم اسماء; اختصاص; مطبخ مطابخ; سباق; نزال; رصيد ارصدة; بحث ابحاث بحوث; جواب; خطاب; نشاط انشطة; فضاء;
فيضان; ميدان ميادين; احتفال; مهرجان; كيان; قربان; عدوان; لسان; ثعبان; سلطان; شريان; انسان; حصار; اطار اطر;
لون الوان; تهديد; مضيف; مجنون; مخزون; ديوان دواوين; مضمون; صابون; كانون; زيتون; مسكين مساكين; ياسمين; عرين;
مسابقة; مستخدم; مضخة; تاكا; كاميرا; فيلا; ثلاثي; متهم; محتجز; بوابة; مركبة; وجبة; وحدة; ورشة; وسام; واحة; وردة;
وون; واط; وصفة; وسيلة وسائل; وكالة; ولاية; وزارة; ولادة; وعد وعود; والد; وافد; ورثة; وشاح; وعكة; وقفة;
نظير نظراء; لوحة; لجوء; لص لصوص; لفة; لحم لحوم; لهجة; برلماني; بيسة; بطاقة; بوصة; بلدة; بلدية; بعثة; بذرة بذور;
بطولة; بقعة; بحيرة; بناية; باحث; كيلو; كرة; كلمة; كتلة كتل; كتيبة كتائب; كلية; كمامة; كمية; كارثة كوارث;
كيلوواط; كيلوبايت; كرتون; كرسي كراسي; فصيل فصائل; فوج افواج; فقرة; فعالية; فترة; فاصل فواصل; غرامة; غارة; دفعة;
دورة; دفاع; طفلة; طالبة; ممرضة; معلمة; رائدة; ناخبة; سباحة; عداءة; مرشحة; نقابة; خلية خلايا; هدية هدايا;
مزية مزايا; بلية بلايا; وصية وصايا; مراة مرايا
"""
"""Singular first, then its broken plurals; singulars alone are named so that no ending is cut from them."""


def listed(words: str) -> frozenset[str]:
    """The words of a list written as one string."""
    return frozenset(words.split())


_SINGULAR: dict[str, str] = {}
_KNOWN: set[str] = set()
for _entry in _BROKEN.split(";"):
    _singular, *_plurals = _entry.split()
    _KNOWN.add(_singular)
    for _plural in _plurals:
        _SINGULAR.setdefault(_plural, _singular)

_NO_ALEF = listed(
    "تاكا كاميرا فيلا دراما سينما بيتزا نايرا ليرا كونا كوانزا كواشا بولا تالا كينا مليشيا اوروبا افريقيا اسيا دنيا"
)
"""Words whose last alef is their own, no accusative."""
_PRONOUNS = ("هما", "هم", "هن", "ها", "نا", "ه")
_BOTH_ENDS = listed("نبات رفات شتات قوات ذات")
_PLURAL_ADJECTIVES = {
    "جدد": "جديد",
    "كبار": "كبير",
    "صغار": "صغير",
    "اجانب": "اجنبي",
    "قدامي": "قديم",
    "عرب": "عربي",
    "اتراك": "تركي",
}
_GENITIVES = listed(
    "شرطة صحة تغذية تربية نجاة حياة قيادة عمرة دراسة خياطة صيرفة وساطة طاقة خدمة اغاثة رعاية حراسة مراقبة زراعة صناعة "
    "تجارة حكومة اقامة مياه ادارة اعاشة دعاية حماية توعية جباية اطفاء اجرة كهرباء"
)
"""Nouns with ة that stand in the genitive after a counted noun, where an adjective would lose it in the singular."""
_PREPOSITIONS = listed("في من علي عن الي مع بين تحت فوق ضد دون لدي عند قبل بعد")


def fold_word(word: str) -> str:
    """A word without vowel signs and tatweel, with one alef, one final ي and ASCII digits."""
    return fold(word, diacritics=True, tatweel=True, digits=True).translate(_ALIKE)


def words_of(text: str) -> list[str]:
    """The atoms of a text, folded; empty ones (lone tatweel) are left out."""
    folded = fold_word(text)
    return [folded[a.start : a.end] for a in atoms(folded)]


def undefined(word: str) -> str:
    """The folded word without the article and the clitics before it (وال، بال، لل …)."""
    if is_known(singulars(word)[0]):
        return word
    if word.startswith("لل") and is_known(singulars(word[1:])[0]):
        return word[1:]
    for start in ("ال", "وال", "بال", "فال", "كال", "لل", "ولل", "وبال", "فلل"):
        if word.startswith(start) and len(word) - len(start) >= 2:
            return word[len(start) :]
    return word


def is_known(word: str) -> bool:
    """Whether a folded word is a singular or broken plural of the lexicon."""
    return word in _KNOWN or word in _SINGULAR


def _of_feminine_plural(stem: str) -> str:
    """The singular of stem + ات: masculine for known nouns and for verbal nouns like اجتماع, تصريح; else with ة."""
    for singular in (stem + "ة", stem, stem + "ا"):
        if singular in _KNOWN:
            return singular
    if stem.endswith(("متر", "غرام", "جرام", "لتر", "واط", "بايت")):
        return stem
    verbal = len(stem) >= 5 and ((stem[0] == "ا" and stem[-2] == "ا") or (stem[0] == "ت" and stem[-2] == "ي"))
    return stem if verbal else stem + "ة"


@lru_cache(maxsize=20_000)
def singulars(word: str, *, dual: bool = False) -> tuple[str, ...]:
    """What a folded word without article may be the form of, the likeliest first; the word itself is among them.

    With `dual` the endings ان and تان are cut too, as in شخصان.
    """
    if word in _KNOWN:
        return (word,)
    if word in _SINGULAR:
        return (_SINGULAR[word], word)
    found: list[str] = []
    for pronoun in _PRONOUNS:
        rest = word.removesuffix(pronoun)
        if rest != word and len(rest) >= 3:
            rest = rest[:-1] + "ء" if rest.endswith("ئ") else rest
            plural = rest[:-1] if rest.endswith("ي") else rest
            if is_known(rest) or (rest != plural and (is_known(plural) or len(pronoun) > 1)):
                found += singulars(rest if is_known(rest) else plural)[:1]
                break
    if word.endswith("ا") and word not in _NO_ALEF and (len(word) > 3 or word[:-1] in _KNOWN):
        # Counted in the accusative a noun is singular: مرافقا is a companion, though مرافق may be facilities.
        found.append(_SINGULAR.get(word[:-1], word[:-1]) if word[0] == "ا" else word[:-1])
    if word.endswith("ات") and len(word) >= 4 and word not in _BOTH_ENDS:
        found.append(_of_feminine_plural(word[:-2]))
    endings = ("ين", "ون", "ان") if dual else ("ين", "ون")
    if word.endswith(endings) and (len(word) >= 5 or word[:-2] in _KNOWN):
        stem = word[:-2]
        if stem.endswith("ت") and stem[:-1] + "ا" in _KNOWN:
            found.append(stem[:-1] + "ا")
        if stem.endswith("ت") and stem not in _KNOWN and len(stem) >= 3 and not word.endswith("ون"):
            found.append(stem[:-1] + "ة")
        found.append(stem)
    return tuple(dict.fromkeys([*found, word]))


def _adjective(word: str, *, plural: bool, feminine: bool) -> str:
    """An adjective or genitive after the head: an adjective that agrees with a plural is put into the singular."""
    if word == "اخري" or (plural and word in _PLURAL_ADJECTIVES):
        return _PLURAL_ADJECTIVES.get(word, "اخر")
    if word.endswith("ا") and not word.endswith("ها") and len(word) > 3 and word not in _NO_ALEF:
        word = word[:-1]
    if plural and not feminine and len(word) >= 4:
        if word.endswith("ة") and word not in _GENITIVES and word not in _KNOWN:
            return word[:-1]
        if word.endswith(("ين", "ون")) and len(word) >= 5 and word not in _KNOWN:
            return word[:-2]
    return word


def lemma(word: str, *, dual: bool = False) -> str:
    """The key of one folded word; clitics before it are cut where what is left is a noun of the lexicon."""
    bare = undefined(word)
    first = singulars(bare, dual=dual)[0]
    if bare != word or first in _KNOWN:
        return first
    if dual and word.startswith("و") and len(word) >= 6 and singulars(word[1:], dual=True)[0] != word[1:]:
        return singulars(word[1:], dual=True)[0]
    for clitic in "وفبلك":
        if word.startswith(clitic) and len(word) >= 4:
            rest = singulars(word[1:], dual=dual)[0]
            if rest in _KNOWN:
                return rest
    return first


def key_of(words: Sequence[str], *, dual: bool = False) -> str:
    """The key of a counted noun with its genitive and adjectives, given as folded words.

    أطفال آخرين and طفلا آخر give one key, مشروعات جديدة and مشروع جديد too. A genitive keeps its number (سفينة حاويات).
    """
    if not words:
        return ""
    head = lemma(words[0], dual=dual)
    if len(words) > 1 and words[0].endswith("ي") and words[1].startswith("ال") and words[0][:-1] in _KNOWN:
        head = words[0][:-1]
    definite = undefined(words[0]) != words[0] or (head != words[0] and words[0].endswith(_PRONOUNS))
    plural, feminine = definite or head != words[0], head.endswith("ة")
    out = [head]
    for i, word in enumerate(words[1:], 1):
        if word in _PREPOSITIONS:
            return " ".join([*out, *words[i:]])
        bare = word[1:] if word.startswith("و") else ""
        if bare and (bare.startswith("ال") or lemma(bare, dual=dual) in _KNOWN) and not is_known(word):
            head = lemma(bare, dual=dual)
            plural, feminine = head != bare, head.endswith("ة")
            out.append("و" + head)
            continue
        if undefined(word) != word and not (definite and word.startswith("ال")):
            out.append(word)
            continue
        out.append(_adjective(undefined(word), plural=plural, feminine=feminine))
    return " ".join(out)
