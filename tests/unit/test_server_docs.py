"""docs/http.md: its examples work, and its table has every error that the server may answer."""

import re
import shlex
from pathlib import Path

import pytest
from serving import MODELS, make_key, new_shop, serving

from llmrec.config import Workspace
from llmrec.server.statuses import STATUSES

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")


def examples():
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    commands = [one for block in blocks for one in re.split(r"\n(?=\w)", block)]
    return [one for one in commands if one.startswith("curl ")]


def parsed(command, variables):
    """Method, path, headers and body of a curl command."""
    for name, value in variables.items():
        command = command.replace(f"${name}", value)
    words = shlex.split(command.replace("\\\n", " "))[1:]
    method, path, headers, body = "GET", "", {}, None
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word == "-N":
            continue
        elif word == "--json":
            body = words.pop(0).encode()
            headers["Content-Type"] = "application/json"
            method = "POST" if method == "GET" else method
        else:
            path = word
    return method, path, headers, body


def test_the_examples_are_answered(tmp_path):
    settings = {**MODELS, "experiment": {"name": "ranker-0002", "llm_weight": 0.5}}
    workspace = Workspace.open(new_shop(tmp_path).path, overrides=settings)
    keys = {name: make_key(workspace, name) for name in ("merchant", "admin")}
    variables = {"SHOP": "", "KEY": keys["merchant"], "ADMIN_KEY": keys["admin"]}
    with serving(workspace) as ask:
        for command in examples():
            method, path, headers, body = parsed(command, variables)
            answer = ask(method, path, headers=headers, content=body)
            assert answer.is_success, f"{command}\n{answer.text}"
            if path == "/v1/chat":
                variables["SESSION"] = re.search(r'"session": "(\w+)"', answer.text)[1]


def test_the_examples_ask_every_route(tmp_path):
    with serving(new_shop(tmp_path, items=5)) as ask:
        paths = ask("GET", "/openapi.json").json()["paths"]
    calls = [parsed(command, {"SHOP": ""})[:2] for command in examples()]
    asked = [(method, path.partition("?")[0]) for method, path in calls]
    for path, operations in paths.items():
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
        for method in operations:
            assert any(
                method.upper() == used and pattern.fullmatch(place) for used, place in asked
            ), (method, path)


@pytest.mark.parametrize("status", STATUSES.values(), ids=lambda one: f"{one.status}-{one.code}")
def test_the_table_has_every_code(status):
    rows = [row for row in PAGE.splitlines() if row.startswith(f"| {status.status} |")]
    assert any(f"`{status.code}`" in row for row in rows)
