"""What a workspace gives the training of its words: items, and histories for reasons to hang on."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from llmrec.artifacts import CardData
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.errors import DataError
from llmrec.explain import WordsRequest
from llmrec.explain.facts import fold
from llmrec.explain.from_fields import item_language
from llmrec.explain.lexicon import FAMOUS_BRANDS
from llmrec.finetune.behaviour.sequences import in_order
from llmrec.finetune.seen import latest
from llmrec.finetune.words.examples import WordsCounts, WordsSet, build_words, small_words
from llmrec.requests import as_history, condense_history
from llmrec.retrieval import Retriever
from llmrec.retrieval.cache import cache_key
from llmrec.types import Event, HistoryEntry, Item

if TYPE_CHECKING:
    from llmrec.engines.protocol import Engine

__all__ = ["VALIDATION", "WordsData", "words_data", "words_state"]

VALIDATION = 100
"""Most items that are held out; a reason and a description of each are written at the end."""

_ITEMS = 20_000
"""Most items that sentences are made for."""

Ticks = Callable[[int, int], None]
"""Told the number of items done and of all."""


@dataclass(frozen=True)
class WordsData:
    """Examples to train on, others that say when to stop, and what to write at the end.

    No item of ``validation`` or ``asked`` is in ``train``; ``reasons`` says whether the log had
    histories, ``brands`` are the shop's.
    """

    train: WordsSet
    validation: WordsSet
    asked: tuple[WordsRequest, ...]
    reasons: bool
    brands: frozenset[str]
    log: CardData


def words_state(workspace: Workspace) -> str:
    """A name that changes when examples should be made anew."""
    with CatalogStore.open(workspace.database_url) as store:
        revision = store.revision()
    settings = workspace.settings
    return cache_key(
        f"{revision.items} {revision.events}",
        settings.models.llm,
        settings.models.encoder,
        settings.explain.model_dump_json(exclude={"adapter"}),
    )


def words_data(
    workspace: Workspace,
    engine: Engine,
    *,
    max_examples: int | None = None,
    seed: int = 0,
    progress: Ticks | None = None,
) -> WordsData:
    """Make the examples.

    Args:
        workspace: the shop.
        engine: whose prompts.
        max_examples: train on so many, drawn by ``seed``.
        seed: of what is held out, of the histories and of the sentences.
        progress: told of the items done.

    Raises:
        DataError: there are no items in English, or none that the grammar can speak of.
        IndexMissing: nothing has been indexed.
    """
    shop = _read_shop(workspace, seed)
    done = 0

    def tick(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done, len(shop.train) + len(shop.validation))

    lower = small_words(shop.items)

    def made(requests: Sequence[WordsRequest], most: int | None) -> WordsSet:
        return build_words(
            requests,
            engine,
            workspace.settings.explain,
            brands=shop.brands,
            lower=lower,
            reasons=shop.has_histories,
            most=most,
            seed=seed,
            progress=tick,
        )

    train, validation = made(shop.train, max_examples), made(shop.validation, None)
    _check(train, validation)
    log = shop.card(train.sha256)
    return WordsData(train, validation, shop.validation, shop.has_histories, shop.brands, log)


@dataclass(frozen=True)
class _Shop:
    """What is read of the shop: all items, and requests for those that are written about."""

    items: Sequence[Item]
    events: Sequence[Event]
    brands: frozenset[str]
    train: tuple[WordsRequest, ...]
    validation: tuple[WordsRequest, ...]
    users: int
    has_histories: bool

    def card(self, sha256: str) -> CardData:
        """What an adapter's card says of the log; ``sha256`` is of the examples."""
        return CardData(
            sha256=sha256,
            events=len(self.events),
            users=self.users,
            items=len(self.train) + len(self.validation),
            last=latest(self.events),
        )


def _read_shop(workspace: Workspace, seed: int) -> _Shop:
    with CatalogStore.open(workspace.database_url) as store:
        items = [item for batch in store.iter_items() for item in batch]
        events = in_order(event for batch in store.iter_events() for event in batch)
        brands = frozenset(FAMOUS_BRANDS | {brand for brand in store.brands() if len(brand) > 2})
        validation_items, taught = _apart(_spoken(items, seed), seed)
        with Retriever.open(workspace, store) as retriever:
            asker = _Asker(items, events, retriever, workspace.settings.retrieval.history_limit)
            train = tuple(asker.request(item, seed) for item in taught)
            validation = tuple(asker.request(item, seed) for item in validation_items)
    return _Shop(items, events, brands, train, validation, asker.users, asker.has_histories)


def _spoken(items: Sequence[Item], seed: int) -> list[Item]:
    """The items that the model writes about: those in English."""
    if not items:
        raise DataError(
            "The catalogue is empty.", hint="Ingest products first: llmrec ingest items FILE."
        )
    spoken = [item for item in items if item_language(item) == "en"]
    if not spoken:
        raise DataError(
            f"None of the {len(items)} items is in English, and the model writes English only.",
            hint="Items in other languages get their sentences from fields; set explain.adapter "
            "to 'none'.",
        )
    if len(spoken) > _ITEMS:
        places = sorted(random.Random(f"{seed}:items").sample(range(len(spoken)), _ITEMS))
        spoken = [spoken[place] for place in places]
    return spoken


def _apart(items: Sequence[Item], seed: int) -> tuple[list[Item], list[Item]]:
    """A tenth of the items held out, and the others; items with one description stay together."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(fold(item.description) or item.id, []).append(item)
    order = list(groups.values())
    random.Random(f"{seed}:held").shuffle(order)
    most = max(1, min(VALIDATION, len(items) // 10))
    apart: list[Item] = []
    while order and len(apart) + len(order[-1]) <= most:
        apart += order.pop()
    return apart, [item for group in order for item in group]


def _check(train: WordsSet, validation: WordsSet) -> None:
    if train.examples and validation.examples:
        return
    counts: WordsCounts = train.counts
    raise DataError(
        f"No sentence can be made of the fields of {counts.silent + validation.counts.silent} of "
        f"{counts.items + validation.counts.items} items: descriptions and attributes are missing "
        "or say nothing that the grammar knows.",
        hint="Ingest descriptions, or attributes such as material, colour, weight, dimensions; "
        "titles alone teach nothing that the shopper does not see.",
    )


class _Asker:
    """Gives each item a shopper's history, as serving would have it."""

    def __init__(
        self, items: Sequence[Item], events: Sequence[Event], retriever: Retriever, limit: int
    ) -> None:
        self._items = {item.id: item for item in items}
        self._retriever, self._limit = retriever, limit
        by_user = {
            user: tuple(group) for user, group in groupby(events, key=lambda event: event.user)
        }
        self._histories = [history for history in by_user.values() if len(history) > 1]
        self._of: dict[str, list[int]] = {}
        for place, history in enumerate(self._histories):
            for item in {event.item for event in history[1:]}:
                self._of.setdefault(item, []).append(place)
        self.users = len(by_user)

    @property
    def has_histories(self) -> bool:
        """Whether any shopper took two things."""
        return bool(self._histories)

    def request(self, item: Item, seed: int) -> WordsRequest:
        """The item for a shopper who took it later on, or for any other."""
        draw = random.Random(f"{seed}:{item.id}:history")
        pairs = tuple(
            (entry, self._items.get(entry.item or "")) for entry in self._entries(item, draw)
        )
        (near,) = self._retriever.related([item.id], [entry for entry, _ in pairs])
        return WordsRequest(item, pairs, None, True, draw.randint(1, 10), near)

    def _entries(self, item: Item, draw: random.Random) -> tuple[HistoryEntry, ...]:
        if not self._histories:
            return ()
        history = self._histories[draw.choice(self._of.get(item.id) or range(len(self._histories)))]
        before: list[Event] = []
        for event in history:
            if event.item == item.id:
                break
            before.append(event)
        return condense_history(as_history(before))[-self._limit :]
