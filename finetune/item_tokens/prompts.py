"""Ranking prompts in which a product stands as its title, as a soft token, or as both.

The lines of a finished prompt are changed, so that everything else in it is what serving sends. A
soft token is a token id beyond the vocabulary: the number of the vocabulary's tokens, and the
item's row in the table of vectors. All that knows token ids alone (batches, buckets, checkpoints)
then works as it does for words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias, get_args

from llmrec.errors import DataError
from llmrec.finetune.batches import TokenExample, tokenise
from llmrec.finetune.examples import RankingExample

__all__ = ["KINDS", "Kind", "marked", "tokenise_items"]

Kind: TypeAlias = Literal["titles", "tokens", "both"]
"""What stands for a product."""

KINDS: tuple[Kind, ...] = get_args(Kind)

MARK = "\ue000"
"""Where a soft token stands. Shop text never holds it: one_line takes private characters out."""

_PAST = re.compile(r"^(- (?:[a-z ]+?(?: [\d.]+)?:)?) ?(.*)$")
_OFFER = re.compile(r"^(\(\w+\)) (.*)$")


def marked(example: RankingExample, kind: Kind, known: Mapping[str, int]) -> tuple[str, list[int]]:
    """The prompt with a mark for each soft token, and the rows of these items in order.

    A product without a vector keeps its title.

    Args:
        example: whose ``history`` is known; the prompt may show the last part of it only.
        kind: what stands for a product.
        known: the row of each item that has a vector.

    Raises:
        DataError: the example does not know its history.
    """
    if kind == "titles":
        return example.prompt, []
    lines = example.prompt.split("\n")
    past = [at for at, line in enumerate(lines) if line.startswith("- ")]
    offers = [at for at, line in enumerate(lines) if _OFFER.match(line)]
    if len(past) > len(example.history):
        raise DataError(
            f"The example of user '{example.user}' does not say which items its history holds.",
            hint="Make the examples anew; those of an earlier version have no history.",
        )
    shown = example.history[len(example.history) - len(past) :]
    rows: list[int] = []
    for places, items, pattern in (
        (past, shown, _PAST),
        (offers, example.candidates, _OFFER),
    ):
        for at, item in zip(places, items, strict=True):
            if item in known:
                lines[at] = _line(lines[at], pattern, kind)
                rows.append(known[item])
    return "\n".join(lines), rows


def _line(line: str, pattern: re.Pattern[str], kind: Kind) -> str:
    if kind == "both":
        return line + MARK
    found = pattern.match(line)
    assert found is not None, line
    return found[1] + MARK


def tokenise_items(
    examples: Sequence[RankingExample],
    kind: Kind,
    known: Mapping[str, int],
    token_ids: Callable[[str], list[int]],
    *,
    vocabulary: int,
    model: str,
    max_tokens: int,
) -> list[TokenExample]:
    """As :func:`~llmrec.finetune.batches.tokenise`; soft tokens are ``vocabulary`` + row.

    Raises:
        DataError: an example does not know its history.
        ContextOverflow: a prompt is longer than ``max_tokens``.
        ModelError: a label is not one token behind a prompt.
    """
    made = []
    for example in examples:
        text, rows = marked(example, kind, known)
        pieces = text.split(MARK)
        # Labels and limits are checked on the words alone.
        words = replace(example, prompt="".join(pieces))
        plain = tokenise([words], token_ids, model=model, max_tokens=max_tokens)[0]
        tokens = token_ids(pieces[0])
        for row, piece in zip(rows, pieces[1:], strict=True):
            tokens = [*tokens, vocabulary + row, *token_ids(piece)]
        made.append(replace(plain, tokens=tuple(tokens)))
    return made
