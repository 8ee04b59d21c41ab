"""Why a product is recommended, or is not there: in the words of reasons, limits and places."""

from __future__ import annotations

from llmrec.agent.commands import Command
from llmrec.agent.pointing import is_of_all, product_meant, product_named
from llmrec.agent.recognised import question_why_not
from llmrec.agent.reducer import Note
from llmrec.agent.replies import listed, say
from llmrec.agent.tools.compare import MOST_COMPARED
from llmrec.agent.tools.exclusions import Exclusion
from llmrec.agent.tools.explain import ExplainResult
from llmrec.agent.turn import Steps, TurnInProgress
from llmrec.explain.field_values import price_in, value_in
from llmrec.types import Item

__all__ = ["why"]

_KIND_OF = {
    "categories": "category",
    "not_categories": "not_category",
    "brands": "brand",
    "not_brands": "not_brand",
    "not_items": "not_item",
}

_HAD = {
    "purchase": "excluded_bought",
    "cart": "excluded_in_cart",
    "rating": "excluded_rated",
    "like": "excluded_liked",
    "view": "excluded_viewed",
}


def why(turn: TurnInProgress, command: Command) -> Steps:
    """Say why a product is shown, or each that is; or what keeps the one that is named away."""
    question = question_why_not(command.text)
    why_not = question is not None
    if question is not None:
        item = yield from product_named(turn, question)
        if item is not None:
            yield from _explained(turn, item, why_not=True)
        if item is not None or turn.finished:
            return
    if not (command.references or why_not) and is_of_all(turn):
        for each in turn.now.shown[:MOST_COMPARED]:
            yield from _explained(turn, each.id)
        return
    # A place that stands nowhere in "why not that one?" is the reader's guess.
    product = product_meant(turn, () if why_not else command.references)
    if isinstance(product, Note):
        yield from turn.refuse(product)
        return
    yield from _explained(turn, product.id, why_not=why_not)


def _explained(turn: TurnInProgress, item: str, *, why_not: bool = False) -> Steps:
    query = {"query": turn.now.query} if turn.now.query else {}
    before, turn.now = turn.now, turn.now.model_copy(update={"passed": ()})
    result = yield from turn.call("explain", {"product": item, "k": turn.agent.k, **query})
    turn.now = before
    assert isinstance(result, ExplainResult)
    title, reason = result.item.title, result.reason.text if result.reason else ""
    number = next((product.number for product in turn.now.shown if product.id == item), None)
    if result.exclusions:
        mark = "；" if turn.language == "zh" else "; "
        # A dislike of this conversation is a limit too, and said once.
        reasons = (_exclusion(turn, result.item, exclusion) for exclusion in result.exclusions)
        why = mark.join(dict.fromkeys(reasons))
        yield from turn.say("excluded", title=title, why=why)
    elif number is not None and why_not:
        yield from turn.say("why_shown", title=title, number=number, reason=reason)
    elif number is not None or result.status == "recommended":
        passed = item in before.passed
        key = "why_passed" if passed else "why" if reason else "why_near"
        yield from turn.say(key, title=title, reason=reason)
    elif turn.now.query and (result.rank is None or result.fit in ("near", "none")):
        yield from turn.say(
            "why_unlike", title=title, query=turn.sought, reason="" if why_not else reason
        )
    elif result.rank is None:
        yield from turn.say("why_far", title=title, reason=reason)
    else:
        key = "why_lower_for" if turn.now.query else "why_lower"
        values = {"title": title, "rank": result.rank, "query": turn.sought}
        yield from turn.say(key, **values, reason="" if why_not else reason)
    if why_not and result.item.stock == 0:
        yield from turn.say("sold_out", title=title)


def _exclusion(turn: TurnInProgress, item: Item, exclusion: Exclusion) -> str:
    """What keeps a product away, in the words that the limit is listed by."""
    if exclusion.limit in ("disliked", "not_items"):
        return say("excluded_liked_not", turn.language)
    if exclusion.limit == "already_had":
        return say(_HAD.get(exclusion.wanted, "excluded_had"), turn.language)
    if exclusion.limit == "in_stock":
        return say("excluded_sold_out", turn.language)
    field, _, name = exclusion.limit.partition(".")
    kind = _KIND_OF.get(field, field.removesuffix("s"))
    constraints = [
        constraint
        for constraint in turn.now.constraints.held
        if any(
            each.kind == kind and name in ("", each.name)
            for each in (constraint, *constraint.parts)
        )
    ]
    limit = (
        listed(constraints, turn.language, turn.currency)
        or f"{exclusion.limit}: {exclusion.wanted}"
    )
    has = exclusion.has and value_in(exclusion.has, turn.language)
    if kind.endswith("_price") and item.price is not None:
        has = price_in(item.price, item.currency, turn.language)
    return say("has_not", turn.language, limit=limit, has=has) if has else limit
