"""Words about any product for this shopper, recommended or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmrec.errors import EngineError, ModelError
from llmrec.explain import WordsRequest, words_from_fields
from llmrec.requests import condense_history, resolve_history
from llmrec.types import Fit, HistoryEntry, Item, Words

if TYPE_CHECKING:
    from llmrec.agent.shopper import Shopper
    from llmrec.recommender import Recommender

__all__ = ["told_history", "write_words"]

Told = tuple[tuple[HistoryEntry, Item | None], ...]


def told_history(shop: Recommender, shopper: Shopper) -> Told:
    """What may be spoken of, as on the main path: each thing once, the most recent ones."""
    known = shop.store.items({entry.item for entry in shopper.history if entry.item})
    entries = condense_history(resolve_history(shopper.history, known))
    recent = entries[-shop.settings.retrieval.history_limit :]
    return tuple((entry, known.get(entry.item or "")) for entry in recent)


def write_words(
    shop: Recommender,
    shopper: Shopper,
    item: Item,
    *,
    query: str | None,
    describe: bool,
    fit: Fit | None = None,
) -> tuple[Words | None, Words | None]:
    """The reason, if there is one, and the description where asked for.

    They are made as :class:`llmrec.explain.Quoter` or :class:`llmrec.explain.Writer` says.

    Raises:
        EngineError: the language model failed and no fallback is configured.
        ModelError: its adapter cannot be loaded, and no fallback is configured.
    """
    history = told_history(shop, shopper)
    related = shop.retriever.related([item.id], [entry for entry, _ in history])[0]
    seed = shop.settings.ranking.seed if shopper.seed is None else shopper.seed
    request = WordsRequest(
        item,
        history,
        query,
        describe,
        seed,
        related,
        shopper.language,
        shopper.filters,
        shopper.recipient,
        fit,
    )
    if shop.settings.explain.words == "quote":
        return shop.quoter.write_many([request])[0]
    if not shop.settings.explain.top:
        return words_from_fields(request)
    try:
        return shop.writer.write_many([request])[0]
    except (EngineError, ModelError):
        if shop.settings.ranking.on_engine_failure == "raise":
            raise
        return words_from_fields(request)
