"""Review texts of files: found, cleaned, kept with their events; what is wrong with one is told."""

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.errors import ConfigError
from llmrec.ingest import IngestOptions, ingest_events
from llmrec.ingest.recognise import parse_map
from llmrec.types import MAX_REVIEW_CHARS, EventKind

ROWS = [
    {"user": "u", "item": item, "kind": kind, "value": value, "position": place, "text": text}
    for place, (item, kind, value, text) in enumerate(
        [
            ("tea", "rating", 5, "Warm,<br>yes."),
            ("pot", "rating", 1, ""),
            ("cup", "purchase", 2, "two of them"),
            ("tray", "like", None, "壶很好。"),
        ]
    )
]


@pytest.fixture
def shop(tmp_path):
    return Workspace.init(tmp_path / "shop")


def ingested(shop, path, *maps, **options):
    columns = parse_map(maps, "events")
    asked = IngestOptions(columns=columns, allow_unknown_items=True, **options)
    return ingest_events(shop, [path], options=asked).files[0]


def reviews(shop, user="u"):
    with CatalogStore.open(shop.database_url) as store:
        return {review.item: review.text for review in store.reviews(user)}


def as_csv(rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_jsonl(rows):
    return "\n".join(json.dumps(row) for row in rows).encode()


def as_parquet(rows):
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "written"), [("e.csv", as_csv), ("e.jsonl", as_jsonl), ("e.parquet", as_parquet)]
)
def test_texts_of_opinions_are_kept_and_others_left_out(shop, tmp_path, name, written):
    path = tmp_path / name
    path.write_bytes(written(ROWS))
    report = ingested(shop, path)
    assert (report.added, report.rejected, report.texts) == (4, 0, 2)
    assert reviews(shop) == {"tea": "Warm, yes.", "tray": "壶很好。"}
    assert ingested(shop, path).texts == 0


@pytest.mark.parametrize("column", ["reviewText", "review_text", "review body", "text"])
def test_known_names_of_the_column_are_recognised(shop, tmp_path, column):
    path = tmp_path / "ratings.csv"
    path.write_text(f"user,item,rating,position,{column}\nu,tea,4,1,Fine.\n")
    assert ingested(shop, path).columns["text"] == column
    assert reviews(shop) == {"tea": "Fine."}


def test_a_flag_and_the_settings_name_a_column_and_a_flag_leaves_it_out(shop, tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating,position,Meinung,text\nu,tea,4,1,Gut.,Darjeeling\n")
    assert ingested(shop, path, "text=").texts == 0 and reviews(shop) == {}
    ingested(shop, path, "text=Meinung")
    assert reviews(shop) == {"tea": "Gut."}
    columns = {"ingest": {"event_columns": {"text": "text"}}}
    ingested(Workspace.open(shop.path, overrides=columns), path)
    assert reviews(shop) == {"tea": "Darjeeling"}
    with pytest.raises(ConfigError, match="not a field of events") as caught:
        parse_map(["review=text"], "events")
    assert "text" in caught.value.hint


def test_bad_review_fields_are_set_aside_with_row_field_and_reason(shop, tmp_path):
    path = tmp_path / "bad.jsonl"
    base = {"user": "u", "item": "tea", "rating": 4}
    texts = ["Fine.", 5, {"a": 1}, ["x", "y"], "nul \x00 inside", "y" * 300, None]
    path.write_bytes(
        as_jsonl([{**base, "position": n, "text": text} for n, text in enumerate(texts)])
    )
    strict = Workspace.open(shop.path, overrides={"ingest": {"max_field_chars": 200}})
    report = ingested(strict, path)
    told = [json.loads(line) for line in report.rejects.read_text("utf-8").splitlines()]
    assert (report.added, report.texts) == (2, 1)
    assert [(one["row"], one["field"], one["reason"]) for one in told] == [
        (2, "text", "a review that is not text"),
        (3, "text", "a review that is not text"),
        (4, "text", "a review that is not text"),
        (5, "text", "a NUL character in the text"),
        (6, "text", "the text is longer than 200 characters"),
    ]
    assert {one["file"] for one in told} == {str(path)}
    assert told[0]["value"] == "5" and told[4]["value"].endswith("(300 characters)")


def test_a_long_review_ends_at_a_word_and_the_rating_stays(shop, tmp_path):
    path = tmp_path / "long.jsonl"
    text = "word " * MAX_REVIEW_CHARS
    row = {"user": "u", "item": "tea", "rating": 4, "position": 1, "text": text}
    path.write_bytes(as_jsonl([row]))
    assert ingested(shop, path).added == 1
    kept = reviews(shop)["tea"]
    assert MAX_REVIEW_CHARS - 5 <= len(kept) <= MAX_REVIEW_CHARS and kept.endswith("word…")


def test_a_review_needs_no_stars_but_a_rating_without_both_is_none(shop, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("user,item,position,rating,text\nu,tea,1,,Words alone.\nu,pot,2,,\n")
    report = ingested(shop, path, kind=EventKind.RATING)
    assert (report.added, report.reasons) == (1, {"a rating without a value": 1})
    assert report.ratings is None and reviews(shop) == {"tea": "Words alone."}


def test_a_rating_that_counts_as_a_dislike_keeps_its_text(shop, tmp_path):
    path = tmp_path / "low.csv"
    path.write_text("user,item,position,rating,text\nu,tea,1,2,Bitter.\n")
    ingested(shop, path, disliked_below=3.0)
    with CatalogStore.open(shop.database_url) as store:
        (review,) = store.reviews("u")
    assert (review.kind, review.value, review.text) == (EventKind.DISLIKE, 2.0, "Bitter.")


def test_an_export_whose_review_is_gone_takes_it_away(shop, tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating,position,text\nu,tea,4,1,Fine.\n")
    ingested(shop, path)
    path.write_text("user,item,rating,position\nu,tea,4,1\n")
    assert ingested(shop, path).texts == 0 and reviews(shop) == {"tea": "Fine."}
    path.write_text("user,item,rating,position,text\nu,tea,4,1,\n")
    assert ingested(shop, path).texts == 1 and reviews(shop) == {}
