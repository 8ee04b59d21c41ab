"""Labels: short strings that are exactly one token where the model answers.

A label's score is its logit as the prompt's next token. That is exact only if it is one token
*there*: tokenisers merge across boundaries, so a label is always tried behind the end of the real
prompt, never on its own.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["label_token"]

# Merges do not reach further back than this; see label_token.
_TAIL = 128


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
