"""The constraints that hold: one for each thing that can be dropped alone, made into filters.

The newest word wins: what contradicts it goes, and what went is told, so that it can be said. Every
constraint can be named in words that drop it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from llmrec.agent.constraints.changes import (
    AtLeast,
    AtMost,
    Brands,
    Drop,
    InStock,
    Recipient,
    Refusal,
    Values,
    Wish,
    Without,
    WithoutCategory,
)
from llmrec.agent.constraints.sizes import of_no_other
from llmrec.agent.constraints.synonyms import kind_of
from llmrec.catalog.matching import fold
from llmrec.catalog.values import split_values
from llmrec.types import Filters

__all__ = [
    "FOR_WHOM",
    "OCCASION",
    "Applied",
    "Constraint",
    "ConstraintKind",
    "Constraints",
    "Settled",
]

ConstraintKind: TypeAlias = Literal[
    "max_price",
    "min_price",
    "brand",
    "not_brand",
    "category",
    "not_category",
    "attribute",
    "not_attribute",
    "not_word",
    "refusal",
    "in_stock",
    "not_item",
    "recipient",
    "wish",
]
Settled: TypeAlias = (
    AtMost
    | AtLeast
    | Brands
    | Values
    | Wish
    | Without
    | WithoutCategory
    | Refusal
    | InStock
    | Recipient
    | Drop
)
"""The changes that need no product shown to be understood."""

_DROPPED: Mapping[str, tuple[ConstraintKind, ...]] = {
    "price": ("max_price", "min_price"),
    "brand": ("brand", "not_brand"),
    "category": ("category", "not_category"),
    "attribute": ("attribute", "not_attribute", "wish"),
    "wish": ("wish",),
    "word": ("not_word", "refusal"),
    "stock": ("in_stock",),
    "recipient": ("recipient",),
    "unwanted": ("not_item",),
}


FOR_WHOM = "for_whom"
"""Name of the wish for what suits a receiver: "dog" of "for my dog"."""

OCCASION = "occasion"
"""Name of the wish for what a thing is given for: "housewarming"."""

_SEVERAL = frozenset(("feature", "interest", OCCASION, "use"))
"""Names under which several wishes stand beside each other: waterproof, and with a hood."""

_CONTRARIES: tuple[tuple[ConstraintKind, ConstraintKind], ...] = (
    ("max_price", "min_price"),
    ("brand", "not_brand"),
    ("category", "not_category"),
    ("attribute", "not_attribute"),
)
_CONTRARY = {kind: other for pair in _CONTRARIES for kind, other in (pair, pair[::-1])}
_REFUSABLE: tuple[ConstraintKind, ...] = ("attribute", "category")


class Constraint(BaseModel):
    """One thing that holds, and that the shopper can drop by itself.

    Attributes:
        kind: which part of the filters it becomes; a recipient and a wish become none.
        name: of the attribute.
        values: alternatives: brands, categories, attribute values; one phrase, one item id.
        amount: of a price limit.
        currency: of a price limit, where the shop has several.
        said: the shopper's word for it, or the title of an item.
        about: the sum that a price limit was made of, where no limit was said but "about 40".
        parts: of a refusal: all that the catalogue knows by the word that was ``said``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ConstraintKind
    name: str = ""
    values: tuple[str, ...] = ()
    amount: Decimal | None = None
    currency: str | None = None
    said: str = ""
    about: Decimal | None = None
    parts: tuple[Constraint, ...] = ()

    @cached_property
    def key(self) -> tuple[str, ...]:
        """What a newer constraint must share to take this one's place."""
        if self.kind.startswith("not_"):
            return (self.kind, fold(self.name), *map(fold, self.values))
        if self.kind == "refusal":
            return (self.kind, fold(self.said))
        if self.kind == "wish":
            several = fold(self.name) in _SEVERAL
            return (self.kind, kind_of(fold(self.name)), *map(fold, self.values if several else ()))
        return (self.kind, fold(self.name))

    @property
    def is_limit(self) -> bool:
        """Whether it keeps products away."""
        return self.kind not in ("recipient", "wish")


@dataclass(frozen=True, slots=True)
class Applied:
    """The constraints after a change: ``added``, and ``gone`` for its sake."""

    constraints: Constraints
    added: tuple[Constraint, ...] = ()
    gone: tuple[Constraint, ...] = ()


class Constraints(BaseModel):
    """All that holds, oldest first. Frozen: every change makes new ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    held: tuple[Constraint, ...] = ()

    def apply(self, change: Settled) -> Applied:
        """Take a change in; a drop only takes away."""
        if isinstance(change, Drop):
            return self._without(self._named(change))
        return self.add(_constraints(change))

    def add(self, new: Iterable[Constraint]) -> Applied:
        """Let these hold, and what contradicts them hold no longer."""
        added = tuple({constraint.key: constraint for constraint in new}.values())
        keys = {constraint.key for constraint in added}
        contrary = {other for constraint in added for other in _contrary_to(constraint.kind)}
        kept: list[Constraint] = []
        gone: list[Constraint] = []
        for constraint in self.held:
            # Of hundreds that are held most have nothing to do with these.
            left: Constraint | None = constraint
            met = constraint.kind in contrary or constraint.key in keys
            for other in added if met or constraint.kind == "wish" else ():
                left = _beside(left, other) if left is not None else None
            if left is not None:
                kept.append(left)
            if left is not constraint and left != constraint:
                gone.append(constraint)
        # Said again, it is nothing that went.
        again = tuple(constraint for constraint in gone if constraint not in added)
        # No need to check again what is held: that would take longer with every constraint.
        return Applied(Constraints.model_construct(held=(*kept, *added)), added, again)

    def drop(self, *constraints: Constraint) -> Constraints:
        """Without these."""
        return self._without(constraints).constraints

    def filters(self, *, allow_seen: bool = False) -> Filters:
        """The hard filters that retrieval honours before any top-k."""
        parts: dict[str, Any] = {"allow_seen": allow_seen}
        for constraint in self.held:
            _into(parts, constraint)
        return Filters(**parts)

    def of(self, *kinds: ConstraintKind) -> tuple[Constraint, ...]:
        """Those of some kinds."""
        return tuple(constraint for constraint in self.held if constraint.kind in kinds)

    def _without(self, some: Iterable[Constraint]) -> Applied:
        gone = tuple(some)
        left = tuple(constraint for constraint in self.held if constraint not in gone)
        return Applied(Constraints(held=left), (), gone)

    def _named(self, change: Drop) -> tuple[Constraint, ...]:
        if change.kind == "number":
            place = int(change.name or 0) - 1
            return self.held[place : place + 1] if place >= 0 else ()
        if change.kind == "all":
            return self.held
        candidates = self.of(*_DROPPED[change.kind])
        if change.name is None:
            return candidates
        if change.kind == "price":
            return tuple(limit for limit in candidates if limit.kind == change.name)
        name = fold(change.name)
        if change.kind == "brand":  # "Tamperley is fine again" gives up what keeps it away
            return tuple(
                constraint
                for constraint in candidates
                if (name in map(fold, constraint.values)) != (constraint.kind == "brand")
            )
        if change.kind == "word":
            return tuple(
                constraint
                for constraint in candidates
                if name in map(fold, (constraint.said, *constraint.values))
            )
        if change.kind == "attribute":
            candidates += self.of("refusal")
        return tuple(
            constraint
            for constraint in candidates
            if name in (fold(each.name) for each in (constraint, *constraint.parts))
            or (constraint.kind == "wish" and name in map(fold, constraint.values))
        )


def _constraints(change: Settled) -> tuple[Constraint, ...]:
    if isinstance(change, (AtMost, AtLeast)):
        kind: ConstraintKind = "max_price" if isinstance(change, AtMost) else "min_price"
        amount, currency = change.amount, change.currency
        return (Constraint(kind=kind, amount=amount, currency=currency, about=change.about),)
    if isinstance(change, Brands):
        if change.wanted:
            return (Constraint(kind="brand", values=change.names),)
        return tuple(Constraint(kind="not_brand", values=(name,)) for name in change.names)
    if isinstance(change, Values):
        kind = "attribute" if change.wanted else "not_attribute"
        values = change.values if change.wanted else _of_nothing_else(change)
        return (Constraint(kind=kind, name=change.name, values=values, said=change.said),)
    if isinstance(change, Wish):
        return (Constraint(kind="wish", name=change.name, values=(change.text,), said=change.said),)
    if isinstance(change, Without):
        return (Constraint(kind="not_word", values=(change.words,)),)
    if isinstance(change, WithoutCategory):
        return (Constraint(kind="not_category", values=(change.name,)),)
    if isinstance(change, Refusal):
        parts = tuple(part for limit in change.limits for part in _constraints(limit))
        return (Constraint(kind="refusal", said=change.words, parts=parts),)
    if isinstance(change, InStock):
        return (Constraint(kind="in_stock"),)
    if isinstance(change, Recipient):
        return (Constraint(kind="recipient", said=change.who),)
    raise TypeError(f"{type(change).__name__} adds nothing")


def _of_nothing_else(change: Values) -> tuple[str, ...]:
    """The unwanted values; of sizes without ranges, which offer others too."""
    if kind_of(fold(change.name)) != "size":
        return change.values
    words = [fold(word) for word in change.said.split(", ")]
    values = (v for v in change.values if any(of_no_other(fold(v), word) for word in words))
    return tuple(values) or tuple(change.said.split(", "))


def _contrary_to(kind: ConstraintKind) -> tuple[ConstraintKind, ...]:
    """The kinds of which something may not hold beside one of this kind."""
    if kind == "refusal":
        return _REFUSABLE
    other = (_CONTRARY[kind],) if kind in _CONTRARY else ()
    return (*other, "refusal") if kind in _REFUSABLE else other


def _beside(old: Constraint, new: Constraint) -> Constraint | None:
    """What is left of the old constraint beside the new one: all, some values, or nothing."""
    if old.key == new.key or (old.kind == "wish" and _takes_over(new, old)):
        return None
    if old.kind == "refusal":
        return None if _is_wanted(old, new) else old
    if new.kind == "refusal":
        left: Constraint | None = old
        for part in new.parts:
            left = _beside(left, part) if left is not None else None
        return left
    if {old.kind, new.kind} == {"max_price", "min_price"}:
        # "About 40" holds 30 to 50; behind it "up to 40" leaves no bound below.
        made_of_another = old.about is not None and old.about != new.about
        return None if made_of_another or _crossed(old, new) else old
    if _CONTRARY.get(old.kind) != new.kind or fold(old.name) != fold(new.name):
        return old
    if old.said and fold(old.said) == fold(new.said):
        return (
            None  # also where its values are not the same: "size M" is a range too, "not M" never
        )
    if old.kind == "not_attribute" and old.said and new.said:
        # "No glass. Steel would be fine": what is of both stays away.
        return None if fold(old.said) in map(fold, new.said.split(", ")) else old
    named = set(map(fold, new.values))
    values = tuple(value for value in old.values if fold(value) not in named)
    if values == old.values:
        return old
    # Made anew: a copy would keep the key of the old one.
    return Constraint(**old.model_dump() | {"values": values}) if values else None


def _is_wanted(refusal: Constraint, new: Constraint) -> bool:
    """Whether what is newer wants what was refused; the refusal then goes as a whole."""
    if new.kind not in _REFUSABLE:
        return False
    if fold(refusal.said) in map(fold, new.said.split(", ")):
        return True
    return any(_beside(part, new) != part for part in refusal.parts)


def _takes_over(new: Constraint, wish: Constraint) -> bool:
    """Whether a wish ends with what is newer: the same in a field, refused, or of somebody else."""
    if new.kind == "recipient":
        return wish.name == FOR_WHOM
    if new.kind == "attribute":
        return kind_of(fold(new.name)) == kind_of(fold(wish.name))
    if new.kind.startswith("not_") or new.kind == "refusal":
        limits = (new, *new.parts)
        named = {fold(text) for limit in limits for text in (*limit.values, limit.said)}
        return any(fold(text) in named for text in wish.values)
    return False


def _crossed(limit: Constraint, other: Constraint) -> bool:
    """Whether nothing can satisfy two price limits; limits in two currencies never can."""
    if limit.currency and other.currency and limit.currency != other.currency:
        return True
    low, high = (limit, other) if limit.kind == "min_price" else (other, limit)
    return low.amount is not None and high.amount is not None and low.amount > high.amount


def _into(parts: dict[str, Any], constraint: Constraint) -> None:
    """Add a constraint to the fields of the filters."""
    if constraint.kind in ("max_price", "min_price"):
        parts[constraint.kind] = constraint.amount
        parts["currency"] = constraint.currency or parts.get("currency")
    elif constraint.kind == "in_stock":
        parts["in_stock"] = True
    elif constraint.kind == "refusal":
        for part in constraint.parts:
            _into(parts, part)
    elif constraint.kind in ("attribute", "not_attribute"):
        values: dict[str, tuple[str, ...]] = parts.setdefault(f"{constraint.kind}s", {})
        values[constraint.name] = (
            *values.get(constraint.name, ()),
            *constraint.values,
            *_since_set_apart(constraint),
        )
    elif constraint.is_limit:
        field = _FIELDS[constraint.kind]
        parts[field] = (*parts.get(field, ()), *constraint.values)


def _since_set_apart(constraint: Constraint) -> tuple[str, ...]:
    """What was said, where the values are lists in one text: those of an old conversation.

    Today the catalogue has "M", where it had "S, M, L" when "size M" was read.
    """
    listed = any(len(split_values(value, constraint.name)) > 1 for value in constraint.values)
    return tuple(constraint.said.split(", ")) if listed else ()


_FIELDS = {
    "brand": "brands",
    "not_brand": "not_brands",
    "category": "categories",
    "not_category": "not_categories",
    "not_word": "not_words",
    "not_item": "not_items",
}
