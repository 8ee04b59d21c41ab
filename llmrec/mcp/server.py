"""The MCP server: every tool of the registry over standard input and output, or over HTTP.

One call runs at a time, in a thread, so that the connection stays responsive. While it serves,
the official package points standard output at standard error: nothing but the protocol gets out.
"""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools import TOOLS
from llmrec.agent.tools.base import ToolResult
from llmrec.agent.tools.feedback import FeedbackResult
from llmrec.errors import DataError, LLMRecError, MissingExtra
from llmrec.types import HistoryEntry

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio import CapacityLimiter
    from mcp.server import Server
    from mcp_types import CallToolResult
    from mcp_types import Tool as WireTool

    from llmrec.agent.tools import Tool, ToolResult
    from llmrec.recommender import Recommender

__all__ = [
    "serve_http",
    "serve_stdio",
]


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
    plain = {
        "error": error.reason if isinstance(error, DataError) else error.message,
        "hint": error.hint,
        "kind": type(error).__name__,
        "field": error.field if isinstance(error, DataError) else None,
        "retryable": error.retryable,
    }
    return _result(plain, is_error=True)


def _result(plain: dict[str, Any], *, is_error: bool) -> CallToolResult:
    from mcp_types import CallToolResult, TextContent

    text = json.dumps(plain, ensure_ascii=False)
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=plain, is_error=is_error
    )


class Visitor:
    """The shopper at each moment of a connection.

    Args:
        shop: whose log.
        user: who asks; ``None`` for a stranger.
        remember: whether a stranger's feedback counts in later answers. A connection that several
            strangers share must not mix them up.
    """

    def __init__(self, shop: Recommender, user: str | None, *, remember: bool) -> None:
        self._shop = shop
        self._user = user
        self._remember = remember
        self._visit: tuple[HistoryEntry, ...] = ()

    def shopper(self) -> Shopper:
        """The shopper as the log, or the visit so far, knows them now."""
        known = Shopper.of_log(self._shop, self._user)
        return replace(known, history=(*known.history, *self._visit))

    def note(self, result: ToolResult) -> None:
        """Remember feedback that the log does not store."""
        if self._remember and isinstance(result, FeedbackResult) and not result.stored:
            self._visit = (*self._visit, result.entry)


_HOST = "127.0.0.1"

_INSTRUCTIONS = """\
The tools of one online shop. search and recommend give products with their ids; the other tools
take such an id. Limits such as max_price hold for every product of an answer. Prices are strings in
the currency beside them. product_question and shop_question say so where nothing is known: do not
fill that in. Say what the shopper likes or dislikes with feedback; the next answer counts it.
"""


def serve_stdio(shop: Recommender, user: str | None) -> None:
    """Serve one client over standard input and output until it hangs up.

    Raises:
        MissingExtra: the package mcp is not installed.
    """
    _check_installed()
    import anyio

    # Python's own handler would wait for the thread that reads standard input. Ending at once loses
    # nothing: a write to the log is one transaction.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        anyio.run(_serve_stdio, shop, user)
    finally:
        signal.signal(signal.SIGINT, before)


def serve_http(shop: Recommender, user: str | None, port: int) -> None:
    """Serve clients of this machine at ``http://127.0.0.1:PORT/mcp`` until a signal.

    It asks for no key, because only this machine can connect; requests of foreign web pages in its
    browsers are refused.

    Raises:
        MissingExtra: the package mcp is not installed.
    """
    _check_installed()
    import uvicorn
    from anyio import CapacityLimiter

    server = _make_server(Visitor(shop, user, remember=False), shop, CapacityLimiter(1))
    app = server.streamable_http_app(host=_HOST)
    uvicorn.run(app, host=_HOST, port=port, log_level="warning")


async def _serve_stdio(shop: Recommender, user: str | None) -> None:
    import anyio
    from mcp.server.stdio import stdio_server

    one_at_a_time = anyio.CapacityLimiter(1)
    server = _make_server(Visitor(shop, user, remember=True), shop, one_at_a_time)
    async with anyio.create_task_group() as group, stdio_server() as (read, write):
        group.start_soon(_warm, shop, one_at_a_time)
        await server.run(read, write, server.create_initialization_options())
        group.cancel_scope.cancel()


def _make_server(
    visitor: Visitor, shop: Recommender, one_at_a_time: CapacityLimiter
) -> Server[Any]:
    from mcp import MCPError
    from mcp.server import Server, ServerRequestContext
    from mcp_types import (
        INVALID_PARAMS,
        CallToolRequestParams,
        ListToolsResult,
        PaginatedRequestParams,
    )

    from llmrec import __version__

    async def list_tools(
        context: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[tool_on_wire(tool) for tool in TOOLS.values()])

    async def call_tool(
        context: ServerRequestContext[Any], params: CallToolRequestParams
    ) -> CallToolResult:
        from anyio.to_thread import run_sync

        if params.name not in TOOLS:
            known = ", ".join(TOOLS)
            raise MCPError(INVALID_PARAMS, f"There is no tool '{params.name}'. Known are {known}.")
        called = (shop, visitor, params.name, params.arguments or {})
        return await run_sync(_call, *called, limiter=one_at_a_time)

    return Server(
        "llmrec",
        version=__version__,
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _call(
    shop: Recommender, visitor: Visitor, name: str, arguments: dict[str, Any]
) -> CallToolResult:
    try:
        result = TOOLS[name].call(shop, visitor.shopper(), arguments)
    except LLMRecError as error:
        return error_on_wire(error)
    visitor.note(result)
    return answer_on_wire(result)


async def _warm(shop: Recommender, one_at_a_time: CapacityLimiter) -> None:
    """Load index and models while the client still reads what tools there are.

    There are two steps, so that a call that needs the index alone can run between them.
    """
    from anyio.to_thread import run_sync

    steps: tuple[Callable[[], object], ...] = (
        lambda: shop.retriever.encode(["warm"]),
        lambda: (shop.rankers, shop.writer),
    )
    for step in steps:
        await run_sync(_try, step, limiter=one_at_a_time)


def _try(step: Callable[[], object]) -> None:
    try:
        step()
    except LLMRecError as error:  # the call that needs it says it to the client
        print(error, file=sys.stderr)


def _check_installed() -> None:
    try:
        import mcp  # noqa: F401
    except ImportError as error:
        raise MissingExtra("mcp", extra="serve") from error
