from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from khabar.config import FoldConfig
from khabar.faults import KhabarError
from khabar.labels import IGNORED
from khabar.model import load_tokenizer
from khabar.packing import PIECES, Blocks, Specials, Stream, choose, fingerprint, pack, report, split
from khabar.wordpiece import train_wordpiece
from prose import prose

Make = Callable[[str], Path]
DOCUMENTS = prose(60)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_wordpiece(prose(300), vocabulary=150, alphabet=100, min_frequency=2)


def byte_level() -> Any:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], initial_alphabet=[]
    )
    tokenizer.train_from_iterator(prose(300), trainer)
    names = {
        "cls_token": "<s>",
        "pad_token": "<pad>",
        "sep_token": "</s>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def packed(tokenizer: Any, folder: Path, documents: list[str] = DOCUMENTS, fold: FoldConfig | None = None) -> Path:
    path = folder / "a.txt"
    path.write_text("\n\n".join(documents), "utf-8")
    fold = fold or FoldConfig()
    target = folder / "packed" / fingerprint([path], tokenizer, text_field="text", fold=fold)
    pack([path], tokenizer, target, text_field="text", fold=fold)
    return target


@pytest.mark.parametrize("kind", ["wordpiece", "sentencepiece", "byte-level"])
def test_documents_and_words_come_back_from_the_packed_stream(
    kind: str, tokenizer: Any, encoder: Make, tmp_path: Path
) -> None:
    made = {"wordpiece": lambda: tokenizer, "sentencepiece": lambda: load_tokenizer(str(encoder("xlm-roberta")))}
    tok = made.get(kind, byte_level)()
    folder = packed(tok, tmp_path)
    stream, rest = split(folder, 0, tok.sep_token_id)
    assert len(rest) == 0 and stream.pieces.dtype == np.uint16
    expected = [[*tok(d, add_special_tokens=False)["input_ids"], tok.sep_token_id] for d in DOCUMENTS]
    assert stream.pieces.tolist() == [i for ids in expected for i in ids]
    said = report(folder)
    assert (said["documents"], said["pieces"]) == (len(DOCUMENTS), len(stream))
    # A word by the tokenizer's account has white space on no side but the first, or is punctuation or a digit.
    starts = np.flatnonzero(stream.begins)
    words = [tok.decode(stream.pieces[a:b]).strip() for a, b in zip(starts, [*starts[1:], len(stream)], strict=True)]
    assert not any(" " in word for word in words)
    assert words.count(tok.sep_token) == len(DOCUMENTS)
    assert said["words"] == len(words) - len(DOCUMENTS) > sum(len(d.split()) for d in DOCUMENTS) - 1


def test_a_separator_written_in_a_text_is_text(tokenizer: Any, tmp_path: Path) -> None:
    folder = packed(tokenizer, tmp_path, ["قال [SEP] ثم [MASK] وسكت", "انتهى"])
    pieces = split(folder, 0, None)[0].pieces
    assert (pieces == tokenizer.sep_token_id).sum() == 2 and tokenizer.mask_token_id not in pieces


def test_what_is_hidden_from_the_encoder_is_hidden_here(encoder: Make, tmp_path: Path) -> None:
    tok = load_tokenizer(str(encoder("camelbert")))
    folder = packed(tok, tmp_path, ["زَارَ حلـــب ٣"], FoldConfig(digits=True))
    plain = tok("زار حلب 3", add_special_tokens=False)["input_ids"]
    assert split(folder, 0, None)[0].pieces.tolist() == [*plain, tok.sep_token_id]


def test_truncation_that_a_tokenizer_ships_with_cuts_nothing_and_stays(tokenizer: Any, tmp_path: Path) -> None:
    copy = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(tokenizer.backend_tokenizer.to_str()),
        **{k: v for k, v in tokenizer.special_tokens_map.items() if isinstance(v, str)},
    )
    copy.backend_tokenizer.enable_truncation(8)
    copy.backend_tokenizer.enable_padding(length=8)
    stream, _ = split(packed(copy, tmp_path), 0, None)
    whole = [len(tokenizer(d, add_special_tokens=False)["input_ids"]) + 1 for d in DOCUMENTS]
    assert len(stream) == sum(whole)
    assert copy.backend_tokenizer.truncation is not None and copy.backend_tokenizer.padding is not None


def test_the_fingerprint_follows_content_tokenizer_and_options_alone(tokenizer: Any, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.txt", "b.txt", "c.txt")]
    for path, text in zip(paths, ("أ", "أ", "ب"), strict=True):
        path.write_text(text, "utf-8")

    def of(path: Path, tok: Any = tokenizer, **options: Any) -> str:
        return fingerprint([path], tok, **{"text_field": "text", "fold": FoldConfig(), **options})

    assert of(paths[0]) == of(paths[1])
    others = [of(paths[2]), of(paths[0], byte_level()), of(paths[0], text_field="x")]
    others.append(of(paths[0], fold=FoldConfig(tatweel=False)))
    assert len({of(paths[0]), *others}) == 5


def test_a_packed_archive_is_there_whole_or_not_at_all(tokenizer: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "أ"}\n' * 5, "utf-8")
    (tmp_path / "b.txt.gz").write_text("not packed", "utf-8")
    target = tmp_path / "packed"
    with pytest.raises(KhabarError, match=r"b\.txt\.gz: can't be read"):
        pack([path, tmp_path / "b.txt.gz"], tokenizer, target, text_field="text", fold=FoldConfig())
    assert not target.exists()
    pack([path], tokenizer, target, text_field="text", fold=FoldConfig())
    assert json.loads((target / "report.json").read_text())["documents"] == 5


def test_the_arrays_are_plain_npy_files(tokenizer: Any, tmp_path: Path) -> None:
    folder = packed(tokenizer, tmp_path)
    loaded = np.load(folder / PIECES)
    assert loaded.shape == (report(folder)["pieces"],) and loaded[-1] == tokenizer.sep_token_id


def test_held_out_text_begins_with_a_document(tokenizer: Any, tmp_path: Path) -> None:
    folder = packed(tokenizer, tmp_path)
    training, held_out = split(folder, 500, tokenizer.sep_token_id)
    assert 0 < len(held_out) <= 500 < len(training)
    assert training.pieces[-1] == tokenizer.sep_token_id
    assert len(training) + len(held_out) == report(folder)["pieces"]
    # Without a separator to find, the number is kept.
    assert len(split(folder, 500, None)[1]) == 500


def test_a_stream_that_is_sent_to_a_process_takes_no_array_along(tokenizer: Any, tmp_path: Path) -> None:
    stream, _ = split(packed(tokenizer, tmp_path, prose(2000)), 0, None)
    before = stream.pieces[:50].tolist()
    sent = pickle.dumps(stream)
    assert len(sent) < 1000
    assert pickle.loads(sent).pieces[:50].tolist() == before


def blocks(tokenizer: Any, folder: Path, **options: Any) -> Blocks:
    given = {"size": 64, "rate": 0.2, "whole_words": True, "seed": 1, "shuffle": True} | options
    return Blocks(split(folder, 0, None)[0], Specials.of(tokenizer), **given)


@pytest.fixture(scope="module")
def archive(tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed(tokenizer, tmp_path_factory.mktemp("archive"), prose(1500))


def original(row: dict[str, np.ndarray]) -> np.ndarray:
    """`input_ids` with what was masked put back."""
    ids = row["input_ids"].copy()
    there = row["labels"] != IGNORED
    ids[row["positions"][there]] = row["labels"][there]
    return ids


def test_blocks_without_masks_are_the_stream(tokenizer: Any, archive: Path) -> None:
    found = blocks(tokenizer, archive, shuffle=False)
    rows = [original(found[i]) for i in range(len(found))]
    assert all(row[0] == tokenizer.cls_token_id and row[-1] == tokenizer.sep_token_id for row in rows)
    inside = np.concatenate([row[1:-1] for row in rows])
    assert inside.tolist() == found.stream.pieces[: len(inside)].tolist()
    assert len(found.stream) - len(inside) < 62


def test_rate_and_kinds_of_masking(tokenizer: Any, archive: Path) -> None:
    found = blocks(tokenizer, archive)
    masked = kept = swapped = chosen = eligible = 0
    for i in range(len(found)):
        row = found[i]
        ids, there = original(row), row["labels"] != IGNORED
        places = row["positions"][there]
        assert len(set(places.tolist())) == len(places) <= found.masked == 12
        seen = row["input_ids"][places]
        chosen += len(places)
        masked += int((seen == tokenizer.mask_token_id).sum())
        kept += int((seen == row["labels"][there]).sum())
        swapped += int(((seen != row["labels"][there]) & (seen != tokenizer.mask_token_id)).sum())
        eligible += int((~found.specials.special[ids]).sum())
        # Elsewhere nothing is touched, and no special token is ever asked for or put in but the mask.
        assert not found.specials.special[row["labels"][there]].any()
        assert not found.specials.special[seen[seen != tokenizer.mask_token_id]].any()
    assert chosen / eligible == pytest.approx(0.2, abs=0.01)
    assert masked / chosen == pytest.approx(0.8, abs=0.02)
    assert kept / chosen == pytest.approx(0.1, abs=0.02)
    assert swapped / chosen == pytest.approx(0.1, abs=0.02)


def test_whole_words_are_masked_or_single_pieces_where_asked(tokenizer: Any, archive: Path) -> None:
    def torn(found: Blocks) -> int:
        count = 0
        for i in range(200):
            block = int(found.order[i])
            begins = found.stream.begins[block * 62 : (block + 1) * 62].copy()
            begins[0] = True
            word = np.cumsum(begins)
            row = found[i]
            chosen = np.zeros(62, bool)
            chosen[row["positions"][row["labels"] != IGNORED] - 1] = True
            sizes, hit = np.bincount(word), np.bincount(word, weights=chosen)
            count += int(((hit > 0) & (hit < sizes)).sum())
        return count

    assert torn(blocks(tokenizer, archive)) == 0
    assert torn(blocks(tokenizer, archive, whole_words=False)) > 100


def test_order_and_masks_depend_on_seed_epoch_and_block_alone(tokenizer: Any, archive: Path) -> None:
    def rows(found: Blocks, indices: list[int]) -> list[list[int]]:
        return [found[i]["input_ids"].tolist() for i in indices]

    first, second = blocks(tokenizer, archive), blocks(tokenizer, archive)
    for _ in range(3):
        first.set_epoch(1)
        rows(first, [5, 6])
    first.set_epoch(2)
    second.set_epoch(2)
    assert rows(first, [9, 3, 3]) == [rows(second, [i])[0] for i in (9, 3, 3)]
    second.set_epoch(3)
    assert not np.array_equal(first.order, second.order)
    at = {int(b): i for i, b in enumerate(second.order)}
    block = int(first.order[0])
    again = second[at[block]]
    assert np.array_equal(original(first[0]), original(again))
    assert not np.array_equal(first[0]["input_ids"], again["input_ids"])
    assert not np.array_equal(first.order, blocks(tokenizer, archive, seed=2).order)


def test_held_out_blocks_are_the_same_in_every_epoch(tokenizer: Any, archive: Path) -> None:
    found = blocks(tokenizer, archive, shuffle=False)
    before = found[4]["input_ids"].tolist()
    found.set_epoch(7)
    assert found[4]["input_ids"].tolist() == before


def test_rows_make_whole_groups_and_none_is_always_left_out(tokenizer: Any, archive: Path) -> None:
    plain, grouped = blocks(tokenizer, archive), blocks(tokenizer, archive, group=50)
    assert len(plain) % 50 and len(grouped) == len(plain) // 50 * 50
    seen = set()
    for epoch in range(20):
        grouped.set_epoch(epoch)
        seen |= set(grouped.order.tolist())
    assert seen == set(range(len(plain)))


@given(
    words=st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=40),
    rate=st.floats(0.01, 0.99),
    most=st.integers(1, 60),
    seed=st.integers(0, 100),
)
def test_chosen_pieces_are_whole_ordinary_words_within_the_budget(
    words: list[tuple[int, bool]], rate: float, most: int, seed: int
) -> None:
    sizes = [size for size, _ in words]
    begins = np.concatenate([[True] + [False] * (size - 1) for size in sizes])
    special = np.concatenate([[hard] + [False] * (size - 1) for size, hard in words])
    chosen = choose(begins, special, rate, most, np.random.default_rng(seed))
    budget = min(most, max(1, round(rate * int((~special).sum()))))
    assert len(chosen) <= budget
    word = np.cumsum(begins) - 1
    for w in range(len(words)):
        hit = int((word[chosen] == w).sum())
        assert hit in (0, sizes[w]) and not (hit and words[w][1])
    # Nothing that would still fit is left over.
    left = [size for w, (size, hard) in enumerate(words) if not hard and w not in word[chosen]]
    assert not left or min(left) > budget - len(chosen)


def test_a_tokenizer_without_a_mask_token_is_refused(tokenizer: Any) -> None:
    bare = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, pad_token="[PAD]")
    with pytest.raises(KhabarError, match="no mask token"):
        Specials.of(bare)


def test_large_vocabularies_take_four_bytes_a_piece(tmp_path: Path) -> None:
    vocabulary = {token: i for i, token in enumerate(["[PAD]", "[UNK]", "[MASK]", "[SEP]", *map(str, range(70_000))])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", sep_token="[SEP]", mask_token="[MASK]"
    )
    stream = split(packed(fast, tmp_path, ["69999 7"]), 0, None)[0]
    assert isinstance(stream, Stream)
    assert stream.pieces.dtype == np.uint32 and stream.pieces.tolist() == [70_003, 11, 3]
