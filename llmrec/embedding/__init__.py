"""Encoders: text in, unit vectors out."""

from llmrec.embedding.hashing import HashingEncoder
from llmrec.embedding.load import load_encoder
from llmrec.embedding.protocol import TextEncoder
from llmrec.embedding.sentence import SentenceEncoder

__all__ = ["HashingEncoder", "SentenceEncoder", "TextEncoder", "load_encoder"]
