"""Reports of runs: for the terminal, for a document, and as one page with plots."""

from __future__ import annotations

from llmrec.eval.report.page import html
from llmrec.eval.report.published import PublishedResult, known_published, read_published
from llmrec.eval.report.text import markdown, terminal

__all__ = ["PublishedResult", "html", "known_published", "markdown", "read_published", "terminal"]
