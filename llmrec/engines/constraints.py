"""What a generated text must be: one of some choices, JSON of a schema, or a word of a grammar.

An engine that takes a constraint masks the tokens that would break it, at every step, so that the
text is valid by construction and never repaired afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from llmrec.errors import EngineError

__all__ = ["Choices", "Constraint", "Grammar", "JsonSchema"]


@dataclass(frozen=True, slots=True)
class Choices:
    """The text is exactly one of ``texts``.

    >>> Choices(("yes", "no")).texts
    ('yes', 'no')
    """

    texts: tuple[str, ...]

    def __init__(self, texts: Sequence[str]) -> None:
        unique = tuple(dict.fromkeys(texts))
        if not unique or not all(unique):
            raise EngineError("A choice is empty, or there is none.", hint="Give non-empty texts.")
        object.__setattr__(self, "texts", unique)


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """The text is a JSON value of this schema (draft 2020-12, as far as the engine knows it).

    ``text`` is the schema as compact JSON, so that equal schemas are equal objects.

    >>> JsonSchema({"type": "boolean"}).text
    '{"type":"boolean"}'
    """

    text: str

    def __init__(self, schema: Mapping[str, Any]) -> None:
        try:
            text = json.dumps(schema, separators=(",", ":"), ensure_ascii=False)
        except (TypeError, ValueError) as error:
            raise EngineError(
                f"A JSON schema cannot be written as JSON: {error}.", hint="Give plain JSON types."
            ) from error
        object.__setattr__(self, "text", text)

    @property
    def schema(self) -> dict[str, Any]:
        """The schema as a dictionary, a new one at each access."""
        loaded: dict[str, Any] = json.loads(self.text)
        return loaded


@dataclass(frozen=True, slots=True)
class Grammar:
    """The text is a word of a context-free grammar, in llguidance's form of Lark.

    See https://github.com/guidance-ai/llguidance/blob/main/docs/syntax.md; ``start`` is the whole.

    >>> Grammar('start: "find " /[a-z]+/').text
    'start: "find " /[a-z]+/'
    """

    text: str

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise EngineError("A grammar is empty.", hint="Give it a rule called 'start'.")


Constraint: TypeAlias = Choices | JsonSchema | Grammar
