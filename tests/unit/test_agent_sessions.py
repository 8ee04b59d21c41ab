"""Conversations in the database: stored, listed, resumed, kept from others, forgotten."""

import os
import signal
import subprocess
import sys

import pytest

from llmrec.agent.sessions import Sessions
from llmrec.agent.state import Turn
from llmrec.errors import CatalogError, NotFound, TurnConflict


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'catalog.db'}"


@pytest.fixture
def sessions(url):
    with Sessions.open(url) as opened:
        yield opened


def spoken(sessions, user=None, *words):
    conversation = sessions.start(user)
    for word in words:
        conversation = conversation.said(Turn(said=word, answered="Hm."))
        sessions.save(conversation)
    return conversation


def test_a_conversation_comes_back_as_it_was(sessions):
    conversation = spoken(sessions, "ann", "a tent", "cheaper")
    assert sessions.load(conversation.id, "ann") == conversation
    assert sessions.load(conversation.id[:8], "ann") == conversation


def test_conversations_are_listed_newest_first_by_their_first_words(sessions):
    spoken(sessions, "ann", "a   tent\nfor two")
    spoken(sessions, "ann", "a mug", "cheaper")
    spoken(sessions, "bob", "a lamp")
    spoken(sessions, None, "hello")
    assert [(one.title, one.turns) for one in sessions.list("ann")] == [
        ("a mug", 2),
        ("a tent for two", 1),
    ]
    assert [one.title for one in sessions.list(None)] == ["hello"]
    assert sessions.latest("ann").turns[-1].said == "cheaper"
    assert sessions.latest("eve") is None


def test_of_two_turns_at_once_the_first_stays_and_the_other_is_refused(sessions):
    read = spoken(sessions, "ann", "a tent")
    first = read.said(Turn(said="cheaper", answered="Hm."))
    sessions.save(first, known=True)
    with pytest.raises(TurnConflict, match="went on elsewhere"):
        sessions.save(read.said(Turn(said="in red", answered="Hm.")), known=True)
    assert sessions.load(read.id, "ann") == first


def test_a_conversation_that_began_twice_is_the_first(sessions):
    read = sessions.start("ann")
    sessions.save(read.said(Turn(said="a tent", answered="Hm.")))
    with pytest.raises(TurnConflict):
        sessions.save(read.said(Turn(said="a mug", answered="Hm.")))
    assert sessions.load(read.id, "ann").turns[0].said == "a tent"


@pytest.mark.parametrize("user", [None, "bob", ""])
def test_somebody_elses_conversation_is_not_to_be_had(sessions, user):
    conversation = spoken(sessions, "ann", "a tent")
    with pytest.raises(NotFound, match="no conversation"):
        sessions.load(conversation.id, user)


def test_too_little_of_an_id_finds_nothing(sessions):
    conversation = spoken(sessions, "ann", "a tent")
    for id in ("", conversation.id[:7], "%" * 8, "_" * 32, "x" * 5_000):
        with pytest.raises(NotFound):
            sessions.load(id, "ann")


def test_forgetting_leaves_nothing_in_the_file(sessions, tmp_path):
    spoken(sessions, "ann", "a very special tent")
    other = spoken(sessions, "bob", "a lamp")
    assert sessions.forget("ann") == 1 and sessions.list("ann") == []
    assert sessions.load(other.id, "bob") == other
    sessions.close()
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert not any(b"very special" in content for content in files)


def test_a_conversation_of_a_newer_version_is_refused(sessions, url):
    import sqlalchemy as sa

    conversation = spoken(sessions, None, "a tent")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE llmrec_sessions SET conversation = '{\"version\": 9}'"))
    engine.dispose()
    with pytest.raises(CatalogError, match="cannot be read"):
        sessions.load(conversation.id)


_SPEAK_UNTIL_KILLED = """
import sys
from llmrec.agent.sessions import Sessions
from llmrec.agent.state import Turn
sessions = Sessions.open(sys.argv[1])
conversation = sessions.start("ann")
for number in range(100_000):
    conversation = conversation.said(Turn(said=f"message {number}", answered="Hm."))
    sessions.save(conversation)
    print(number, flush=True)
"""


def test_every_stored_turn_survives_a_kill(url):
    with subprocess.Popen(
        [sys.executable, "-c", _SPEAK_UNTIL_KILLED, url], stdout=subprocess.PIPE, text=True
    ) as process:
        acknowledged = 0
        for line in process.stdout:
            acknowledged = int(line)
            if acknowledged >= 20:
                break
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split()
    acknowledged = max([acknowledged, *(int(one) for one in rest if one.isdigit())])
    with Sessions.open(url) as sessions:
        turns = sessions.latest("ann").turns
    assert len(turns) >= acknowledged + 1
    assert [turn.said for turn in turns] == [f"message {n}" for n in range(len(turns))]


def test_a_new_conversation_has_an_id_of_its_own(sessions):
    ids = {sessions.start().id for _ in range(50)}
    assert len(ids) == 50 and all(len(id) == 32 for id in ids)
    assert sessions.start("ann").user == "ann"
