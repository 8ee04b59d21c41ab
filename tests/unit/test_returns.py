"""What was sent back, or was never bought: out of the log, from files and over HTTP."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrec.catalog.returns import Return
from llmrec.catalog.store import CatalogStore
from llmrec.config import Workspace
from llmrec.errors import DataError
from llmrec.ingest import FileReport, IngestOptions, ingest_events, ingest_items
from llmrec.types import Event, EventKind, Item

DAY = datetime(2024, 3, 1, tzinfo=timezone.utc)
Ingest: TypeAlias = Callable[..., FileReport]


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    made = Workspace.init(tmp_path / "shop")
    with CatalogStore.open(made.database_url) as store:
        store.write_items(Item(f"I{number}", f"Thing {number}") for number in range(1, 6))
    return made


@pytest.fixture
def ingest(shop: Workspace, tmp_path: Path) -> Ingest:
    def work(header: str, *rows: str, name: str = "sales.csv", **options: Any) -> FileReport:
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return ingest_events(shop, [path], options=IngestOptions(**options)).files[0]

    return work


def bought(shop: Workspace) -> list[tuple[str, str, float | None]]:
    with CatalogStore.open(shop.database_url) as store:
        return [
            (event.user, event.item, event.value)
            for batch in store.iter_events()
            for event in batch
        ]


def counts(report: FileReport) -> tuple[int, int, int, int]:
    return report.added, report.returned, report.unmatched, report.rejected


HEADER = "customer_id,product_id,order_date,quantity"


def test_a_negative_quantity_takes_the_purchase_back_and_zero_is_none(
    shop: Workspace, ingest: Ingest
) -> None:
    rows = ("c1,I1,2024-03-01,2", "c1,I1,2024-03-09,-2", "c2,I2,2024-03-01,1", "c2,I3,2024-03-01,0")
    report = ingest(HEADER, *rows)
    assert counts(report) == (2, 1, 0, 1)
    assert report.reasons == {"a quantity below 1 is no purchase": 1}
    assert bought(shop) == [("c2", "I2", 1.0)]
    assert report.rows == report.added + report.returned + report.rejected


@pytest.mark.parametrize("value", ["0", "0.5", "0.999", "-0"])
def test_a_quantity_below_1_is_no_purchase_and_nothing_in_a_cart(
    value: str, shop: Workspace, ingest: Ingest
) -> None:
    header = "user,item,event,time,quantity"
    rows = [f"u,I1,{kind},2024-03-01,{value}" for kind in ("purchase", "add_to_cart")]
    report = ingest(header, *rows, "u,I1,view,2024-03-01,0")
    assert report.reasons == {
        "a quantity below 1 is no purchase": 1,
        "a quantity below 1 is no cart": 1,
    }
    assert bought(shop) == [("u", "I1", 0.0)]  # the view


@pytest.mark.parametrize(
    ("header", "sale", "back"),
    [
        (HEADER, "u,I1,2024-03-01,1", "u,I1,2024-03-02,-1"),
        ("user,item,event,time", "u,I1,purchase,2024-03-01", "u,I1,refund,2024-03-02"),
        ("user,item,event,time", "u,I1,order,2024-03-01", "u,I1,Order Cancelled,2024-03-02"),
        ("user,item,type,at,qty", "u,I1,sale,2024-03-01,1", "u,I1,RETURN,2024-03-02,1"),
        ("user,item,event,at,qty", "u,I1,purchase,2024-03-01,1", "u,I1,returned,2024-03-02,-1"),
        ("user,item,time,status", "u,I1,2024-03-01,paid", "u,I1,2024-03-01,refunded"),
        (
            "user,item,time,order_status",
            "u,I1,2024-03-01,wc-completed",
            "u,I1,2024-03-01,wc-failed",
        ),
        ("user,item,time,is_returned", "u,I1,2024-03-01,0", "u,I1,2024-03-01,1"),
        ("user,item,quantity", "u,I1,3", "u,I1,-3"),
        (
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID",
            "536365,I1,X,6,12/1/2010 8:26,2.55,u",
            "C536379,I1,X,-6,12/2/2010 9:41,2.55,u",
        ),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_every_shape_of_file_says_returns(
    header: str, sale: str, back: str, turned: bool, shop: Workspace, ingest: Ingest
) -> None:
    other = sale.replace("u,I1", "u,I2").replace(",I1,", ",I2,")
    rows = [sale, other, back]
    first = ingest(header, *(reversed(rows) if turned else rows))
    assert counts(first) == (2, 1, 0, 0)
    assert [row[1] for row in bought(shop)] == ["I2"]
    again = ingest(header, *(reversed(rows) if turned else rows))
    assert counts(again) == (0, 0, 0, 0) and again.unchanged == 3
    assert [row[1] for row in bought(shop)] == ["I2"]


def test_a_later_file_takes_back_and_the_earlier_may_come_again(
    shop: Workspace, ingest: Ingest
) -> None:
    def sales() -> FileReport:
        return ingest(HEADER, "u,I1,2024-03-01,5", "u,I2,2024-03-01,1")

    def back() -> FileReport:
        return ingest(HEADER, "u,I1,2024-03-05,-2", name="back.csv")

    sales()
    assert counts(back()) == (0, 1, 0, 0)
    left = [("u", "I1", 3.0), ("u", "I2", 1.0)]
    for file in (sales, back, back, sales, back):
        assert bought(shop) == left
        assert file().added == 0
    assert bought(shop) == left


def test_the_latest_purchase_that_is_large_enough_goes_back(
    shop: Workspace, ingest: Ingest
) -> None:
    rows = ("u,I1,2024-03-01,5", "u,I1,2024-03-02,1", "u,I1,2024-03-09,4", "u,I1,2024-03-05,-4")
    ingest(HEADER, *rows)
    assert bought(shop) == [("u", "I1", 1.0), ("u", "I1", 1.0), ("u", "I1", 4.0)]


def test_many_small_purchases_may_go_back_at_once(shop: Workspace, ingest: Ingest) -> None:
    rows = [f"u,I1,2024-03-0{day},1" for day in (1, 2, 3)]
    report = ingest(HEADER, *rows, "u,I1,2024-03-05,-2")
    assert (report.returned, bought(shop)) == (1, [("u", "I1", 1.0)])


def test_a_return_without_a_purchase_is_counted_and_kept_nowhere(
    shop: Workspace, ingest: Ingest
) -> None:
    rows = ("u,I1,2024-03-05,1", "u,I1,2024-03-01,-1", "v,I1,2024-03-06,-1", "u,I9,2024-03-06,-1")
    report = ingest(HEADER, *rows)
    assert counts(report) == (1, 0, 3, 3)
    assert report.rejects is not None and report.rejects.read_text().count("\n") == 3
    assert bought(shop) == [("u", "I1", 1.0)]
    with pytest.raises(DataError, match="none of its 1 rows can be used"):
        ingest(HEADER, "w,I1,2024-03-06,-1")


def test_a_cancelled_order_takes_back_itself_and_no_other(shop: Workspace, ingest: Ingest) -> None:
    header = "user,item,time,status"
    ingest(header, "u,I1,2024-03-01,paid")
    report = ingest(header, "u,I1,2024-04-01,cancelled", "u,I2,2024-04-01,partially_refunded")
    assert counts(report) == (1, 0, 1, 1)
    assert report.reasons == {"an order that was cancelled or refunded": 1}
    assert [row[1] for row in bought(shop)] == ["I1", "I2"]


def test_a_column_of_ratings_says_nothing_of_a_purchase(shop: Workspace, ingest: Ingest) -> None:
    report = ingest(
        "user,item,event,time,rating", "u,I1,purchase,2024-03-01,0", "u,I1,rating,2024-03-02,0.5"
    )
    assert report.added == 2
    assert bought(shop) == [("u", "I1", None), ("u", "I1", 0.5)]


def test_a_kind_for_all_rows_makes_no_purchase_of_a_view(shop: Workspace, ingest: Ingest) -> None:
    report = ingest(HEADER, "u,I1,2024-03-01,-1", kind=EventKind.VIEW)
    assert (report.added, report.returned) == (1, 0)


def test_a_file_of_purchases_may_hold_refunds(shop: Workspace, ingest: Ingest) -> None:
    header = "user,item,event,time"
    rows = ("u,I1,paid,2024-03-01", "u,I2,paid,2024-03-01", "u,I1,refund,2024-03-02")
    report = ingest(header, *rows, kind=EventKind.PURCHASE)
    assert (report.added, report.returned) == (2, 1)
    assert [row[1] for row in bought(shop)] == ["I2"]


def test_a_negative_line_of_a_refunded_order_is_a_return(shop: Workspace, ingest: Ingest) -> None:
    header = "user,item,time,quantity,status"
    report = ingest(header, "u,I1,2024-03-01,3,paid", "u,I1,2024-03-05,-1,refunded")
    assert (report.returned, bought(shop)) == (1, [("u", "I1", 2.0)])


def test_what_an_older_version_kept_below_1_is_counted(shop: Workspace) -> None:
    with CatalogStore.open(shop.database_url) as store:
        store.write_events(
            [Event("u", "I1", at=DAY, value=value) for value in (-1,)]
            + [Event("u", "I2", at=DAY), Event("u", "I3", EventKind.RATING, DAY, value=0)]
        )
        assert store.count_below_one() == 1


def test_what_an_older_version_took_for_a_purchase_goes_with_its_return(
    shop: Workspace, ingest: Ingest
) -> None:
    with CatalogStore.open(shop.database_url) as store:
        old = [
            Event("u", "I1", at=DAY, value=2.0),
            Event("u", "I1", at=DAY.replace(day=9), value=-2),
        ]
        store.write_events(old)
    report = ingest(HEADER, "u,I1,2024-03-01,2", "u,I1,2024-03-09,-2")
    assert (report.returned, bought(shop)) == (1, [])


def test_forgetting_a_shopper_forgets_what_came_back(shop: Workspace, ingest: Ingest) -> None:
    ingest(HEADER, "u,I1,2024-03-01,2", "u,I1,2024-03-09,-1")
    with CatalogStore.open(shop.database_url) as store:
        assert store.forget_user("u") == 1
    assert ingest(HEADER, "u,I1,2024-03-01,2").added == 1
    assert bought(shop) == [("u", "I1", 2.0)]


_ACTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 3), st.booleans()), min_size=1, max_size=8
)


@settings(max_examples=25, deadline=None)
@given(_ACTS, st.randoms(use_true_random=False))
def test_a_log_comes_to_the_same_in_any_order_and_any_number_of_times(
    tmp_path_factory: pytest.TempPathFactory, acts: Sequence[tuple[int, int, bool]], draw: Any
) -> None:
    values: dict[tuple[int, bool], Event | Return] = {}
    for day, quantity, back in acts:
        at = DAY + timedelta(days=day)
        made = (
            Return("u", "i", at, quantity=quantity)
            if back
            else Event("u", "i", at=at, value=quantity)
        )
        values[day, back] = made
    rows = list(values.values())
    mixed = draw.sample(rows, len(rows))
    folder = tmp_path_factory.mktemp("orders")
    stored = []
    for name, order, times in (("a", rows, 1), ("b", mixed, 1), ("c", mixed, 3)):
        with CatalogStore.open(f"sqlite:///{folder}/{name}.db") as store:
            for _ in range(times):
                store.write_events(order)
            stored.append(store.history("u"))
            assert all((event.value or 0) >= 1 for event in stored[-1])
    assert stored[0] == stored[1] == stored[2]


def test_the_command_says_what_came_back(
    shop: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from llmrec.cli.main import app

    path = tmp_path / "sales.csv"
    path.write_text(f"{HEADER}\nu,I1,2024-03-01,1\nu,I1,2024-03-02,-1\nv,I1,2024-03-02,-1\n")
    with pytest.raises(SystemExit) as end:
        app(["ingest", "events", str(path), "-w", str(shop.path)])
    assert end.value.code in (0, None)
    printed = " ".join(capsys.readouterr().out.split())
    assert "returned: 1 purchase taken back, 1 return without a purchase" in printed


def test_cancelled_orders_are_said_once(
    shop: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from llmrec.cli.main import app

    path = tmp_path / "sales.csv"
    path.write_text("user,item,time,status\nu,I1,2024-03-01,paid\nv,I1,2024-03-01,cancelled\n")
    with pytest.raises(SystemExit):
        app(["ingest", "events", str(path), "--kind", "purchase", "-w", str(shop.path)])
    printed = " ".join(capsys.readouterr().out.split())
    assert "rejected 1: an order that was cancelled or refunded" in printed
    assert "returned:" not in printed


def test_over_http_a_return_takes_back_and_a_quantity_below_1_is_refused(ask: Any) -> None:
    def post(**row: Any) -> Any:
        event = {"user": "returning", "item": "i0001", "at": "2026-11-01T10:00:00Z", **row}
        return ask("POST", "/v1/events", json={"events": [event]})

    assert post(kind="purchase", value=3).json()["added"] == 1
    for kind, value in (("purchase", -1), ("purchase", 0), ("purchase", 0.5), ("cart", 0)):
        refused = post(kind=kind, value=value)
        assert refused.status_code == 422
        error = refused.json()["error"]
        assert error["field"] == "events.value" and "'return'" in error["hint"]
    later = {"kind": "return", "at": "2026-11-02T10:00:00Z"}
    first = post(**later, value=1).json()
    assert (first["returned"], first["unmatched"], first["added"]) == (1, 0, 0)
    assert post(**later, value=1).json()["unchanged"] == 1
    rest = post(**{**later, "at": "2026-11-03T10:00:00Z"}).json()
    assert rest["returned"] == 1
    none = post(**{**later, "at": "2026-11-04T10:00:00Z"}).json()
    assert (none["returned"], none["unmatched"]) == (0, 1)
    assert post(kind="return", value=0).status_code == 422
    assert "returned" not in post(kind="view").json()


def test_the_shared_case_of_returns(shop: Workspace) -> None:
    path = Path(__file__).parents[3] / "shared" / "cases" / "ingest" / "returns.csv"
    if not path.is_file():
        pytest.skip("the shared cases are not here")
    with path.open(encoding="utf-8") as file:
        items = sorted({row["product_id"] for row in csv.DictReader(file)})
    table = shop.path / "items.csv"
    table.write_text("id,title\n" + "".join(f"{id},Thing {id}\n" for id in items))
    ingest_items(shop, [table])
    for _ in range(2):
        report = ingest_events(shop, [path]).files[0]
        assert report.rejected == 1
        assert ("c1", "I1") not in {row[:2] for row in bought(shop)}
        assert ("c2", "I3") not in {row[:2] for row in bought(shop)}
