"""From requests to what the sources look at: masks, taste and query vectors, words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timezone

import numpy as np

from llmrec.catalog.item_text import item_text
from llmrec.catalog.store import CatalogStore
from llmrec.config import RetrievalSettings
from llmrec.retrieval.behaviour import behaviour_history
from llmrec.retrieval.receivers import Wanted, wanted_by, words_sought
from llmrec.retrieval.request import RetrievalRequest
from llmrec.retrieval.sources.base import Context, Liked, QueryVector
from llmrec.retrieval.sources.lexical import LexicalSource
from llmrec.retrieval.state import State
from llmrec.retrieval.subject import on_subject
from llmrec.retrieval.taste import TasteEntry, disliked, seen, taste_entries, taste_vector
from llmrec.retrieval.wording import Wording, read_wording
from llmrec.types import BoolArray, FloatArray, Item

__all__ = ["ContextBuilder"]

_TITLES = 3
"""Recently liked titles that stand in for a query's words; more would blur them."""


@dataclass(frozen=True)
class ContextBuilder:
    """Resolves requests against one state of the catalogue and the index."""

    state: State
    store: CatalogStore
    settings: RetrievalSettings

    def build(self, requests: Sequence[RetrievalRequest], now: float) -> list[Context]:
        """One context per request; one look-up of items and one batch of texts for all."""
        tastes = [self._taste(request) for request in requests]
        items = self.store.items(self._unread(requests, tastes))
        wordings = [self._wording(request) for request in requests]
        wanted = [text for taste in tastes for entry in taste if (text := self._text(entry, items))]
        vectors = self.state.spaces.default.texts.get(wanted) if self._encodes else {}
        contexts = []
        queries, shoppers = self._queries(wordings), self._behaviour(requests)
        for request, taste, wording, query, shopper in zip(
            requests, tastes, wordings, queries, shoppers, strict=True
        ):
            at = now if request.now is None else _seconds(request)
            context = self._context(request, taste, wording, items, vectors, at)
            query = query if self._is_read(wording, context.allowed) else None
            context = replace(context, query=query, behaviour=shopper)
            if wording is not None and request.thing:
                context = replace(context, about=self._of_thing(context, request.thing))
            contexts.append(context)
        return contexts

    def _wording(self, request: RetrievalRequest) -> Wording | None:
        query = words_sought((request.query or "").strip())
        return read_wording(query, self.state, self.store.items) if query else None

    def _of_thing(self, context: Context, thing: str) -> Context:
        """The same request, as if its words were the kind of thing alone."""
        wording = read_wording(thing, self.state, self.store.items)
        (query,) = self._queries([wording])
        query = query if self._is_read(wording, context.allowed) else None
        return replace(context, query=query, wording=wording, words=wording.text)

    def _queries(self, wordings: Sequence[Wording | None]) -> list[QueryVector | None]:
        """What each query means; one batch of texts for each encoder."""
        if not self._encodes:
            return [None] * len(wordings)
        spaces = dict.fromkeys(wording.space for wording in wordings if wording)
        vectors = {
            space: space.texts.get(
                wording.text for wording in wordings if wording and wording.space is space
            )
            for space in spaces
        }
        return [
            QueryVector(vectors[wording.space][wording.text], wording.space.search)
            if wording
            else None
            for wording in wordings
        ]

    def _behaviour(self, requests: Sequence[RetrievalRequest]) -> list[FloatArray | None]:
        """Each shopper's vector by the behaviour encoder, from the history of this very request."""
        served = self.state.served
        if served is None:
            return [None] * len(requests)
        users = served.encoder.encode([behaviour_history(request.history) for request in requests])
        # Of unit length, so that scores of different shoppers have one scale.
        return [user / np.linalg.norm(user) if user.any() else None for user in users]

    @property
    def _encodes(self) -> bool:
        return bool({"text", "query"} & set(self.state.sources))

    def _taste(self, request: RetrievalRequest) -> list[TasteEntry]:
        return taste_entries(
            request.history,
            self.state.snapshot.row,
            limit=self.settings.history_limit,
            half_life=self.settings.history_half_life,
        )

    def _unread(
        self, requests: Iterable[RetrievalRequest], tastes: Iterable[list[TasteEntry]]
    ) -> list[str]:
        """Items whose words are needed: recent titles for lexical search, texts without vector."""
        row, search = self.state.snapshot.row, self.state.search
        items = []
        for request, taste in zip(requests, tastes, strict=True):
            titles = 0 if request.query or "lexical" not in self.state.sources else _TITLES
            for place, entry in enumerate(taste):
                if entry.item and (place < titles or search.vector(row[entry.item]) is None):
                    items.append(entry.item)
        return items

    def _text(self, entry: TasteEntry, items: Mapping[str, Item]) -> str | None:
        """What must be encoded for an entry; ``None`` where its vector is in the index."""
        if entry.item is None:
            return entry.text
        if self.state.search.vector(self.state.snapshot.row[entry.item]) is not None:
            return None
        return item_text(items[entry.item]) if entry.item in items else None

    def _context(
        self,
        request: RetrievalRequest,
        taste: Sequence[TasteEntry],
        wording: Wording | None,
        items: Mapping[str, Item],
        vectors: Mapping[str, FloatArray],
        now: float,
    ) -> Context:
        row = self.state.snapshot.row
        query = wording.text if wording else ""
        allowed = self._allowed(request)
        wanted = wanted_by(request.query or "", request.recipient) if wording else Wanted()
        barred = self.state.receivers.barred(wanted) if wording else np.zeros(0, bool)
        if wording:
            allowed &= ~barred
        liked = tuple(Liked(row[entry.item] if entry.item else -1, entry.weight) for entry in taste)
        return Context(
            allowed=allowed,
            barred=barred,
            back=self.state.receivers.steps_back(wanted) if wording else np.zeros(0, bool),
            subject=on_subject(self.state, request.subject),
            had=self._had(request) & ~barred if wording else np.zeros(0, bool),
            liked=liked,
            taste=self._taste_vector(taste, items, vectors),
            wording=wording,
            words=query or _names(_title(entry, items) for entry in taste[:_TITLES]),
            now=now,
        )

    def _is_read(self, wording: Wording | None, allowed: BoolArray) -> bool:
        """Whether the encoder has a say; where it cannot read, words that some item has go first.

        Whatever it makes of a strange script is nearest to something, and would drown them.
        """
        if wording is None or wording.readable:
            return True
        lexical = self.state.sources.get("lexical")
        if not isinstance(lexical, LexicalSource):
            return True
        scores = lexical.scores(wording.text)
        return not (len(scores) and bool(scores[allowed].any()))

    def _allowed(self, request: RetrievalRequest) -> BoolArray:
        mask = self.state.snapshot.allowed(request.filters, seen(request.history))
        row = self.state.snapshot.row
        # A disliked item stays away even where seen ones may come back.
        unwanted = [row[id] for id in disliked(request.history) if id in row]
        mask[unwanted] = False
        return mask

    def _had(self, request: RetrievalRequest) -> BoolArray:
        """What the history has and would otherwise pass; not what was disliked."""
        mask = np.zeros(len(self.state.snapshot), bool)
        if request.filters.allow_seen:
            return mask
        unwanted = disliked(request.history)
        had = [id for id in seen(request.history) if id not in unwanted]
        row = self.state.snapshot.row
        mask[[row[id] for id in had if id in row]] = True
        return mask & self.state.snapshot.allowed(request.filters) if mask.any() else mask

    def _taste_vector(
        self,
        taste: Iterable[TasteEntry],
        items: Mapping[str, Item],
        encoded: Mapping[str, FloatArray],
    ) -> FloatArray | None:
        vectors, weights = [], []
        for entry in taste:
            text = self._text(entry, items)
            vector = encoded.get(text) if text else self._indexed(entry)
            if vector is not None:
                vectors.append(vector)
                weights.append(entry.weight)
        return taste_vector(vectors, weights)

    def _indexed(self, entry: TasteEntry) -> FloatArray | None:
        return self.state.search.vector(self.state.snapshot.row[entry.item]) if entry.item else None


def _names(titles: Iterable[str]) -> str:
    """The words of titles without sizes: two things of 60 cm have nothing in common."""
    words = " ".join(titles).split()
    return " ".join(word for word in words if len(word) > 2 and not any(map(str.isdigit, word)))


def _title(entry: TasteEntry, items: Mapping[str, Item]) -> str:
    if entry.item is None:
        return entry.text or ""
    return items[entry.item].title if entry.item in items else ""


def _seconds(request: RetrievalRequest) -> float:
    assert request.now is not None
    now = request.now
    return (now if now.tzinfo else now.replace(tzinfo=timezone.utc)).timestamp()
