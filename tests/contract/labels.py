"""As many labels as an engine's tests want."""

from __future__ import annotations

import string
from collections.abc import Callable
from itertools import chain, product

from llmrec.labels import label_token

__all__ = ["choose_labels"]


def choose_labels(n: int, token_ids: Callable[[str], list[int]], prompt: str) -> tuple[str, ...]:
    """``n`` labels, letters first, each exactly one token (and not the same one) after ``prompt``.

    Args:
        n: how many.
        token_ids: :meth:`llmrec.engines.Engine.token_ids`.
        prompt: a rendered prompt, or its end.
    """
    pairs = map("".join, product(string.ascii_uppercase, string.ascii_letters))
    chosen: dict[int, str] = {}
    for label in chain(
        string.ascii_uppercase + string.ascii_lowercase, pairs, map(str, range(999))
    ):
        token = label_token(token_ids, prompt, label)
        if token is not None and len(chosen) < n:
            chosen.setdefault(token, label)
    assert len(chosen) == n, f"the tokeniser has one-token labels for {len(chosen)} only"
    return tuple(chosen.values())
