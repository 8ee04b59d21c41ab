"""What a second file changes, what goes with ``--replace``, and what reports say of it."""

import json
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from llmrec.catalog.store import CatalogStore
from llmrec.cli import ingest as ingest_cli
from llmrec.cli import items as items_cli
from llmrec.config import Workspace
from llmrec.errors import ConfigError, DataError, LLMRecError
from llmrec.ingest import IngestOptions, ingest_events, ingest_items, updates
from llmrec.types import Event, Item

FULL = (
    "id,title,price,currency,brand,description,category,stock,attributes.size,attributes.colour\n"
    "Q1,Lamp,12.00,EUR,Acme,A fine lamp,Home > Lamps,5,L,red\n"
    "Q2,Pot,8.00,EUR,Acme,A pot,Home > Pots,2,S,black\n"
)
LAMP = Item(
    "Q1", "Lamp", "Acme", ("Home", "Lamps"), "A fine lamp", Decimal("12.00"), "EUR", None, 5,
    {"size": "L", "colour": "red"},
)  # fmt: skip


@pytest.fixture
def shop(tmp_path):
    return Workspace.init(tmp_path / "shop")


@pytest.fixture
def read(shop, tmp_path):
    def read(text, name="a.csv", whole=None, **options):
        path = tmp_path / name
        path.write_text(text)
        return ingest_items(shop, [path], options=IngestOptions(**options), whole=whole).files[0]

    return read


def stored(shop):
    with CatalogStore.open(shop.database_url) as store:
        return {item.id: item for batch in store.iter_items() for item in batch}


def counts(report):
    return report.added, report.updated, report.unchanged, report.rejected


def changed(item, **fields):
    from dataclasses import replace

    return replace(item, **fields)


def test_a_price_list_leaves_the_rest_as_it_is(shop, read):
    read(FULL)
    report = read("id,title,price\nQ1,Lamp,10.00\n")
    assert counts(report) == (0, 1, 0, 0)
    assert stored(shop)["Q1"] == changed(LAMP, price=Decimal("10.00"))
    assert counts(read("id,title,price\nQ1,Lamp,10.00\n")) == (0, 0, 1, 0)
    assert counts(read(FULL)) == (0, 1, 1, 0)


def test_a_file_without_titles_updates_what_is_there(shop, read):
    with pytest.raises(DataError, match="title"):
        read("id,price\nQ1,9.00\n")
    read(FULL)
    report = read("id,price\nQ1,9.00\nQ7,1.00\n")
    assert counts(report) == (0, 1, 0, 1)
    assert report.reasons == {"the title is missing": 1}
    assert stored(shop)["Q1"] == changed(LAMP, price=Decimal("9.00"))
    assert "Q7" not in stored(shop)


def test_an_update_whose_columns_are_not_recognised_says_how_to_name_them(shop, read):
    read(FULL)
    with pytest.raises(DataError) as refused:
        read("id,Preis\nQ1,9.00\n")
    assert "--map price=COLUMN" in refused.value.hint
    assert read("id,Preis\nQ1,9.00\n", columns={"price": ("Preis",)}).updated == 1


def test_a_blank_cell_clears_its_field_but_no_title(shop, read):
    read(FULL)
    read("id,title,brand,stock,price\nQ1,,,,11.00\n")
    assert stored(shop)["Q1"] == changed(LAMP, brand=None, stock=None, price=Decimal("11.00"))


BAD_CELLS = {
    "the price, with a currency": "id,price,currency\nQ1,abc,USD\n",
    "the price, with no sale": "id,price,sale_price\nQ1,abc,\n",
    "the attributes, with a column": "id,attributes,attributes.size\nQ1,???,L\n",
    "the stock": "id,brand,stock\nQ1,Acme,many\n",
}


@pytest.mark.parametrize("text", BAD_CELLS.values(), ids=BAD_CELLS)
def test_a_cell_that_cannot_be_read_clears_nothing(shop, read, text):
    read(FULL)
    assert sum(read(text).left_out.values()) == 1
    assert stored(shop)["Q1"] == LAMP


def test_a_cell_of_a_variant_that_cannot_be_read_clears_nothing(shop, read):
    head = "id,parent_id,title,price,stock,size\n"
    read(head + "T-S,T,Tee,7,2,S\nT-M,T,Tee,8,3,M\n")
    before = stored(shop)
    report = read(head + "T-S,T,Tee,oops,2,S\nT-M,T,Tee,,x,M\n")
    assert report.left_out == {
        "price: not a price, or more than one": 1,
        "stock: not a stock count": 1,
    }
    assert stored(shop) == before
    read(head + "T-S,T,Tee,6,2,S\nT-M,T,Tee,oops,,M\n")
    assert stored(shop)["T"].price == Decimal("6")


@pytest.mark.parametrize("line", ['{"id": "Q1", "currency": "USD"}', '{"id": "Q1"}'])
def test_a_currency_without_a_price_says_nothing_of_an_older_price(shop, read, line):
    read(FULL)
    read(line + '\n{"id": "Q2", "currency": "USD", "price": 9}\n', "a.jsonl")
    assert stored(shop)["Q1"] == LAMP
    assert (stored(shop)["Q2"].price, stored(shop)["Q2"].currency) == (9, "USD")


def test_attributes_that_a_file_has_no_column_for_stay(shop, read):
    read(FULL)
    read("id,title,attributes.size,attributes.material\nQ1,Lamp,,steel\n")
    assert stored(shop)["Q1"].attributes == {"colour": ("red",), "material": ("steel",)}
    again = read("id,title,attributes.size,attributes.material\nQ1,Lamp,,steel\n")
    assert counts(again) == (0, 0, 1, 0)
    read('{"id": "Q1", "attributes": {"watt": "60"}}\n', "a.jsonl")
    assert stored(shop)["Q1"].attributes == {"watt": ("60",)}


def test_attributes_keep_their_order_so_that_two_files_in_turn_change_nothing(shop, read):
    first = "id,title,attributes.a\n1,Cup,x\n"
    second = "id,title,attributes.b\n1,Cup,y\n"
    read(first), read(second)
    assert counts(read(first)) == counts(read(second)) == (0, 0, 1, 0)


def test_a_key_that_an_object_lacks_leaves_its_field_and_null_clears_it(shop, read):
    read(FULL)
    lines = [
        {"id": "Q1", "price": "10.00"},
        {"id": "Q2", "brand": None, "description": "", "title": "Big pot"},
    ]
    read("".join(json.dumps(line) + "\n" for line in lines), "a.jsonl")
    items = stored(shop)
    assert items["Q1"] == changed(LAMP, price=Decimal("10.00"))
    assert (items["Q2"].title, items["Q2"].brand, items["Q2"].description) == ("Big pot", None, "")
    assert items["Q2"].price == Decimal("8.00")


def test_a_row_that_ends_early_leaves_what_it_does_not_reach(shop, read):
    read(FULL)
    read("id,title,price,brand,description\nQ2,Pot,8.00,Acme,Good\nQ1,Lamp,10.00\n")
    assert stored(shop)["Q1"] == changed(LAMP, price=Decimal("10.00"))


def test_currency_and_language_of_the_settings_are_not_the_files_word(shop, read, monkeypatch):
    monkeypatch.setenv("LLMREC_INGEST__CURRENCY", "USD")
    monkeypatch.setenv("LLMREC_INGEST__LANGUAGE", "en")
    shop = Workspace.open(shop.path)

    def again(text, **options):
        (shop.path / "b.csv").write_text(text)
        return ingest_items(shop, [shop.path / "b.csv"], options=IngestOptions(**options))

    again("id,title,price,currency,language\n1,Lampe,5,EUR,de\n")
    again("id,title,price\n1,Lampe,4\n2,Cup,3\n")
    items = stored(shop)
    assert (items["1"].currency, items["1"].language) == ("EUR", "de")
    assert (items["2"].currency, items["2"].language) == ("USD", "en")
    again("id,title,price\n1,Lampe,4\n", currency="CHF")
    assert stored(shop)["1"].currency == "CHF"
    again("id,title,price\n1,Lampe,£4\n")
    assert stored(shop)["1"].currency == "GBP"


def test_rows_of_one_item_far_apart_in_a_file_build_on_each_other(shop, read, monkeypatch):
    monkeypatch.setattr(updates, "_BATCH", 3)
    lines = [{"id": "x", "title": "Cup", "brand": "Acme"}]
    lines += [{"id": str(n), "title": "Pot"} for n in range(5)]
    lines += [{"id": "x", "price": "5"}, {"id": "x", "stock": 2}]
    report = read("".join(json.dumps(line) + "\n" for line in lines), "a.jsonl")
    assert (report.added, report.duplicates, report.rejected) == (6, 2, 0)
    assert stored(shop)["x"] == Item("x", "Cup", "Acme", price=Decimal(5), stock=2)


def test_what_no_file_has_goes_when_the_files_are_the_whole_catalogue(shop, tmp_path):
    asked = []

    def yes(removal):
        asked.append(removal)
        return True

    for name, ids in (("a", "ABCD"), ("b", "EF")):
        rows = "".join(f"{id},Thing {id}\n" for id in ids)
        (tmp_path / f"{name}.csv").write_text(f"id,title\n{rows}")
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    with CatalogStore.open(shop.database_url) as store:
        store.write_items([Item(id, f"Old {id}") for id in "ABCXYZ"])
        store.write_events([Event("u", "X")])
    report = ingest_items(shop, files, whole=yes)
    (removal,) = asked
    assert (removal.before, removal.gone, removal.doubt) == (6, 3, "")
    assert removal.first == (("X", "Old X"), ("Y", "Old Y"), ("Z", "Old Z"))
    assert (set(stored(shop)), report.removed) == (set("ABCDEF"), 3)
    with CatalogStore.open(shop.database_url) as store:
        assert store.count_events() == 1
    assert ingest_items(shop, files, whole=yes).removed == 0
    assert len(asked) == 1, "nothing goes, so nothing is asked"


def test_a_no_undoes_all_files(shop, read, tmp_path):
    read(FULL)
    before = stored(shop)
    (tmp_path / "b.csv").write_text("id,title,price\nQ1,Lamp,1\nQ2,Pot,free\n")
    (tmp_path / "c.csv").write_text("id,title\nQ3,New\n")
    with CatalogStore.open(shop.database_url) as store:
        store.write_items([Item("Q9", "Old")])
    with pytest.raises(DataError, match="nothing was written"):
        ingest_items(shop, [tmp_path / "b.csv", tmp_path / "c.csv"], whole=lambda removal: False)
    assert stored(shop) == {**before, "Q9": Item("Q9", "Old")}
    assert list(shop.rejects_dir.iterdir()) == []
    with pytest.raises(DataError):
        ingest_items(shop, [tmp_path / "b.csv", tmp_path / "none.csv"], whole=lambda removal: True)
    assert "Q9" in stored(shop)
    assert list(shop.rejects_dir.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'id,title,price\nA,Cup,1\nB,"Pot,2\n'),
        ("a.csv", 'id,title,price\nA,Cup,1\n"B",Pot,2,3,4\n'),
        ("a.jsonl", '{"id": "A", "title": "Cup"}\n{"id": "B", "title": oops}\n'),
        ("a.json", '[{"id": "A", "title": "Cup"}, {"id": "B", "title": oops}]'),
        ("a.jsonl", '{"id": "A", "title": "Cup"}\n{"id": "B", "title": "\\u0000"}\n'),
    ],
)
def test_a_rejected_row_is_no_reason_to_lose_its_product(shop, read, name, text):
    with CatalogStore.open(shop.database_url) as store:
        store.write_items([Item(id, "Old") for id in "ABC"])
    report = read(text, name, whole=lambda removal: True)
    assert report.rejected == 1
    assert set(stored(shop)) == {"A", "B"}


def test_what_looks_wrong_is_said(shop, read):
    with CatalogStore.open(shop.database_url) as store:
        store.write_items([Item(str(n), "Old") for n in range(100)])
    doubts = []

    def ask(removal):
        doubts.append(removal.doubt)
        return False

    half = "".join(f"{n},Cup,1\n" for n in range(49))
    with pytest.raises(DataError):
        read("id,title,price\n" + half, whole=ask)
    most = "".join(f"{n},Cup,{'1,2,3' if n < 20 else 1}\n" for n in range(90))
    with pytest.raises(DataError):
        read("id,title,price\n" + most, whole=ask)
    with pytest.raises(DataError):
        read("id,title,price\n" + most.replace("1,2,3", "1"), whole=ask)
    assert doubts == ["more than half of the catalogue would go", "20 of 90 rows were rejected", ""]
    with pytest.raises(ConfigError):
        read(FULL, whole=ask, limit=1)


def run(app, *words, **options):
    result = CliRunner().invoke(app, [str(word) for word in words], **options)
    if isinstance(result.exception, LLMRecError):
        raise result.exception
    return result


@pytest.fixture
def feed(shop, tmp_path):
    with CatalogStore.open(shop.database_url) as store:
        store.write_items([Item(f"D{n}", f"Thing {n}") for n in range(1, 7)])
    path = tmp_path / "feed.csv"
    path.write_text("id,title\nD1,Thing 1\nD2,Thing 2\nD3,Thing 3\nD4,Thing 4\n")
    return path


def test_replace_asks_on_the_command_line(shop, feed):
    with pytest.raises(DataError) as caught:  # a test has no terminal
        run(ingest_cli.app, "items", feed, "-w", shop.path, "--replace")
    assert "--yes" in caught.value.hint
    assert len(stored(shop)) == 6
    done = run(ingest_cli.app, "items", feed, "-w", shop.path, "--replace", "--yes")
    assert "Removed 2 products" in done.output
    assert len(stored(shop)) == 4
    feed.write_text("id,title\nD1,Thing 1\n")
    with pytest.raises(DataError) as caught:
        run(ingest_cli.app, "items", feed, "-w", shop.path, "--replace", "--yes")
    assert "--force" in caught.value.hint and "more than half" in caught.value.message
    done = run(ingest_cli.app, "items", feed, "-w", shop.path, "--replace", "--force", "--json")
    assert json.loads(done.stdout)["removed"] == 3
    assert set(stored(shop)) == {"D1"}


def test_whoever_sits_at_a_terminal_sees_what_goes(shop, feed, monkeypatch):
    monkeypatch.setattr("llmrec.cli.ingest._at_terminal", lambda: True)
    with pytest.raises(DataError, match="nothing was written"):
        run(ingest_cli.app, "items", feed, "-w", shop.path, "--replace", input="n\n")
    assert len(stored(shop)) == 6
    done = run(ingest_cli.app, "items", feed, "-w", shop.path, "--replace", input="y\n")
    assert "2 of 6 products" in done.output and "D5  Thing 5" in done.output
    assert len(stored(shop)) == 4


def test_items_are_deleted_by_their_ids(shop, feed):
    done = run(items_cli.app, "delete", "D1", "D1", "D2", "-w", shop.path)
    assert (done.exit_code, "Removed 2 of 2" in done.output) == (0, True)
    done = run(items_cli.app, "delete", "D3", "D1", "-w", shop.path, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {"deleted": ["D3"], "unknown": ["D1"]}
    assert set(stored(shop)) == {"D4", "D5", "D6"}
    assert "Not in the catalogue: D1" in done.stderr


def test_deleted_items_leave_the_index_too(tmp_path):
    from llmrec.embedding import load_encoder
    from llmrec.retrieval import build_index
    from llmrec.retrieval.collection import VectorCollection

    Workspace.init(tmp_path / "shop")
    shop = Workspace.open(tmp_path / "shop", overrides={"models": {"encoder": "hashing"}})
    config = shop.path / "llmrec.toml"
    config.write_text(config.read_text().replace("minilm-l6-v2", "hashing"))
    with CatalogStore.open(shop.database_url) as store:
        store.write_items([Item(id, f"Thing {id}") for id in "ABC"])
        build_index(shop, store, load_encoder("hashing"))
    run(items_cli.app, "delete", "A", "-w", shop.path)
    collection = VectorCollection.open(shop)
    try:
        assert sorted(collection.ids()) == ["B", "C"]
    finally:
        collection.close()


def test_a_report_says_what_was_not_used_and_what_is_lacking(shop, read, tmp_path):
    report = read("id,title,price,Farbe,Gewicht\n1,Cup,5,red,3\n2,Pot,,red,3\n3,Jar,4,,\n")
    assert report.unused == ("Farbe", "Gewicht")
    assert report.lacking == {
        "price": 1, "currency": 2, "brand": 3, "category": 3, "description": 3, "image_url": 3,
    }  # fmt: skip
    assert report.priced == 2
    path = tmp_path / "a.csv"
    done = run(ingest_cli.app, "items", path, "-w", shop.path)
    text = " ".join(done.output.split())
    assert "not used: Farbe, Gewicht" in text
    assert "no price: 1 of 3; no currency: all 2 with a price; no brand, category" in text
    assert "Next:" not in text, "nothing has changed"


def test_a_report_says_what_to_type_next(shop, read, tmp_path):
    (tmp_path / "items.csv").write_text(FULL)
    done = run(ingest_cli.app, "items", tmp_path / "items.csv", "-w", shop.path)
    lines = [line.strip() for line in done.output.splitlines()]
    assert f"Next: llmrec index -w {shop.path}" in lines
    assert f"llmrec ingest events FILE -w {shop.path}" in lines
    (tmp_path / "events.csv").write_text("user,item\nu,Q1\n")
    report = ingest_events(shop, [tmp_path / "events.csv"])
    assert report.next == ("llmrec index", "llmrec train all")
    assert report.to_dict()["next"] == ["llmrec index", "llmrec train all"]
    assert ingest_items(shop, [tmp_path / "items.csv"]).next == ()


def test_names_that_are_nearly_right_are_pointed_at(shop, read, monkeypatch):
    with pytest.raises(ConfigError) as caught:
        run(ingest_cli.app, "items", "a.csv", "-w", shop.path, "--map", "titel=name")
    assert "'title'" in caught.value.hint
    with pytest.raises(DataError) as caught:
        read("id,name\n1,Cup\n", columns={"title": ("Nmae",)})
    assert "'name'" in caught.value.hint
    unlike = run(ingest_cli.app, "items", "a.csv", "--curency", "EUR")
    assert "--currency" in unlike.output
    unlike = run(ingest_cli.app, "itmes", "a.csv")
    assert "'items'" in unlike.output


def test_settings_that_are_nearly_right_are_pointed_at(shop, monkeypatch):
    monkeypatch.setenv("LLMREC_INGETS__CURRENCY", "EUR")
    with pytest.raises(ConfigError) as caught:
        Workspace.open(shop.path)
    assert "LLMREC_INGETS__CURRENCY" in caught.value.message and "'ingest'" in caught.value.hint
    monkeypatch.delenv("LLMREC_INGETS__CURRENCY")
    monkeypatch.setenv("LLMREC_INGEST__CURENCY", "EUR")
    with pytest.raises(ConfigError) as caught:
        Workspace.open(shop.path)
    assert "'ingest.currency'" in caught.value.hint
    monkeypatch.delenv("LLMREC_INGEST__CURENCY")
    monkeypatch.setenv("LLMREC_SERVICE_HOST", "10.0.0.1")  # what Kubernetes sets
    Workspace.open(shop.path)
    config = shop.path / "llmrec.toml"
    config.write_text(config.read_text() + "\n[retreival]\ndepth = 3\n")
    with pytest.raises(ConfigError) as caught:
        Workspace.open(shop.path)
    assert "'retrieval'" in caught.value.hint
