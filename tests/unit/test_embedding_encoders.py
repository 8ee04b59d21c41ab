"""Encoders that need no weights, and what is said where weights are needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from llmrec.embedding import HashingEncoder, SentenceEncoder, load_encoder
from llmrec.errors import ModelError


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


def test_a_folder_without_an_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"modules\.json"):
        SentenceEncoder("mine", tmp_path)
