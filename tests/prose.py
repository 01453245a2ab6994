"""Arabic text of our own in any length, for the tests of pretraining."""

from __future__ import annotations

import random

_WHO = ["الوزيرة", "رئيس البلدية", "المتحدثة باسم الهيئة", "الشركة المشغلة", "مدير المستشفى", "الاتحاد المحلي", "البنك"]
_DID = ["قالت في بيان إن", "أعلن صباح اليوم أن", "أكدت للصحفيين أن", "ذكر تقرير نشرته اللجنة أن", "نفى أمس أن"]
_WHAT = [
    "عدد المسافرين ارتفع إلى {n} ألفا خلال شهر واحد",
    "كلفة الجسر الجديد لن تتجاوز {n} مليون دينار",
    "المدارس الريفية ستستقبل {n} تلميذا إضافيا",
    "نحو {n} بالمئة من الآبار جفت هذا الصيف",
    "الرحلات البحرية تأجلت {n} ساعة بسبب الرياح",
    "أسعار القمح تراجعت إلى {n} دولارا للطن",
]
_WHERE = ["في الإسكندرية", "على الطريق الساحلي", "في حمص", "قرب ميناء صحار", "في القيروان", "بجوار السوق القديم"]


def prose(documents: int, seed: int = 0) -> list[str]:
    """Documents of one to eight sentences, each on a line."""
    draw = random.Random(seed)
    found = []
    for _ in range(documents):
        lines = []
        for _ in range(draw.randint(1, 8)):
            what = draw.choice(_WHAT).format(n=draw.randint(2, 9800))
            lines.append(f"{draw.choice(_WHO)} {draw.choice(_DID)} {what} {draw.choice(_WHERE)}.")
        found.append("\n".join(lines))
    return found
