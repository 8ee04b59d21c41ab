"""The JSON schema of a tool call, and the tools in words, made from the tools' own schemas.

A model names products by their numbers on the screen, attributes by the catalogue's names, and
leaves to us what a shopper does not say: how many products, whether to give reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmrec.agent.constraints.vocabulary import Vocabulary
from llmrec.agent.tools import TOOLS
from llmrec.agent.tools.base import Tool
from llmrec.agent.tools.limits import Limits

__all__ = ["FEEDBACK", "NOTHING", "call_schema", "tools_in_words"]

NOTHING = "nothing"
"""What is called where no tool can help."""

FEEDBACK = ("like", "dislike", "cart")
"""The kinds of feedback that a sentence can give."""

_OFFERED = (
    "recommend",
    "similar",
    "bought_together",
    "compare",
    "explain",
    "describe",
    "product_question",
    "shop_question",
    "feedback",
)
_OURS = {"k", "reasons", "describe", "value", "question", "in_stock"}
_BY_NAME = ("attributes", "not_attributes")
_CHARS = 80
_NAMES = 4
_ATTRIBUTES = 12
_WHO = {"type": "string", "maxLength": _CHARS, "description": "if for somebody else: who"}


def call_schema(vocabulary: Vocabulary, shown: int) -> dict[str, Any]:
    """A JSON schema of one call: ``tool`` and that tool's arguments beside it.

    Args:
        vocabulary: for the names of attributes.
        shown: how many products are on the screen; tools about products need some.
    """
    calls = [_call(tool, vocabulary, shown) for tool in _tools(shown)]
    return {"anyOf": [*calls, _object({"tool": {"const": NOTHING}}, ["tool"])]}


def tools_in_words(shown: int) -> list[str]:
    """A line for each tool: its name, its arguments, and when to use it."""
    lines = [
        f"{tool.name}({', '.join(_arguments(tool))}): {tool.description}" for tool in _tools(shown)
    ]
    return [*lines, f"{NOTHING}(): Nothing that a shop can help with."]


def _tools(shown: int) -> Iterator[Tool[Any]]:
    for tool in (TOOLS[name] for name in _OFFERED):
        least = 2 if "products" in tool.takes else 1 if "product" in tool.takes else 0
        if shown >= least:
            yield tool


def _call(tool: Tool[Any], vocabulary: Vocabulary, shown: int) -> dict[str, Any]:
    whole = tool.schema
    parts = {
        name: _part(name, whole["properties"].get(name, _WHO), vocabulary, shown)
        for name in _arguments(tool)
    }
    needed = [name for name in parts if name in whole.get("required", ())]
    return _object({"tool": {"const": tool.name}, **parts}, ["tool", *needed])


def _arguments(tool: Tool[Any]) -> list[str]:
    """What a model is asked for; limits only of the tool that most messages mean."""
    wide = tool.name == "recommend"
    named = [
        name
        for name in tool.takes
        if name not in _OURS and (wide or (name not in Limits.model_fields and name != "query"))
    ]
    return [*named, "for_whom"] if wide else named


def _part(
    name: str, schema: Mapping[str, Any], vocabulary: Vocabulary, shown: int
) -> dict[str, Any]:
    """An argument's schema as a sentence can fill it: bounded, and never null."""
    if name in ("product", "products"):
        number = {"type": "integer", "enum": list(range(1, shown + 1))}
        return number if name == "product" else _array(number, least=2)
    if name == "kind":
        return {"enum": list(FEEDBACK)}
    if name in _BY_NAME:
        values = _array({"type": "string", "maxLength": _CHARS})
        return _object(dict.fromkeys(vocabulary.most_used(_ATTRIBUTES), values), [])
    kind = next(iter(schema.get("anyOf", [schema])))["type"]  # "… or null": it may be left out
    if kind == "array":
        return _array({"type": "string", "maxLength": _CHARS})
    return {"type": kind, **({"maxLength": _CHARS} if kind == "string" else {})}


def _array(items: Mapping[str, Any], *, least: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "maxItems": _NAMES}


def _object(properties: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
