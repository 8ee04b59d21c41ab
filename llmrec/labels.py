"""Candidate labels: short strings that are exactly one token where the model answers.

Ranking reads the logits of the labels as the prompt's next token. That is exact only if each label
is one token *there*: tokenisers merge across boundaries, so a label is always tried behind the end
of the real prompt, never on its own.
"""

from __future__ import annotations

import string
import threading
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any
from weakref import WeakKeyDictionary

from llmrec.errors import EngineError

__all__ = ["MAX_LABELS", "choose_labels", "label_token"]

MAX_LABELS = 100

# Merges do not reach further back than this; see label_token.
_TAIL = 128

_cache: WeakKeyDictionary[Any, dict[tuple[int, str], tuple[str, ...]]] = WeakKeyDictionary()
_lock = threading.Lock()


def label_token(token_ids: Callable[[str], list[int]], prompt: str, label: str) -> int | None:
    """The one token that ``label`` adds to ``prompt``, or ``None`` if it adds more or changes it.

    Only the last 128 characters of the prompt are tokenised: no merge of a vocabulary's tokens is
    that long, and a prompt of thousands of tokens would otherwise be tokenised for each label.

    >>> label_token(lambda text: [ord(c) for c in text], "Answer: (", "A")
    65
    """
    tail = prompt[-_TAIL:]
    before, after = token_ids(tail), token_ids(tail + label)
    return after[-1] if len(after) == len(before) + 1 and after[:-1] == before else None


def choose_labels(
    n: int, engine_token_ids: Callable[[str], list[int]], prompt_tail: str
) -> tuple[str, ...]:
    """``n`` different labels, each exactly one token (and not the same one) after the prompt.

    Letters come first (A–Z, a–z), then pairs of letters, then numbers, as far as the tokeniser has
    tokens for them. The first labels for a small ``n`` are those for a larger one.

    Args:
        n: how many, up to 100.
        engine_token_ids: :meth:`Engine.token_ids`.
        prompt_tail: how the rendered prompt ends, up to where the label is to stand.

    Returns:
        A tuple of length ``n``; remembered for each engine.

    Raises:
        EngineError: ``n`` is above 100, or the tokeniser does not have that many.
    """
    if not 0 <= n <= MAX_LABELS:
        raise EngineError(
            f"{n} candidates cannot be labelled.", hint=f"Rank at most {MAX_LABELS} at once."
        )
    # A bound method is a new object at each access; the engine behind it stays the same.
    owner = getattr(engine_token_ids, "__self__", engine_token_ids)
    with _lock:
        known = _cache.setdefault(owner, {})
    key = (n, prompt_tail[-_TAIL:])
    if key not in known:
        known[key] = _choose(n, engine_token_ids, prompt_tail)
    return known[key]


def _choose(n: int, token_ids: Callable[[str], list[int]], prompt_tail: str) -> tuple[str, ...]:
    chosen: dict[int, str] = {}
    for label in _possible():
        if len(chosen) == n:
            break
        token = label_token(token_ids, prompt_tail, label)
        if token is not None:
            chosen.setdefault(token, label)
    if len(chosen) < n:
        raise EngineError(
            f"The model's tokeniser has one-token labels for {len(chosen)} candidates, not {n}.",
            hint=f"Set retrieval.candidates to {len(chosen)} or less, or use another model.",
        )
    return tuple(chosen.values())


def _possible() -> Iterator[str]:
    yield from string.ascii_uppercase
    yield from string.ascii_lowercase
    for first, second in product(string.ascii_uppercase, repeat=2):
        yield first + second
    for first, second in product(string.ascii_uppercase, string.ascii_lowercase):
        yield first + second
    yield from (str(number) for number in range(1, 1000))
