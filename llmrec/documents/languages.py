"""Which questions and documents the default encoder can read, and who reads the others."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

from llmrec.embedding import TextEncoder, load_encoder
from llmrec.embedding.universal import UniversalEncoder
from llmrec.errors import MissingExtra

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

__all__ = ["ENGLISH_ENCODER", "is_english", "multilingual_beside"]

ENGLISH_ENCODER = "minilm-l6-v2"

_LANGUAGES = "ar de en es fr it ja ko nl pl pt ru th tr zh"
"""Those that the multilingual encoder reads; of a short question a choice among few is safer."""

_MAX_CHARS = 2_000
_lock = threading.Lock()


def multilingual_beside(encoder: TextEncoder) -> TextEncoder | None:
    """Who reads other languages beside ``encoder``; ``None`` where nobody has to or can.

    Other encoders than the default one are the shop's choice, for the languages it has.
    """
    if encoder.name != ENGLISH_ENCODER:
        return None
    try:
        return load_encoder(UniversalEncoder.NAME)
    except MissingExtra:
        return None


def is_english(text: str) -> bool:
    """Whether a question or a document is in English, by py3langid (doi 10.18653/v1/P12-3005).

    >>> is_english("who pays the postage?"), is_english("Wer zahlt das Porto?")
    (True, False)
    """
    with _lock:  # the identifier keeps its state while it reads a text
        language, _ = _identifier().classify(text[:_MAX_CHARS])
    return bool(language == "en")


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(_LANGUAGES.split())
    return identifier
