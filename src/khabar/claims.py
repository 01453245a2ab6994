"""Claims: which parts belong to which heads. The rule every linker has to beat: the nearest head in the clause."""

from __future__ import annotations

import re
from collections.abc import Sequence

from khabar.documents import Claim, Span, sort_spans
from khabar.scheme import Scheme

_CLAUSE_EDGE = re.compile(r"[،,؛;:()\"«»–]")
_SENTENCE_EDGE = re.compile(r"\n|[.!?؟…]+[\"'»”’)\]]*\s")


def _gap(text: str, a: Span, b: Span) -> str:
    return text[a.end : b.start] if a.end <= b.start else text[b.end : a.start]


def link_nearest(text: str, spans: Sequence[Span], scheme: Scheme) -> tuple[tuple[Span, ...], tuple[Claim, ...]]:
    """Gives every part to its nearest head, and each head a claim.

    Near means: no end of a sentence between, then as few clause edges as may be, then as few characters. A part
    with no head in its sentence stays free. Returns the spans in text order and the claims, which index into them.
    """
    ordered, _ = sort_spans(spans, ())
    heads = [i for i, span in enumerate(ordered) if span.label in scheme.heads]
    parts: dict[int, list[int]] = {head: [] for head in heads}
    for i, span in enumerate(ordered):
        if span.label not in scheme.parts:
            continue
        reachable = []
        for head in heads:
            gap = _gap(text, span, ordered[head])
            if not _SENTENCE_EDGE.search(gap):
                reachable.append((len(_CLAUSE_EDGE.findall(gap)), len(gap), head))
        if reachable:
            parts[min(reachable)[2]].append(i)
    return ordered, tuple(Claim(head, tuple(belonging)) for head, belonging in parts.items())
