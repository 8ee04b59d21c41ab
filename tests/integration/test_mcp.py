"""``llmrec mcp`` as a process of its own, asked by the official client, on the demo store."""

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import httpx
import pytest
from tool_shop import make_demo_store, open_shop

from llmrec.agent.shopper import Shopper
from llmrec.agent.tools import TOOLS
from llmrec.types import EventKind

mcp = pytest.importorskip("mcp")

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
USER = "shopper-234"
CALLS = {
    "search": {"query": "watering can", "k": 3, "max_price": 40},
    "recommend": {"query": "for the balcony", "k": 2, "describe": 1},
    "similar": {"product": "GAR-020", "k": 3},
    "bought_together": {"product": "GAR-020", "k": 3},
    "compare": {"products": ["GAR-001", "GAR-002"]},
    "explain": {"product": "GAR-001", "max_price": 2},
    "describe": {"product": "GAR-001"},
    "product_question": {"product": "GAR-001", "question": "price"},
    "reviews": {"product": "WEL-007"},
    "shop_question": {"question": "for how long are gift cards valid"},
    "feedback": {"product": "GAR-001", "kind": "like"},
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return make_demo_store(tmp_path_factory.mktemp("demo") / "shop")


def piped(workspace):
    """The server as a process that is spoken to line by line."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(command(workspace), cwd=ROOT, text=True, **pipes)


def command(workspace, *flags):
    return [sys.executable, "-m", "llmrec.cli", "mcp", "-w", str(workspace.path), *flags]


@asynccontextmanager
async def connected(workspace, *flags):
    program, *arguments = command(workspace, *flags)
    server = mcp.StdioServerParameters(command=program, args=arguments, cwd=ROOT)
    with open(workspace.path / "mcp.log", "w") as log:
        async with mcp.Client(mcp.stdio_client(server, errlog=log)) as client:
            yield client


def test_every_tool_is_listed_with_its_schema(workspace):
    async def listed():
        async with connected(workspace) as client:
            return (await client.list_tools()).tools

    found = {tool.name: tool for tool in anyio.run(listed)}
    assert list(found) == list(TOOLS) == list(CALLS)
    for name, tool in TOOLS.items():
        assert found[name].input_schema == tool.schema
        assert found[name].description == tool.description
        assert found[name].annotations.read_only_hint is not tool.changes


def test_every_tool_answers_as_it_does_at_home(workspace):
    async def called():
        async with connected(workspace, "--user", USER) as client:
            return {name: await client.call_tool(name, CALLS[name]) for name in TOOLS}

    with open_shop(workspace) as shop:
        shopper = Shopper.of_log(shop, USER)
        home = {
            name: TOOLS[name].call(shop, shopper, CALLS[name]).to_dict()
            for name in TOOLS
            if name != "feedback"
        }
        answers = anyio.run(called)
        last = shop.store.history(USER)[-1]
    assert not any(answer.is_error for answer in answers.values())
    assert {n: a.structured_content for n, a in answers.items() if n != "feedback"} == home
    assert all(
        json.loads(answer.content[0].text) == answer.structured_content
        for answer in answers.values()
    )
    assert answers["feedback"].structured_content["stored"] is True
    assert (last.item, last.kind) == ("GAR-001", EventKind.LIKE)


def test_a_strangers_feedback_counts_until_the_client_hangs_up(workspace):
    async def visit():
        async with connected(workspace) as client:

            async def first():
                answer = await client.call_tool("recommend", {"k": 1, "reasons": False})
                return answer.structured_content["products"][0]["id"]

            before = await first()
            noted = await client.call_tool("feedback", {"product": before, "kind": "dislike"})
            return before, noted.structured_content["stored"], await first()

    before, stored, after = anyio.run(visit)
    again, _, _ = anyio.run(visit)
    assert not stored and after != before == again


def test_an_error_is_the_tools_answer_with_a_hint(workspace):
    cases = [
        ("search", {"query": "pot", "colour": "red"}, "ToolError", "search takes query"),
        ("search", {}, "ToolError", "Field required"),
        ("describe", {"product": "GAR-0O1"}, "UnknownItem", "GAR-001 (Balcony tomato"),
        ("compare", {"products": ["GAR-001"]}, "ToolError", "compare takes products"),
    ]

    async def called():
        async with connected(workspace) as client:
            return [await client.call_tool(name, arguments) for name, arguments, *_ in cases]

    for answer, (*_, kind, words) in zip(anyio.run(called), cases, strict=True):
        assert answer.is_error
        said = answer.structured_content
        assert said["kind"] == kind and words in f"{said['error']} {said['hint']}"
        assert json.loads(answer.content[0].text) == said and said["hint"]


def test_an_unknown_tool_is_an_error_of_the_protocol(workspace):
    async def called():
        async with connected(workspace) as client:
            await client.call_tool("buy", {})

    with pytest.raises(BaseException) as raised:  # anyio wraps it in a group
        anyio.run(called)
    (error,) = leaves(raised.value)
    assert isinstance(error, mcp.MCPError) and "no tool 'buy'" in str(error)


def leaves(error):
    inner = getattr(error, "exceptions", None)
    return [leaf for one in inner for leaf in leaves(one)] if inner else [error]


def test_nothing_but_the_protocol_comes_out(workspace):
    handshake = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "0"},
    }
    messages = [
        {"id": 1, "method": "initialize", "params": handshake},
        {"method": "notifications/initialized"},
        {
            "id": 2,
            "method": "tools/call",
            "params": {"name": "recommend", "arguments": {"query": "tea", "describe": 1}},
        },
    ]
    process = piped(workspace)
    with process:
        for message in messages:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            process.stdin.flush()
        lines = [process.stdout.readline() for _ in range(2)]
        rest, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    answers = [json.loads(line) for line in lines]
    assert [answer["id"] for answer in answers] == [1, 2] and rest == ""
    assert answers[1]["result"]["structuredContent"]["products"]
    assert "Serving" in log


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_ends_it_though_the_client_has_not_hung_up(workspace):
    process = piped(workspace)
    with process:
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        process.stdin.write(json.dumps(ping) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == -signal.SIGINT
        assert "Traceback" not in process.stderr.read()


def test_a_workspace_that_is_none_is_said_before_anything_is_served(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "llmrec.cli", "mcp", "-w", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 1 and done.stdout == "" and "not a workspace" in done.stderr


@contextmanager
def http_server(workspace):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = ("--http", "--port", str(port), "--user", USER)
    with open(workspace.path / "http.log", "w") as log:
        process = subprocess.Popen(command(workspace, *flags), cwd=ROOT, stdout=log, stderr=log)
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for(port, process):
    for _ in range(600):
        assert process.poll() is None, "the server has ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server does not listen")


def test_the_same_tools_over_http_for_this_machine_alone(workspace):
    async def called(url):
        async with mcp.Client(url) as client:
            tools = (await client.list_tools()).tools
            return tools, await client.call_tool("search", CALLS["search"])

    with http_server(workspace) as url:
        tools, answer = anyio.run(called, url)
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        headers = {"Accept": "application/json, text/event-stream"}
        foreign = httpx.post(url, json=ping, headers={**headers, "Origin": "https://evil.example"})
        rebound = httpx.post(url, json=ping, headers={**headers, "Host": "evil.example"})
    assert [tool.name for tool in tools] == list(TOOLS)
    assert len(answer.structured_content["products"]) == 3
    assert foreign.status_code == 403 and rebound.status_code in (403, 421)
