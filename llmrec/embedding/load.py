"""From an encoder's name to the encoder."""

from __future__ import annotations

from llmrec.embedding.hashing import HashingEncoder
from llmrec.embedding.protocol import TextEncoder
from llmrec.embedding.sentence import SentenceEncoder
from llmrec.embedding.universal import UniversalEncoder

__all__ = ["load_encoder"]


def load_encoder(name: str) -> TextEncoder:
    """The encoder called ``name``; its weights are read at the first text that it encodes.

    Args:
        name: a name of ``llmrec models list``, a hub id or a folder; ``hashing`` needs no weights,
            those of ``use-multilingual-v3`` come with its package.

    Raises:
        MissingExtra: the encoder wants a package that is not installed.
        WeightsMissing: the weights are not on this machine.
        ModelError: the folder does not hold a sentence encoder.
    """
    if name == "hashing":
        return HashingEncoder()
    if name == UniversalEncoder.NAME:
        return UniversalEncoder()
    from llmrec.weights import locate

    return SentenceEncoder(name, locate(name))
