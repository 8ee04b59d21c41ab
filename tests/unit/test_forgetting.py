"""Forgetting holds against what is under way: whatever ends later stores nothing under the name."""

from __future__ import annotations

from contextvars import Context, copy_context

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import MODELS, new_shop

from llmrec import Workspace
from llmrec.agent.agent import Agent
from llmrec.agent.commands import Command
from llmrec.agent.constraints import Reference
from llmrec.agent.events import Done
from llmrec.agent.memory import forget
from llmrec.agent.profile_edits import ProfileEdits
from llmrec.agent.sessions import Sessions
from llmrec.catalog.forgetting import operation
from llmrec.embedding import HashingEncoder
from llmrec.engines import ScriptedEngine
from llmrec.errors import NotFound
from llmrec.recommender import Recommender
from llmrec.retrieval import build_index
from llmrec.types import Event


class Paused(ScriptedEngine):
    """A model in whose midst something else can happen."""

    meanwhile = None

    def score_labels(self, *args, **options):
        if self.meanwhile is not None:
            self.meanwhile()
        return super().score_labels(*args, **options)


class House:
    """A shop, and what can be under way in it for a shopper: generators that pause at each step."""

    def __init__(self, folder):
        made = new_shop(folder, items=30)
        experiment = {"experiment": {"name": "spring", "llm_weight": 1.0}}
        self.workspace = Workspace.open(made.path, overrides={**MODELS, **experiment})
        self.shop = Recommender(self.workspace, engine=Paused())
        build_index(self.workspace, self.shop.store, HashingEncoder())
        url = self.workspace.database_url
        self.sessions, self.edits = Sessions.open(url), ProfileEdits.open(url)
        self.agent = Agent(self.shop, edits=self.edits)
        _ = self.shop.exposures  # its table too is there from the beginning
        inspector = sa.inspect(sa.create_engine(url))
        names = (name for name in inspector.get_table_names() if "llmrec" in name)
        self.tables = [name for name in names if _has_user(inspector, name)]

    def chat(self, user):
        conversation = self.sessions.start(user)
        yield from self._turn(conversation, self.agent.reply(conversation, "a red lamp"))

    def like(self, user):
        conversation = self.sessions.start(user)
        conversation, _ = self.agent.answer(conversation, "a red lamp")
        try:
            self.sessions.save(conversation)
        except NotFound:
            return
        yield
        liking = Command("like", (Reference(1),))
        yield from self._turn(conversation, self.agent.act(conversation, "/like 1", liking))

    def _turn(self, conversation, reply):
        known = bool(conversation.turns)
        for event in reply:
            yield
            if isinstance(event, Done):
                try:
                    self.sessions.save(event.conversation, known=known)
                except NotFound as error:
                    with pytest.raises(NotFound):
                        reply.throw(error)
                    return

    def recommend(self, user):
        yield
        self.shop.recommend(["i0001"], 3, user=user, explain=False)
        yield

    def event(self, user):
        yield
        try:
            self.shop.store.write_events([Event(user, "i0001")])
        except NotFound:
            return

    def pin(self, user):
        yield
        try:
            self.edits.pin(user, "No plastic.")
        except NotFound:
            return

    def forget(self, user):
        shop = self.shop
        return forget(shop.store, self.sessions, self.edits, shop.exposures, user)

    def rows(self, user):
        """How many rows name the shopper, by table."""
        engine = sa.create_engine(self.workspace.database_url)
        counts = {}
        with engine.connect() as connection:
            for name in self.tables:
                query = sa.text(f"SELECT count(*) FROM {name} WHERE user_id = :user")
                counts[name] = connection.execute(query, {"user": user}).scalar_one()
        engine.dispose()
        return {name: count for name, count in counts.items() if count}

    def close(self):
        self.sessions.close()
        self.edits.close()
        self.shop.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    made = House(tmp_path_factory.mktemp("forgetting"))
    yield made
    made.close()


def _has_user(inspector, table):
    return any(column["name"] == "user_id" for column in inspector.get_columns(table))


class Running:
    """An operation that goes on step by step, in a context of its own."""

    def __init__(self, steps):
        self._context: Context = copy_context()
        self._scope = operation()
        self._context.run(self._scope.__enter__)
        self._steps = steps
        self.over = False

    def step(self):
        self.over = self._context.run(next, self._steps, StopIteration) is StopIteration
        if self.over:
            self._context.run(self._scope.__exit__, None, None, None)

    def finish(self):
        while not self.over:
            self.step()


KINDS = ("chat", "like", "recommend", "event", "pin")
WHAT = {
    "chat": {"llmrec_sessions", "llmrec_exposures"},
    "like": {"llmrec_sessions", "llmrec_exposures", "llmrec_events"},
    "recommend": {"llmrec_exposures"},
    "event": {"llmrec_events"},
    "pin": {"llmrec_profile_edits"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_without_forgetting_each_stores_something(house, kind):
    user = f"remembered-{kind}"
    Running(getattr(house, kind)(user)).finish()
    assert WHAT[kind] <= set(house.rows(user))


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=3),
    steps=st.lists(st.integers(0, 2), max_size=40),
    number=st.integers(0, 10**9),
)
def test_whatever_ends_after_the_forgetting_stores_nothing(house, kinds, steps, number):
    user = f"ann-{number}"
    running = [Running(getattr(house, kind)(user)) for kind in kinds]
    for place in steps:
        one = running[place % len(running)]
        if not one.over:
            one.step()
    house.forget(user)
    assert house.rows(user) == {}
    for one in running:
        one.finish()
    assert house.rows(user) == {}


def test_a_list_that_the_model_was_ranking_meanwhile_is_not_counted(house):
    house.shop.engine.meanwhile = lambda: house.forget("bea")
    try:
        assert house.shop.recommend(["i0001"], 3, user="bea", explain=False)
    finally:
        house.shop.engine.meanwhile = None
    assert house.rows("bea") == {}


@pytest.mark.parametrize("kind", KINDS)
def test_who_comes_again_is_a_new_acquaintance(house, kind):
    user = f"again-{kind}"
    Running(getattr(house, kind)(user)).finish()
    house.forget(user)
    Running(getattr(house, kind)(user)).finish()
    assert WHAT[kind] <= set(house.rows(user))


def test_others_under_way_are_not_touched(house):
    other = Running(house.chat("carl"))
    other.step()
    house.forget("dora")
    other.finish()
    assert "llmrec_sessions" in house.rows("carl")


def test_a_batch_goes_in_whole_or_not_at_all(house):
    def work():
        yield
        with pytest.raises(NotFound, match="forgotten meanwhile"):
            house.shop.store.write_events([Event("erik", "i0001"), Event("fay", "i0001")])

    running = Running(work())
    running.step()
    house.forget("erik")
    running.finish()
    assert house.rows("erik") == house.rows("fay") == {}


def test_the_mark_holds_no_name_and_goes_after_a_day(house, monkeypatch):
    from llmrec.catalog import forgetting

    house.forget("gil")
    engine = sa.create_engine(house.workspace.database_url)
    read = sa.text("SELECT user_hash, at_us FROM llmrec_forgotten")
    with engine.connect() as connection:
        rows = connection.execute(read).all()
    assert rows
    assert all("gil" not in row[0] and len(row[0]) == 64 for row in rows)
    later = max(row[1] for row in rows) + 86_400_000_001
    monkeypatch.setattr(forgetting, "_now", lambda: later)
    house.forget("hal")
    with engine.connect() as connection:
        assert [row[1] for row in connection.execute(read)] == [later]
    engine.dispose()


def test_counts_are_made_anew_and_nothing_of_before_stays_on_disk(house):
    state = house.shop.retriever._keeper.current
    with_her = Running(house.event("ida"))
    with_her.finish()
    before = len(state().log.items)
    kept = {folder.name for folder in house.workspace.cache_dir.glob("events-*")}
    house.forget("ida")
    house.shop.count_anew()
    assert len(house.shop.retriever._keeper._state.log.items) == before - 1
    assert not kept & {folder.name for folder in house.workspace.cache_dir.glob("events-*")}
