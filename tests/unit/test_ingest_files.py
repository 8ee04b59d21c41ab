"""Text files as shops write them: quotes, delimiters, line ends, JSON, columns that come late."""

import gzip
import json
from pathlib import Path

import pytest
import zstandard

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.errors import ConfigError, DataError
from llmrec.ingest import IngestOptions, ingest_events, ingest_items, json_rows, streams
from llmrec.ingest.delimited import parse_delimiter

CASES = Path(__file__).parents[3] / "shared" / "cases" / "ingest"


@pytest.fixture
def shop(tmp_path):
    return Workspace.init(tmp_path / "shop")


@pytest.fixture
def read(shop, tmp_path):
    """Ingest text or bytes as a file of that name: the report, the items, the rejected rows."""

    def read(content, name="a.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        report = ingest_items(shop, [path], options=IngestOptions(**options)).files[0]
        rejects = report.rejects.read_text("utf-8").splitlines() if report.rejects else []
        return report, stored(shop), [json.loads(line) for line in rejects]

    return read


def stored(shop):
    with CatalogStore.open(shop.database_url) as store:
        return {item.id: item for batch in store.iter_items() for item in batch}


def rows_of(rejects):
    return [reject["row"] for reject in rejects]


def test_a_quote_that_closes_rows_later_spoils_its_own_row_alone(read):
    report, items, rejects = read(
        "id,title,price,description\nP1,Good,5,ok\n"
        'P2,Broken,5,"a text whose quote closes late\nP3,Good two,5,ok\nP4,Good three,5,"ok"\n'
        "P5,Good five,5,ok\n"
    )
    assert list(items) == ["P1", "P3", "P4", "P5"]
    assert [(reject["row"], reject["value"][:9]) for reject in rejects] == [(3, "P2,Broken")]
    assert report.rows == 5


@pytest.mark.parametrize(
    "swallowing",
    [
        'P2,"Broken,5,ok\nP3,Good two,5,ok\nP4,Shelf 19",5,ok\n',  # four columns, as it should be
        'P2,Broken,5,"ok\nP3,Good two,5,ok\nP4,Shelf,5,19"\n',
        'P2,Broken,5,"ok\nP3,Good two,5,ok\nP4,Shelf,5,ok\n',  # never closed
        'P2,"Broken,5,ok\nP3,"Good two,5,ok\nP4,Shelf,5,ok\n',  # one after the other
    ],
)
def test_a_record_that_looks_legal_is_no_reason_to_lose_the_rows_inside_of_it(read, swallowing):
    head = "id,title,price,description\nP0,Pot,3,deep\nP1,Good,5,ok\n"
    _, items, rejects = read(head + swallowing + "P5,Last,5,ok\n")
    lines = (head + swallowing).count("\n") + 1
    assert {"P0", "P1", "P4", "P5"} <= set(items)
    assert rejects[0]["row"] == 4
    in_or_named = len(items) + len(rejects)
    assert in_or_named == lines - 1


def test_a_quote_in_the_last_row_or_at_the_end_of_a_large_file(read):
    _, items, rejects = read('id,title\n1,Cup\n2,"Pot')
    assert (list(items), rows_of(rejects)) == (["1"], [3])
    many = "".join(f"{number},Cup\n" for number in range(10, 3000))
    _, items, rejects = read(f'id,title\n5,"Pot\n{many}')
    assert (len(items), rows_of(rejects)) == (2991, [2])


def test_a_field_over_many_lines_is_a_field(read):
    html = "\n".join(f"<li>size {n}, price {n}, colour red, {n}</li>" for n in range(60))
    table = "water, oil, salt, scent\nsoap, wax, 5, more"
    body = f'1,Cup,5,"{html}"\n2,Soap,6,"Made of:\n{table}"\n3,Pot,7,"a ""big"" one,\n\nof iron"\n'
    _, items, rejects = read(f"id,title,price,description\n0,Jar,4,glass\n{body}")
    assert (len(items), rejects) == (4, [])
    assert items["1"].description.count("size") == 60
    assert items["2"].description.endswith("soap, wax, 5, more")
    assert items["3"].description == 'a "big" one, of iron'


def test_lines_of_a_broken_text_do_not_become_products(read):
    _, items, rejects = read(
        "id,title,price,description\n1,Cup,5,ok\n2,Jar,6,ok\n"
        '3,Soap,4,"made of 19" racks of\nwater,oil,salt,scent\nand wax"\n4,Pot,7,ok\n'
    )
    assert list(items) == ["1", "2", "4"]
    assert rows_of(rejects) == [4, 5, 6]


def test_a_quote_in_the_header_is_said_of_the_header(read):
    with pytest.raises(DataError) as caught:
        read('id,"title,price\n1,Cup,5\n')
    assert (caught.value.row, "header" in caught.value.message) == (1, True)
    _, items, _ = read(
        'id,"title\n(short)",price\n1,Cup,5\n', columns={"title": ("title\n(short)",)}
    )
    assert items["1"].title == "Cup"


def test_quotes_in_tabs_are_text_where_they_are_no_quotes(read):
    report, items, rejects = read(
        'sku\tname\tprice\nC1\t"Best ever" mug\t5\nC2\t19" rack shelf\t50\n'
        'C3\t"Unclosed title\t7\nC4\tPlain bowl\t8\nC5\t"Tab\tand ""quotes"""\t9\n',
        "quotes.tsv",
    )
    assert rejects == []
    assert [item.title for item in items.values()] == [
        '"Best ever" mug', '19" rack shelf', '"Unclosed title', "Plain bowl", 'Tab and "quotes"',
    ]  # fmt: skip
    assert "2 rows hold quotes" in report.notes[0]


def test_what_quotes_can_be_said(read):
    rows = 'sku\tname\nC1\t"Best"\nC2\t"open\n'
    assert read(rows, "a.tsv", quote="none")[1]["C1"].title == '"Best"'
    _, items, rejects = read(rows, "a.tsv", quote="double")
    assert (items["C1"].title, rows_of(rejects)) == ("Best", [3])
    assert read("sku,name\nC1,'Red, big'\n", quote="single")[1]["C1"].title == "Red, big"


def test_quotes_escaped_with_a_backslash(read):
    _, items, rejects = read('id,title,price\n1,Cup,5\n2,"A 19\\" rack, black",6\n')
    assert (items["2"].title, rejects) == ('A 19" rack, black', [])


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "\x01"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found_out(read, mark, end):
    rows = [["sku", "name", "description"], ["A1", "Blue mug", "a, b"], ["A2", "Red mug", "c"]]
    text = end.join(mark.join(f'"{cell}"' for cell in row) for row in rows) + end
    _, items, rejects = read(text)
    assert rejects == []
    assert [(item.id, item.title) for item in items.values()] == [
        ("A1", "Blue mug"), ("A2", "Red mug"),
    ]  # fmt: skip


def test_a_header_with_other_marks_in_its_names(read):
    text = "id;title;price, EUR, gross, net, all of it\n1;Cup;5\n2;Pot, big;6\n"
    assert [item.title for item in read(text)[1].values()] == ["Cup", "Pot, big"]


def test_delimiters_that_must_be_said(read):
    with pytest.raises(DataError) as caught:
        read("id~title\n1~Cup\n")
    assert "--delimiter" in caught.value.hint
    assert read("id~title\n1~Cup\n", delimiter="~")[1]["1"].title == "Cup"
    assert read("id:title\n2:Cup\n", delimiter=":")[1]["2"].title == "Cup"
    for bad in ("ab", "", '"', "x", "\\x0a"):
        with pytest.raises(ConfigError):
            parse_delimiter(bad)


@pytest.mark.parametrize(
    "head", ["sep=;\n", "sep=;\r\n", '"sep=;"\n', "SEP=;;;\n", "\ufeffsep=;\r\n", "\nsep=;\n"]
)
def test_a_line_that_names_the_delimiter_is_no_header(read, head):
    report, items, _ = read(f"{head}sku;name;price\nA1;Blue mug;8,50\nA2\n")
    assert (items["A1"].title, str(items["A1"].price), report.format) == (
        "Blue mug", "8.50", "CSV (;)",
    )  # fmt: skip


def test_rows_keep_their_line_numbers_behind_what_is_passed_over(read):
    _, _, rejects = read("# exported by hand\nsep=,\n\nid,title,price\n\n1,Cup,5\n,,\n,Pot,6\n")
    assert rows_of(rejects) == [8]
    _, _, rejects = read('sep=;\nid;title;description\n1;Cup;"two\nlines"\n2;"Pot;x\n3;Jar;ok\n')
    assert rows_of(rejects) == [5]


def test_a_header_may_begin_with_a_hash(read):
    assert read("#sku,title\n1,Cup\n")[1]["1"].title == "Cup"


def test_mixed_line_ends_and_what_is_none(read):
    mixed = 'id,title,description\r\n1,Cup,"a\rb"\r2,Pot\u2028black,x\n3,Jar\x85,y\r\n'
    _, items, rejects = read(mixed)
    assert (list(items), rejects) == (["1", "2", "3"], [])
    assert items["1"].description == "a b"


@pytest.mark.parametrize("shift", range(3))
def test_a_line_end_that_two_chunks_share(read, shift):
    filler = "x" * (streams._CHUNK - len("id,title,description\r\n1,Cup,") - 2 + shift)
    _, items, rejects = read(f"id,title,description\r\n1,Cup,{filler}\r\n2,Pot,b\r\n,,c\r\n")
    assert (list(items), rows_of(rejects)) == (["1", "2"], [4])


def test_bytes_that_are_no_text_are_found_on_their_line_in_files_of_any_end(read):
    with pytest.raises(DataError) as caught:
        read(b"id,title\r1,Cup\r2,Caf\xe9\r")
    assert caught.value.row == 3


def test_columns_without_a_name_or_with_that_of_another(read):
    report, items, _ = read(",id,title,Meta,Meta,\n0,1,Cup,a,b,\n1,2,Pot,c,d,\n")
    assert len(items) == 2
    assert report.unused == ("column 1", "Meta", "Meta (2)")
    with pytest.raises(DataError) as caught:
        read("id,title,title\n1,Cup,Mug\n")
    assert "'title'" in caught.value.message
    mapped = read("id,title,title\n3,Cup,Mug\n", columns={"title": ("title (2)",)})[1]
    assert mapped["3"].title == "Mug"


def test_blank_cells_behind_the_last_column_are_nothing(read):
    _, items, rejects = read("id,title,,\n1,Cup,,\n2,Pot\n3,Jar,,,,\n4,Pan,x\n")
    assert (list(items), rejects) == (["1", "2", "3", "4"], [])
    _, items, rejects = read("id,title\n5,Cup,\n6,Pot,,\n7,Jar,x\n")
    assert (set(items) >= {"5", "6"}, rows_of(rejects)) == (True, [4])


def test_rows_that_end_early_are_taken_and_counted(read):
    rows = "".join(f"{n},Thing {n},Acme,{n}.50,ok\n" for n in range(10))
    report, items, rejects = read(f"id,title,brand,price,description\n{rows}10,Cup,Acme\n11,Pot\n")
    assert rejects == []
    assert (items["10"].brand, items["11"].price) == ("Acme", None)
    assert report.notes == ("2 rows end early: the last columns count as not said",)


def test_halves_of_a_broken_row_are_set_aside(read):
    rows = "".join(f"{n},Thing {n},Acme,{n}.50,ok\n" for n in range(10))
    _, items, rejects = read(f"id,title,brand,price,description\n{rows}10,Cup\nblack,Acme,5.50,x\n")
    assert "10" not in items
    assert rows_of(rejects) == [12, 13]


def test_a_column_that_first_comes_in_the_last_object(shop, read):
    lines = [{"id": n, "title": "Cup"} for n in range(1000)]
    lines.append({"id": 1000, "title": "Cup", "brand": "Acme", "stock": 3})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    assert read(text, "a.jsonl")[1]["1000"].brand == "Acme"
    for name, packed in (
        ("b.jsonl.gz", gzip.compress(text.encode())),
        ("b.jsonl.zst", zstandard.compress(text.encode())),
        ("b.json", json.dumps(lines).encode()),
    ):
        report, _, _ = read(packed, name)
        assert (report.unchanged, report.columns["brand"]) == (1001, "brand")


ARRAY = [{"id": 1, "title": "Cup"}, {"id": 2, "title": "Pot", "price": 5}]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (json.dumps(ARRAY), ""),
        (json.dumps(ARRAY, indent=2).replace("\n", "\r\n"), ""),
        ("\ufeff" + json.dumps(ARRAY, indent="\t"), ""),
        ("[\n" + ",\n".join(map(json.dumps, ARRAY)) + ",\n]\n", ""),
        ("\n".join(json.dumps(row, indent=1) for row in ARRAY), ""),
        ("".join(map(json.dumps, ARRAY)), ""),
        ("".join(json.dumps([row]) + "\n" for row in ARRAY), ""),
        ("".join(json.dumps(row) + ",\n" for row in ARRAY), ""),
        ("".join("\x1e" + json.dumps(row) + "\n" for row in ARRAY), ""),
        (json.dumps({"products": ARRAY}), "products"),
        (json.dumps({"count": 2, "products": ARRAY, "next": None}, indent=1), "products"),
        (json.dumps({"data": {"items": ARRAY}, "ok": True}), "data.items"),
        (json.dumps({"id": "f", "title": "My feed", "products": ARRAY}), "products"),
        (json.dumps({"categories": [{"id": 9, "x": 1}] * 3, "products": ARRAY}), "products"),
        (json.dumps({"produkte": ARRAY}, indent=1), "produkte"),
        (json.dumps({"data": {"products": {"edges": [{"node": row} for row in ARRAY]}}}),
         "data.products.edges"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_json_of_any_build(read, text, path, name):
    report, items, rejects = read(text, name)
    assert [(item.id, item.title) for item in items.values()] == [("1", "Cup"), ("2", "Pot")]
    assert rejects == []
    assert [note for note in report.notes if "not read" not in note] == (
        [f"its rows are the list at '{path}'"] if path else []
    )


def test_one_object_is_one_product_with_its_own_lists(read):
    product = {"id": 1, "title": "Cup", "variants": [{"id": 7, "title": "red"}], "tags": []}
    for indent in (None, 2):
        report, items, _ = read(json.dumps(product, indent=indent), "a.json")
        assert (list(items), report.notes) == (["1"], ())


def test_values_that_json_does_not_know(read):
    _, items, _ = read('[{"id": 1, "title": "Cup", "price": NaN}]', "a.json")
    assert items["1"].price is None


def test_bad_objects_of_an_array_are_set_aside_with_their_place(read):
    _, items, rejects = read(
        '[{"id": 1, "title": "Cup"}, {"id": 2, "title": oops}, 7, null, {"id": 3, "title": "Pot"},'
        ' {"id": 4, "title": "a 19" rack"}, {"id": 5, "title": "Jar"}]',
        "a.json",
    )
    assert list(items) == ["1", "3", "5"]
    assert rows_of(rejects) == [2, 3, 4, 6]


@pytest.mark.parametrize(
    "text",
    [
        '[{"id": 1, "title": "Cup"}, {"id": 2',
        '[{"id": 1, "title": "Cup"}, {"id": 2},',
        '[{"id": 1, "title": "Cup"}',
        '{"products": [',
        '{"products": [{"id": 1, "title": "Cup"}], "x"',
    ],
)
def test_a_document_that_is_cut_off_is_refused(read, shop, text):
    with pytest.raises(DataError) as caught:
        read(text, "a.json")
    assert caught.value.hint
    assert stored(shop) == {}


def test_an_array_is_read_object_by_object(read, monkeypatch):
    monkeypatch.setattr(streams, "_CHUNK", 64)
    rows = [{"id": n, "title": f"Thing {n}", "tags": ["a" * (n % 90)]} for n in range(300)]
    largest = 0

    class Watched(json_rows._Document):
        def _more(self):
            nonlocal largest
            super()._more()
            largest = max(largest, len(self._text))

    monkeypatch.setattr(json_rows, "_Document", Watched)
    report, items, _ = read(json.dumps(rows), "a.json")
    assert (report.added, items["299"].title) == (300, "Thing 299")
    assert 0 < largest < 1000


def test_nothing_that_is_an_object(read):
    for text, name in (("[1, 2]", "a.json"), ("{}", "a.json"), ("hello\n", "a.jsonl")):
        with pytest.raises(DataError) as caught:
            read(text, name)
        assert "object" in caught.value.message


def test_events_come_from_arrays_too(shop, tmp_path):
    path = tmp_path / "e.json"
    path.write_text(json.dumps({"events": [{"user": "u", "item": "a"}, {"user": "u"}]}))
    report = ingest_events(shop, [path], options=IngestOptions(allow_unknown_items=True)).files[0]
    assert (report.added, report.rejected) == (1, 1)


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("13_array.json", {"L1"}),
        ("15_swallow.csv", {"N1", "N3", "N4", "N5"}),
        ("17_swallow_silent.csv", {"P1", "P3", "P4", "P5"}),
        ("quotes.tsv", {"C1", "C2", "C3", "C4", "C5"}),
        ("sep_line.csv", {"A1", "A2"}),
        ("pipe.csv", {"A1"}),
        ("cr_only.csv", {"A1", "A2"}),
    ],
)
def test_files_that_other_shops_had_trouble_with(shop, name, ids):
    if not CASES.is_dir():
        pytest.skip("the shared cases are not here")
    report = ingest_items(shop, [CASES / name]).files[0]
    assert set(stored(shop)) == ids
    assert report.rows == report.added + report.rejected


def test_a_text_that_a_bad_quote_has_broken_is_over_where_rows_begin_again(read):
    _, items, rejects = read(
        "id,title,brand,description\n1,Cup,Acme,ok\n2,Jar,Acme,ok\n"
        '3,Soap,Acme,"made of 19" racks of\nwater,oil,salt,scent\nsoap,wax,honey,milk"\n'
        "4,Pot,Acme,ok\n5,Pan,Acme,ok\nT-6,Tea,Acme,ok\n"
    )
    assert list(items) == ["1", "2", "4", "5", "T-6"]
    assert rows_of(rejects) == [4, 5, 6]


def test_a_bad_quote_does_not_cost_rows_of_another_look_far_below(read):
    head = "".join(f"{n},Thing,{n}\n" for n in range(1, 60))
    tail = "".join(f"T-{n} x,Thing,free\n" for n in range(500))
    for broken in ('60,"Cup,5\n', '60,"19" rack",5\n'):
        _, items, rejects = read(f"id,title,description\n{head}{broken}{tail}")
        assert {"1", "59", "T-200 x", "T-499 x"} <= set(items)
        assert 61 in rows_of(rejects)
        assert len(items) + len(rejects) == 560


def test_quotes_behind_a_space_are_quotes(read):
    text = 'id, title, price, description\nA1, "Lamp", 5, "nice, big"\nA2, "Pan, 12 cm" , 6, x\n'
    text += 'A3, "Bowl, ""deep""", 6, "x"\nA4, Cup, 7, "open\nA5, Pot, 7, "x"\n'
    _, items, rejects = read(text)
    assert [items[id].title for id in items] == ["Lamp", 'Bowl, "deep"', "Pot"]
    assert items["A1"].description == "nice, big"
    assert rows_of(rejects) == [3, 5]


def test_a_word_in_quotes_behind_a_space_is_text(read):
    _, items, rejects = read('id,title,price\nA1, "Best" mug,5\nA2, "Big" cup,6\n')
    assert [items[id].title for id in items] == ['"Best" mug', '"Big" cup']
    assert not rejects
