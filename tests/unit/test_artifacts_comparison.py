"""Which versions are refused as worse than the one that serves."""

from __future__ import annotations

from pathlib import Path

import pytest
from artifact_cards import make_card, publish

from llmrec.artifacts import Artifacts, CardComparison, CardData, Figure
from llmrec.errors import ModelError


@pytest.fixture
def store(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "models")


def test_a_worse_version_is_refused_with_both_figures(store: Artifacts) -> None:
    for mean in (0.5, 0.4, 0.5, 0.6):
        publish(store, mean=mean)
    store.promote("fusion", "0001", unless_worse=True)
    with pytest.raises(ModelError) as caught:
        store.promote("fusion", "0002", unless_worse=True)
    assert caught.value.message == (
        "'fusion/0002' is worse than 'fusion/0001', which serves: "
        "ndcg@10 0.4000 [0.3900, 0.4100] against 0.5000 [0.4900, 0.5100]."
    )
    assert caught.value.hint.endswith("llmrec models promote fusion 0002 --force")
    assert store.serving("fusion") == "0001"
    for good in ("0003", "0004", "0004"):
        assert store.promote("fusion", good, unless_worse=True).version == good
    assert store.promote("fusion", "0002").version == "0002"  # whoever does not ask may


def test_what_cannot_be_compared_is_not_worse() -> None:
    other = {"recall@20": Figure(mean=0.1, n=3)}
    for metrics in ({}, other):
        compared = CardComparison(make_card(metrics=metrics), make_card())
        assert not compared.worse and str(compared).startswith("not compared: ")
    assert "recall@20 0.1000 is another metric than ndcg@10 0.5000" in str(compared)


def test_other_data_are_said() -> None:
    other = CardData(sha256="other", events=1, users=1, items=1)
    compared = CardComparison(make_card(mean=0.4, data=other), make_card())
    assert compared.worse and "after learning from other data" in str(compared)


def test_a_damaged_version_that_serves_stops_no_promotion(store: Artifacts) -> None:
    for mean in (0.5, 0.4):
        publish(store, mean=mean)
    store.promote("fusion", "0001")
    (store.root / "fusion" / "0001" / "card.json").write_text("{")
    assert store.promote("fusion", "0002", unless_worse=True).version == "0002"
