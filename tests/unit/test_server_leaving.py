"""Clients that leave, stall or ask too much: their work ends, and other shoppers are answered."""

from __future__ import annotations

import json

import httpx
import pytest
from serving import Listening, Slow, bearer, make_key, new_shop, request_bytes, wait_for

from llmrec.catalog.store import CatalogStore

CHAT = "/v1/chat"
RECOMMEND = "/v1/recommend"
STREAM = "/v1/recommend/stream"


@pytest.fixture
def slow():
    return Slow()


@pytest.fixture
def shop(tmp_path):
    # Nobody may leave the line because of the time: that would look like leaving.
    return new_shop(tmp_path, words="model", running=2, waiting=200, wait_s=3600, timeout_s=3600)


def body_of(path: str) -> dict[str, object]:
    return {"message": "a lamp", "language": "en"} if path == CHAT else {"query": "a lamp", "k": 5}


def answered(server: Listening, path: str, key: str | None = None, **more: object) -> str:
    headers = bearer(key) if key else {}
    answer = httpx.post(f"{server.url}{path}", json={**body_of(path), **more}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("path", [CHAT, RECOMMEND, STREAM])
def test_200_clients_that_leave_cost_no_more_than_the_steps_that_ran(shop, slow, path):
    with Listening(shop, slow.engine) as server, slow:
        left = [server.ask(path, body_of(path)) for _ in range(60)]
        assert slow.entered.wait(60)
        left += [server.ask(path, body_of(path)) for _ in range(140)]
        wait_for(lambda: server.model.waiting >= 190)
        before = slow.engine.decode_steps
        for connection in left:
            connection.close()
        # Those that run noticed it too, and only then a step: or one of them would take both.
        wait_for(lambda: server.server.services.traffic.in_flight == 0)
        assert server.model.waiting == 0
        # The steps that run end, and nobody takes another.
        slow.release(2)
        wait_for(lambda: server.model.running == 0)
        assert slow.engine.decode_steps - before <= 2
        slow.release()
        text = answered(server, path)
        assert path == RECOMMEND or text.rstrip().splitlines()[-2] == "event: done"


def test_a_client_that_leaves_in_the_middle_of_its_stream_ends_it(shop, slow):
    with Listening(shop, slow.engine) as server, slow:
        connection = server.ask(CHAT, body_of(CHAT))
        assert b"event: session" in connection.recv(65536)
        assert slow.entered.wait(60)
        connection.close()
        # Noticed, and only then a step: or one more would begin, and wait to be let.
        wait_for(lambda: server.server.services.traffic.in_flight == 0)
        slow.release(1)
        wait_for(lambda: server.model.running == 0)
        assert slow.engine.decode_steps <= 1


def test_a_client_that_stops_reading_holds_no_place(shop):
    with Listening(shop, Slow(100_000).engine) as server:
        connection = server.ask(CHAT, body_of(CHAT))
        wait_for(lambda: server.server.services.traffic.in_flight == 0)
        assert server.model.running == 0
        connection.close()


@pytest.mark.parametrize("apart", [False, True], ids=["together", "one by one"])
def test_who_sends_requests_ahead_and_leaves_is_noticed(shop, slow, apart):
    first = request_bytes("POST", CHAT, json.dumps(body_of(CHAT)).encode())
    with Listening(shop, slow.engine) as server, slow:
        connection = server.send(first) if apart else server.send(first, first)
        assert slow.entered.wait(60)
        if apart:
            connection.sendall(first)
            connection.sendall(first)
        connection.close()
        # Noticed, and only then a step: or one more would begin, and wait to be let.
        wait_for(lambda: server.server.services.traffic.in_flight == 0)
        slow.release(1)
        wait_for(lambda: server.model.running == 0 and not server.server.services.traffic.in_flight)
        assert slow.engine.decode_steps <= 1


def test_requests_that_were_sent_ahead_are_answered_in_their_turn(shop):
    with Listening(shop, Slow(100_000).engine) as server:
        health = request_bytes("GET", "/healthz")
        connection = server.send(health, health)
        connection.sendall(health)
        connection.sendall(health.replace(b"Host", b"Connection: close\r\nHost"))
        seen = b""
        while part := connection.recv(65536):
            seen += part
        connection.close()
        assert seen.count(b"HTTP/1.1 200 OK") == 4


def test_who_sends_much_ahead_is_cut_off(shop, slow):
    with Listening(shop, slow.engine) as server, slow:
        connection = server.ask(CHAT, body_of(CHAT))
        assert slow.entered.wait(60)
        with pytest.raises(OSError):
            for _ in range(1000):
                connection.sendall(b"x" * 65536)
        wait_for(lambda: server.server.services.traffic.in_flight == 0)
        slow.release(1)
        wait_for(lambda: server.model.running == 0)
        connection.close()


def test_one_key_does_not_keep_another_from_the_model(tmp_path, slow):
    shop = new_shop(tmp_path, words="model", running=4, waiting=20, wait_s=3600, timeout_s=3600)
    greedy, other = (make_key(shop, "shopper", user) for user in ("u001", "u002"))
    with Listening(shop, slow.engine) as server, slow:
        held = [server.ask(CHAT, body_of(CHAT), greedy) for _ in range(50)]
        wait_for(lambda: server.model.waiting == 20)
        assert server.model.running == 3  # of four: the share of one key
        waiting = server.ask(CHAT, body_of(CHAT), other)
        wait_for(lambda: server.model.running == 4)
        more = server.ask(CHAT, body_of(CHAT), other)
        # The line is full; the newest of those who have most in it gives way.
        wait_for(lambda: server.server.services.metrics.rejected.labels("full")._value.get() >= 28)
        slow.release()
        for connection in (waiting, more):
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
        statuses = {connection.recv(12) for connection in held}
        assert statuses == {b"HTTP/1.1 200", b"HTTP/1.1 503"}
        for connection in (*held, waiting, more):
            connection.close()


def test_a_body_that_never_comes_holds_no_place(shop, slow):
    key = make_key(shop, "shopper", "u001")
    with Listening(shop, slow.engine) as server, slow:
        head = request_bytes("POST", CHAT, b" " * 100, key)[:-60]
        held = [server.send(head) for _ in range(50)]
        wait_for(lambda: server.server.services.traffic.in_flight == 50)
        assert (server.model.running, server.model.waiting) == (0, 0)
        slow.release()
        answered(server, CHAT, key)
        for connection in held:
            connection.close()
        wait_for(lambda: server.server.services.traffic.in_flight == 0)


@pytest.mark.parametrize("wrong", [None, "llmrec_00000000_" + "A" * 43])
def test_a_strangers_body_is_refused_before_it_comes(shop, wrong):
    make_key(shop, "merchant")
    with Listening(shop) as server:
        head = request_bytes("POST", "/v1/items", b" " * 3_000_000, wrong)[:-3_000_000]
        connection = server.send(head)
        answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 401")
        assert b"connection: close" in answer.lower()
        connection.close()


def likes(shop) -> int:
    with CatalogStore.open(shop.database_url) as store:
        return sum(event.kind.value == "like" for event in store.history("u001"))


def test_a_turn_that_is_cut_off_leaves_nothing_and_may_be_said_again(shop):
    key = make_key(shop, "shopper", "u001")
    slow = Slow(ranks=True)
    with Listening(shop, slow.engine) as server, slow:
        slow.release(1000)
        first = answered(server, CHAT, key)
        session = json.loads(first.split("data: ")[1].splitlines()[0])["session"]
        before = likes(shop)
        while slow.let.acquire(blocking=False):
            pass
        slow.entered.clear()
        like = {"do": "like", "product": 1}
        said = {"message": "Like", "session": session, "act": like}
        connection = server.ask(CHAT, said, key)
        assert slow.entered.wait(60)
        assert likes(shop) == before + 1  # it counts in the answer that is being made
        connection.close()
        # Noticed, and only then a step: or one more would begin, and wait to be let.
        wait_for(lambda: server.server.services.traffic.in_flight == 0)
        slow.release(2)
        wait_for(lambda: server.model.running == 0)
        assert likes(shop) == before
        kept = httpx.get(f"{server.url}/v1/sessions/{session}", headers=bearer(key)).json()
        assert [turn["said"] for turn in kept["turns"]] == ["a lamp"] and not kept["marks"]
        slow.release()
        for _ in range(2):  # once more also where the answer, but not its end, was lost
            answered(server, CHAT, key, **said)
        assert likes(shop) == before + 1


def test_who_leaves_when_the_cards_are_there_ends_the_words_and_keeps_the_turn(shop, slow):
    key = make_key(shop, "shopper", "u001")
    with Listening(shop, slow.engine) as server, slow:
        connection = server.ask(CHAT, body_of(CHAT), key)
        reading = connection.makefile()
        told = [line for line in iter(reading.readline, "event: answered\n")]
        assert "event: products\n" in told and slow.entered.wait(60)
        assert not any("product_words" in line for line in told)
        reading.close()
        connection.close()
        # Noticed, and only then a step: or one more would begin, and wait to be let.
        wait_for(lambda: server.server.services.traffic.in_flight == 0)
        slow.release(1)
        wait_for(lambda: server.model.running == 0)
        assert slow.engine.decode_steps <= 1
        listed = httpx.get(f"{server.url}/v1/sessions", headers=bearer(key)).json()["sessions"]
        assert [one["title"] for one in listed] == ["a lamp"]
