"""The public API: `Tagger.from_pretrained(…).tag(text)`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, overload

import numpy as np
import torch

from khabar.decoding import Decoding, decode_tags, spans_of
from khabar.documents import Claim, Document, Span, sort_spans
from khabar.faults import KhabarError
from khabar.features import Clipped, Collator, Cut, Featurizer, Window, atom_logits
from khabar.linker import WIDTH, describe
from khabar.links import candidates, choose, link_nearest
from khabar.model import LayeredTagger, Loaded, load, longest_window
from khabar.scheme import Scheme
from khabar.scoring import Pair
from khabar.text import lone_surrogate

Linking = Literal["learned", "nearest"]
BUNDLED = "models/khabar-compact"
Progress = Callable[[int, int], None]
"""Called with the number of windows done and of all windows."""


def bundled_model() -> Path:
    """The tagger that ships with a checkout of Khabar; `KHABAR_MODEL` names another.

    Raises KhabarError if there is none.
    """
    if named := os.environ.get("KHABAR_MODEL"):
        return Path(named)
    for root in (Path.cwd(), Path(__file__).parents[2]):
        if (root / BUNDLED / "khabar.json").is_file():
            return root / BUNDLED
    raise KhabarError(
        f"no model was named and {BUNDLED} is not here. Remedy: name one (--model runs/NAME/model), "
        "run from a checkout of Khabar, or set KHABAR_MODEL."
    )


@dataclass(frozen=True)
class Tagged:
    """What the model says of one text, before it is decoded: its atoms, logits [atoms, tags] by layer, and the
    linker's states [atoms, 2 WIDTH] (no columns where there is no linker)."""

    cut: Cut
    logits: dict[str, np.ndarray]
    states: np.ndarray


class Tagger:
    """Tags texts of any length with entities and claims. Never truncates; every atom gets exactly one tag a layer."""

    def __init__(
        self,
        loaded: Loaded,
        *,
        device: str | torch.device | None = None,
        batch_pieces: int = 8192,
        decoding: Decoding = "viterbi",
        linking: Linking = "learned",
    ) -> None:
        """`batch_pieces`: most pieces, padding included, that go through the encoder at once; `linking`: by the model's
        linker, or by the rule of the nearest head, which also serves models without a linker."""
        self.model: LayeredTagger = loaded.model
        self.settings = loaded.settings
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.model.to(self.device).eval()
        self.batch_pieces = batch_pieces
        self.decoding: Decoding = decoding
        self.linking: Linking = linking
        size = min(self.settings.windows.pieces, longest_window(self.model, loaded.tokenizer))
        self._featurizer = Featurizer(
            loaded.tokenizer, size, min(self.settings.windows.context, (size - 10) // 2), self.settings.fold
        )
        self._collate = Collator(loaded.tokenizer.pad_token_id or 0)

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path | None = None,
        *,
        revision: str | None = None,
        device: str | torch.device | None = None,
        batch_pieces: int = 8192,
        decoding: Decoding = "viterbi",
        linking: Linking = "learned",
    ) -> Tagger:
        """Loads a tagger from a folder or a hub; without a name, the one that ships with Khabar.

        Raises KhabarError if it can't be loaded.
        """
        loaded = load(name if name is not None else bundled_model(), revision)
        return cls(loaded, device=device, batch_pieces=batch_pieces, decoding=decoding, linking=linking)

    @property
    def scheme(self) -> Scheme:
        return self.settings.scheme

    @property
    def clipped(self) -> Clipped:
        """What this tagger could not show to its encoder so far."""
        return self._featurizer.clipped

    @overload
    def tag(self, text: str, *, progress: Progress | None = None) -> Document: ...
    @overload
    def tag(self, text: list[str] | tuple[str, ...], *, progress: Progress | None = None) -> list[Document]: ...

    def tag(
        self, text: str | list[str] | tuple[str, ...], *, progress: Progress | None = None
    ) -> Document | list[Document]:
        """Tags one text or many. A text's document is named `text`, or `text-N` by its place from 1.

        Raises KhabarError for a text with half a surrogate pair, which no tokenizer takes.
        """
        if isinstance(text, str):
            return self.tag_documents([Document("text", text)], progress=progress)[0]
        documents = [Document(f"text-{n}", t) for n, t in enumerate(text, 1)]
        return self.tag_documents(documents, progress=progress)

    def tag_documents(self, documents: Sequence[Document], *, progress: Progress | None = None) -> list[Document]:
        """The same documents with predicted spans and claims in place of any they had."""
        tagged = self.run([d.text for d in documents], progress=progress)
        return [self._annotate(document, one) for document, one in zip(documents, tagged, strict=True)]

    def _annotate(self, document: Document, tagged: Tagged) -> Document:
        spans: list[Span] = []
        for layer, codec in self.model.codecs.items():
            spans += spans_of(
                tagged.logits[layer],
                tagged.cut.atoms,
                codec,
                temperature=self.settings.temperature.get(layer, 1.0),
                decoding=self.decoding,
            )
        ordered, claims = self._link(document.text, spans, tagged)
        return replace(document, spans=ordered, claims=claims)

    def link(self, documents: Sequence[Document]) -> list[Document]:
        """The same documents and spans, with predicted claims in place of any they had."""
        found = []
        for document, tagged in zip(documents, self.run([d.text for d in documents]), strict=True):
            spans, claims = self._link(document.text, document.spans, tagged)
            found.append(replace(document, spans=spans, claims=claims))
        return found

    def _link(self, text: str, spans: Sequence[Span], tagged: Tagged) -> tuple[tuple[Span, ...], tuple[Claim, ...]]:
        linker = self.model.linker
        if linker is None or self.linking == "nearest":
            return link_nearest(text, spans, self.scheme)
        ordered, _ = sort_spans(spans, ())
        pairs = candidates(text, ordered, self.scheme)
        if not pairs:
            return ordered, choose(ordered, [], [], self.scheme)
        first = {atom.start: i for i, atom in enumerate(tagged.cut.atoms)}
        last = {atom.end: i for i, atom in enumerate(tagged.cut.atoms)}
        edges = [
            [first[part.start], last[part.end], first[head.start], last[head.end]]
            for part, head in ((ordered[c.part], ordered[c.head]) for c in pairs)
        ]
        rows = [[*e, *describe(c, ordered, linker.labels)] for e, c in zip(edges, pairs, strict=True)]
        with torch.inference_mode():
            states = torch.from_numpy(tagged.states).to(self.device)
            scores = linker(states, torch.tensor(rows, device=self.device)).sigmoid().tolist()
        return ordered, choose(ordered, pairs, scores, self.scheme)

    def compare(self, gold: Sequence[Document]) -> tuple[list[Document], dict[str, list[Pair]]]:
        """Predicted documents and, a layer, gold and predicted tags over their atoms, for scoring."""
        tagged = self.run([d.text for d in gold])
        predicted = [self._annotate(document, one) for document, one in zip(gold, tagged, strict=True)]
        pairs = {
            layer: [
                Pair(
                    codec.encode(document.spans, one.cut.atoms),
                    decode_tags(one.logits[layer], codec, decoding=self.decoding),
                )
                for document, one in zip(gold, tagged, strict=True)
            ]
            for layer, codec in self.model.codecs.items()
        }
        return predicted, pairs

    def run(self, texts: Sequence[str], *, progress: Progress | None = None) -> list[Tagged]:
        """Atoms and logits of each text."""
        for n, text in enumerate(texts, 1):
            if (at := lone_surrogate(text)) is not None:
                raise KhabarError(
                    f"text {n} has a lone surrogate at offset {at}. Remedy: decode its source as UTF-8 or UTF-16."
                )
        cuts, windows = self._featurizer.documents(texts)
        rows: list[np.ndarray] = [np.empty(0)] * len(windows)
        done = 0
        for batch in self._batches(windows):
            for i, logits in zip(batch, self._forward([windows[i] for i in batch]), strict=True):
                rows[i] = logits
            done += len(batch)
            if progress:
                progress(done, len(windows))
        tags = sum(self.model.sizes)
        blank = np.pad(self.model.outside(), (0, 2 * WIDTH if self.model.linker is not None else 0))
        found = atom_logits(cuts, windows, rows, blank)
        return [
            Tagged(cut, self.model.by_layer(row[:, :tags]), np.ascontiguousarray(row[:, tags:]))
            for cut, row in zip(cuts, found, strict=True)
        ]

    def _batches(self, windows: Sequence[Window]) -> Iterator[list[int]]:
        """Indices of windows, longest first, so that a batch holds like lengths and the first is the largest."""
        batch: list[int] = []
        for i in sorted(range(len(windows)), key=lambda i: -len(windows[i].input_ids)):
            if batch and (len(batch) + 1) * len(windows[batch[0]].input_ids) > self.batch_pieces:
                yield batch
                batch = []
            batch.append(i)
        if batch:
            yield batch

    def _forward(self, windows: Sequence[Window]) -> list[np.ndarray]:
        """Logits and, beside them, the linker's states of each window, [pieces, tags of all layers + 2 WIDTH]."""
        batch = self._collate([{"input_ids": window.input_ids} for window in windows])
        with torch.inference_mode():
            logits, states = self.model.tags_and_states(**{name: x.to(self.device) for name, x in batch.items()})
            joined = logits if states is None else torch.cat([logits, states], dim=-1)
        return list(joined.float().cpu().numpy())
