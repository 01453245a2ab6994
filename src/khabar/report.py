"""For people: tables and tagged text in a terminal."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from khabar.claims import NumericClaim
from khabar.corpus import Summary
from khabar.digits import written
from khabar.documents import Document, Span
from khabar.scheme import Scheme
from khabar.scoring import LayerScores, ModeScores, Score, Scores

_COLOURS = ("green", "cyan", "yellow", "magenta", "blue", "red", "bright_green", "bright_cyan", "bright_yellow")
_PLAIN = {"box": box.SIMPLE_HEAD, "title_justify": "left", "pad_edge": False}


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _row(table: Table, name: str, score: Score, *, style: str = "") -> None:
    figures = [_percent(score.precision), _percent(score.recall), _percent(score.f1)]
    table.add_row(name, *figures, str(score.gold), str(score.predicted), style=style)


def _mode_table(layer: str, mode: ModeScores, title: str) -> Table:
    table = Table(title=f"{layer}, {title}", **_PLAIN)  # type: ignore[arg-type]
    table.add_column("label")
    for column in ("precision", "recall", "F1", "gold", "found"):
        table.add_column(column, justify="right")
    for label, score in mode.labels.items():
        _row(table, label, score)
    table.add_section()
    _row(table, "micro", mode.micro, style="bold")
    table.add_row("macro", "", "", _percent(mode.macro_f1), "", "")
    interval = f"{_percent(mode.interval.low)} – {_percent(mode.interval.high)}"
    table.add_row("95% interval of micro", "", "", interval, "", "")
    return table


def _overlap_table(layer: str, scores: LayerScores) -> Table:
    table = Table(title=f"{layer}, spans by character offsets", **_PLAIN)  # type: ignore[arg-type]
    table.add_column("label")
    kinds = ("exact", "partial", "type", "missed", "spurious")
    for kind in kinds:
        table.add_column(kind, justify="right")
    for label, row in scores.overlap.items():
        table.add_row(label, *(str(getattr(row, kind)) for kind in kinds))
    return table


def score_tables(scores: Scores, *, overlaps: bool = True) -> RenderableType:
    """Scores of every layer: strict by label, default mode in a line, overlaps, links."""
    parts: list[RenderableType] = []
    for layer, found in scores.layers.items():
        parts.append(_mode_table(layer, found.strict, "strict (IOB2)"))
        default, interval = found.default, found.default.interval
        parts.append(
            f"seqeval's default mode: micro {_percent(default.micro.f1)} "
            f"[{_percent(interval.low)} – {_percent(interval.high)}], macro {_percent(default.macro_f1)}\n"
        )
        if overlaps:
            parts.append(_overlap_table(layer, found))
    if scores.links is not None:
        links = scores.links
        parts.append(
            f"links of parts to heads: precision {_percent(links.precision)}, recall {_percent(links.recall)}, "
            f"F1 {_percent(links.f1)} ({links.gold} in gold)"
        )
    parts.append(f"{scores.documents} documents, {scores.atoms} atoms")
    return Group(*parts)


def seeds_table(found: dict[str, Any], seeds: list[int]) -> Table:
    """Mean and sample deviation over seeds, as from `scoring.over_seeds`."""
    table = Table(title=f"test, seeds {', '.join(map(str, seeds))}", **_PLAIN)  # type: ignore[arg-type]
    table.add_column("layer")
    measures = ("strict_micro_f1", "default_micro_f1", "strict_macro_f1")
    for measure in measures:
        table.add_column(measure.replace("_", " "), justify="right")
    for layer, row in found.items():
        cells = (f"{_percent(row[m]['mean'])} ± {_percent(row[m]['deviation'] or 0)}" for m in measures)
        table.add_row(layer, *cells)
    return table


def summary_table(summary: Summary, scheme: Scheme) -> RenderableType:
    """A corpus in numbers, and what was done to it in reading."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for name in ("documents", "words", "atoms", "claims", "links"):
        table.add_row(name, f"{getattr(summary, name):,}")
    for layer, labels in scheme.layers.items():
        if any(summary.spans[label] for label in labels):
            table.add_row(f"[bold]{layer}[/bold]", "")
            for label in labels:
                table.add_row(f"  {label}", f"{summary.spans[label]:,}")
    repaired = sum(fault.severity == "repair" for fault in summary.faults)
    table.add_row("repaired", f"{repaired:,}")
    for what, n in sorted(summary.counts.items()):
        table.add_row(escape(what), f"{n:,}")
    return table


def tagged_text(document: Document, scheme: Scheme) -> RenderableType:
    """The text with its spans coloured a label, and a table of its claims.

    Characters stay in the order of the text; terminals that know Arabic lay them out right to left.
    """
    colour = {label: _COLOURS[i % len(_COLOURS)] for i, label in enumerate(scheme.labels)}
    text = Text(document.text)
    first = next(iter(scheme.layers))
    for span in document.spans:
        # The first layer is drawn reversed, the others underlined, so that nested spans can be told apart.
        kind = "reverse" if scheme.layer_of(span.label) == first else "underline"
        text.stylize(f"{colour[span.label]} {kind}", span.start, span.end)
    present = [label for label in scheme.labels if any(s.label == label for s in document.spans)]
    legend = Text(" ").join(
        Text(label, style=f"{colour[label]} {'reverse' if scheme.layer_of(label) == first else 'underline'}")
        for label in present
    )
    parts: list[RenderableType] = [Text(document.id, style="bold"), text, Text(), legend]
    if document.claims:
        parts.append(_claims_table(document, scheme))
    return Group(*parts)


def _claims_table(document: Document, scheme: Scheme) -> Table:
    def shown(spans: Iterable[Span]) -> str:
        return escape(" · ".join(document.text[s.start : s.end] for s in spans))

    used = [
        part for part in scheme.parts if any(document.spans[p].label == part for c in document.claims for p in c.parts)
    ]
    table = Table(**_PLAIN)  # type: ignore[arg-type]
    table.add_column("#", justify="right")
    table.add_column("head", justify="right", style="bold")
    for label in used:
        table.add_column(label, justify="right")
    for n, claim in enumerate(document.claims, 1):
        parts = [document.spans[p] for p in claim.parts]
        cells = (shown(s for s in parts if s.label == label) for label in used)
        table.add_row(str(n), shown([document.spans[claim.head]]), *cells)
    return table


def _value(claim: NumericClaim) -> str:
    """Operator and value as people write them: > 100,000."""
    if claim.value is None:
        return "?"
    ends = [written(end)[0] for end in (claim.value.low, claim.value.high)]
    shown = [f"{end:,}" if isinstance(end, int) else str(end) for end in ends]
    if "score" in claim.flags:
        return f"{shown[0]}-{shown[1]}"
    value = shown[0] if shown[0] == shown[1] else f"{shown[0]} – {shown[1]}"
    return value if claim.operator in (None, "=", "range") else f"{claim.operator} {value}"


def _unit_name(claim: NumericClaim) -> str:
    if claim.unit is None:
        return ""
    return claim.unit.code or claim.unit.key or claim.unit_text or ""


def claims_table(document: Document, claims: Sequence[NumericClaim]) -> RenderableType:
    """The claims of one document, a row each."""
    table = Table(title=document.id, **_PLAIN)  # type: ignore[arg-type]
    columns = ("#", "head", "value", "unit", "rate", "change", "property", "subject", "source", "time", "status")
    for column in columns:
        table.add_column(column, justify="right" if column in ("#", "head", "value") else "left", overflow="fold")
    table.add_column("conf.", justify="right")
    for claim in claims:
        texts = [" · ".join(p.text for p in claim.of(label)) for label in ("PROPERTY", "SUBJECT", "SOURCE")]
        time = " · ".join(claim.times) or " · ".join(p.text for p in claim.of("TIME"))
        cells = [str(claim.number), claim.head.text, _value(claim), _unit_name(claim), " · ".join(claim.rates)]
        cells += [claim.change or "", *texts, time, " ".join(claim.status)]
        cells.append("" if claim.confidence is None else f"{claim.confidence:.2f}")
        table.add_row(*map(escape, cells))
    return table if claims else Text(f"{document.id}: no numeric claim")


def claims_pretty(document: Document, claims: Sequence[NumericClaim], scheme: Scheme) -> RenderableType:
    """Each sentence that holds claims, its spans coloured, and the claims under it, set to the right as Arabic is."""
    colour = {label: _COLOURS[i % len(_COLOURS)] for i, label in enumerate(scheme.labels)}
    parts: list[RenderableType] = [Text(document.id, style="bold")]
    for start, group in itertools.groupby(claims, key=lambda c: c.sentence_start):
        inside = list(group)
        sentence = Text(inside[0].sentence, justify="right")
        for claim in inside:
            for part in (claim.head, *claim.parts):
                sentence.stylize(
                    f"{colour[part.label]} underline", max(part.start - start, 0), max(part.end - start, 0)
                )
        parts += [Text(), sentence]
        for claim in inside:
            line = Text(f"[{claim.number}] ", style="dim", justify="right")
            line.append(f"{_value(claim)} {_unit_name(claim)}".strip(), style="bold")
            for label in ("RATE", "CHANGE", "PROPERTY", "SUBJECT", "SOURCE", "TIME"):
                if shown := " · ".join(p.text for p in claim.of(label)):
                    line.append(f"  {label} ", style="dim").append(shown, style=colour[label])
            if extra := [*claim.rates, *claim.times, *(s for s in claim.status if s != "reported")]:
                line.append("  (" + ", ".join(extra) + ")", style="dim")
            parts.append(line)
    if not claims:
        parts.append(Text("no numeric claim"))
    return Group(*parts)
