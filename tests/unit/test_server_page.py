"""The web page's files: sent without a key, under a strict policy, whole in an installed wheel."""

import re
from pathlib import Path

import pytest
from serving import make_key, new_shop, serving
from test_packaging import PROJECT

PAGE = Path(__file__).parents[2] / "llmrec" / "server" / "page"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(PAGE.iterdir())}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    workspace = new_shop(tmp_path_factory.mktemp("page"), items=5)
    make_key(workspace, "admin")
    with serving(workspace) as client:
        yield client


def test_every_file_comes_without_a_key_and_under_the_policy(client):
    for path in ["/", *(f"/page/{name}" for name in TEXTS)]:
        answer = client("GET", path)
        assert (
            answer.status_code == 200 and answer.text == TEXTS[path.split("/")[-1] or "index.html"]
        )
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fapp.py", "%2e%2e/app.py", "index.htm"])
def test_nothing_else_comes(client, name):
    assert client("GET", f"/page/{name}").status_code == 404


def test_nothing_is_fetched_from_elsewhere_and_nothing_becomes_markup():
    for name, text in TEXTS.items():
        outside = re.sub(r"http://www\.w3\.org/2000/svg", "", text)
        assert not re.search(r"https?://", outside), name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    page = TEXTS["index.html"]
    assert not re.search(r"<style|\son\w+=|\sstyle=|<script(?![^>]* src=)", page)


def test_every_part_that_is_named_is_there():
    for name, text in TEXTS.items():
        named = re.findall(
            r'from "\./([\w.]+)"|(?:href|src)="page/([\w.]+)"|url\("([\w.]+)"\)', text
        )
        for part in (one for parts in named for one in parts if one):
            assert part in TEXTS, f"{name} names {part}"


def test_the_page_is_among_the_package_data():
    globs = PROJECT["tool"]["setuptools"]["package-data"]["llmrec.server"]
    packed = {path.name for glob in globs for path in PAGE.parent.glob(glob)}
    assert packed == set(TEXTS)
