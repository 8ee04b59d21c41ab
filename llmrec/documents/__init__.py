"""The shop's own documents (returns, shipping, …): cut into passages, indexed, quoted."""

from llmrec.documents.files import documents_folder, read_documents
from llmrec.documents.index import DocumentsReport, index_documents
from llmrec.documents.nearest import Quotation
from llmrec.documents.shelf import Documents, IndexedFile

__all__ = [
    "Documents",
    "DocumentsReport",
    "IndexedFile",
    "Quotation",
    "documents_folder",
    "index_documents",
    "read_documents",
]
