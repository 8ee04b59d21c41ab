"""First the cards, then the words: the main path piece by piece, over real SQLite and Chroma."""

from dataclasses import replace
from decimal import Decimal

import pytest
from tool_shop import make_store

from llmrec import AnswerComplete, AnswerRanked, Item, Recommender, WordsWritten, Workspace
from llmrec.answer_events import AnswerEvent
from llmrec.engines import ScriptedEngine
from llmrec.errors import ContextOverflow, EngineError, EngineUnavailable, HistoryError
from llmrec.leaving import Abandoned, Leaving, working_for

ANYTHING = " something to look at"  # holds of no product, so that it is tried twice
MODEL = {"explain": {"words": "model"}}


THINGS = ("tent", "stove", "lamp", "mug", "rope")
HISTORY = ["p00", "p07"]


def product(number: int) -> Item:
    thing = THINGS[number % len(THINGS)]
    return Item(
        f"p{number:02}",
        f"Norra {thing} no. {number}",
        description=f"A {thing} for the outdoors.",
        price=Decimal(number + 9),
        currency="EUR",
        language="en",
    )


TEAPOT = Item("de1", "Teekanne aus Glas", description="Fasst einen Liter.", language="de")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streamed") / "shop"
    return make_store(folder, [product(number) for number in range(30)])


def opened(workspace: Workspace, engine: ScriptedEngine, **settings) -> Recommender:
    made = {"models": {"encoder": "hashing", "engine": "scripted"}, **settings}
    return Recommender.open(workspace.path, overrides=made, engine=engine)


def split(
    events: list[AnswerEvent],
) -> tuple[AnswerRanked, list[WordsWritten], AnswerComplete]:
    """The three kinds of events; fails where they come in another order."""
    first, *words, last = events
    assert isinstance(first, AnswerRanked) and isinstance(last, AnswerComplete)
    assert all(isinstance(event, WordsWritten) for event in words)
    return first, words, last


def without_times(answer):
    return replace(answer, trace=replace(answer.trace, milliseconds={}))


def test_the_model_writes_after_the_cards_and_each_words_have_their_product(workspace):
    engine = ScriptedEngine(generate=[ANYTHING])
    with opened(workspace, engine, **MODEL) as shop:
        stream = shop.recommend_stream(HISTORY, k=6, describe=1)
        ranked = next(stream)
        assert engine.decode_steps == 0  # nothing has been written
        assert ranked.pending == (1, 2, 3, 4, 5, 6)
        assert all(one.reason is None and one.description is None for one in ranked.answer)
        assert {"validate", "retrieve", "rank"} <= set(ranked.answer.trace.milliseconds)
        words, last = split([ranked, *stream])[1:]
        assert [word.recommendation.id for word in words] == list(ranked.answer.ids)
        assert [word.recommendation.rank for word in words] == [1, 2, 3, 4, 5, 6]
        assert all(word.recommendation.reason.text for word in words)
        assert [word.recommendation.description is not None for word in words] == [True] + 5 * [
            False
        ]
        assert tuple(word.recommendation for word in words) == last.answer.items
        assert last.answer.trace.generated and "write" in last.answer.trace.milliseconds


def test_the_first_words_come_before_the_others_are_written(workspace):
    engine = ScriptedEngine(generate=[ANYTHING])
    with opened(workspace, engine, **MODEL) as shop:
        stream = shop.recommend_stream(HISTORY, k=7)
        next(stream)
        written = []
        for _ in range(7):
            next(stream)
            written.append(len(engine.prompts))
        before = written[0] - 2  # what ranked, and two attempts at the first
        assert [count - before for count in written] == [2, 10, 10, 10, 10, 14, 14]


def test_words_that_cost_no_model_are_on_the_cards(workspace):
    engine = ScriptedEngine()
    with opened(workspace, engine) as shop:
        ranked, words, last = split(list(shop.recommend_stream(HISTORY, k=4, describe=1)))
        assert ranked.pending == () and engine.decode_steps == 0
        assert ranked.answer.items == last.answer.items == tuple(w.recommendation for w in words)
        whole = shop.recommend(HISTORY, k=4, describe=1)
        assert without_times(whole) == without_times(last.answer)


def test_no_words_are_written_where_none_are_wanted(workspace):
    engine = ScriptedEngine()
    with opened(workspace, engine, **MODEL) as shop:
        events = list(shop.recommend_stream(HISTORY, k=4, explain=False))
        assert [type(event) for event in events] == [AnswerRanked, AnswerComplete]
        assert engine.decode_steps == 0


def test_what_the_model_does_not_write_is_on_the_card_beside_what_it_does(tmp_path):
    workspace = make_store(tmp_path / "shop", [*map(product, range(5)), TEAPOT])
    engine = ScriptedEngine(generate=[ANYTHING])
    with opened(workspace, engine, **MODEL) as shop:
        ranked, words, _ = split(list(shop.recommend_stream([], k=6)))
        by_id = {one.id: one for one in ranked.answer}
        assert by_id["de1"].rank not in ranked.pending and by_id["de1"].reason.origin == "fields"
        assert len(ranked.pending) == 5 and len(words) == 6


def test_with_a_failing_model_every_card_has_words_from_its_fields(workspace):
    engine = ScriptedEngine()
    with opened(workspace, engine, **MODEL) as shop:
        stream = shop.recommend_stream(HISTORY, k=5)
        ranked = next(stream)
        engine.fail_with = EngineUnavailable("It is away.")
        _, words, last = split([ranked, *stream])
        assert len(words) == 5
        assert all(word.recommendation.reason.origin == "fields" for word in words)
        assert all(isinstance(word.error, EngineUnavailable) for word in words)
        assert last.answer.trace.degraded == "the language model failed: It is away."


class Failing(ScriptedEngine):
    """Raises for the n-th call that writes, counted from 1."""

    def __init__(self, calls: int, error: EngineError) -> None:
        super().__init__(generate=[ANYTHING])
        self.calls, self.left, self.error = 0, calls, error

    def generate(self, prompts, **options):
        self.calls += 1
        if self.calls == self.left:
            raise self.error
        return super().generate(prompts, **options)


def test_after_a_failure_the_model_is_not_asked_again(workspace):
    engine = Failing(3, EngineError("It broke."))  # the first product takes two attempts
    with opened(workspace, engine, **MODEL) as shop:
        _, words, _ = split(list(shop.recommend_stream(HISTORY, k=8)))
    assert [word.error is None for word in words] == [True] + 7 * [False]
    assert engine.calls == 3


def test_a_prompt_that_is_too_long_concerns_its_own_product(workspace):
    class Narrow(ScriptedEngine):
        def generate(self, prompts, **options):
            if any(long in prompt for prompt in prompts):
                raise ContextOverflow("Too long.")
            return super().generate(prompts, **options)

    engine = Narrow(generate=[ANYTHING])
    with opened(workspace, engine, **MODEL) as shop:
        stream = shop.recommend_stream(HISTORY, k=5)
        ranked = next(stream)
        long = ranked.answer[2].item.title
        _, words, _ = split([ranked, *stream])
    failed = [word.recommendation.rank for word in words if word.error]
    assert 3 in failed and len(failed) < 5  # a title may stand in the prompt of another, too


def test_closing_the_stream_ends_the_writing(workspace):
    engine = ScriptedEngine(generate=[ANYTHING])
    with opened(workspace, engine, **MODEL) as shop:
        stream = shop.recommend_stream(HISTORY, k=10)
        next(stream)
        next(stream)
        before = len(engine.prompts)
        stream.close()
        assert len(engine.prompts) == before
        assert list(stream) == []


def test_who_leaves_ends_the_writing_at_the_next_step(workspace):
    caller, steps = Leaving(), []

    def step():
        steps.append(1)
        if len(steps) == 3:
            caller.leave()

    engine = ScriptedEngine(generate=[ANYTHING], on_step=step)
    with opened(workspace, engine, **MODEL) as shop, working_for(caller):
        stream = shop.recommend_stream(HISTORY, k=10)
        next(stream)
        with pytest.raises(Abandoned):
            next(stream)
    assert len(steps) == 3


def test_what_cannot_be_served_is_refused_at_the_call(workspace):
    with opened(workspace, ScriptedEngine()) as shop:
        with pytest.raises(HistoryError, match="k must be"):
            shop.recommend_stream(k=0)
        with pytest.raises(HistoryError):
            next(shop.recommend_stream([{"nothing": "known"}]))


def test_a_model_that_fails_to_rank_raises_or_falls_back_as_the_settings_say(workspace):
    engine = ScriptedEngine(fail_with=EngineUnavailable("It is away."))
    with opened(workspace, engine, **MODEL) as shop, pytest.raises(EngineUnavailable):
        next(shop.recommend_stream(HISTORY))
    fallback = {"ranking": {"on_engine_failure": "fallback"}}
    with opened(workspace, engine, **MODEL, **fallback) as shop:
        ranked, words, last = split(list(shop.recommend_stream(HISTORY, k=3)))
    assert ranked.pending == () and ranked.answer.trace.degraded == last.answer.trace.degraded
    assert all(word.recommendation.reason.origin == "fields" for word in words)
