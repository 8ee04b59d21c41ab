"""Which adapter serves, and how an open engine follows what is promoted."""

from __future__ import annotations

import shutil
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from artifact_cards import make_card, publish

from llmrec.artifacts import Artifacts, chosen_adapter
from llmrec.engines import ScriptedEngine, load_engine
from llmrec.engines.remote.serving import adapter_folders
from llmrec.engines.served import ServedAdapters
from llmrec.errors import AdapterMismatch, EngineError, ModelError
from llmrec.weights.fingerprint import base_sha256


@pytest.fixture
def store(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "models")


def adapter(store: Artifacts, kind: str = "ranker") -> str:
    """A new version with what the scripted engine looks at."""

    def fill(folder: Path) -> None:
        (folder / "adapter_config.json").write_text("{}")

    return store.publish(kind, fill, make_card(kind)).version


def test_a_setting_means_a_version_a_folder_or_none(store: Artifacts) -> None:
    models = store.root
    assert chosen_adapter(models, "ranker", None) is None
    adapter(store)
    assert chosen_adapter(models, "ranker", None) is None  # it was not promoted
    store.promote("ranker", "0001")
    chosen = chosen_adapter(models, "ranker", None)
    assert chosen and (chosen.name, chosen.folder) == ("ranker/0001", models / "ranker" / "0001")
    assert chosen_adapter(models, "words", "ranker/0001") == chosen
    assert chosen_adapter(models, "words", None) is None
    assert chosen_adapter(models, "ranker", "none") is None
    plain = chosen_adapter(models, "ranker", "mine")
    assert plain and (plain.name, plain.folder) == ("mine", models / "mine")
    with pytest.raises(ModelError, match="no version '0002' of 'ranker'"):
        chosen_adapter(models, "ranker", "ranker/0002")


def test_a_server_is_started_with_folders_and_promoted_versions(store: Artifacts) -> None:
    for name in ("ranker", "mine"):
        (store.root / name).mkdir(parents=True)
        (store.root / name / "adapter_config.json").touch()
    store.promote("ranker", adapter(store))
    adapter(store)
    assert adapter_folders(store.root) == {
        "mine": store.root / "mine",
        "ranker": store.root / "ranker",
        "ranker/0001": store.root / "ranker" / "0001",
    }


def test_a_promotion_is_followed_and_what_nobody_uses_is_unloaded(store: Artifacts) -> None:
    engine = ScriptedEngine()
    served = ServedAdapters(engine, store.root)
    ranker, words = served.following("ranker", None), served.following("words", "ranker/0001")
    with ranker() as name:
        assert name is None
    for version in (adapter(store), adapter(store)):
        store.promote("ranker", version)
        with ranker() as name, words() as writer:
            assert (name, writer) == (f"ranker/{version}", "ranker/0001")
    assert engine.adapters == ("ranker/0001", "ranker/0002")
    store.rollback("ranker")
    with ranker() as name:
        assert name == "ranker/0001"
    assert engine.adapters == ("ranker/0001",)
    store.rollback("ranker")
    with ranker() as name:
        assert name is None
    assert engine.adapters == ("ranker/0001",)  # words still names it


def test_two_settings_of_one_kind_do_not_mix(store: Artifacts) -> None:
    engine = ScriptedEngine()
    served = ServedAdapters(engine, store.root)
    ours, other = served.following("ranker", None), served.following("ranker", "ranker/0002")
    store.promote("ranker", adapter(store))
    adapter(store)
    for _ in range(2):
        with ours() as first, other() as second:
            assert (first, second) == ("ranker/0001", "ranker/0002")
    store.rollback("ranker")
    with ours() as first, other() as second:
        assert (first, second) == (None, "ranker/0002")
    assert engine.adapters == ("ranker/0002",)


def test_a_call_keeps_the_adapter_that_it_began_with(store: Artifacts) -> None:
    engine = ScriptedEngine()
    use = ServedAdapters(engine, store.root).following("ranker", None)
    store.promote("ranker", adapter(store))
    with use() as before:
        store.promote("ranker", adapter(store))
        with use() as after:
            assert (before, after) == ("ranker/0001", "ranker/0002")
        assert engine.adapters == ("ranker/0001", "ranker/0002")
    assert engine.adapters == ("ranker/0002",)


def test_calls_go_on_while_one_loads_what_was_promoted(store: Artifacts) -> None:
    class Slow(ScriptedEngine):
        loading, go_on = threading.Event(), threading.Event()

        def load_adapter(self, name, folder):
            if name == "ranker/0002":
                self.loading.set()
                assert self.go_on.wait(60)
            super().load_adapter(name, folder)

    engine, seen = Slow(), []
    use = ServedAdapters(engine, store.root).following("ranker", None)
    store.promote("ranker", adapter(store))
    with use():
        pass
    store.promote("ranker", adapter(store))

    def call() -> None:
        with use() as name:
            seen.append(name)

    first = threading.Thread(target=call)
    first.start()
    assert engine.loading.wait(60)
    call()
    engine.go_on.set()
    first.join()
    call()
    assert seen == ["ranker/0001", "ranker/0002", "ranker/0002"]
    assert engine.adapters == ("ranker/0002",)


def test_many_threads_never_name_an_adapter_that_is_gone(store: Artifacts) -> None:
    engine, failures, done = ScriptedEngine(), [], threading.Event()
    use = ServedAdapters(engine, store.root).following("ranker", None)
    for _ in range(3):
        adapter(store)

    def ask() -> None:
        while not done.is_set():
            try:
                with use() as name:
                    engine.score_labels(["tea ("], [("A", "B")], adapters=[name])
            except BaseException as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(40):
        store.promote("ranker", f"{turn % 3 + 1:04}")
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    with use():
        pass
    assert engine.adapters == ("ranker/0001",)


def test_a_promoted_adapter_of_another_base_is_refused_until_it_is_taken_back(
    store: Artifacts, tiny_model: Path, tiny_adapters: tuple[Path, Path]
) -> None:
    for own in (base_sha256(tiny_model), "0" * 64):
        card = make_card("ranker", extra={"base": "tiny", "base_sha256": own})
        fill = partial(shutil.copytree, tiny_adapters[0], dirs_exist_ok=True)
        store.promote("ranker", store.publish("ranker", fill, card).version)
    with closing(load_engine("transformers", str(tiny_model))) as engine:
        served = ServedAdapters(engine, store.root)
        use, named = (served.following("ranker", one) for one in (None, "ranker/0002"))
        for _ in range(2):
            with pytest.raises(AdapterMismatch, match="another base model") as caught, use():
                pass
            assert "llmrec models rollback ranker" in caught.value.hint
            assert "ranking.adapter to 'none'" in caught.value.hint
        with pytest.raises(AdapterMismatch) as other, named():
            pass
        assert "rollback" not in other.value.hint
        store.rollback("ranker")
        with use() as name:
            (scores,) = engine.score_labels(["tea ("], [("A", "B")], adapters=[name])
        (base,) = engine.score_labels(["tea ("], [("A", "B")])
        assert name == "ranker/0001" and abs(scores - base).max() > 1e-3


def test_an_engine_that_fails_to_unload_spoils_no_answer(store: Artifacts) -> None:
    class Away(ScriptedEngine):
        def unload_adapter(self, name):
            raise EngineError("the server is away.")

    use = ServedAdapters(Away(), store.root).following("ranker", None)
    for _ in range(2):
        store.promote("ranker", adapter(store))
        with use() as name:
            pass
    assert name == "ranker/0002"


def test_a_version_that_holds_no_adapter_is_refused(store: Artifacts) -> None:
    store.promote("ranker", publish(store, "ranker").version)
    use = ServedAdapters(ScriptedEngine(), store.root).following("ranker", None)
    with pytest.raises(ModelError, match="holds no adapter"), use():
        pass
