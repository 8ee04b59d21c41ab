"""What a tool is: a name, a sentence for a model, typed arguments, and a function over the shop."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from llmrec.agent.shopper import Shopper
from llmrec.errors import ToolError
from llmrec.types import Item

if TYPE_CHECKING:
    from llmrec.recommender import Recommender

__all__ = ["Arguments", "Tool", "ToolResult"]

A = TypeVar("A", bound="Arguments")


class Arguments(BaseModel):
    """A tool's arguments; the fields and their descriptions become its JSON schema."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolResult(ABC):
    """What a tool answers. Each tool has a frozen dataclass of its own."""

    @property
    def products(self) -> tuple[Item, ...]:
        """The products that the answer shows, in its order: what "the second" then means."""
        return ()

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain values that :func:`json.dumps` takes."""


@dataclass(frozen=True)
class Tool(Generic[A]):
    """Something that an assistant can do in the shop.

    Attributes:
        name: how it is called.
        description: one sentence that tells a model when to use it.
        arguments: the model of its arguments.
        run: does it; every failure is an :class:`~llmrec.errors.LLMRecError` with a hint.
        changes: whether it writes to the event log.
    """

    name: str
    description: str
    arguments: type[A]
    run: Callable[[Recommender, Shopper, A], ToolResult]
    changes: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments, the tool's own before those it shares with others."""
        schema = self.arguments.model_json_schema()
        properties = schema["properties"]
        return {**schema, "properties": {name: properties[name] for name in self.takes}}

    @property
    def takes(self) -> tuple[str, ...]:
        """The names of the arguments, in the order of :attr:`schema`."""
        own = self.arguments.__annotations__
        return tuple(sorted(self.arguments.model_fields, key=lambda name: name not in own))

    def parse(self, arguments: Mapping[str, Any]) -> A:
        """Check arguments as they come from a model or a client.

        Raises:
            ToolError: one is unknown, missing or impossible; names the first.
        """
        try:
            # What JSON cannot say, no answer could repeat: half a character, a list without an end.
            json.dumps(arguments, ensure_ascii=False, default=str).encode()
        except (ValueError, RecursionError):
            raise ToolError(
                f"{self.name}: the arguments cannot be written as JSON.",
                hint=f"{self.name} takes {', '.join(self.takes)}.",
            ) from None
        try:
            return self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            # A name that is not known says more than the one that is missing for it.
            first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
            raise ToolError(
                f"{self.name}: {first['msg']}.",
                field=".".join(str(part) for part in first["loc"]) or None,
                hint=f"{self.name} takes {', '.join(self.takes)}.",
            ) from error

    def call(self, shop: Recommender, shopper: Shopper, arguments: Mapping[str, Any]) -> ToolResult:
        """Check the arguments, then run.

        Raises:
            ToolError: the arguments cannot be served.
            UnknownItem: the catalogue does not know a product that is named.
            LLMRecError: what stands behind the tool failed.
        """
        return self.run(shop, shopper, self.parse(arguments))
