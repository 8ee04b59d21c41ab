"""Connections of which nothing comes are given up; others are left alone."""

from __future__ import annotations

import json
import resource
import socket
import time

import pytest
from serving import Listening, new_shop, request_bytes, wait_for

from llmrec.server.connections import KEEP_ALIVE_S, Sweeper, TimedConnection, room_for_connections
from llmrec.server_settings import ServerSettings

HEALTH = request_bytes("GET", "/healthz")
LATER = 1_000.0


@pytest.fixture
def server(tmp_path):
    with Listening(new_shop(tmp_path, items=5)) as listening:
        yield listening


def open_ones(server: Listening) -> list[TimedConnection]:
    return [
        one for one in server.server.server_state.connections if isinstance(one, TimedConnection)
    ]


def sweep(server: Listening, *, after: float = 0.0, most: int = 1000, **settings: float) -> None:
    """Look at the connections as if so many seconds had passed; in the server's own thread."""
    ones = open_ones(server)
    loop = ones[0].loop
    sweeper = Sweeper(ServerSettings(**settings), most)
    done = []

    def look() -> None:
        sweeper.sweep(ones, loop.time() + after)
        done.append(True)

    loop.call_soon_threadsafe(look)
    wait_for(lambda: done)


def is_open(connection: socket.socket) -> bool:
    """Whether a request is still answered on it."""
    try:
        connection.sendall(HEALTH)
        return connection.recv(65536).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


@pytest.mark.parametrize("sent", [b"", HEALTH[:20]], ids=["nothing", "half a head"])
def test_a_request_that_does_not_come_is_not_waited_for(server, sent):
    connection = server.send(sent)
    wait_for(lambda: open_ones(server))
    sweep(server, after=ServerSettings().body_s - 5)
    assert open_ones(server)
    sweep(server, after=ServerSettings().body_s + 5)
    assert connection.recv(10) == b""
    connection.close()


def test_a_connection_may_rest_between_two_requests(server):
    connection = server.send(HEALTH)
    assert connection.recv(65536)
    connection.sendall(HEALTH[:20])  # uvicorn's own limit is off from here
    sweep(server, after=KEEP_ALIVE_S)
    assert open_ones(server)
    sweep(server, after=KEEP_ALIVE_S + ServerSettings().body_s + 5)
    assert connection.recv(10) == b""
    connection.close()


def test_where_too_many_are_open_those_that_wait_longest_are_closed(server):
    held = []
    for number in range(6):
        held.append(server.send(b""))
        wait_for(lambda number=number: len(open_ones(server)) == number + 1)
        time.sleep(0.01)  # the loop's clock has milliseconds
    sweep(server, most=4)
    assert [is_open(one) for one in held] == [False] * 2 + [True] * 4
    for one in held:
        one.close()


def test_a_request_that_is_being_answered_is_left_alone(tmp_path):
    with Listening(new_shop(tmp_path, items=5)) as server:
        head = request_bytes("POST", "/v1/search", b" " * 100)[:-50]
        connection = server.send(head)
        wait_for(lambda: server.server.services.traffic.in_flight)
        sweep(server, after=LATER, most=0)
        connection.sendall(b" " * 50)
        assert connection.recv(65536).startswith(b"HTTP/1.1 422")
        connection.close()


def test_a_reader_that_has_stopped_is_cut_off(tmp_path):
    with Listening(new_shop(tmp_path, items=400)) as server:
        ahead = b"".join(request_bytes("GET", "/v1/items?limit=100") for _ in range(400))
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(server.taken.getsockname())
        connection.sendall(ahead)
        wait_for(lambda: any(one.stalled_since is not None for one in open_ones(server)))
        sweep(server, after=ServerSettings().timeout_s - 5)
        assert open_ones(server)
        sweep(server, after=ServerSettings().timeout_s + 5)
        wait_for(lambda: not open_ones(server))
        wait_for(lambda: server.server.services.traffic.in_flight == 0)
        connection.close()


def test_a_process_asks_for_room_for_connections():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = room_for_connections()
    raised = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    try:
        assert 0 < room < raised
        assert raised >= min(soft, 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        HEALTH.replace(b"\r\n", b"\r\nContent-Length: -1\r\n", 1),
    ],
    ids=["the beginning of TLS", "no host", "a length below 0"],
)
def test_what_is_no_http_is_refused_with_the_body_of_every_failure(server, sent):
    with server.send(sent) as connection:
        connection.settimeout(60)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    head, body = b"".join(parts).split(b"\r\n\r\n", 1)
    error = json.loads(body)["error"]
    assert head.startswith(b"HTTP/1.1 400 ") and error["code"] == "bad_request" and error["hint"]
    assert f"x-request-id: {error['request_id']}".encode() in head


def test_a_websocket_is_no_way_in(server):
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nHost"
    connection = server.send(HEALTH.replace(b"Host", upgrade))
    status, _, body = connection.recv(65536).partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 200") and json.loads(body) == {"status": "ok"}
    connection.close()
