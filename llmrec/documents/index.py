"""The documents' index: passages and their sentences as vectors, anew only where a file changed.

As with the items' index, what is done is read from the collection itself: a run that was killed
is taken up by the next one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from llmrec.catalog.locks import write_lock
from llmrec.config import Workspace
from llmrec.documents.files import Document, documents_folder, read_documents
from llmrec.documents.sentences import sentences
from llmrec.documents.topics import TopicVectors
from llmrec.embedding import TextEncoder
from llmrec.embedding.languages import multilingual_beside
from llmrec.errors import IndexMismatch, IndexMissing
from llmrec.retrieval.collection import VectorCollection, empty_collection
from llmrec.retrieval.metadata import Metadata

__all__ = ["COLLECTION", "MULTILINGUAL", "DocumentsReport", "index_documents", "stored_rows"]

COLLECTION = "documents"
MULTILINGUAL = "multilingual"
"""The same passages by the multilingual encoder, where that reads beside the default one."""

_PAGE = 1_000


@dataclass(frozen=True)
class DocumentsReport:
    """Counts of files, and of all passages in them.

    Attributes:
        encoded: new or changed files.
        unchanged: nothing was written.
        removed: files that are no longer there.
        passages: of all files that are.
    """

    encoded: int = 0
    unchanged: int = 0
    removed: int = 0
    passages: int = 0


@dataclass(frozen=True)
class _IndexRow:
    """A vector to be: a passage, or one sentence under its heading."""

    id: str
    text: str
    metadata: Metadata


def index_documents(
    workspace: Workspace, encoder: TextEncoder, *, rebuild: bool = False
) -> DocumentsReport:
    """Bring the index up to date with the folder of documents.

    A shop without documents gets no index. Where another encoder made it, everything is encoded
    anew: these are few texts. Beside the default encoder the multilingual one makes an index of its
    own, where it is installed; where it no longer is, that index is emptied, lest it grow stale.

    Raises:
        ConfigError: the folder that was set is not there.
        DataError: a file cannot be read; nothing was written then.
        LockedError: another command is writing to the workspace.
        VectorIndexError: Chroma failed, or its server is out of reach.
        DiskFull: no space left; the files that are done count.
    """
    folder = documents_folder(workspace)
    documents = read_documents(folder) if folder else []
    with write_lock(workspace):
        report = _bring_up_to_date(workspace, encoder, documents, COLLECTION, rebuild)
        beside = multilingual_beside(encoder)
        if beside is not None:
            _bring_up_to_date(workspace, beside, documents, MULTILINGUAL, rebuild)
        else:
            empty_collection(workspace, MULTILINGUAL)
    return report


def _bring_up_to_date(
    workspace: Workspace,
    encoder: TextEncoder,
    documents: Sequence[Document],
    of: str,
    rebuild: bool,
) -> DocumentsReport:
    if not documents and not _is_there(workspace, of):
        return DocumentsReport()
    collection = _open(workspace, encoder, rebuild, of)
    try:
        # Some seconds that the first question would wait for otherwise.
        TopicVectors.load(encoder, workspace.cache_dir)
        return _update(collection, encoder, documents)
    finally:
        collection.close()


def stored_rows(collection: VectorCollection) -> dict[str, Metadata]:
    """What the collection holds, by id."""
    ids = collection.ids()
    pages = (ids[start : start + _PAGE] for start in range(0, len(ids), _PAGE))
    return {id: row for page in pages for id, row in collection.metadata(page).items()}


def _is_there(workspace: Workspace, of: str) -> bool:
    try:
        VectorCollection.open(workspace, of).close()
    except IndexMissing:
        return False
    return True


def _open(workspace: Workspace, encoder: TextEncoder, rebuild: bool, of: str) -> VectorCollection:
    try:
        return VectorCollection.create(workspace, encoder, rebuild=rebuild, of=of)
    except IndexMismatch:
        return VectorCollection.create(workspace, encoder, rebuild=True, of=of)


def _update(
    collection: VectorCollection, encoder: TextEncoder, documents: Sequence[Document]
) -> DocumentsReport:
    stored = stored_rows(collection)
    files = {str(entry["file"]) for entry in stored.values()}
    wanted = {document.name: [*_rows(document)] for document in documents}
    changed = [
        document.name
        for document in documents
        if any(stored.get(row.id) != row.metadata for row in wanted[document.name])
    ]
    kept = {row.id for rows in wanted.values() for row in rows}
    gone = [id for id in stored if id not in kept]
    if changed or gone or collection.info().writing:
        collection.touch(writing=True)
        for name in changed:
            _write(collection, encoder, wanted[name])
        collection.delete(gone)
        collection.touch(writing=False)
    return DocumentsReport(
        encoded=len(changed),
        unchanged=len(documents) - len(changed),
        removed=len(files - set(wanted)),
        passages=sum(len(document.passages) for document in documents),
    )


def _write(collection: VectorCollection, encoder: TextEncoder, rows: Sequence[_IndexRow]) -> None:
    """One file, in one write unless it is a book."""
    for start in range(0, len(rows), _PAGE):
        page = rows[start : start + _PAGE]
        vectors = encoder.encode([row.text for row in page])
        collection.upsert([row.id for row in page], vectors, [row.metadata for row in page])


def _rows(document: Document) -> Iterator[_IndexRow]:
    for number, passage in enumerate(document.passages):
        common: Metadata = {
            "file": document.name,
            "digest": document.digest,
            "headings": json.dumps(passage.headings, ensure_ascii=False),
            "passage": number,
        }
        name = f"{document.name}#{number}"
        text = "\n".join(passage.blocks)
        yield _IndexRow(name, passage.text, {**common, "kind": "passage", "text": text})
        heading = f"{passage.headings[-1]}: " if passage.headings else ""
        stated = [sentence for block in passage.blocks for sentence in sentences(block)]
        for place, sentence in enumerate(stated):
            yield _IndexRow(
                f"{name}.{place}",
                heading + sentence,
                {**common, "kind": "sentence", "text": sentence, "place": place},
            )
