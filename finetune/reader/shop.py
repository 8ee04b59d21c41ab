"""What a reader is trained on: the shipped messages, the shop's own, its catalogue's brands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmrec.artifacts import CardData
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.errors import ConfigError, DataError
from llmrec.finetune.reader.examples import (
    ReaderExample,
    held_apart,
    reader_examples,
    sha256_of,
    unsaid,
)
from llmrec.finetune.reader.messages import WrittenMessage, read_messages, written_sets
from llmrec.finetune.reader.train import ReaderTask
from llmrec.reading.prompt import plain

__all__ = ["ReaderData", "reader_data"]


@dataclass(frozen=True)
class ReaderData:
    """Examples to train on, and others, of messages that have no example there, to validate with.

    Attributes:
        train: in an order drawn by the seed.
        held: without variants.
        messages: how many were written, ours and the shop's.
        own: how many of them are the shop's.
        left_out: the shop's own that teach nothing, each with the reason.
        variants: how many more were made of each.
    """

    train: tuple[ReaderExample, ...]
    held: tuple[ReaderExample, ...]
    messages: int
    own: int
    left_out: tuple[str, ...]
    variants: float

    def task(self, parent: str | None = None) -> ReaderTask:
        """As training takes them; of events, users and items a reader knows nothing.

        Args:
            parent: name of the version that it goes on from.
        """
        sha256 = sha256_of(self.train)
        return ReaderTask(
            self.train, self.held, CardData(sha256=sha256, events=0, users=0, items=0), parent
        )


def reader_data(
    workspace: Workspace,
    files: Sequence[Path] = (),
    *,
    only_mine: bool = False,
    variants: float = 0.5,
    max_examples: int | None = None,
    seed: int = 0,
) -> ReaderData:
    """Make the examples.

    Args:
        workspace: the shop, whose brands stand in some of the variants.
        files: of the shop's own messages.
        only_mine: leave the shipped messages out.
        variants: further messages with other words, for each.
        max_examples: train on so many, drawn by ``seed``.
        seed: of what is held out and of the variants.

    Raises:
        ConfigError: ``only_mine`` without files.
        DataError: a line of a file is none (it names file, line and field), or no message teaches
            anything.
    """
    if only_mine and not files:
        raise ConfigError(
            "--only-mine leaves no messages.", hint="Name your own: --messages FILE.jsonl."
        )
    shop_messages = [message for path in files for message in read_messages(path)]
    shipped = (
        [] if only_mine else [message for path in written_sets() for message in read_messages(path)]
    )
    left_out = _left_out(shop_messages)
    kept_apart = {_folded(m) for path in written_sets(test=True) for m in read_messages(path)}
    known = [message for message in shop_messages if _folded(message) in kept_apart]
    left_out += tuple(f"'{message.message}': the reader is measured by it" for message in known)
    own = [message for message in shop_messages if _folded(message) not in kept_apart]
    messages = [*own, *shipped]
    train, validation = held_apart(messages, seed)
    examples = reader_examples(train, variants=variants, seed=seed, brands=_brands(workspace))
    if not examples:
        raise DataError(
            f"None of the {len(messages)} messages teaches anything"
            + (f": {left_out[0]}." if left_out else "."),
            hint="What a message means must be said in its own words; see docs/finetuning.md.",
        )
    return ReaderData(
        tuple(examples[:max_examples]),
        tuple(reader_examples(validation, variants=0, seed=seed)),
        len(messages),
        len(shop_messages),
        left_out,
        variants,
    )


def _left_out(messages: Sequence[WrittenMessage]) -> tuple[str, ...]:
    """Messages that teach nothing, each with the reason."""
    return tuple(
        f"'{message.message}': no words of it say its {', '.join(missing)}"
        for message in messages
        if (missing := unsaid(message))
    )


def _folded(message: WrittenMessage) -> str:
    return " ".join(message.message.casefold().split())


def _brands(workspace: Workspace) -> list[str]:
    with CatalogStore.open(workspace.database_url) as store:
        # Of one letter or figure nobody can say whether it is a brand.
        return sorted({name for brand in store.brands() if len(name := plain(brand)) > 1})
