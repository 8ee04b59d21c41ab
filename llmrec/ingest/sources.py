"""Open whatever the user named as a source of rows."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from llmrec.errors import ConfigError, DataError
from llmrec.ingest.delimited import CsvSource, Quote
from llmrec.ingest.json_rows import JsonSource
from llmrec.ingest.readers import RowSource
from llmrec.ingest.streams import Progress, Unpacked, packed_name
from llmrec.ingest.tables import HF_PREFIX, HubSource, ParquetSource

__all__ = ["FORMATS", "open_source"]

FORMATS = ("csv", "tsv", "jsonl", "json", "parquet")
_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".psv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def open_source(
    name: str,
    stack: ExitStack,
    *,
    format: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    quote: Quote | None = None,
    limit: int | None = None,
    max_bytes: int,
    scratch: Path,
    progress: Progress | None = None,
) -> RowSource:
    """Open a file, by its suffix or ``format``, or a data set of the Hugging Face hub.

    Args:
        name: a path, or ``hf:OWNER/NAME[:CONFIG][:SPLIT]``.
        stack: closes the file.
        format: one of ``FORMATS``.
        encoding: of a text file.
        delimiter: what parts the columns of a CSV file, where the file does not tell.
        quote: what quotes its fields.
        limit: how many rows are wanted of it, if not all.
        max_bytes: give up when it unpacks to more.
        scratch: folder for a temporary file, should one be needed.
        progress: told the bytes read and the size.

    Raises:
        DataError: it cannot be read, or its format is not known.
        DownloadError: the data set cannot be loaded.
        ConfigError: no such format or encoding.
    """
    if format is not None and format not in FORMATS:
        raise ConfigError(
            f"'{format}' is not a format that can be read.", hint=f"Use {', '.join(FORMATS)}."
        )
    if name.startswith(HF_PREFIX):
        return HubSource(name, progress)

    def opened(observer: Progress | None = progress) -> Unpacked:
        return stack.enter_context(Unpacked(Path(name), name, max_bytes, observer))

    kind = format or _SUFFIXES.get(Path(packed_name(name)).suffix.lower())
    if kind == "parquet":
        return ParquetSource(opened(), max_bytes, scratch)
    if kind in ("jsonl", "json"):
        # Only the second reading is told of: its bytes are rows on their way into the catalogue.
        tells = iter((None, progress))
        return JsonSource(lambda: opened(next(tells)), encoding, limit)
    if kind in ("csv", "tsv"):
        return CsvSource(opened(), encoding, delimiter, quote)
    opened()
    raise DataError(
        "its name does not tell its format.",
        file=name,
        hint=f"Name it with --format: {', '.join(FORMATS)}.",
    )
