"""Keys, scopes and rates: what a caller without the right key gets, and what a key never shows."""

import sqlite3

import pytest
from serving import make_key, new_shop, serving
from typer.testing import CliRunner

from llmrec.catalog.keys import KeyStore
from llmrec.catalog.scopes import Scope
from llmrec.catalog.store import CatalogStore
from llmrec.cli.main import app
from llmrec.errors import ConfigError, NotFound
from llmrec.server.process import check_door
from llmrec.server.rates import Rates
from llmrec.server.shop import Shop


@pytest.fixture(scope="module")
def ask(keys, client):
    return client


def test_only_a_hash_of_a_key_is_stored(workspace, keys):
    with sqlite3.connect(workspace.path / "catalog.db") as database:
        stored = str(database.execute("SELECT * FROM llmrec_keys").fetchall())
    for key in keys.values():
        secret = key.split("_", 2)[2]
        assert secret not in stored and key.split("_")[1] in stored


@pytest.mark.parametrize("wrong", [None, "nonsense", "llmrec_00000000_" + "A" * 43, ""])
def test_without_a_good_key_nothing_is_answered(ask, wrong):
    answer = ask("POST", "/v1/search", wrong, json={"query": "lamp"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_with_another_secret_is_refused(ask, keys):
    id, secret = keys["merchant"].split("_", 2)[1:]
    other = f"llmrec_{id}_{secret[::-1]}"
    assert ask("POST", "/v1/search", other, json={"query": "lamp"}).status_code == 401


def test_health_and_the_api_description_need_no_key(ask):
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert ask("GET", path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "lowest"),
    [
        ("POST", "/v1/recommend", "shopper"),
        ("POST", "/v1/search", "shopper"),
        ("POST", "/v1/recommend/batch", "merchant"),
        ("GET", "/metrics", "merchant"),
    ],
)
def test_scopes_are_enforced(ask, keys, method, path, lowest):
    for scope, key in keys.items():
        status = ask(method, path, key, json={}).status_code
        assert (status == 403) == (not Scope(scope).reaches(Scope(lowest))), scope


def test_a_shoppers_key_speaks_for_its_own_shopper(ask, keys):
    own = ask("POST", "/v1/recommend", keys["shopper"], json={"k": 1}).json()
    named = ask("POST", "/v1/recommend", keys["shopper"], json={"k": 1, "user": "u001"}).json()
    assert own["user"] == named["user"] == "u001"
    assert own["recommendations"] == named["recommendations"]


def test_another_shopper_is_refused_whether_known_or_not(ask, keys):
    texts = []
    for user in ("u002", "nobody"):
        answer = ask("POST", "/v1/recommend", keys["shopper"], json={"user": user})
        assert answer.status_code == 403
        texts.append({**answer.json()["error"], "request_id": ""})
    assert texts[0] == texts[1]
    assert ask("POST", "/v1/recommend", keys["merchant"], json={"user": "u002"}).is_success


def test_a_revoked_key_opens_nothing_from_the_next_request_on(ask, workspace):
    key = make_key(workspace, "merchant")
    assert ask("POST", "/v1/search", key, json={"query": "lamp"}).is_success
    with KeyStore.open(workspace.database_url) as store:
        store.revoke(key.split("_")[1])
    assert ask("POST", "/v1/search", key, json={"query": "lamp"}).status_code == 401


def test_a_server_without_keys_is_open_to_its_own_machine_alone(tmp_path):
    workspace = new_shop(tmp_path, items=5)
    with serving(workspace) as ask:
        assert ask("POST", "/v1/search", json={"query": "lamp"}).is_success
        rebound = {"Host": "evil.example"}
        answer = ask("POST", "/v1/search", json={"query": "lamp"}, headers=rebound)
        assert answer.status_code == 403
        # The last key revoked does not open it again.
        key = make_key(workspace, "admin")
        with KeyStore.open(workspace.database_url) as store:
            store.revoke(key.split("_")[1])
        assert ask("POST", "/v1/search", json={"query": "lamp"}).status_code == 401


def test_without_keys_strangers_are_let_in_only_if_that_is_said(tmp_path):
    public = Shop(new_shop(tmp_path, items=5, host="0.0.0.0"))
    with pytest.raises(ConfigError, match="others than this machine"):
        check_door(public, insecure=False)
    assert "whoever reaches 0.0.0.0" in check_door(public, insecure=True)
    public.keys.create(Scope.ADMIN)
    assert check_door(public, insecure=False) is None
    public.close()
    local = Shop(new_shop(tmp_path / "local", items=5))
    assert "no keys" in check_door(local, insecure=False)
    local.close()


def test_a_key_may_make_so_many_requests(tmp_path):
    workspace = new_shop(tmp_path, items=5, rates={"shopper": "3/hour"})
    one, two = (make_key(workspace, "shopper", user) for user in ("u001", "u002"))
    merchant = make_key(workspace, "merchant")
    with serving(workspace) as ask:

        def search(key):
            return ask("POST", "/v1/search", key, json={"query": "lamp"})

        statuses = [search(one).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        refused = search(one)
        assert refused.json()["error"]["code"] == "rate_exceeded"
        assert 3000 < int(refused.headers["Retry-After"]) <= 3600
        assert search(two).status_code == 200
        assert all(search(merchant).is_success for _ in range(5))


def test_what_a_key_may_not_do_counts_as_a_request_of_it(tmp_path):
    workspace = new_shop(tmp_path, items=5, rates={"shopper": "3/hour"})
    key, other = (make_key(workspace, "shopper", user) for user in ("u001", "u002"))
    with serving(workspace) as ask:
        forbidden = [ask("GET", "/v1/items", key).status_code for _ in range(2)]
        anothers = ask("POST", "/v1/recommend", key, json={"user": "u002"}).status_code
        assert (forbidden, anothers) == ([403, 403], 403)
        for method, path in (("GET", "/v1/items"), ("POST", "/v1/search"), ("GET", "/metrics")):
            assert ask(method, path, key, json={}).status_code == 429
        assert ask("POST", "/v1/search", other, json={"query": "lamp"}).is_success


def test_wrong_keys_are_counted_by_address_and_good_ones_go_on(tmp_path):
    workspace = new_shop(tmp_path, items=5, rates={"stranger": "3/hour"})
    key, wrong = make_key(workspace, "merchant"), "llmrec_00000000_" + "A" * 43
    with serving(workspace) as ask:
        statuses = [ask("GET", "/v1/me", one).status_code for one in (None, wrong, "", wrong)]
        assert statuses == [401, 401, 401, 429]
        refused = ask("POST", "/v1/search", wrong, content=b"{")  # not even looked at
        assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 3000
        assert "address" in refused.json()["error"]["message"]
        assert all(ask("GET", "/v1/me", key).is_success for _ in range(5))
        assert ask("GET", "/healthz").is_success


def raw(path, method="POST", key=None, headers=()):
    """A scope, and what an application that reads nothing answers to it."""
    sent = [(b"host", b"localhost"), (b"content-type", b"application/json"), *headers]
    sent += [(b"authorization", f"Bearer {key}".encode())] if key else []
    scope = {"type": "http", "method": method, "path": path, "headers": sent, "query_string": b""}
    return scope | {
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 5),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        (None, "/v1/search", 401),
        ("shopper", "/v1/items", 403),
        ("shopper", "/v1/recommend/batch", 403),
        ("merchant", "/v1/none", 404),
        (None, "/v1/none", 404),
        ("merchant", "/v1/me", 405),
        ("merchant", "/v1/items", 413),
    ],
)
def test_no_byte_of_a_body_is_read_before_the_key(client, keys, scope, path, status):
    messages = []

    async def call():
        async def receive():
            raise AssertionError("the body is read")

        async def send(message):
            messages.append(message)

        asked = raw(path, key=keys.get(scope), headers=[(b"content-length", b"5000000")])
        await client.app(asked, receive, send)

    client.run(call)
    assert messages[0]["status"] == status
    assert (b"connection", b"close") in messages[0]["headers"]


@pytest.mark.parametrize("rates", [{"shopper": "many"}, {"visitor": "5/minute"}])
def test_rates_that_cannot_be_read_are_told(rates):
    with pytest.raises(ConfigError, match=r"server\.rates"):
        Rates(rates)


def test_keys_are_made_listed_and_revoked_by_command(tmp_path):
    workspace = new_shop(tmp_path, items=5)

    def run(*arguments):
        result = CliRunner().invoke(app, ["keys", *arguments, "-w", str(workspace.path)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout

    key = run("create", "--scope", "shopper", "--user", "S042").strip()
    id = key.split("_")[1]
    listed = run("list")
    assert id in listed and "S042" in listed and key not in listed
    run("revoke", id)
    assert '"revoked_at": "2' in run("list", "--json")
    with pytest.raises(NotFound):
        run("revoke", "00000000")
    with pytest.raises(ConfigError, match="one user"):
        run("create", "--scope", "shopper")
    with pytest.raises(ConfigError, match="one user"):
        run("create", "--scope", "admin", "--user", "S042")


def test_a_shopper_may_send_so_many_events_by_whatever_key(tmp_path):
    workspace = new_shop(tmp_path, items=5, event_rates={"shopper": "5/hour"})
    first, second = (make_key(workspace, "shopper", "u001") for _ in range(2))
    other, merchant = make_key(workspace, "shopper", "u002"), make_key(workspace, "merchant")
    with serving(workspace) as ask:

        def send(key, number, user=None):
            rows = [{"item": "any", "position": place, "user": user} for place in range(number)]
            return ask("POST", "/v1/events", key, json={"events": rows})

        assert send(first, 3).json()["added"] == 3
        refused = send(second, 3)  # the third would be one too many: none is stored
        assert refused.status_code == 429
        assert refused.json()["error"]["code"] == "rate_exceeded"
        assert "5 events" in refused.text and 0 < int(refused.headers["Retry-After"]) <= 3600
        assert send(second, 2).json()["added"] == 2
        assert send(first, 1).status_code == 429
        assert send(other, 5).is_success
        assert send(other, 999).status_code == 429
        assert send(merchant, 500, "u001").is_success
    with CatalogStore.open(workspace.database_url) as store:
        assert sum(event.item == "any" for event in store.history("u002")) == 5


@pytest.mark.parametrize("rates", [{"shopper": "many"}, {"visitor": "5/minute"}])
def test_rates_of_events_that_cannot_be_read_are_told(rates):
    with pytest.raises(ConfigError, match=r"server\.event_rates"):
        Rates(rates, "events", "server.event_rates")
