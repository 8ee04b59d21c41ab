"""What came of an experiment: which events count, and what the statistics make of them."""

import os
import random
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest
from scipy.stats import binomtest
from test_catalog_store import url  # noqa: F401  SQLite, and PostgreSQL where one is named

from llmrec import Event, EventKind
from llmrec.catalog.store import CatalogStore
from llmrec.config import ExperimentSettings, RankingSettings
from llmrec.experiment import Experiment, Exposures, ShownList
from llmrec.experiment.exposures import OUTCOMES, Reached
from llmrec.experiment.outcomes import experiment_result, judged

START = datetime(2026, 11, 1, tzinfo=timezone.utc)
START_US = int(START.timestamp()) * 1_000_000
DAY_US = 86_400_000_000
WEEK = timedelta(days=7)
TICK = timedelta(microseconds=1)


def experiment(**settings):
    given = ExperimentSettings(name="spring", llm_weight=0.5, **settings)
    ours = RankingSettings()
    arms = {"A": ours, "B": ours.model_copy(update={"llm_weight": 0.5})}
    return Experiment("spring", given, arms)


@pytest.fixture
def parts(url):  # noqa: F811
    with CatalogStore.open(url) as store, Exposures.open(url) as exposures:
        yield store, exposures


def did(store, user, item, after, kind=EventKind.PURCHASE):
    store.write_events([Event(user, item, kind, None if after is None else START + after)])


def reached(exposures, days=7):
    return {one.user: one.outcomes for one in exposures.reached("spring", days)}


@pytest.mark.parametrize(
    ("item", "after", "kind", "counts"),
    [
        ("tent", timedelta(0), EventKind.PURCHASE, True),
        ("mug", WEEK, EventKind.CART, True),
        ("tent", WEEK + TICK, EventKind.CART, False),
        ("tent", -TICK, EventKind.LIKE, False),
        ("lamp", TICK, EventKind.LIKE, False),
        ("tent", TICK, EventKind.VIEW, False),
        ("tent", TICK, EventKind.DISLIKE, False),
        ("tent", None, EventKind.LIKE, False),
    ],
)
def test_what_counts_was_shown_before_and_not_too_long_ago(parts, item, after, kind, counts):
    store, exposures = parts
    exposures.record("spring", [ShownList("ann", "A", ("tent", "mug"))], START_US)
    exposures.record("autumn", [ShownList("ann", "A", ("lamp",))], START_US)
    did(store, "ann", item, after, kind)
    did(store, "bob", "tent", TICK)
    assert reached(exposures) == {"ann": frozenset({kind} if counts else ())}


def test_each_list_opens_a_window_of_its_own(parts):
    store, exposures = parts
    exposures.record("spring", [ShownList("ann", "A", ("tent",))], START_US)
    exposures.record("spring", [ShownList("ann", "A", ("tent", "mug"))], START_US + 10 * DAY_US)
    did(store, "ann", "mug", timedelta(days=1))  # before it was shown
    assert reached(exposures) == {"ann": frozenset()}
    did(store, "ann", "tent", timedelta(days=12))
    assert reached(exposures) == {"ann": {EventKind.PURCHASE}}
    assert reached(exposures, days=1) == {"ann": frozenset()}


def test_a_shopper_of_both_arms_is_left_out_and_counted(parts):
    store, exposures = parts
    lists = [
        ShownList("ann", "A", ("tent",)),
        ShownList("bob", "B", ("tent",)),
        ShownList("bob", "B", ("mug",)),
    ]
    exposures.record(
        "spring", [*lists, ShownList("eve", "A", ("tent",)), ShownList("eve", "B", ("mug",))]
    )
    for user in ("ann", "eve"):
        store.write_events([Event(user, "tent", EventKind.LIKE, datetime.now(timezone.utc))])
    result = experiment_result(experiment(), exposures)
    a, b = result.arms
    assert (a.shoppers, a.lists, b.shoppers, b.lists, result.both) == (1, 1, 1, 2, 1)
    assert (a.outcomes["like"].count, b.outcomes["like"].count) == (1, 0)
    assert (a.what, b.what) == (
        "the promoted adapter, if any, with the weight it has earned",
        "the promoted adapter, if any, llm_weight 0.5",
    )


def test_forgetting_takes_every_list_of_one_shopper(parts):
    _, exposures = parts
    exposures.record("spring", [ShownList("ann", "A", ("tent",)), ShownList("bob", "A", ("tent",))])
    exposures.record("autumn", [ShownList("ann", "B", ("tent",))])
    assert exposures.forget("ann") == 2 and exposures.forget("ann") == 0
    assert list(reached(exposures)) == ["bob"]
    assert list(exposures.reached("autumn", 7)) == []


def test_more_shoppers_than_are_read_at_once(parts):
    store, exposures = parts
    users = [f"s{number:04d}" for number in range(1_203)]
    exposures.record("spring", [ShownList(user, "A", ("tent",)) for user in users], START_US)
    buyers = users[::7]
    store.write_events(Event(user, "tent", EventKind.PURCHASE, START + TICK) for user in buyers)
    found = reached(exposures)
    assert list(found) == users
    assert [user for user, outcomes in found.items() if outcomes] == buyers


ODD = ("tent", "TENT", "ten", '"', '", "', "\\", "%", "zelt-ü", "帐篷", "7", "null")


def test_the_database_counts_what_going_through_everything_finds(parts):
    store, exposures = parts
    draw = random.Random(5)
    users = [f"shopper ü{number}" for number in range(40)]
    lists = [
        (draw.choice(users), draw.randrange(20), draw.sample(ODD, draw.randrange(1, 4)))
        for _ in range(120)
    ]
    acts = [
        (draw.choice(users), draw.choice(ODD), draw.choice(list(EventKind)), draw.randrange(20))
        for _ in range(300)
    ]
    for user, day, items in lists:
        exposures.record("spring", [ShownList(user, "A", tuple(items))], START_US + day * DAY_US)
    store.write_events(
        Event(user, item, kind, START + timedelta(days=day)) for user, item, kind, day in acts
    )
    expected = {user: set() for user, _, _ in lists}
    for user, day, items in lists:
        for who, item, kind, when in acts:
            if who == user and item in items and kind in OUTCOMES and 0 <= when - day <= 3:
                expected[user].add(kind)
    assert reached(exposures, days=3) == expected and any(expected.values())
    assert sum(one.lists for one in exposures.reached("spring", 3)) == len(lists)


def simulated(rates, shoppers, seed):
    """Exposed shoppers, half of them in each arm, who do each thing at their arm's rate."""
    draw = random.Random(seed)
    for number in range(shoppers):
        arm = "AB"[number % 2]
        outcomes = {kind for kind in OUTCOMES if draw.random() < rates[arm][kind.value]}
        yield Reached(f"s{number}", frozenset(arm), 1, frozenset(outcomes))


SAME = {"like": 0.15, "cart": 0.1, "purchase": 0.05}


def test_a_against_a_shows_no_difference_19_times_in_20():
    rates = {"A": SAME, "B": SAME}
    results = [judged(experiment(), simulated(rates, 300, seed), 7) for seed in range(200)]
    false = sum("No difference shown" not in one.sentence for one in results)
    assert binomtest(false, 200, 0.05, alternative="greater").pvalue > 0.01
    assert min(test.adjusted_p for result in results for test in result.tests) < 0.2


def test_a_large_difference_is_found_for_what_differs_only():
    rates = {"A": SAME, "B": {**SAME, "purchase": 0.2}}
    results = [judged(experiment(), simulated(rates, 600, seed), 7) for seed in range(40)]
    found = [result for result in results if result.sentence.startswith("B brings more purchases")]
    assert len(found) >= 36
    assert sum("likes" in result.sentence or "carts" in result.sentence for result in results) <= 6


def test_the_better_arm_is_named_also_if_it_is_a():
    rates = {"A": {**SAME, "like": 0.5}, "B": SAME}
    result = judged(experiment(), simulated(rates, 600, seed=1), 7)
    assert result.sentence.startswith("A brings more likes: ")
    a, b = (arm.outcomes["like"] for arm in result.arms)
    assert f"{a.share:.1%} of its shoppers, {b.share:.1%} of B's" in result.sentence
    assert b.low < 0.15 < b.high and a.low < 0.5 < a.high
    like, *others = result.tests
    assert like.p < like.adjusted_p < 0.001 and all(one.adjusted_p > 0.05 for one in others)


def test_an_arm_that_loses_shoppers_is_told():
    rates = {"A": SAME, "B": SAME}
    shoppers = [one for one in simulated(rates, 600, seed=3) if "A" in one.arms or one.user < "s3"]
    result = judged(experiment(), shoppers, 7)
    assert result.split_p < 0.001 and "do not fit the share" in result.sentence
    assert "do not fit" not in judged(experiment(), simulated(rates, 600, seed=3), 7).sentence


def test_nobody_yet_is_no_result(parts):
    result = experiment_result(experiment(), parts[1])
    assert result.sentence == "Nothing to compare yet: nobody was shown a list in arm A or B."
    assert {test.p for test in result.tests} == {1.0}
    assert result.arms[0].outcomes["like"].share is None


def test_a_batch_of_lists_is_kept_whole_or_not_at_all(tmp_path):
    database = f"sqlite:///{tmp_path / 'catalog.db'}"
    code = (
        "from llmrec.experiment import Exposures, ShownList\n"
        f"exposures = Exposures.open({database!r})\n"
        "batch = [ShownList(f'u{n}', 'A', ('tent',)) for n in range(50)]\n"
        "while True:\n"
        "    exposures.record('spring', batch)\n"
        "    print(1, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        acknowledged = [process.stdout.readline() for _ in range(20)]
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += process.stdout.readlines()
    with Exposures.open(database) as exposures:
        lists = [one.lists for one in exposures.reached("spring", 7)]
    assert len(lists) == 50 and len(set(lists)) == 1
    assert lists[0] >= len(acknowledged) >= 20
