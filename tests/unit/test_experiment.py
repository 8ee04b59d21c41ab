"""An A/B of two rankers: who is in which arm, and what each arm's shoppers get to see."""

import json
import logging
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter

import pytest
from retrieval_shop import make_events, make_items, make_shop
from scipy.stats import binomtest
from serving import MODELS

from llmrec import Recommender, Workspace
from llmrec.catalog.store import CatalogStore
from llmrec.embedding import load_encoder
from llmrec.engines import ScriptedEngine
from llmrec.errors import ConfigError, EngineUnavailable
from llmrec.experiment import arm_of
from llmrec.retrieval import build_index

TWELVE = [f"u{number:03d}" for number in range(12)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = make_items(60)
    shop = make_shop(tmp_path_factory.mktemp("ab") / "shop", made, make_events(made, users=12))
    shop = Workspace.open(shop.path, overrides=MODELS)
    with CatalogStore.open(shop.database_url) as store:
        build_index(shop, store, load_encoder("hashing"))
    return shop.path


def settings(name="spring", **more):
    sections = {one: more.pop(one) for one in ("ranking", "models") if one in more}
    return {**MODELS, **sections, "experiment": {"name": name, **more}}


def opened(folder, *arguments, engine=None, **more):
    chosen = Workspace.open(folder, overrides=settings(*arguments, **more))
    return Recommender.open(chosen, engine=engine or ScriptedEngine())


def rows(folder, name):
    with sqlite3.connect(folder / "catalog.db") as database:
        query = "SELECT user_id, arm, items FROM llmrec_exposures WHERE experiment = ? ORDER BY id"
        return database.execute(query, [name]).fetchall()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_share_of_shoppers_in_b_is_as_it_was_set(share):
    users = [f"shopper-{number}" for number in range(20_000)]
    in_b = sum(arm_of("spring", user, share) == "B" for user in users)
    assert binomtest(in_b, len(users), share).pvalue > 0.001


def test_arms_are_stable_nested_and_drawn_anew_by_another_name():
    users = [f"s{number}" for number in range(2_000)]
    small, large = ([arm_of("spring", user, share) for user in users] for share in (0.2, 0.6))
    assert all(b == "B" for a, b in zip(small, large, strict=True) if a == "B")
    assert {arm_of("spring", user, 0.0) for user in users} == {"A"}
    assert {arm_of("spring", user, 1.0) for user in users} == {"B"}
    other = [arm_of("autumn", user, 0.6) for user in users]
    both = Counter(zip(large, other, strict=True))
    assert binomtest(both["B", "B"], len(users), 0.36).pvalue > 0.001
    code = (
        "from llmrec.experiment import arm_of;"
        "print([arm_of('spring', f's{number}', 0.2) for number in range(2_000)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(small)


def test_shoppers_by_name_are_in_an_arm_and_strangers_are_not_counted(folder):
    with opened(folder, "named", llm_weight=1.0) as shop:
        answers = [shop.recommend(user=user, k=3, explain=False) for user in TWELVE]
        assert shop.recommend(["i0001"], k=3, explain=False).trace.arm is None
        shop.recommend(user="u001", k=3, explain=False, shown=False)
        nothing = shop.recommend(user="u001", filters={"brands": ["Nobody"]}, explain=False)
        assert len(nothing) == 0
    arms = [answer.trace.arm for answer in answers]
    assert arms == [arm_of("named", user, 0.5) for user in TWELVE] and set(arms) == {"A", "B"}
    assert answers[0].to_dict()["trace"]["arm"] == arms[0]
    expected = [(answer.user, answer.trace.arm, list(answer.ids)) for answer in answers]
    assert [
        (user, arm, json.loads(items)) for user, arm, items in rows(folder, "named")
    ] == expected


def test_without_an_experiment_nothing_is_kept(folder):
    with Recommender.open(
        Workspace.open(folder, overrides=MODELS), engine=ScriptedEngine()
    ) as shop:
        assert shop.experiment is None and list(shop.rankers) == ["A"]
        assert shop.recommend(user="u001", k=3, explain=False).trace.arm is None
        assert "exposures" not in shop.__dict__


def test_each_shopper_of_a_batch_is_ranked_by_their_own_arm(folder):
    histories = [[f"i{number:04d}"] for number in range(12)]

    def ids(**more):
        with opened(folder, "batch", **more) as shop:
            many = shop.recommend_many(histories, 5, users=TWELVE, explain=False)
            return [one.ids for one in many], [one.trace.arm for one in many]

    (a, _), (b, _) = (ids(share=share, llm_weight=1.0) for share in (0.0, 1.0))
    mixed, arms = ids(llm_weight=1.0)
    assert set(arms) == {"A", "B"} and all(one != two for one, two in zip(a, b, strict=True))
    assert mixed == [two if arm == "B" else one for one, two, arm in zip(a, b, arms, strict=True)]


def test_two_adapters_of_a_real_model_rank_in_one_shop(folder, tiny_model, tiny_adapters):
    one, two = (folder / "models" / name for name in ("one", "two"))
    for here, made in zip((one, two), tiny_adapters, strict=True):
        shutil.copytree(made, here)
    overrides = {
        "models": {**MODELS["models"], "llm": str(tiny_model), "engine": "transformers"},
        "ranking": {"adapter": "one", "llm_weight": 1.0, "token_budget": 900},
    }

    def answers(share):
        chosen = settings("real", adapter="two", share=share, **overrides)
        with Recommender.open(Workspace.open(folder, overrides=chosen)) as shop:
            histories = [[user] for user in TWELVE]
            return shop.recommend_many(histories, 3, users=TWELVE, explain=False)

    a, mixed, b = (answers(share) for share in (0.0, 0.5, 1.0))
    assert {one.trace.adapter for one in a} == {"one"} and {x.trace.adapter for x in b} == {"two"}
    differ = [first.ids != other.ids for first, other in zip(a, b, strict=True)]
    arms = [one.trace.arm for one in mixed]
    assert set(arms) == {"A", "B"}
    for arm, first, other, got in zip(arms, a, b, mixed, strict=True):
        own = other if arm == "B" else first
        assert (got.ids, got.trace.adapter) == (own.ids, own.trace.adapter)
    assert {arm for arm, other in zip(arms, differ, strict=True) if other} == {"A", "B"}
    shutil.rmtree(one)
    shutil.rmtree(two)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"share": 1.5}, r"experiment\.share.*less than or equal to 1"),
        ({"share": -0.1}, r"experiment\.share.*greater than or equal to 0"),
        ({"llm_weight": 2}, r"experiment\.llm_weight"),
        ({"days": 0}, r"experiment\.days"),
        ({"name": ""}, r"experiment\.name"),
        ({"name": "a\x00b"}, r"experiment\.name"),
        ({"adapter": "ranker/0042"}, r"'experiment\.adapter': .*no version '0042'"),
        ({"adapter": "nobody"}, r"'experiment\.adapter': .*nobody holds no adapter"),
        ({"name": None, "adapter": "none"}, "sets adapter, but no name"),
    ],
)
def test_wrong_settings_are_told_when_the_shop_opens(folder, section, said):
    with pytest.raises(ConfigError, match=said) as told:
        Recommender.open(folder, overrides=settings(**{"name": "wrong", **section}))
    assert told.value.hint


def test_an_adapter_of_another_base_is_told_when_the_shop_opens(
    folder, tiny_model, foreign_adapter
):
    shutil.copytree(foreign_adapter, folder / "models" / "foreign")
    models = {**MODELS["models"], "llm": str(tiny_model), "engine": "transformers"}
    with pytest.raises(ConfigError, match=r"'experiment\.adapter': .*does not fit the base"):
        Recommender.open(folder, overrides=settings(adapter="foreign", models=models))


def test_an_evaluation_of_the_shop_runs_no_experiment(folder):
    chosen = Workspace.open(folder, overrides=settings(adapter="nobody"))
    part = Workspace(chosen.path, chosen.settings, "test")
    assert Recommender(part, engine=ScriptedEngine()).experiment is None


def test_a_list_that_cannot_be_counted_is_answered_all_the_same(folder, caplog):
    with opened(folder, "locked") as shop:
        shop.exposures.close()
        first = shop.recommend(user="u001", k=3, explain=False)
        writer = sqlite3.connect(folder / "catalog.db", isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        with caplog.at_level(logging.WARNING, "llmrec.experiment"):
            second = shop.recommend(user="u001", k=3, explain=False)
        writer.execute("ROLLBACK")
        writer.close()
    assert first.ids == second.ids and second.trace.arm
    assert "not counted in the experiment: 1 lists (LockedError)" in caplog.text
    assert len(rows(folder, "locked")) == 1


def test_a_failed_answer_is_not_counted(folder):
    down = ScriptedEngine(fail_with=EngineUnavailable("the model is down."))
    asked = {"llm_weight": 0.5}
    with (
        opened(folder, "down", engine=down, ranking=asked) as shop,
        pytest.raises(EngineUnavailable),
    ):
        shop.recommend(user="u001")
    assert rows(folder, "down") == []
