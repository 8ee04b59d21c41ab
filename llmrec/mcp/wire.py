"""The registry's tools, their answers and their errors in the protocol's types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from llmrec.errors import DataError, LLMRecError

if TYPE_CHECKING:
    from mcp_types import CallToolResult
    from mcp_types import Tool as WireTool

    from llmrec.agent.tools import Tool, ToolResult

__all__ = ["answer_on_wire", "error_on_wire", "tool_on_wire"]


def tool_on_wire(tool: Tool[Any]) -> WireTool:
    """A tool's name, description and schema; whether it only reads is a hint to the client."""
    from mcp_types import Tool as WireTool
    from mcp_types import ToolAnnotations

    hints = ToolAnnotations(
        read_only_hint=not tool.changes, destructive_hint=False, open_world_hint=False
    )
    return WireTool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.schema,
        annotations=hints,
    )


def answer_on_wire(result: ToolResult) -> CallToolResult:
    """The answer as a structure, and the same as JSON for clients that read text alone."""
    return _result(result.to_dict(), is_error=False)


def error_on_wire(error: LLMRecError) -> CallToolResult:
    """What went wrong and what to do, as the tool's answer, so that a model can mend its call."""
    said = {
        "error": error.reason if isinstance(error, DataError) else error.message,
        "hint": error.hint,
        "kind": type(error).__name__,
        "field": error.field if isinstance(error, DataError) else None,
        "retryable": error.retryable,
    }
    return _result(said, is_error=True)


def _result(plain: dict[str, Any], *, is_error: bool) -> CallToolResult:
    from mcp_types import CallToolResult, TextContent

    text = json.dumps(plain, ensure_ascii=False)
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=plain, is_error=is_error
    )
