"""Training the behaviour encoder: it learns, stops, resumes, and says what is wrong."""

from __future__ import annotations

import io
import random
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import numpy as np
import pytest
import torch
from rich.console import Console

from llmrec.cli.train_behaviour import TrainingView
from llmrec.errors import ConfigError, DataError, LockedError, ModelError
from llmrec.finetune.behaviour import (
    BehaviourRecommender,
    BehaviourSettings,
    Catalogue,
    EncoderStepReport,
    EpochReport,
    estimate,
    train_behaviour,
)
from llmrec.finetune.behaviour.prepare import Training
from llmrec.finetune.behaviour.sequences import (
    HeldOutCase,
    hold_out,
    in_order,
    make_sequences,
)
from llmrec.finetune.behaviour.settings import learning_rate_at
from llmrec.finetune.behaviour.steps import multiplies_bf16
from llmrec.finetune.behaviour.validation import EncoderValidation
from llmrec.finetune.behaviour.windows import cut_windows, epoch_batches, make_batch
from llmrec.finetune.checkpoints import TrainingFolder
from llmrec.types import Event, EventKind

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
ITEMS = [f"i{number:02d}" for number in range(30)]
QUICK = BehaviourSettings(
    dim=16,
    layers=1,
    history=8,
    dropout=0.1,
    batch=64,
    learning_rate=5e-3,
    warmup=5,
    epochs=6,
    precision="fp32",
)


def walks(users: int = 60, length: int = 9, step: int = 7) -> list[Event]:
    """Everybody goes round the items in the same steps, from a place of their own."""
    draw = random.Random(1)
    starts = [draw.randrange(30) for _ in range(users)]
    return [
        Event(f"u{user:03d}", ITEMS[(start + step * place) % 30], at=START + timedelta(days=place))
        for user, start in enumerate(starts)
        for place in range(length)
    ]


def catalogue(text: bool = True) -> Catalogue:
    texts = np.random.default_rng(3).normal(size=(31, 12)).astype(np.float32)
    return Catalogue([*ITEMS, "new"], texts if text else None, "test-encoder" if text else "")


@pytest.mark.parametrize("shape", [{}, {"positions": "relative", "layer": "ligr"}])
def test_a_planted_order_is_learned(shape):
    settings = QUICK.model_copy(update={"epochs": 25, "patience": 25, **shape})
    result = train_behaviour(walks(), catalogue(), settings)
    assert result.scores.recall.mean() > 0.97
    assert result.scores.ndcg.mean() > 0.9
    assert not result.warnings
    answers = BehaviourRecommender(result.encoder).recommend_many([["i00", "i07", "i14"]], k=3)
    assert answers[0][0] == "i21"


def test_the_sampled_loss_learns_it_too():
    settings = QUICK.model_copy(update={"epochs": 25, "loss": "sampled", "negatives": 8})
    result = train_behaviour(walks(), catalogue(), settings.model_copy(update={"patience": 25}))
    assert result.scores.recall.mean() > 0.9


def test_bfloat16_learns_as_float32_does():
    rough = QUICK.model_copy(update={"precision": "bf16", "epochs": 4})
    exact = rough.model_copy(update={"precision": "fp32"})
    losses = [
        [report.loss for report in train_behaviour(walks(), catalogue(), chosen).reports]
        for chosen in (rough, exact)
    ]
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.02)


def test_items_without_events_are_known_by_their_text():
    encoder = train_behaviour(walks(), catalogue(), QUICK.model_copy(update={"epochs": 1})).encoder
    assert encoder.item_ids[-1] == "new" and encoder.known == 30
    assert encoder.item_vectors()[-1].any()
    without = train_behaviour(
        walks(), catalogue(text=False), QUICK.model_copy(update={"epochs": 1})
    )
    assert "new" not in without.encoder.item_ids


def test_the_same_seed_gives_the_same_curve_and_another_another():
    def curve(seed: int) -> list[float]:
        chosen = QUICK.model_copy(update={"epochs": 2, "seed": seed})
        return [report.loss for report in train_behaviour(walks(), catalogue(), chosen).reports]

    assert curve(1) == curve(1) != curve(2)


class Killed(Exception):
    """Stands for a kill at this very moment."""


@pytest.mark.parametrize("averaging", [0.0, 0.9])
@pytest.mark.parametrize("at", [(1, 3), (2, 1), (3, 4), (4, 0)])
def test_a_killed_run_goes_on_as_if_nothing_had_been(tmp_path, at, averaging):
    settings = QUICK.model_copy(
        update={"epochs": 4, "save_every": 2, "refit": True, "averaging": averaging}
    )
    whole = train_behaviour(walks(), catalogue(), settings)
    seen = []

    def kill(report: EpochReport | EncoderStepReport) -> None:
        place = report.step if isinstance(report, EncoderStepReport) else 0
        seen.append((report.epoch, place))
        if (report.epoch, place) == at:
            raise Killed

    with pytest.raises(Killed):
        train_behaviour(walks(), catalogue(), settings, folder=tmp_path, progress=kill)
    resumed = train_behaviour(walks(), catalogue(), settings, folder=tmp_path)
    assert figures(resumed.reports) == figures(whole.reports)
    np.testing.assert_array_equal(resumed.encoder.item_vectors(), whole.encoder.item_vectors())
    assert not list(tmp_path.rglob("at-*"))


def figures(reports: tuple[EpochReport, ...]) -> list[tuple[object, ...]]:
    return [
        (report.epoch, report.loss, report.recall, report.ndcg, report.best) for report in reports
    ]


def test_a_kill_while_refitting_does_not_train_the_first_model_again(tmp_path):
    settings = QUICK.model_copy(update={"epochs": 2, "refit": True})
    epochs = []

    def kill(report: EpochReport | EncoderStepReport) -> None:
        if isinstance(report, EpochReport):
            epochs.append(report.ndcg is not None)
            if report.ndcg is None:
                raise Killed

    with pytest.raises(Killed):
        train_behaviour(walks(), catalogue(), settings, folder=tmp_path, progress=kill)
    again: list[bool] = []
    train_behaviour(
        walks(),
        catalogue(),
        settings,
        folder=tmp_path,
        progress=lambda one: again.append(isinstance(one, EpochReport) and one.ndcg is not None),
    )
    assert epochs == [True, True, False] and True not in again


def test_what_is_kept_is_the_average_of_what_was_passed_through():
    settings = QUICK.model_copy(update={"epochs": 3, "averaging": 0.9, "text": False})
    run = Training(in_order(walks()), catalogue(), settings)
    stepper, by_hand = run.stepper(), None
    for epoch in range(2):
        for place, windows in enumerate(stepper.batches(epoch)):
            stepper.step(windows, epoch, place, done=place)
            now = stepper.network.ids.weight.detach().clone()
            by_hand = now if by_hand is None else 0.9 * by_hand + 0.1 * now
    last = stepper.network.ids.weight.detach().clone()
    with stepper.averaged():
        torch.testing.assert_close(stepper.network.ids.weight.detach(), by_hand)
    torch.testing.assert_close(stepper.network.ids.weight.detach(), last)
    assert not torch.equal(last, by_hand)


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    def stop(report: EpochReport | EncoderStepReport) -> None:
        if isinstance(report, EpochReport):
            raise Killed

    with pytest.raises(Killed):
        train_behaviour(walks(), catalogue(), QUICK, folder=tmp_path, progress=stop)
    with pytest.raises(ConfigError, match="other settings"):
        train_behaviour(
            walks(), catalogue(), QUICK.model_copy(update={"dropout": 0.3}), folder=tmp_path
        )
    with pytest.raises(ConfigError, match="other data"):
        train_behaviour(walks(users=50), catalogue(), QUICK, folder=tmp_path)


def test_two_processes_do_not_share_a_folder(tmp_path):
    one, other = (TrainingFolder(tmp_path, {}) for _ in range(2))
    with one.exclusive(), pytest.raises(LockedError), other.exclusive():
        pass


def test_it_stops_when_validation_no_longer_rises():
    settings = QUICK.model_copy(update={"epochs": 60, "patience": 2, "learning_rate": 2e-2})
    result = train_behaviour(walks(), catalogue(), settings)
    assert len(result.reports) == result.best + 2 < 60
    reached = result.reports[result.best - 1].ndcg
    assert result.scores.main == reached == max(report.ndcg for report in result.reports)


def test_a_refit_has_learned_the_validation_too():
    settings = QUICK.model_copy(update={"epochs": 3})
    plain = train_behaviour(walks(), catalogue(), settings)
    again = train_behaviour(walks(), catalogue(), settings.model_copy(update={"refit": True}))
    assert again.refitted and not plain.refitted
    assert again.events == len(walks()) and plain.events == len(walks()) - 60
    assert figures(again.reports) == figures(plain.reports)
    assert not np.allclose(again.encoder.item_vectors(), plain.encoder.item_vectors())


def test_a_loss_that_is_no_number_is_an_error():
    settings = QUICK.model_copy(update={"learning_rate": 1e30, "warmup": 0})
    with pytest.raises(ModelError, match="not a number any more in epoch") as error:
        train_behaviour(walks(), catalogue(), settings)
    assert "learning_rate" in error.value.hint


@pytest.mark.parametrize("events", [[], walks(length=1)])
def test_a_log_without_order_is_an_error(events):
    with pytest.raises(DataError, match="nobody to validate with"):
        train_behaviour(events, catalogue(), QUICK)


def test_a_log_of_two_items_each_cannot_be_validated():
    with pytest.raises(DataError, match="no user has three different items"):
        train_behaviour(walks(length=2), catalogue(), QUICK)


def test_noise_is_called_what_it_is():
    draw = random.Random(4)
    weights = [1 / (1 + place) for place in range(30)]
    events = [
        Event(f"u{user}", item, position=place)
        for user in range(40)
        for place, item in enumerate(dict.fromkeys(draw.choices(ITEMS, weights, k=9)))
    ]
    settings = QUICK.model_copy(update={"learning_rate": 1e-9, "epochs": 5})
    (warning,) = train_behaviour(events, catalogue(), settings).warnings
    assert warning.startswith("This is not learning")


def test_held_out_is_the_last_new_item_and_nothing_behind_it():
    items = ["a", "b", "a", "c", "b", "c"]
    events = [Event("u", item, position=place) for place, item in enumerate(items)]
    train, (case,) = hold_out(events)
    assert [one.item for one in train] == ["a", "b", "a"]
    assert [target.item for target in case.targets] == ["c"]


def test_dislikes_teach_nothing_and_the_order_is_that_of_time():
    events = [
        Event("u", "b", at=START + timedelta(days=1)),
        Event("u", "x", EventKind.DISLIKE, at=START),
        Event("u", "a", at=START),
    ]
    assert [one.item for one in in_order(events)] == ["a", "b"]


def test_every_next_event_is_a_target_once_and_repetitions_never():
    events = in_order(
        [Event("u", ITEMS[place % 20], position=place) for place in range(23)]
        + [Event("v", ITEMS[place], position=place) for place in range(3)]
    )
    sequences = make_sequences(events, {id: row for row, id in enumerate(ITEMS)}, {})
    for epoch in range(5):
        batches = epoch_batches(sequences, 4, 10, epoch, seed=1)
        made = [make_batch(sequences, batch) for batch in batches]
        targets = np.concatenate([one.targets.numpy() for one in made])
        assert sorted(targets.tolist()) == sorted([*range(1, 20), 1, 2])
        assert max(int(one.lengths.max()) for one in made) <= 4
    shapes = {
        tuple(map(tuple, cut_windows(sequences, 4, np.random.default_rng(seed)).tolist()))
        for seed in range(9)
    }
    assert len(shapes) > 1


def test_windows_hold_what_they_say():
    events = in_order([Event("u", ITEMS[place], position=place) for place in range(9)])
    sequences = make_sequences(events, {id: row for row, id in enumerate(ITEMS)}, {})
    windows = cut_windows(sequences, 3, np.random.default_rng(0))
    assert all(one[1] == other[0] for one, other in pairwise(sorted(windows.tolist())))
    batch = make_batch(sequences, windows)
    np.testing.assert_array_equal(batch.targets, batch.items[batch.asked] + 1)


def test_kinds_and_times_are_read_where_the_log_has_them():
    kinds = (EventKind.VIEW, EventKind.PURCHASE)
    events = [
        Event(one.user, one.item, kinds[place % 2], one.at) for place, one in enumerate(walks())
    ]
    settings = QUICK.model_copy(update={"epochs": 1, "gaps": True})
    config = train_behaviour(events, catalogue(), settings).encoder.config
    assert config.kinds == ("purchase", "view") and config.gaps
    timeless = [Event(one.user, one.item, position=place) for place, one in enumerate(walks())]
    config = train_behaviour(timeless, catalogue(), settings).encoder.config
    assert config.kinds == () and not config.gaps


def test_validation_ranks_as_the_definition_says():
    class Fixed:
        def __init__(self):
            self.row = {"a": 0, "b": 1, "c": 2, "d": 3}

        def encode(self, histories):
            return np.ones((len(histories), 1), np.float32)

        def item_vectors(self):
            return np.array([[4.0], [3.0], [3.0], [1.0]], np.float32)

    def case(history, targets):
        return type(
            "Case",
            (),
            {
                "history": tuple(Event("u", one) for one in history),
                "targets": tuple(Event("u", target) for target in targets),
            },
        )

    cases = [case("a", "b"), case("a", "d"), case("b", "a"), case("a", ["nobody"]), case("", "a")]
    scores = EncoderValidation(cases, 10, 0).scores(Fixed())
    # b ties with c, which counts against it.
    np.testing.assert_allclose(scores.ndcg, [1 / np.log2(3), 1 / np.log2(4), 1, 0])
    np.testing.assert_array_equal(scores.recall, [1, 1, 1, 0])
    both = EncoderValidation([case("a", "bd")], 10, 0).scores(Fixed())
    ideal = 1 + 1 / np.log2(3)
    assert both.main == pytest.approx((1 / np.log2(3) + 1 / np.log2(4)) / ideal)
    # Recall is of all that was asked for, as docs/metrics.md has it, also of more than ten.
    many = EncoderValidation([case("a", ["b", "d", *map(str, range(18))])], 10, 0).scores(Fixed())
    assert many.recall.tolist() == [0.1]


@pytest.mark.parametrize("broken", [[0, 1, 2], [1], [0]])
def test_scores_that_are_no_numbers_are_no_hits(broken):
    class Broken:
        def __init__(self):
            self.row = {"a": 0, "b": 1, "c": 2}

        def encode(self, histories):
            return np.ones((len(histories), 1), np.float32)

        def item_vectors(self):
            table = np.array([[1.0], [3.0], [2.0]], np.float32)
            table[broken] = np.nan
            return table

    asked = [HeldOutCase((Event("u", "c"),), (Event("u", "b"),))]
    scores = EncoderValidation(asked, 10, 0).scores(Broken())
    assert np.isfinite(scores.ndcg).all()
    assert scores.main <= 1 / np.log2(3)


def test_another_validation_of_the_same_size_is_another_run(tmp_path):
    """Its epochs would be stopped by figures of two sets of cases."""
    events = walks()
    train, cases = hold_out(in_order(events))
    settings = QUICK.model_copy(update={"epochs": 2})

    def fit(asked):
        run = Training(train, catalogue(), settings)
        run.validated(EncoderValidation(asked, 100, 0), tmp_path / "fit", None)

    fit(cases[:10])
    fit(cases[:10])
    for other in (cases[10:20], [*cases[:9], HeldOutCase(cases[9].history, cases[8].targets)]):
        with pytest.raises(ConfigError, match="validation"):
            fit(other)


def test_what_is_told_is_shown_as_it_comes():
    def shown(terminal: bool) -> str:
        console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
        with TrainingView(console) as view:
            view.tell(EncoderStepReport(1, 3, 9, 7.5, 0.1))
            view.tell(EpochReport(1, 7.25, 0.1, 0.05, True, 1.5))
            view.tell(EpochReport(1, 7.125, None, None, True, 1.5))
        return console.file.getvalue()

    assert "Epoch 1" in shown(True) and "0.0500" in shown(True)
    first, second = shown(False).splitlines()
    assert first.split() == ["1", "7.2500", "0.1000", "0.0500", "1.5", "best"]
    assert "refit" in second


def test_a_recommender_can_be_fitted_in_one_call():
    settings = QUICK.model_copy(update={"epochs": 1})
    model = BehaviourRecommender.fit(walks(), catalogue(), settings)
    assert len(model.recommend_many([["i00"]], k=4)[0]) == 4


def test_the_cost_is_known_before():
    size = estimate(walks(), catalogue(), QUICK)
    assert (size.events, size.users, size.items, size.new_items) == (480, 60, 30, 1)
    assert size.steps == len(range(0, 480 - 60, 64)) and size.seconds_per_epoch > 0
    assert size.parameters > 16 * 30 and size.bytes > 4 * size.parameters
    assert (size.loss, size.precision) == ("full softmax", "fp32")
    sampled = estimate(walks(), catalogue(), QUICK.model_copy(update={"loss": "sampled"}))
    assert sampled.loss == "1024 sampled items"


def test_recommendations_leave_the_history_out_and_end_where_items_do():
    encoder = train_behaviour(walks(), catalogue(), QUICK.model_copy(update={"epochs": 1})).encoder
    model = BehaviourRecommender(encoder)
    all_but, nothing, unknown = model.recommend_many([["i01"], [], ["nobody"]], k=50)
    assert sorted([*all_but, "i01"]) == sorted(encoder.item_ids)
    assert nothing == unknown == []
    by_events = model.recommend_many([[Event("u", "i01")]], k=50)
    assert by_events == [all_but]


def test_the_rate_rises_then_falls_by_epoch():
    settings = BehaviourSettings(learning_rate=1.0, warmup=0, decay=0.5)
    assert [learning_rate_at(9, epoch, settings) for epoch in (0, 2)] == [1.0, 0.25]


def test_precision_follows_the_setting():
    assert multiplies_bf16(BehaviourSettings(precision="bf16"))
    assert not multiplies_bf16(BehaviourSettings(precision="fp32"))


@pytest.mark.parametrize("bad", [{"size": 1}, {"dim": 10, "heads": 3}, {"dropout": 1.0}])
def test_impossible_settings_are_refused(bad):
    with pytest.raises(ValueError):
        BehaviourSettings(**bad)
