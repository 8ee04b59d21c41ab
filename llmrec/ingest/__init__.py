"""Files of any shape into the catalogue: read, recognised, cleaned, checked, written whole.

On a row's way: ``streams`` and ``tables`` (bytes to rows, bounded) -> ``readers`` and ``sources``
(which format) -> ``shapes`` and ``recognise`` (which columns mean what) -> ``rows`` and
``event_rows`` with ``fields``, ``cleaning``, ``prices``, ``times`` (a row to an item or an event)
-> ``merging`` (several rows of one product) -> ``run`` (one transaction a file) and ``rejects``.
"""

from llmrec.ingest.run import (
    FileProgress,
    FileReport,
    IngestOptions,
    IngestReport,
    ingest_events,
    ingest_items,
)

__all__ = [
    "FileProgress",
    "FileReport",
    "IngestOptions",
    "IngestReport",
    "ingest_events",
    "ingest_items",
]
