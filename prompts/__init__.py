"""Prompt templates, one file each, with their version in the name; ``llmrec.prompting`` reads them.

A change of wording is a new version: numbers measured with one version say nothing of another.
"""

from __future__ import annotations

__all__: list[str] = []
