"""Retrieval: candidates from a Chroma collection, the log and the catalogue, fused and filtered."""

from llmrec.retrieval.index import IndexReport, build_index, index_items
from llmrec.retrieval.request import RetrievalRequest, RetrievalResult
from llmrec.retrieval.retriever import SOURCES, Retriever

__all__ = [
    "SOURCES",
    "IndexReport",
    "RetrievalRequest",
    "RetrievalResult",
    "Retriever",
    "build_index",
    "index_items",
]
