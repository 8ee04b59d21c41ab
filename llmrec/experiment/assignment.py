"""Which arm a shopper is in: by a hash, the same in every process and on every machine."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal, TypeAlias

__all__ = ["ARMS", "Arm", "arm_of"]

Arm: TypeAlias = Literal["A", "B"]
ARMS: tuple[Arm, Arm] = ("A", "B")


def arm_of(experiment: str, user: str, share: float) -> Arm:
    """The arm of a shopper: B for a ``share`` of all, drawn anew by each experiment's name.

    With a larger share shoppers move from A to B only, with a smaller one from B to A only.

    >>> [arm_of("spring", user, 0.5) for user in ("S001", "S002", "S003", "S004")]
    ['B', 'A', 'A', 'A']
    """
    # A name holds no NUL, so that no two pairs of name and user read the same.
    key = f"{experiment}\x00{user}".encode("utf-8", "surrogatepass")
    return "B" if int.from_bytes(sha256(key).digest()[:8], "big") < share * 2**64 else "A"
