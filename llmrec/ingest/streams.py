"""Bytes and lines of a file that may be packed, broken, or built to fill the memory.

Whatever a file unpacks to, no more than one line and one chunk of it is held at a time, and a file
that unpacks without end is given up.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from llmrec.errors import ConfigError, DataError

__all__ = ["MAX_LINE_CHARS", "Lines", "Progress", "Unpacked", "packed_name"]

Progress = Callable[[int, int], None]
"""Called with the bytes read so far and the size of the file."""

MAX_LINE_CHARS = 16 * 2**20
_CHUNK = 2**17
_SCOUTED = 64 * 2**20
_RATIO_FROM = 16 * 2**20
_MAX_RATIO = 100
"""Real logs pack to a fifth or a thirtieth; repetition without end packs to a 200th and less."""

_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_SUFFIXES = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Unpacked:
    """A file's bytes, unpacked while they are read. A context manager.

    Args:
        path: the file, plain or packed with gzip or zstd (told by its first bytes).
        name: the file as the user named it.
        max_bytes: give up when it has unpacked to more.
        progress: told how much of the file has been read.

    Raises:
        DataError: no such file, not readable, or empty.
    """

    def __init__(
        self, path: Path, name: str, max_bytes: int, progress: Progress | None = None
    ) -> None:
        self.name = name
        self._max_bytes = max_bytes
        self._progress = progress
        self._unpacked = 0
        self._file = _open(path, name)
        try:
            self.size = path.stat().st_size
            self.packing = self._look()
            if self.packing:
                self._scout(path)
            self._source = self._stream(self._file)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Unpacked:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def file(self) -> IO[bytes]:
        """The file itself, as it lies there."""
        return self._file

    def chunks(self) -> Iterator[bytes]:
        """The unpacked bytes, a chunk at a time.

        Raises:
            DataError: cut off, damaged, or unpacking without end.
        """
        while chunk := self._read():
            self._unpacked += len(chunk)
            self._guard(self._file.tell())
            yield chunk
            # A consumer that stops reading must not be told that the file was read to its end.
            self.report(self._file.tell())

    def report(self, done: int) -> None:
        """Tell the progress: so many bytes of the file as it lies there."""
        if self._progress:
            self._progress(min(done, self.size), self.size)

    def _look(self) -> str | None:
        first = self._file.read(4)
        self._file.seek(0)
        if not first:
            raise DataError("the file is empty.", file=self.name, hint="Is it the right file?")
        packing = next((kind for magic, kind in _MAGIC if first.startswith(magic)), None)
        expected = _SUFFIXES.get(Path(self.name).suffix.lower())
        if expected and not packing:
            raise DataError(
                f"it is named as {expected} but is not.",
                file=self.name,
                hint="Take the suffix off its name if it is not packed.",
            )
        return packing

    def _stream(self, file: IO[bytes]) -> Any:
        if not self.packing:
            return file
        import pyarrow as pa

        return pa.CompressedInputStream(pa.PythonFile(file, mode="r"), self.packing)

    def _scout(self, path: Path) -> None:
        """Unpack the beginning once: what has no end is known before a million rows are in."""
        # What is damaged is said when it is read, with how far that went.
        with suppress(OSError), path.open("rb") as file:
            stream = self._stream(file)
            while self._unpacked < _SCOUTED and (chunk := stream.read(_CHUNK)):
                self._unpacked += len(chunk)
                self._guard(file.tell())
        if not self._unpacked:
            raise DataError("it is empty inside.", file=self.name, hint="Is it the right file?")
        self._unpacked = 0

    def _read(self) -> bytes:
        try:
            return bytes(self._source.read(_CHUNK))
        except OSError as error:
            if not self.packing:
                raise DataError(
                    f"reading it failed: {error.strerror}.",
                    file=self.name,
                    hint="Check the disk or network drive it lies on.",
                ) from error
            cut = "Truncated" in str(error)
            raise DataError(
                f"the {self.packing} data {'ends too early' if cut else 'is damaged'} "
                f"after {self._unpacked:,} unpacked bytes.",
                file=self.name,
                hint="Copy or download the file again; nothing of it was written.",
            ) from error

    def _guard(self, read: int) -> None:
        too_much = self._unpacked > self._max_bytes
        endless = (
            self.packing and self._unpacked > _RATIO_FROM and self._unpacked > _MAX_RATIO * read
        )
        if too_much or endless:
            raise DataError(
                f"it unpacks to more than {self._unpacked:,} bytes from {read:,}, "
                "which looks like a file made to fill the memory.",
                file=self.name,
                hint="If it is really yours, unpack it first, and raise "
                "ingest.max_unpacked_bytes if it is larger than that.",
            )


class Lines:
    """The lines of a text file, each ending with a line feed; each is read once.

    A line ends with LF, CRLF or a lone CR, whatever the file mixes; what Unicode calls a line break
    (U+2028 and others) ends none. ``with_nul`` is the number of the last line handed out that holds
    a NUL character.

    Args:
        source: the bytes.
        encoding: its encoding; ``None`` for UTF-8, or what a byte order mark says.

    Raises:
        ConfigError: an encoding that Python does not know.
    """

    def __init__(self, source: Unpacked, encoding: str | None = None) -> None:
        self._source = source
        self.name = source.name
        self._encoding = encoding
        self._bytes = 0
        self._lines = 0
        self._breaks = 0
        self._decoded = self._texts()
        self._ahead: str | None = None
        self.with_nul = 0
        if encoding is not None:
            _known_encoding(encoding)

    def peek(self) -> str:
        """The file's first characters, some hundred thousand at most; they are read again."""
        if self._ahead is None:
            self._ahead = next(self._decoded, "")
        return self._ahead

    def texts(self) -> Iterator[str]:
        """The file in pieces that end anywhere, instead of its lines."""
        if self._ahead:
            ahead, self._ahead = self._ahead, ""
            yield ahead
        yield from self._decoded

    def __iter__(self) -> Iterator[str]:
        rest = ""
        for text in self.texts():
            text = rest + text
            pieces = text.split("\n")
            rest = pieces.pop()
            if len(rest) > MAX_LINE_CHARS:
                raise self._endless(self._lines + len(pieces) + 1)
            if "\x00" in text:
                yield from self._watched(pieces)
            else:
                for piece in pieces:
                    yield piece + "\n"
            self._lines += len(pieces)
        if rest:
            yield from self._watched([rest])

    def _watched(self, pieces: list[str]) -> Iterator[str]:
        for number, piece in enumerate(pieces, start=self._lines + 1):
            if "\x00" in piece:
                self.with_nul = number
            yield piece + "\n"

    def _texts(self) -> Iterator[str]:
        decoder: codecs.IncrementalDecoder | None = None
        # One kind of line end for all readers; it also knows a CRLF that two chunks share.
        ends = io.IncrementalNewlineDecoder(None, translate=True)
        for chunk in self._source.chunks():
            if decoder is None:
                chunk = self._take_mark(chunk)
                decoder = codecs.getincrementaldecoder(self._encoding or "utf-8")()
            text: str = ends.decode(self._decode(decoder, chunk, final=False))
            yield text
            self._bytes += len(chunk)
            self._breaks += text.count("\n")
        if decoder is not None:
            yield ends.decode(self._decode(decoder, b"", final=True), final=True)

    def _take_mark(self, first: bytes) -> bytes:
        for mark, encoding in _MARKS:
            if first.startswith(mark) and self._encoding in (None, encoding, "utf-16", "utf-8-sig"):
                self._encoding = encoding
                self._bytes = len(mark)
                return first[len(mark) :]
        return first

    def _decode(self, decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool) -> str:
        try:
            return decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            kept = len(error.object) - len(chunk)  # bytes of a character begun in the last chunk
            two_bytes = b"\x00" in error.object[:1000]
            names = "utf-16" if two_bytes else "latin-1 or --encoding cp1252"
            before = bytes(error.object[: error.start]).replace(b"\r\n", b"\n")
            row = self._breaks + before.count(b"\n") + before.count(b"\r") + 1
            raise DataError(
                f"byte {self._bytes - kept + error.start + 1:,} of the file is not "
                f"{error.encoding.upper()}.",
                file=self._source.name,
                row=row,
                hint=f"Name the file's encoding, e.g. --encoding {names}.",
            ) from error
        except UnicodeError as error:
            raise DataError(
                f"it is not {self._encoding}: {error}.",
                file=self._source.name,
                hint="Name the file's encoding with --encoding.",
            ) from error

    def _endless(self, row: int) -> DataError:
        return DataError(
            f"a line is longer than {MAX_LINE_CHARS:,} characters.",
            file=self._source.name,
            row=row,
            hint="Is it a text file with one row a line? Nothing of it was written.",
        )


def packed_name(name: str) -> str:
    """``name`` without the suffix of a packing.

    >>> packed_name("log.csv.gz"), packed_name("log.csv")
    ('log.csv', 'log.csv')
    """
    path = Path(name)
    return str(path.with_suffix("")) if path.suffix.lower() in _SUFFIXES else name


def _open(path: Path, name: str) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise DataError(
            "there is no such file.", file=name, hint="Check its name and folder."
        ) from None
    except IsADirectoryError:
        raise DataError(
            "it is a folder.", file=name, hint="Name the files in it, e.g. FOLDER/*.csv."
        ) from None
    except OSError as error:
        raise DataError(
            f"it cannot be read: {error.strerror}.", file=name, hint="Check its permissions."
        ) from None


def _known_encoding(encoding: str) -> None:
    try:
        "".encode(encoding)
    except (LookupError, UnicodeError):
        raise ConfigError(
            f"'{encoding}' is not a text encoding.", hint="Use utf-8, latin-1, cp1252, utf-16, …."
        ) from None
