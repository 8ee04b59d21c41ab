"""Versions of what was learned: published, promoted, taken back, removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from artifact_cards import fills, make_card, publish

from llmrec.artifacts import Artifacts
from llmrec.errors import ConfigError, LockedError, ModelError


@pytest.fixture
def store(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "models")


def names(store: Artifacts, kind: str = "fusion") -> list[str]:
    return sorted(path.name for path in (store.root / kind).iterdir())


def test_a_version_is_published_whole_and_does_not_serve_yet(store: Artifacts) -> None:
    assert store.versions("fusion") == () and store.current("fusion") is None
    made = publish(store)
    assert (made.name, made.folder) == ("fusion/0001", store.root / "fusion" / "0001")
    assert (made.folder / "deep" / "weights").read_text() == "learned"
    assert store.get("fusion", "0001") == made and store.versions("fusion") == (made,)
    assert store.current("fusion") is None and store.revision("fusion") is None
    assert names(store) == ["0001", "write.lock"]


def test_what_serves_is_promoted_and_taken_back(store: Artifacts) -> None:
    one, two, three = (publish(store) for _ in range(3))
    for version in ("0001", "0002", "0003", "0003"):
        store.promote("fusion", version)
    assert store.current("fusion") == three
    assert store.rollback("fusion") == two
    assert store.rollback("fusion") == one
    assert store.rollback("fusion") is None
    assert store.current("fusion") is None
    with pytest.raises(ModelError, match="nothing to take back") as caught:
        store.rollback("fusion")
    assert "llmrec models promote fusion" in caught.value.hint


def test_a_promotion_shows_in_the_revision(store: Artifacts) -> None:
    seen = {store.revision("fusion")}
    for version in (publish(store).version, publish(store).version):
        assert store.revision("fusion") in seen
        store.promote("fusion", version)
        seen.add(store.revision("fusion"))
    assert len(seen) == 3


def test_going_back_passes_over_what_is_gone(store: Artifacts) -> None:
    one, two, three = (publish(store).version for _ in range(3))
    for version in (one, three, two, one, three):
        store.promote("fusion", version)
    store.remove("fusion", two)
    store.remove("fusion", one)
    assert store.rollback("fusion") is None  # three before three is no way back


def test_what_serves_is_not_removed(store: Artifacts) -> None:
    publish(store)
    store.promote("fusion", "0001")
    with pytest.raises(ModelError, match="'fusion/0001' serves") as caught:
        store.remove("fusion", "0001")
    assert "rollback fusion" in caught.value.hint
    store.rollback("fusion")
    store.remove("fusion", "0001")
    assert store.numbers("fusion") == ()


def test_numbers_are_not_given_twice(store: Artifacts) -> None:
    for _ in range(3):
        publish(store)
    store.remove("fusion", "0003")
    store.remove("fusion", "0002")
    assert publish(store).version == "0004"
    # The empty folder that kept the number goes when a higher number stands for it.
    store.remove("fusion", "0001")
    assert names(store) == ["0004", "write.lock"]
    assert publish(store, "words").version == "0001"


def test_numbers_go_on_after_9999_in_their_order(store: Artifacts) -> None:
    for number in ("9998", "9999"):
        publish(store).folder.rename(store.root / "fusion" / number)
    assert publish(store).version == "10000"
    assert store.numbers("fusion") == ("9998", "9999", "10000")


def test_what_does_not_exist_is_named(store: Artifacts) -> None:
    publish(store)
    with pytest.raises(ModelError, match="no version '0007' of 'fusion'") as caught:
        store.promote("fusion", "0007")
    assert caught.value.hint == "There are: 0001."
    for bad in ("../fusion/0001", "", "1", "write.lock"):
        with pytest.raises(ModelError, match="no version"):
            store.get("fusion", bad)
    with pytest.raises(ConfigError, match="kind 'recipes'") as unknown:
        store.current("recipes")
    assert "behaviour, fusion, reader, ranker, words" in unknown.value.hint


def test_a_fill_that_fails_leaves_nothing(store: Artifacts) -> None:
    def fails(folder: Path) -> None:
        fills()(folder)
        raise KeyboardInterrupt

    def writes_a_card(folder: Path) -> None:
        (folder / "card.json").touch()

    with pytest.raises(KeyboardInterrupt):
        store.publish("fusion", fails, make_card())
    with pytest.raises(ValueError, match="belongs into the card"):
        store.publish("fusion", writes_a_card, make_card())
    with pytest.raises(ValueError, match="'words' cannot be published as 'fusion'"):
        store.publish("fusion", fills(), make_card("words"))
    assert names(store) == ["write.lock"]
    assert publish(store).version == "0001"


def test_others_may_change_the_store_while_a_version_is_made(store: Artifacts) -> None:
    publish(store)

    def fill(folder: Path) -> None:
        publish(store)
        store.promote("fusion", "0002")
        store.remove("fusion", "0001")
        fills()(folder)

    assert store.publish("fusion", fill, make_card()).version == "0003"
    assert store.numbers("fusion") == ("0002", "0003") and store.serving("fusion") == "0002"


def test_a_reader_of_what_is_rolled_back_and_removed_gets_what_serves(
    store: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = publish(store), publish(store)
    for version in ("0001", "0002"):
        store.promote("fusion", version)
    asked = store.serving

    def serving(kind: str) -> str | None:
        found = asked(kind)
        if found == "0002":  # between the pointer and the card
            store.rollback("fusion")
            store.remove("fusion", "0002")
        return found

    monkeypatch.setattr(store, "serving", serving)
    assert store.current("fusion") == one


def test_a_lock_that_is_held_for_long_is_said(
    store: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmrec.artifacts import home

    publish(store)
    monkeypatch.setattr(home, "_WAIT_S", 0.0)
    with home.locked(store.root / "fusion"), pytest.raises(LockedError, match="changing") as caught:
        store.promote("fusion", "0001")
    assert caught.value.retryable


def test_a_folder_that_may_not_be_written_to_is_copied_from(
    store: Artifacts, tmp_path: Path
) -> None:
    import shutil

    source = tmp_path / "read-only"
    source.write_text("learned")
    source.chmod(0o444)

    def fill(folder: Path) -> None:
        shutil.copy(source, folder / "weights")

    assert store.publish("fusion", fill, make_card()).version == "0001"
