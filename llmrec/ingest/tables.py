"""Parquet files and Hugging Face data sets as sources of rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from llmrec.config import disk_errors
from llmrec.errors import DataError, DownloadError, MissingExtra
from llmrec.ingest.readers import Row, checked_columns
from llmrec.ingest.streams import Unpacked

__all__ = ["HF_PREFIX", "HubSource", "ParquetSource"]

HF_PREFIX = "hf:"
_BATCH = 4096


class ParquetSource:
    """A Parquet file, read a batch of rows and only the wanted columns at a time.

    A packed one is unpacked to a nameless temporary file first, since Parquet is read from its end.

    Args:
        unpacked: the file.
        max_bytes: give up when the values read take more.
        scratch: folder for the temporary file.

    Raises:
        DataError: not Parquet, or damaged.
    """

    format = "Parquet"
    notes: tuple[str, ...] = ()

    def __init__(self, unpacked: Unpacked, max_bytes: int, scratch: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.name = unpacked.name
        self._unpacked = unpacked
        self._max_bytes = max_bytes
        file = _plain_file(unpacked, scratch) if unpacked.packing else unpacked.file
        try:
            self._file = pq.ParquetFile(file, buffer_size=2**20)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error
        self.columns = checked_columns(self._file.schema_arrow.names, self.name)

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """See :class:`~llmrec.ingest.readers.RowSource`; a row's number is its place there."""
        names = dict(zip(self.columns, self._file.schema_arrow.names, strict=True))
        wanted = [names[name] for name in columns]
        total, done, taken = self._file.metadata.num_rows, 0, 0
        for batch in self._batches(wanted):
            taken += batch.nbytes
            if taken > self._max_bytes:
                raise DataError(
                    f"its values take more than {self._max_bytes:,} bytes.",
                    file=self.name,
                    hint="If it is really yours, raise ingest.max_unpacked_bytes.",
                )
            values = [_values(batch.column(name)) for name in wanted]
            yield from enumerate(zip(*values, strict=True), start=done + 1)
            done += batch.num_rows
            self._unpacked.report(self._unpacked.size * done // max(1, total))

    def _batches(self, columns: list[str]) -> Iterator[Any]:
        import pyarrow as pa

        batches = self._file.iter_batches(batch_size=_BATCH, columns=columns)
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
                raise self._damaged(error) from error
            if batch is None:
                return
            yield batch

    def _damaged(self, error: Exception) -> DataError:
        return DataError(
            f"it is not a Parquet file, or damaged: {str(error).splitlines()[0].rstrip('.')}.",
            file=self.name,
            hint="Copy or write it again; nothing of it was written.",
        )


class HubSource:
    """A data set of the Hugging Face hub, streamed: ``hf:OWNER/NAME[:CONFIG][:SPLIT]``.

    The hub is asked only because the user named it. The split is ``train`` unless named.

    Raises:
        DataError: the name has no such form.
        DownloadError: the hub is out of reach, or has no such data set.
    """

    format = "Hugging Face data set"
    notes: tuple[str, ...] = ()

    def __init__(self, name: str, progress: Callable[[int, int], None] | None = None) -> None:
        self.name = name
        self._progress = progress
        self._data = self._guarded(lambda: _load(name))
        self._first = self._guarded(lambda: next(iter(self._data), None))
        if self._first is None:
            raise DataError("the data set is empty.", file=name, hint="Name another split of it.")
        # The first row may lack a column; what the data set itself says of its columns does not.
        names = self._guarded(lambda: getattr(self._data, "column_names", None))
        self.columns = checked_columns(names or list(self._first), name)

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """See :class:`~llmrec.ingest.readers.RowSource`."""
        rows = self._guarded(lambda: iter(self._data))
        row = 0
        while (value := self._guarded(lambda: next(rows, None))) is not None:
            row += 1
            yield row, [value.get(name) for name in columns]
            if self._progress and row % _BATCH == 0:
                self._progress(row, 0)

    def _guarded(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except (DataError, MissingExtra, MemoryError):
            raise
        except Exception as error:  # the hub's client raises whatever its HTTP library raises
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200].rstrip(".")
            raise DownloadError(
                f"The data set '{self.name}' cannot be loaded: {reason}.",
                hint="Check its name and the network, or name a file on this machine instead.",
            ) from error


def _load(name: str) -> Any:
    parts = name.removeprefix(HF_PREFIX).split(":")
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise DataError(
            "that is not the name of a data set.",
            file=name,
            hint="Write hf:OWNER/NAME, hf:OWNER/NAME:CONFIG or hf:OWNER/NAME:CONFIG:SPLIT.",
        )
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise MissingExtra("datasets", extra="data") from error

    path, config, split = (*parts, None, None)[:3]
    return load_dataset(path, config, split=split or "train", streaming=True)


def _plain_file(unpacked: Unpacked, scratch: Path) -> IO[bytes]:
    with disk_errors(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
        file: IO[bytes] = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115
    for chunk in unpacked.chunks():
        with disk_errors(scratch):
            file.write(chunk)
    with disk_errors(scratch):
        file.flush()
    file.seek(0)
    return file


def _values(column: Any) -> list[Any]:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        # Python's datetime has no nanoseconds; a pandas Timestamp would bring all of pandas.
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    try:
        values: list[Any] = column.to_pylist()
    except (UnicodeDecodeError, ValueError, OverflowError):
        values = [_value(cell) for cell in column]
    return values


def _value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except (UnicodeDecodeError, ValueError, OverflowError):
        return "\x00"  # not text, not a time: the row is rejected for it
