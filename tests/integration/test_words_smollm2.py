"""The default model ranks in one pass, and no word of it is shown that does not hold."""

from decimal import Decimal

import pytest
from tool_shop import make_store

from llmrec import Recommender, Workspace
from llmrec.config import ExplainSettings, RankingSettings
from llmrec.engines import load_engine
from llmrec.explain import WordsRequest, Writer, check, facts_of, grounding, shape_problems
from llmrec.ranking import Ranker, RankRequest
from llmrec.types import Candidate, HistoryEntry, Item

pytestmark = pytest.mark.integration


def item(number, title, description, **attributes):
    return Item(
        f"I{number}",
        title,
        brand="Hobbaway",
        category=("Home", "Things"),
        description=description,
        price=Decimal("19.90"),
        currency="EUR",
        language="en",
        attributes=attributes,
    )


ITEMS = (
    item(
        1,
        "Chef's knife 20 cm",
        "A plain workhorse with a full tang and a rounded spine.",
        material="steel",
    ),
    item(2, "Wood glue 250 g", "Sets in ten minutes. Not for outdoors.", weight="250 g"),
    item(
        3, "Wide bottle 700 ml", "Single wall, light, and sweats with cold drinks.", colour="sage"
    ),
)
ANCHOR = item(9, "Sandpaper assortment, 30 sheets", "Five grits.")


@pytest.fixture(scope="module")
def engine(smollm2):
    return load_engine("transformers", "smollm2-135m-instruct")


def test_ranking_twenty_is_one_forward_pass(engine):
    things = [
        item(100 + n, f"Thing {n} for the {room}", "")
        for n, room in enumerate(["kitchen", "bath"] * 10)
    ]
    candidates = tuple((Candidate(one.id, 1 / (n + 1), {}), one) for n, one in enumerate(things))
    history = ((HistoryEntry(item="I9"), ANCHOR),)
    before = engine.forward_passes
    ranker = Ranker(lambda: engine, RankingSettings(llm_weight=0.5))
    (ranking,) = ranker.rank_many([RankRequest(history, None, candidates)])
    assert engine.forward_passes - before == ranking.forward_passes == 1
    assert sorted(one.item.id for one in ranking.order) == sorted(one.id for one in things)
    assert len({one.log_odds for one in ranking.order}) > 1


def test_every_text_holds_or_is_from_fields(engine):
    history = ((HistoryEntry(item="I9"), ANCHOR),)
    requests = [
        WordsRequest(one, history, None, describe=number == 0, seed=number, related=(0,))
        for number, one in enumerate(ITEMS)
    ]
    settings = ExplainSettings(max_tokens=24, description_max_tokens=32)
    done = Writer(engine, settings).write_many(requests)
    for request, pair in zip(requests, done, strict=True):
        facts = facts_of(request.item, history)
        assert (pair[1] is not None) == request.describe
        for words in filter(None, pair):
            assert words.text and check(words.text, facts) == ()
            assert set(words.evidence) <= {"item:I9", *facts.fields} and words.evidence
            assert words.origin in ("model", "fields") and 1 <= words.attempts <= 2
            if words.origin == "model":
                said = words.text.split(": ", 1)[-1]
                assert shape_problems(said) == () and grounding(said, facts) == ()
            else:
                assert words.problems
    assert any(reason.origin == "model" for reason, _ in done)


def test_the_cards_come_before_the_model_writes_and_each_gets_its_words(engine, tmp_path):
    shop_of_three = make_store(tmp_path / "shop", [*ITEMS, ANCHOR])
    settings = {"models": {"encoder": "hashing"}, "explain": {"words": "model", "max_tokens": 24}}
    workspace = Workspace.open(shop_of_three.path, overrides=settings)
    with Recommender.open(workspace, engine=engine) as shop:
        before = engine.decode_steps
        stream = shop.recommend_stream([ANCHOR.id], k=3)
        ranked = next(stream)
        assert engine.decode_steps == before and ranked.pending == (1, 2, 3)
        assert not any(recommendation.reason for recommendation in ranked.answer)
        *words, complete = stream
    assert engine.decode_steps > before
    assert [word.recommendation.id for word in words] == list(ranked.answer.ids)
    assert tuple(word.recommendation for word in words) == complete.answer.items
    known = {one.id: one for one in ITEMS}
    for word in words:
        item = known[word.recommendation.id]
        facts = facts_of(item, ((HistoryEntry(item=ANCHOR.id), ANCHOR),))
        assert check(word.recommendation.reason.text, facts) == ()


def test_an_adapter_of_a_few_steps_writes_as_its_examples_do(engine, smollm2, tmp_path):
    pytest.importorskip("peft", reason="pip install 'llmrec[train]'")
    from llmrec.artifacts import CardData
    from llmrec.finetune import LoraSettings
    from llmrec.finetune.words.examples import build_words, small_words
    from llmrec.finetune.words.train import WordsTask, train_words

    knife = item(
        1,
        "Chef's knife 20 cm",
        "Stays sharp through a crate of onions.",
        material="forged steel",
    )
    request = WordsRequest(knife, ((HistoryEntry(item="I9"), ANCHOR),), None, True, 1, (0,))
    data = build_words(
        [request], engine, ExplainSettings(), brands=(), lower=small_words([knife]), seed=1
    )
    task = WordsTask(data, data, CardData(sha256="", events=1, users=1, items=1))
    settings = LoraSettings(
        epochs=5, batch=3, accumulation=1, learning_rate=2e-3, evaluate_every=99, dropout=0.0
    )
    report = train_words(task, "smollm2-135m-instruct", tmp_path / "words", settings)
    assert report.steps[-1].loss < report.steps[0].loss / 3
    engine.load_adapter("words", tmp_path / "words")
    reason, description = Writer(engine, ExplainSettings(adapter="words", attempts=1)).write_many(
        [request]
    )[0]
    engine.unload_adapter("words")
    assert (reason.origin, description.origin) == ("model", "model")
    assert "onions" in reason.text + description.text or "steel" in reason.text
