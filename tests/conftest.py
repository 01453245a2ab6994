"""Tiny models, tokenizers and corpora, made in the process: no hub, no big files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest
import torch
import yaml
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForMaskedLM,
    ElectraConfig,
    ElectraForPreTraining,
    ModernBertConfig,
    ModernBertForMaskedLM,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)

from khabar.config import Source
from khabar.corpus import read_corpus
from khabar.documents import Document
from khabar.faults import FaultLog
from khabar.scheme import DEFAULT_SCHEME

torch.set_num_threads(1)
ROOT = Path(__file__).parents[1]
TINY = Path(__file__).parent / "data" / "tiny.marked"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def documents_of(path: Path = TINY) -> list[Document]:
    log = FaultLog()
    found = list(read_corpus(Source(path=str(path)), DEFAULT_SCHEME, log).documents)
    log.raise_errors()
    return found


@pytest.fixture(scope="session")
def documents() -> list[Document]:
    return documents_of()


def wordpiece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(
        [d.text for d in documents_of()], trainers.WordPieceTrainer(vocab_size=400, special_tokens=SPECIAL)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def sentencepiece() -> Tokenizer:
    """XLM-R's layout: Unigram over words marked with ▁, <s> 0, <pad> 1, </s> 2."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(
        [d.text for d in documents_of()],
        trainers.UnigramTrainer(vocab_size=300, special_tokens=special, unk_token="<unk>"),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def _bert(folder: Path) -> None:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=wordpiece(), **_named(SPECIAL))
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **SIZES)
    BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _electra(folder: Path) -> None:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=wordpiece(), **_named(SPECIAL))
    config = ElectraConfig(vocab_size=len(tokenizer), embedding_size=16, max_position_embeddings=64, **SIZES)
    ElectraForPreTraining(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _modernbert(folder: Path) -> None:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=wordpiece(), **_named(SPECIAL))
    config = ModernBertConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        pad_token_id=0,
        bos_token_id=2,
        cls_token_id=2,
        eos_token_id=3,
        sep_token_id=3,
        **SIZES,
    )
    ModernBertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _xlm_roberta(folder: Path) -> None:
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=sentencepiece(), **_named(["<pad>", "<unk>", "<s>", "</s>", "<mask>"])
    )
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=66,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        type_vocab_size=1,
        **SIZES,
    )
    XLMRobertaForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _camelbert(folder: Path) -> None:
    """CAMeLBERT's files on the hub: vocab.txt, .bin weights only, a tokenizer_config of 86 bytes, no length."""
    vocabulary = wordpiece().get_vocab()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.__getitem__)) + "\n", "utf-8")
    settings = '{"do_lower_case": false, "special_tokens_map_file": null, "full_tokenizer_file": null}'
    (folder / "tokenizer_config.json").write_text(settings)
    assert (folder / "tokenizer_config.json").stat().st_size == 86
    config = BertConfig(vocab_size=len(vocabulary), max_position_embeddings=64, **SIZES)
    torch.save(BertForMaskedLM(config).state_dict(), folder / "pytorch_model.bin")
    plain = json.loads(config.to_json_string()) | {"architectures": ["BertForMaskedLM"], "model_type": "bert"}
    (folder / "config.json").write_text(json.dumps(plain))


def _named(names: list[str]) -> dict[str, str]:
    return dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), names, strict=True))


LAYOUTS: dict[str, Callable[[Path], None]] = {
    "bert": _bert,
    "electra": _electra,
    "modernbert": _modernbert,
    "xlm-roberta": _xlm_roberta,
    "camelbert": _camelbert,
}


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder of a tiny encoder of one layout, made on first use."""
    base = tmp_path_factory.mktemp("encoders")

    def make(layout: str) -> Path:
        folder = base / layout
        if not folder.exists():
            torch.manual_seed(0)
            LAYOUTS[layout](folder)
        return folder

    return make


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    """Writes a run config for a tiny encoder on the tiny corpus; keyword arguments replace whole sections."""

    def write(encoder_folder: Path, name: str = "tiny", **sections: Any) -> Path:
        source = [{"path": str(TINY)}]
        record: dict[str, Any] = {
            "name": name,
            "data": {"train": source, "dev": [], "test": []},
            "encoder": {"name": str(encoder_folder)},
            "windows": {"train_pieces": 48, "pieces": 64, "context": 8},
            "training": {"epochs": 2, "batch_size": 2, "learning_rate": 1e-3},
        }
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(record | sections), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def overfitted(encoder: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT tagger that has learnt the tiny corpus by heart."""
    from khabar.config import build_config
    from khabar.training import train

    folder = tmp_path_factory.mktemp("overfitted")
    config = build_config(
        {
            "name": "overfitted",
            "data": {"train": [{"path": str(TINY)}], "test": [{"path": str(TINY)}], "allow_leaks": True},
            "encoder": {"name": str(encoder("bert"))},
            "windows": {"train_pieces": 64, "pieces": 64, "context": 8},
            "training": {
                "epochs": 150,
                "batch_size": 8,
                "learning_rate": 5e-3,
                "schedule": "constant_with_warmup",
                "evaluate_every": 1000,
            },
        },
        where="overfitted",
    )
    train(config, folder / "run")
    return folder / "run" / "model"
