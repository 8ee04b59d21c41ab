"""What a message can change: typed, frozen values that know no language."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

__all__ = [
    "AtLeast",
    "AtMost",
    "Brands",
    "Change",
    "Drop",
    "DropKind",
    "InStock",
    "MoreLike",
    "NewQuest",
    "Open",
    "Recipient",
    "Reference",
    "Refusal",
    "StartOver",
    "Than",
    "Unwanted",
    "Values",
    "Wish",
    "Without",
    "WithoutCategory",
]

DropKind: TypeAlias = Literal[
    "price",
    "brand",
    "category",
    "attribute",
    "word",
    "stock",
    "recipient",
    "wish",
    "unwanted",
    "number",
    "all",
]


@dataclass(frozen=True, slots=True)
class Reference:
    """A product by its number among those shown; -1 is the last, ``None`` "that one"."""

    number: int | None = None


@dataclass(frozen=True, slots=True)
class AtMost:
    """A price limit from above; ``currency`` is the one that was said, if any.

    ``about`` is the sum that was said where the limit is made of it: behind "about 40" at most 50.
    """

    amount: Decimal
    currency: str | None = None
    about: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A price limit from below; ``about`` as above."""

    amount: Decimal
    currency: str | None = None
    about: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Than:
    """Cheaper or dearer than a product shown; without one, than all of them."""

    direction: Literal["cheaper", "dearer"]
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class Brands:
    """Only these brands; or none of them."""

    names: tuple[str, ...]
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Values:
    """An attribute has one of the catalogue's ``values``; or none of them.

    ``said`` is the shopper's word for them: "blue", where the catalogue has "dusk blue" and "navy".
    """

    name: str
    values: tuple[str, ...]
    said: str
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Wish:
    """What the thing should be like, where no field of the catalogue can promise it.

    It is looked for and keeps nothing away; a newer one of the same name takes its place. ``said``
    is the shopper's word, where the catalogue has another.
    """

    name: str
    text: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Without:
    """No product whose title holds this word or phrase."""

    words: str


@dataclass(frozen=True, slots=True)
class WithoutCategory:
    """No product in this category, as the catalogue spells it."""

    name: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What must not be in it, in the shopper's words: all that the catalogue knows by them.

    "Not black" is a colour, and a word of titles: one wish, dropped at once.
    """

    words: str
    limits: tuple[Values | Without | WithoutCategory, ...]


@dataclass(frozen=True, slots=True)
class InStock:
    """Only what can be delivered."""


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Never this product again."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class MoreLike:
    """Go on from this product."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class Recipient:
    """The quest is for somebody else, in the shopper's words; their own taste does not count."""

    who: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Give up the constraints of a kind, or the one of this ``name``.

    The name is that of a brand or an attribute, a word that is left out, a number, or of a price
    ``max_price`` or ``min_price``.
    """

    kind: DropKind
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """What a thing need not be, in the shopper's words: a wish for it ends, nothing is refused."""

    text: str


@dataclass(frozen=True, slots=True)
class NewQuest:
    """Something else is looked for: what was said of the last thing no longer holds.

    What the shopper can pay, must not have, and whom they buy for is true of the next thing too.
    """


@dataclass(frozen=True, slots=True)
class StartOver:
    """Forget the quest with all its constraints."""


Change: TypeAlias = (
    AtMost
    | AtLeast
    | Than
    | Brands
    | Values
    | Wish
    | Without
    | WithoutCategory
    | Refusal
    | InStock
    | Unwanted
    | MoreLike
    | Recipient
    | Drop
    | Open
    | NewQuest
    | StartOver
)
