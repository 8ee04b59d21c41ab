"""One line of a shopper's profile."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ProfileLine"]


@dataclass(frozen=True, slots=True)
class ProfileLine:
    """One line.

    Attributes:
        key: names the line for as long as it is true, such as ``brand:Acme``.
        text: in the shopper's language.
        evidence: ids of the products that it stands on, the most recent first.
        pinned: whether the shopper has written it.
    """

    key: str
    text: str
    evidence: tuple[str, ...] = ()
    pinned: bool = False

    def __str__(self) -> str:
        return self.text
