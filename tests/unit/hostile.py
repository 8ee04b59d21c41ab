"""Requests that nobody means well with: hostile values in bodies made from the description."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from serving import MODELS, Client, one_of_each, serving

from llmrec.config import Workspace
from llmrec.types import EventKind

TIMES = (
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z",
    "2016-12-31T23:59:60Z", "2020-01-01T00:00:00", "2020-01-01T00:00:00+25:00", "2020-02-30",
    "2026-01-01T00:00:00Z", "", "NaN",
)  # fmt: skip
TEXTS = (
    "", " ", " \t ", "null", "nul\x00", "\ud800", "\udfff\ud800", "\u202egnp.exe", "\u200b",
    "cafe\u0301", "caf\u00e9", " i0001 ", "i0001", "u001", "9" * 5_000, "x" * 1_000_000,
    "1e1000000", "0." + "1" * 50, "<b>&amp;</b>", "%00", "'; DROP TABLE llmrec_items; --",
    "%d%s{0}", "\\u0000",
)  # fmt: skip
NUMBERS = (
    "NaN", "Infinity", "-Infinity", "-0", "-0.0", "1e400", "-1e400", "1e308", "9" * 400,
    "9" * 5_000, "-1", "0", "0.5", "59.699999999999996", "2147483648", "9223372036854775808",
    "1e-400", "253402300800", "-62135596801", "1e1000000",
)  # fmt: skip
SHAPES = (
    "null", "true", "[]", "{}", '[""]', "[null]", '{"":""}', "[[[[[[[[]]]]]]]]", "[" * 10_000,
    "[" * 5_000 + "]" * 5_000, '{"a":' * 5_000 + "1" + "}" * 5_000, json.dumps(["x"] * 100_000),
)  # fmt: skip
TOKENS = (*map(json.dumps, (*TIMES, *TEXTS)), *NUMBERS, *SHAPES)
"""Values as JSON writes them, or as nobody's JSON does."""

PATHS = (
    "i0001",
    "X1",
    "u001",
    "%00",
    "%FF",
    "%ED%A0%80",
    "e%CC%81",
    "%20X1%20",
    "a/b",
    "x" * 3_000,
)
SPOT = "@@spot@@"

_ITEM = {
    "title": "Kettle",
    "category": ["Tea"],
    "price": "39.90",
    "stock": 1,
    "attributes": {"colour": "red"},
    "added_at": "2026-01-01T00:00:00Z",
}
_EVENT = {"user": "u001", "item": "i0001", "kind": "rating", "at": "2026-01-01T00:00:00Z"}
_FILTERS = {"brands": ["Acme"], "max_price": "50", "not_words": ["lamp"], "not_items": ["X1"]}
_ENTRY = {"item": "i0001", "at": "2026-01-01T00:00:00Z", "value": 4}
WELL_FORMED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("PUT", "/v1/items/X1", _ITEM),
    ("PATCH", "/v1/items/i0001", {"added_at": "2026-01-01T00:00:00Z", "price": 5}),
    ("POST", "/v1/items", {"items": [{"id": "X2", **_ITEM}]}),
    ("POST", "/v1/events", {"events": [{**_EVENT, "position": 0, "value": 4, "text": "Warm."}]}),
    ("POST", "/v1/search", {"query": "kettle", "k": 3, "filters": _FILTERS}),
    ("POST", "/v1/recommend", {"history": [_ENTRY], "k": 3, "explain": False}),
    ("POST", "/v1/chat", {"message": "a kettle", "user": "u001", "act": {"do": "price", "low": 1}}),
    ("POST", "/v1/users/u001/profile", {"pin": "No plastic.", "remove": "brand:Acme"}),
)
"""Requests that are served, of which one value is then spoilt."""


def spots(body: Any) -> list[tuple[Any, ...]]:
    """The places in a body where another value may stand, as paths into it; ``()`` is the body."""
    found: list[tuple[Any, ...]] = [()]
    inner = (
        body.items()
        if isinstance(body, dict)
        else enumerate(body)
        if isinstance(body, list)
        else ()
    )
    for name, value in inner:
        found += [(name, *rest) for rest in spots(value)]
    return found


def spoilt(body: Any, place: tuple[Any, ...], token: str) -> str:
    """The body as text, with a token in one place."""

    def put(value: Any, path: tuple[Any, ...]) -> Any:
        if not path:
            return SPOT
        name, *rest = path
        if isinstance(value, dict):
            return {**value, name: put(value[name], tuple(rest))}
        return [put(one, tuple(rest)) if at == name else one for at, one in enumerate(value)]

    return json.dumps(put(body, place)).replace(json.dumps(SPOT), token, 1)


class Siege:
    """A shop and its server, which is started anew on the same workspace now and then."""

    def __init__(self, workspace: Workspace) -> None:
        experiment = {"name": "spring", "adapter": "none", "llm_weight": 1.0}
        overrides = {**MODELS, "server": {"rates": {}}, "experiment": experiment}
        self.workspace = Workspace.open(workspace.path, overrides=overrides)
        self.keys = one_of_each(self.workspace)
        self._running = ExitStack()
        self.call: Client
        self.restart()

    def restart(self) -> None:
        """Close the server and start another one."""
        self.close()
        self.call = self._running.enter_context(serving(self.workspace))

    def close(self) -> None:
        """Close the server."""
        self._running.close()

    def operations(self) -> list[Any]:
        """What the description names."""
        api = schemathesis.openapi.from_asgi("/openapi.json", self.call.app)
        return [one.ok() for one in api.get_all_operations()]

    def check(self) -> None:
        """Each page that a shop lives on still answers."""
        batch = {"requests": [{"user": "u001"}, {"user": "u002"}]}
        pages = [
            ("POST", "/v1/search", {"query": "kettle"}),
            ("POST", "/v1/recommend", {"user": "u001", "k": 2}),
            ("POST", "/v1/recommend/batch", batch),
            ("POST", "/v1/chat", {"user": "u001", "message": "a red kettle"}),
            ("GET", "/v1/users/u001/profile", None),
            ("GET", "/v1/sessions?user=u001", None),
            ("GET", "/v1/activity", None),
            ("GET", "/v1/experiment", None),
            ("GET", "/v1/items?limit=100", None),
            ("GET", "/v1/numbers", None),
            ("GET", "/metrics", None),
            ("GET", "/readyz", None),
        ]
        for method, path, body in pages:
            answer = self.call(method, path, self.keys["admin"], json=body)
            assert answer.status_code == 200, (method, path, answer.text)
            assert "event: failed" not in answer.text, (path, answer.text)


def requests(operations: list[Any], keys: dict[str, str]) -> st.SearchStrategy[dict[str, Any]]:
    """Requests as the siege's client takes them, of both kinds in turn."""
    return _well_formed(keys) | _described(operations, keys)


@st.composite
def _well_formed(draw: Any, keys: dict[str, str]) -> dict[str, Any]:
    """A request that would be served, with one value spoilt; in place of a time often by a time."""
    method, path, body = draw(st.sampled_from(WELL_FORMED))
    place = draw(st.sampled_from(spots(body)))
    named = place[-1] if place else ""
    times = st.sampled_from(TIMES).map(json.dumps) | st.sampled_from(NUMBERS)
    tokens = st.sampled_from(TOKENS)
    content = spoilt(body, place, draw(times | tokens if named in ("at", "added_at") else tokens))
    return {
        "method": method,
        "path": path,
        "key": keys[draw(st.sampled_from(["admin", "merchant", "shopper"]))],
        "content": content.encode(errors="surrogatepass"),
        "headers": {"Content-Type": "application/json"},
    }


@st.composite
def _described(draw: Any, operations: list[Any], keys: dict[str, str]) -> dict[str, Any]:
    """A request made from the description, often with a value spoilt."""
    operation = draw(st.sampled_from(operations))
    mode = draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
    if not (operation.body or operation.path_parameters):
        mode = GenerationMode.POSITIVE  # what takes nothing cannot be given anything wrong
    case = draw(operation.as_strategy(generation_mode=mode))
    path = operation.path
    for name, value in (case.path_parameters or {}).items():
        known = draw(st.none() | st.sampled_from(PATHS))
        path = path.replace(f"{{{name}}}", known or quote(str(value), safe="", errors="replace"))
    query = {
        name: str(value).encode(errors="replace") for name, value in (case.query or {}).items()
    }
    request: dict[str, Any] = {
        "method": case.method,
        "path": path,
        "key": keys[draw(st.sampled_from(sorted(keys)))],
        "params": query,
    }
    if isinstance(case.body, dict):
        body = {**case.body, **draw(known_names(case.body))}
        place = draw(st.sampled_from(spots(body)))
        content = draw(
            st.sampled_from([json.dumps(body)])
            | st.sampled_from(TOKENS).map(lambda token: spoilt(body, place, token))
        )
        request["content"] = content.encode(errors="surrogatepass")
        request["headers"] = {"Content-Type": "application/json"}
    return request


def known_names(body: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Fields of a body that name what the shop has: a stranger's name would reach nothing."""
    event = {"user": "u001", "item": "i0001", "kind": EventKind.LIKE.value}
    names = {"user": "u001", "events": [event], "history": [{"item": "i0001"}]}
    fitting = {name: value for name, value in names.items() if name in body}
    return st.sampled_from([{}, fitting])
