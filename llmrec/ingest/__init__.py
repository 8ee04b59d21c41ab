"""Files of any shape into the catalogue: read, recognised, cleaned, checked, written whole.

On a row's way: ``streams`` (bytes to lines, bounded) -> ``sources`` (which format) with
``delimited``, ``json_rows`` and ``tables`` (rows, as ``readers`` has them) -> ``shapes`` and
``recognise`` (which columns mean what) -> ``rows`` and ``event_rows`` with ``fields``,
``cleaning``, ``prices``, ``times`` (a row to an item or an event) -> ``merging`` (several rows of
one product) -> ``updates`` (what of it is new) -> ``run`` (one transaction a file), ``rejects``,
``replacing`` (what is in no file) and ``reports``.
"""

from llmrec.ingest.run import (
    FileProgress,
    FileReport,
    IngestOptions,
    IngestReport,
    Removal,
    ingest_events,
    ingest_items,
)

__all__ = [
    "FileProgress",
    "FileReport",
    "IngestOptions",
    "IngestReport",
    "Removal",
    "ingest_events",
    "ingest_items",
]
