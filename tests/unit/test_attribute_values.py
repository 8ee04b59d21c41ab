"""An attribute with several values, from the file to each place that filters by it or shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agent_talk import products_of, talk
from serving import Client, serving
from tool_shop import SETTINGS, call, ids, make_store, open_shop
from typer.testing import CliRunner

from llmrec import Recommender, Workspace
from llmrec.agent.agent import Agent
from llmrec.agent.constraints.sizes import of_no_other
from llmrec.agent.shopper import Shopper
from llmrec.catalog.store import CatalogStore
from llmrec.cli.main import app
from llmrec.embedding import HashingEncoder
from llmrec.explain import check, facts_of
from llmrec.explain.anchors import Anchor
from llmrec.explain.from_fields import lead_from_fields, words_from_fields
from llmrec.explain.phrases import PHRASES
from llmrec.explain.requests import WordsRequest
from llmrec.ingest import IngestOptions, ingest_items
from llmrec.reading.scripted import ScriptedReader
from llmrec.retrieval import build_index
from llmrec.types import Filters, HistoryEntry, Item

IN_M = {"ALL", "SOME", "MEDIUM"}
ROWS = [
    {"id": "ALL", "title": "Rain jacket Fell", "attributes": {"size": "S, M, L", "colour": "blue"}},
    {"id": "SOME", "title": "Rain jacket Moor", "attributes": {"size": ["M", "L"]}},
    {"id": "MEDIUM", "title": "Rain jacket Tarn", "attributes": {"size": "M"}},
    {"id": "SMALL", "title": "Rain jacket Beck", "attributes": {"size": "S"}},
    {"id": "RANGE", "title": "Rain jacket Crag", "attributes": {"size": "S-XL"}},
    {
        "id": "BLEND",
        "title": "Rain jacket lined with wool",
        "attributes": {"material": "Wool 60 %; Cotton 40 %", "care": "wash cold, do not bleach"},
    },
]
ALL = {str(row["id"]) for row in ROWS}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("jackets") / "shop"
    Workspace.init(folder)
    (folder / "llmrec.toml").write_text(SETTINGS, encoding="utf-8")
    shop = Workspace.open(folder)
    file = folder / "items.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    ingest_items(shop, [file])
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, HashingEncoder())
    return shop


@pytest.fixture(scope="module")
def jackets(workspace: Workspace) -> Iterator[Recommender]:
    with open_shop(workspace) as shop:
        yield shop


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_the_file_is_stored_as_lists(workspace: Workspace) -> None:
    with CatalogStore.open(workspace.database_url) as store:
        stored = {item.id: item.attributes for item in store.iter_items().__next__()}
    assert stored["ALL"] == {"size": ("S", "M", "L"), "colour": ("blue",)}
    assert stored["SOME"] == {"size": ("M", "L")}
    assert stored["BLEND"] == {
        "material": ("Wool 60 %", "Cotton 40 %"),
        "care": ("wash cold, do not bleach",),
    }


@pytest.mark.parametrize(
    ("header", "row", "values"),
    [
        ("id,title,attributes.size", '1,Jacket,"S, M, L"', ("S", "M", "L")),
        ("id,title,attributes.size", '1,Jacket,"[""S, M"", ""L""]"', ("S, M", "L")),
        ("id,title,attributes", '1,Jacket,"size: S, M; colour: red"', ("S", "M")),
        ("id,title,attributes", '1,Jacket,"{""size"": ""S | M""}"', ("S", "M")),
        ("id,title,attributes.size", '1,Jacket,"10,000 mAh"', ("10,000 mAh",)),
    ],
)
def test_whatever_the_source_wrote(
    tmp_path: Path, header: str, row: str, values: tuple[str, ...]
) -> None:
    shop = Workspace.init(tmp_path / "shop")
    file = tmp_path / "items.csv"
    file.write_text(f"{header}\n{row}\n", encoding="utf-8")
    for _ in range(2):
        ingest_items(shop, [file])
    with CatalogStore.open(shop.database_url) as store:
        assert store.item("1").attributes["size"] == values


def test_several_columns_of_one_attribute_are_its_values(tmp_path: Path) -> None:
    shop = Workspace.init(tmp_path / "shop")
    file = tmp_path / "items.csv"
    file.write_text('id,title,first,second\n1,Jacket,S,"M, L"\n2,Cap,,S\n', encoding="utf-8")
    options = IngestOptions(columns={"attributes.size": ("first", "second")})
    ingest_items(shop, [file], options=options)
    with CatalogStore.open(shop.database_url) as store:
        assert store.item("1").attributes == {"size": ("S", "M", "L")}
        assert store.item("2").attributes == {"size": ("S",)}


def test_a_list_of_ours_is_never_cut() -> None:
    assert Item("1", "A", attributes={"x": ("S, M", "L")}).attributes == {"x": ("S, M", "L")}
    assert Item("1", "A", attributes={"x": ["S", "S"], "y": []}).attributes == {"x": ("S",)}
    assert Item("1", "A", attributes={"x": "S, M"}).attributes == {"x": ("S, M",)}


def test_the_command_line_filters_and_shows(workspace: Workspace) -> None:
    shop = ["-w", str(workspace.path)]
    answer = run("recommend", *shop, "--query", "rain jacket", "--attribute", "size=M", "--json")
    found = {one["item"]["id"] for one in json.loads(answer.stdout)["recommendations"]}
    assert found == IN_M
    unwanted = ["--not-attribute", "size=M", "--not-attribute", "size=s", "-k", "10"]
    answer = run("recommend", *shop, "--query", "rain jacket", *unwanted, "--json")
    found = {one["item"]["id"] for one in json.loads(answer.stdout)["recommendations"]}
    assert found == ALL - {"MEDIUM", "SMALL"}
    assert "S, M, L" in run("items", "show", *shop, "ALL").stdout
    shown = json.loads(run("items", "show", *shop, "ALL", "--json").stdout)
    assert shown[0]["attributes"]["size"] == ["S", "M", "L"]


def test_http_filters_and_shows(workspace: Workspace) -> None:
    with serving(workspace) as client:
        for filters, expected in (
            ({"attributes": {"size": ["M"]}}, IN_M),
            ({"not_attributes": {"Size": ["m"]}}, ALL - {"MEDIUM"}),
            (
                {"not_attributes": {"material": ["Cotton 40 %"]}},
                ALL - {"BLEND"},
            ),
        ):
            body = {"query": "rain jacket", "k": 10, "filters": filters, "explain": False}
            answer = client("POST", "/v1/recommend", json=body).json()["recommendations"]
            assert {one["item"]["id"] for one in answer} == expected
        assert answer[0]["item"]["attributes"]


def test_http_takes_a_text_or_a_list(tmp_path: Path) -> None:
    shop = Workspace.open(
        Workspace.init(tmp_path / "shop").path,
        overrides={"models": {"encoder": "hashing", "engine": "scripted"}},
    )
    with serving(shop) as client:
        written = write(client, {"size": "S, M", "care": ["wash cold, dry flat"], "none": []})
        assert written == {"size": ["S", "M"], "care": ["wash cold, dry flat"]}
        client("PATCH", "/v1/items/1", json={"attributes": {"size": ["L, XL"], "fit": "slim"}})
        changed = client("GET", "/v1/items/1").json()["attributes"]
        assert changed == {"size": ["L, XL"], "fit": ["slim"]}
        bad = client("POST", "/v1/items", json={"items": [row({"size": [["S"]]})]})
        assert bad.status_code == 422 and "attributes" in bad.text


def row(attributes: dict[str, Any]) -> dict[str, Any]:
    return {"id": "1", "title": "Jacket", "attributes": attributes}


def write(client: Client, attributes: dict[str, Any]) -> Any:
    answer = client("POST", "/v1/items", json={"items": [row(attributes)]})
    assert answer.status_code == 200, answer.text
    return client("GET", "/v1/items/1").json()["attributes"]


def test_the_tools_of_mcp_filter_and_show(jackets: Recommender) -> None:
    found = call(jackets, "search", query="rain jacket", k=10, attributes={"size": ["M"]})
    assert set(ids(found)) == IN_M
    shown = {one["id"]: one["attributes"] for one in found.to_dict()["products"]}
    assert shown["ALL"]["size"] == ["S", "M", "L"]
    # Two spellings of a name are one limit: of what comes in S and M nothing is left.
    shopper = Shopper(filters=Filters(not_attributes={"Size": ("S", "L")}))
    rest = call(
        jackets, "search", shopper, query="rain jacket", k=10, not_attributes={"size": ["m"]}
    )
    assert set(ids(rest)) == {"RANGE", "BLEND"}


def test_compare_does_not_mind_the_order(tmp_path: Path) -> None:

    rows = [
        Item("1", "A", attributes={"size": ("S", "M")}),
        Item("2", "B", attributes={"size": ("M", "S")}),
    ]
    with open_shop(make_store(tmp_path / "shop", rows)) as shop:
        table = {field.name: field for field in call(shop, "compare", products=["1", "2"]).fields}
    assert table["attributes.size"].values == ("S, M", "M, S")
    assert not table["attributes.size"].differs


LINES = {
    "a rain jacket": "find | thing rain jacket",
    "a rain jacket in size M": "find | thing rain jacket | size: M",
    "eine Regenjacke": "find | thing Regenjacke",
    "not size M": "refine | without M",
    "nicht Größe M": "refine | without M",
    "not size M or L": "refine | without M | without L",
    "no wool": "refine | without wool",
}


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        # "S-XL" is a size that M falls into.
        (["a rain jacket in size M"], IN_M | {"RANGE"}),
        (["a rain jacket", "not size M"], ALL - {"MEDIUM"}),
        (["eine Regenjacke", "nicht Größe M"], ALL - {"MEDIUM"}),
        (["a rain jacket", "not size M or L"], ALL - {"MEDIUM", "SOME"}),
        (["a rain jacket", "no wool"], ALL - {"BLEND"}),
        (["a rain jacket in size M", "not size M"], ALL - {"MEDIUM"}),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, list) else "",
)
def test_the_chat_understands_sizes(
    jackets: Recommender, messages: list[str], expected: set[str]
) -> None:
    _, events = talk(Agent(jackets, k=10, reader=ScriptedReader(LINES)), *messages)
    assert {product["id"] for product in products_of(events)} == expected


def test_an_unwanted_size_that_only_ranges_offer_takes_nothing_away() -> None:
    assert not of_no_other("s-xl", "m")
    assert of_no_other("m", "m")


SHIRT = Item(
    "SHIRT", "Shirt", "Osk", ("Shirts",),
    attributes={"material": ("cotton", "wool"), "size": ("S", "M", "L"), "colour": ("navy", "red")},
)  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "holds"),
    [
        ("It is made of cotton.", False),
        ("It is made of cotton and comes in red.", False),
        ("It is made of cotton and wool.", True),
        ("It is made of wool, cotton.", True),
        ("It is made of silk.", False),
        ("It comes in size M.", True),
        ("It comes in sizes S, M and L.", True),
        ("It comes in navy and red.", True),
    ],
)
def test_what_is_said_of_several_values_holds(sentence: str, holds: bool) -> None:
    assert (check(sentence, facts_of(SHIRT)) == ()) is holds


@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_sentences_from_fields_name_all_values(language: Any) -> None:
    made = set()
    for seed in range(12):
        request = WordsRequest(SHIRT, (), None, True, seed, language=language)
        for words in words_from_fields(request):
            assert words is not None and check(words.text, facts_of(SHIRT), language=language) == ()
            made.add(words.text)
    texts = " ".join(made)
    listed = {"en": "sizes S, M and L", "de": "Größe: S, M und L", "zh": "尺码有S、M和L"}
    assert listed[language] in texts
    assert "made of cotton" not in texts


@pytest.mark.parametrize(
    ("sizes", "evidence"), [(("L", "M", "S"), "attributes.size"), (("M",), "")]
)
def test_only_the_same_values_are_in_common(sizes: tuple[str, ...], evidence: str) -> None:
    bought = Item("1", "Pullover", attributes={"size": sizes})
    anchor = Anchor("purchase", "Pullover", bought)
    request = WordsRequest(SHIRT, ((HistoryEntry(item="1"), bought),), None, False, 0)
    text, named = lead_from_fields(request, anchor, PHRASES["en"])
    assert "".join(named) == evidence
    assert ("S, M and L" in text) is bool(evidence)
