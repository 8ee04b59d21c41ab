"""Cards and the pointer: what they hold, and what is said when they are damaged."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from artifact_cards import make_card, publish
from pydantic import ValidationError

from llmrec.artifacts import Artifacts, CardData, Figure, package_versions, read_card
from llmrec.errors import ModelError, WorkspaceError


@pytest.fixture
def store(tmp_path: Path) -> Artifacts:
    store = Artifacts(tmp_path / "models")
    publish(store)
    store.promote("fusion", publish(store).version)
    return store


def change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    card = make_card(
        "ranker",
        settings={"folders": (tmp_path,), "rate": 1e-3},
        extra={"base": "tiny", 1: None},
        notes=("näher",),
        parent="0001",
        data=CardData(
            sha256="c", events=1, users=1, items=1, last=datetime(2026, 1, 1, tzinfo=timezone.utc)
        ),
    )
    card.write(tmp_path)
    assert read_card(tmp_path) == card
    assert card.settings["folders"] == [str(tmp_path)] and card.extra == {"base": "tiny", "1": None}
    assert card.created.tzinfo and card.versions["llmrec"]
    assert card.main == ("ndcg@10", card.metrics["ndcg@10"])
    assert make_card(metrics={}).main is None


def test_figures_read_well() -> None:
    assert str(Figure(mean=0.25, n=3)) == "0.2500"
    assert str(Figure(mean=0.25, low=0.2, high=0.3, n=3)) == "0.2500 [0.2000, 0.3000]"
    assert package_versions("llmrec", "no-such-package").keys() == {"llmrec"}


@pytest.mark.parametrize(
    "fields",
    [
        {"metrics": {"ndcg@10": {"mean": float("nan"), "n": 1}}},
        {"metrics": {"ndcg@10": {"mean": 0.5, "low": 0.6, "high": 0.4, "n": 1}}},
        {"settings": {"rate": float("nan")}},
        {"extra": {"losses": [1.0, float("inf")]}},
        {"seconds": float("inf")},
        {"seconds": -1},
        {"kind": "recipe"},
        {"colour": "red"},
        {"created": datetime(2026, 1, 1)},
    ],
)
def test_what_says_nothing_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_card(**fields)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ("\udcff", "cannot be read"),
        ("[]", "is damaged: "),
        ("{}", "field 'kind'"),
    ],
)
def test_a_damaged_card_is_named(store: Artifacts, text: str, said: str) -> None:
    path = store.root / "fusion" / "0002" / "card.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError) as caught:
        store.current("fusion")
    assert str(path) in caught.value.message and said in caught.value.message
    assert "llmrec models rm fusion/0002" in caught.value.hint
    store.promote("fusion", "0001")  # the way that the hint shows
    store.remove("fusion", "0002")
    assert store.current("fusion") == store.get("fusion", "0001")


def test_a_damaged_field_is_named(store: Artifacts) -> None:
    path = store.root / "fusion" / "0002" / "card.json"
    change(path, metrics={"ndcg@10": {"mean": "much", "n": 3}})
    with pytest.raises(ModelError, match=r"card\.json is damaged: field 'metrics\.ndcg@10\.mean'"):
        store.get("fusion", "0002")
    change(path, metrics={}, kind="words")
    with pytest.raises(ModelError, match="of the kind 'words', not 'fusion'"):
        store.get("fusion", "0002")
    path.unlink()
    with pytest.raises(ModelError, match=r"card\.json is missing"):
        store.get("fusion", "0002")


def test_the_card_of_a_plain_folder_gets_no_hint_about_versions(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is missing") as caught:
        read_card(tmp_path)
    assert "models rm" not in caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read"),
        ('{"version": "../0001"}', "field 'version'"),
        ('{"version": "0001", "before": ["x"]}', r"field 'before\.0'"),
        ('{"last": 3}', "field 'last'"),
    ],
)
def test_a_damaged_pointer_is_named(store: Artifacts, text: str, said: str) -> None:
    path = store.root / "fusion" / "current.json"
    path.write_text(text)
    for asked in (store.current, store.rollback, store.serving):
        with pytest.raises(ModelError, match=rf"current\.json .*{said}") as caught:
            asked("fusion")
        assert "promote fusion VERSION" in caught.value.hint
    with pytest.raises(ModelError, match=r"current\.json"):
        store.remove("fusion", "0001")  # it may be what serves
    path.unlink()
    assert store.promote("fusion", "0001") == store.current("fusion")


@pytest.mark.parametrize("name", ["current.json", "0002/card.json"])
def test_what_a_newer_program_wrote_is_refused(store: Artifacts, name: str) -> None:
    change(store.root / "fusion" / name, format=2, beauty=1)
    with pytest.raises(WorkspaceError, match=r"newer llmrec \(format 2, this one reads 1\)") as it:
        store.current("fusion")
    assert "pip install -U llmrec" in it.value.hint


def test_a_version_that_was_deleted_by_hand_is_said(store: Artifacts) -> None:
    import shutil

    shutil.rmtree(store.root / "fusion" / "0002")
    with pytest.raises(ModelError, match="no version '0002'"):
        store.current("fusion")
    store.promote("fusion", "0001")
    assert store.rollback("fusion") is None
