"""Which texts of shoppers and shops the default encoder can read, and who reads the others."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from llmrec.embedding.load import load_encoder
from llmrec.embedding.protocol import TextEncoder
from llmrec.embedding.universal import UniversalEncoder
from llmrec.errors import MissingExtra

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

__all__ = ["ENGLISH_ENCODER", "is_english", "multilingual_beside", "reads_as_english"]

ENGLISH_ENCODER = "minilm-l6-v2"

_LANGUAGES = "ar de en es fr it ja ko nl pl pt ru th tr zh"
"""Those that the multilingual encoder reads; of a short question a choice among few is safer."""

_MAX_CHARS = 2_000
_WORD = re.compile(r"[^\W\d_]+")

_DOUBT = 1.0
_TRUST = 12.0
"""Natural logarithms: how much likelier another language must be where no word is known to be
English, and by how much more where all are. docs/design/004-retrieval.md has what they do to
German, Chinese and English queries."""

_lock = threading.Lock()


def multilingual_beside(encoder: TextEncoder) -> TextEncoder | None:
    """Who reads other languages beside ``encoder``; ``None`` where nobody has to or can.

    Other encoders than the default one are the shop's choice, for the languages it has.
    """
    if encoder.name != ENGLISH_ENCODER:
        return None
    try:
        return _multilingual()
    except MissingExtra:
        return None


@lru_cache(maxsize=1)
def _multilingual() -> TextEncoder:
    # A second to load, and a server asks with each product that is written.
    return load_encoder(UniversalEncoder.NAME)


def is_english(text: str) -> bool:
    """Whether a question or a document is in English, by py3langid (doi 10.18653/v1/P12-3005).

    >>> is_english("who pays the postage?"), is_english("Wer zahlt das Porto?")
    (True, False)
    """
    with _lock:  # the identifier keeps its state while it reads a text
        language, _ = _identifier().classify(text[:_MAX_CHARS])
    return bool(language == "en")


def reads_as_english(query: str, knows: Callable[[str], bool]) -> bool:
    """Whether a few words, of which a language model alone tells too little, are to be read so.

    To py3langid a "wine rack" is as German as a "Zelt". So another language must be the likelier
    by a factor that grows with the share of words that are known to be English ones.

    Args:
        query: what a shopper types.
        knows: whether a word in lower case, as it is written, is known as an English one.

    >>> common = {"hat", "rack", "wine", "stand"}.__contains__
    >>> [reads_as_english(query, common) for query in ("wine rack", "Weinregal", "hat stand", "茶")]
    [True, False, True, False]
    """
    words = _WORD.findall(query[:_MAX_CHARS].lower())
    if not words:
        return True
    letters = "".join(words)
    if sum(map(str.isascii, letters)) < len(letters) / 2:  # of one 茶 the model is not sure
        return False
    known = sum(map(knows, words)) / len(words)
    # Two nouns with capitals are as often German: "Wasserkocher Retro".
    if known and len(words) > 2 and query.istitle():
        return True  # a brand ("Nespresso Vertuo Pop"), which looks Italian to the model
    with _lock:
        scores = dict(_identifier().rank(query[:_MAX_CHARS]))
    english = scores.pop("en")
    return bool(max(scores.values()) - english <= _DOUBT + _TRUST * known)


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(_LANGUAGES.split())
    return identifier
