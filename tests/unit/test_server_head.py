"""HEAD answers wherever GET does, with the same headers and no body."""

from __future__ import annotations

from importlib.resources import files

import pytest

PAGE = sorted(one.name for one in (files("llmrec.server") / "page").iterdir() if one.is_file())

PATHS = [
    "/",
    "/merchant",
    *(f"/page/{name}" for name in PAGE),
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/me",
    "/v1/numbers",
    "/v1/activity",
    "/v1/experiment",
    "/v1/items",
    "/v1/items?text=lamp",
    "/v1/items/i0001",
    "/v1/reviews/i0001",
    "/v1/items/nothing",
    "/v1/items/with/slashes",
    "/v1/sessions?user=u001",
    f"/v1/sessions/{'0' * 32}",
    "/v1/users/u001/profile",
    "/page/nothing",
    "/nowhere",
]


def test_every_route_that_answers_get_is_tried(client):
    paths = {path for path, own in client.app.openapi()["paths"].items() if "get" in own}
    assert {path.partition("{")[0] for path in paths} <= {
        path.partition("?")[0][: len(one.partition("{")[0])] for path in PATHS for one in paths
    }


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scope", ["merchant", "shopper", None])
def test_head_answers_as_get_without_a_body(client, keys, path, scope):
    get, head = (client(method, path, keys.get(scope)) for method in ("GET", "HEAD"))
    assert head.status_code == get.status_code
    assert head.content == b""
    counted = path in ("/metrics", "/v1/numbers")  # both requests count in what they answer
    changing = {"x-request-id", "content-length"} if counted else {"x-request-id"}
    same = [{k: v for k, v in one.headers.items() if k not in changing} for one in (get, head)]
    assert same[0] == same[1]


def test_head_of_what_takes_post_alone_is_refused(ask):
    answer = ask("HEAD", "/v1/chat")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/items/i0001", "GET, HEAD, PUT, PATCH, DELETE"),
        ("/v1/items", "GET, HEAD, POST"),
        ("/v1/me", "GET, HEAD"),
        ("/", "GET, HEAD"),
    ],
)
def test_a_method_that_a_path_does_not_know_is_told_all_that_it_knows(ask, path, methods):
    wrong = "POST" if "POST" not in methods else "PUT"
    answer = ask(wrong, path, json={})
    assert (answer.status_code, answer.headers["Allow"]) == (405, methods)


def test_head_is_counted_as_itself(ask):
    ask("HEAD", "/v1/items/i0001")
    assert 'method="HEAD",route="/v1/items/{id}"' in ask("GET", "/metrics").text.replace(
        "{id:path}", "{id}"
    )
