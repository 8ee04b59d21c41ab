"""The second witness: what a sum or a name in a message is, asked apart from the reading.

A limit that is turned round shows a shopper the very things that they cannot pay. So the sign of a
sum is what two views of the same message say together: how likely each sign is in the line, and
how likely it is as the answer to a question. It is hard only where both together are sure enough;
a brand or a refusal only where the answer does not speak against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from llmrec.reading.lines import PartKind

__all__ = [
    "LABELS",
    "MENTIONED",
    "SIGNS",
    "SUMS",
    "Label",
    "SumKind",
    "goes_on",
    "is_doubted",
    "is_only_told",
    "is_refused",
    "left_out_sum",
    "settled_name",
    "settled_sum",
]

Label: TypeAlias = Literal["most", "least", "about", "wanted", "refused", "other"]
LABELS: tuple[Label, ...] = ("most", "least", "about", "wanted", "refused", "other")
"""The answers; with a space before it each is one token of every tokenizer in use."""

SumKind: TypeAlias = Literal["max", "min", "around"]
SUMS: tuple[SumKind, ...] = ("max", "min", "around")

SIGNS: Mapping[PartKind, Label] = MappingProxyType(
    {
        "max": "most",
        "min": "least",
        "around": "about",
        "brand": "wanted",
        "no brand": "refused",
        "without": "refused",
        "thing": "wanted",
    }
)
"""What the second witness must answer of a part of the line."""

MENTIONED = ("compatible_with", "occasion")
"""Attributes that say when or beside what a thing is used: not what it should be like."""

_SURE = 0.6
"""How likely both views together must find a sign; docs/design/026-reading.md says how chosen."""

_LINE_WEIGHT = 0.5
"""What the line's view counts beside the answer's, which is right more often by itself."""

_LEFT_OUT = 0.9
"""How likely the answer must find the sign of a number that the line says nothing of."""

_DOUBTED = 0.4
"""How likely the answer must find a sum no price for another to take its place."""

_NO_SUM = 0.8
"""From where the answer "other" says that a number is no price, whatever the line says."""

_TOLD: Mapping[PartKind, float] = MappingProxyType({"attribute": 0.1, "thing": 0.03})
"""Below it the answer says that what the line wishes for is only told; without a thing there is
little to look for, so that it must be surer of one."""

_REFUSED = 0.9
"""How likely the answer must find words refused of which the line says nothing."""

_DENIED = 0.25
"""Below it the answer speaks against a brand or a refusal."""

_FURTHER = 0.2
"""How likely a further request must be where the line ended, beside the end itself."""


def goes_on(further: float) -> bool:
    """Whether a line that has ended goes on: a model that writes stops too early.

    Args:
        further: probability of a further request where the line ended, the end being the other.
    """
    return further > _FURTHER


def settled_sum(asked: Mapping[Label, float], line: Mapping[SumKind, float]) -> SumKind | None:
    """The sign of a sum, ``None`` where the two views do not settle it.

    Args:
        asked: probability of each answer.
        line: probability of each sign in the line, as it was written so far.

    >>> answers = dict.fromkeys(LABELS, 0.0) | {"most": 0.6, "least": 0.4}
    >>> settled_sum(answers, {"max": 0.7, "min": 0.3, "around": 0.0})
    'max'
    >>> settled_sum(answers, {"max": 0.4, "min": 0.6, "around": 0.0}) is None
    True
    """
    if asked["other"] > _NO_SUM:
        return None
    both = {kind: asked[SIGNS[kind]] * line[kind] ** _LINE_WEIGHT for kind in SUMS}
    best = max(both, key=both.__getitem__)
    return best if both[best] > _SURE * sum(both.values()) else None


def left_out_sum(asked: Mapping[Label, float]) -> SumKind | None:
    """The sign of a number that the line leaves out; ``None`` where it may be no price.

    >>> left_out_sum(dict.fromkeys(LABELS, 0.0) | {"about": 0.93, "most": 0.07})
    'around'
    """
    best = max(SUMS, key=lambda kind: asked[SIGNS[kind]])
    return best if asked[SIGNS[best]] > _LEFT_OUT else None


def is_doubted(asked: Mapping[Label, float]) -> bool:
    """Whether another sum of the same sign may take the place of this one."""
    return asked["other"] > _DOUBTED


def is_only_told(kind: PartKind, asked: Mapping[Label, float]) -> bool:
    """Whether what the line takes for a wish is only told beside it, or refused.

    >>> answer = dict.fromkeys(LABELS, 0.0) | {"other": 0.95, "wanted": 0.05}
    >>> is_only_told("attribute", answer), is_only_told("thing", answer)
    (True, False)
    """
    return asked["wanted"] < _TOLD[kind]


def is_refused(asked: Mapping[Label, float]) -> bool:
    """Whether words behind a denial are refused, of which the line says nothing.

    >>> is_refused(dict.fromkeys(LABELS, 0.0) | {"refused": 0.95, "other": 0.05})
    True
    """
    return asked["refused"] > _REFUSED


def settled_name(kind: PartKind, asked: Mapping[Label, float]) -> bool:
    """Whether a brand or a refusal holds.

    >>> settled_name("brand", dict.fromkeys(LABELS, 0.0) | {"refused": 0.9, "wanted": 0.1})
    False
    """
    return asked[SIGNS[kind]] >= _DENIED
