"""Recommendations and search over HTTP, in one process, on real SQLite and Chroma."""

import re

import pytest
from serving import new_shop, serving

from llmrec.engines import ScriptedEngine
from llmrec.errors import EngineError, EngineTimeout, EngineUnavailable


@pytest.fixture(scope="module")
def ask(client):
    return client


def test_a_recommendation_honours_its_filters_and_says_how_it_came_about(ask):
    filters = {"max_price": "40", "attributes": {"colour": ["red"]}}
    wanted = {"user": "u001", "query": "a lamp", "k": 3, "filters": filters}
    answer = ask("POST", "/v1/recommend", json=wanted).json()
    found = answer["recommendations"]
    assert [one["rank"] for one in found] == [1, 2, 3]
    assert all(float(one["item"]["price"]) <= 40 for one in found)
    said = [one["reason"] for one in found if one["reason"]]
    assert said and all(one["text"] and one["evidence"] for one in said)
    assert answer["user"] == "u001" and answer["trace"]["engine"] == "scripted"
    assert answer["trace"]["milliseconds"]["total"] > 0


def test_a_history_may_mix_ids_texts_and_entries(ask):
    history = ["i0001", "green tea", {"item": "i0002", "kind": "dislike"}, {"text": "a mug"}]
    answer = ask("POST", "/v1/recommend", json={"history": history, "k": 5}).json()
    ids = {one["item"]["id"] for one in answer["recommendations"]}
    assert len(ids) == 5 and not ids & {"i0001", "i0002"}


def test_words_follow_the_language_that_is_asked_for(ask):
    limits = {"query": "a lamp", "filters": {"in_stock": True}}
    more = {"k": 3, "language": "de", "describe": 3}
    for path, body in (
        ("/v1/recommend", {**limits, **more}),
        ("/v1/recommend/batch", {"requests": [{"query": "a lamp"}], **more}),
    ):
        answer = ask("POST", path, json=body).json()
        (answer,) = answer.get("answers", [answer])
        found = answer["recommendations"]
        german = r"^(?:Der Shop beschreibt es nur auf Englisch|Mehr als auf der Karte)"
        assert all(re.search(german, one["description"]["text"]) for one in found)
        # The shop's English says nothing in German: a filler is no reason.
        assert [one["reason"] for one in found] == [None] * 3


def test_a_batch_answers_each_as_it_would_be_answered_alone(ask):
    requests = [{"user": "u001"}, {"history": ["i0003"], "query": "spade"}, {}]
    both = ask("POST", "/v1/recommend/batch", json={"requests": requests, "k": 4}).json()
    for request, answer in zip(requests, both["answers"], strict=True):
        alone = ask("POST", "/v1/recommend", json={**request, "k": 4}).json()
        assert answer["recommendations"] == alone["recommendations"]


def test_search_finds_words_within_filters_and_asks_no_model(workspace):
    engine = ScriptedEngine()
    with serving(workspace, engine) as ask:
        engine.prompts.clear()
        body = {"query": "red kettle", "k": 4, "filters": {"in_stock": True, "brands": ["Acme"]}}
        answer = ask("POST", "/v1/search", json=body).json()
    assert answer["found"] and all(one["item"]["brand"] == "Acme" for one in answer["found"])
    assert all(one["item"]["stock"] != 0 for one in answer["found"])
    assert len(answer["found"]) == min(4, answer["matching"])
    assert not engine.prompts


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/recommend", {"k": 101}, "k"),
        ("/v1/recommend", {"query": "x" * 2001}, "query"),
        ("/v1/recommend", {"kk": 1}, "kk"),
        ("/v1/recommend", {"language": "fr"}, "language"),
        ("/v1/recommend", {"filters": {"max_prize": 1}}, "filters.max_prize"),
        ("/v1/recommend/batch", {"requests": []}, "requests"),
        ("/v1/recommend/batch", {"requests": [{}] * 65}, "requests"),
        ("/v1/search", {}, "query"),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_its_name(ask, path, body, field):
    answer = ask("POST", path, json=body)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["code"], error["field"]) == ("invalid_request", field)
    assert error["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (EngineUnavailable("http://10.0.0.9 is away."), 503, "model_unavailable"),
        (EngineTimeout("10.0.0.9 took too long."), 504, "model_timeout"),
        (EngineError("Shopper u001 wrote: 10.0.0.9."), 502, "model_failed"),
        (RuntimeError("u001 at 10.0.0.9"), 500, "internal"),
    ],
)
def test_a_failing_model_is_told_without_the_servers_own_affairs(
    workspace, failure, status, code, caplog
):
    engine = ScriptedEngine()
    with serving(workspace, engine) as ask:
        engine.fail_with = failure
        answer = ask("POST", "/v1/recommend", json={"user": "u001"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert ("Retry-After" in answer.headers) == (status == 503)
        assert "10.0.0.9" not in answer.text
        assert ask("POST", "/v1/search", json={"query": "lamp"}).status_code == 200
    failed = [record for record in caplog.records if record.name == "llmrec.server.failures"]
    assert failed and "u001" not in str([vars(one) for one in failed])


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"null", "application/json"),
        (b"[1]", "application/json"),
        (b'"lamp"', "application/json"),
        (b'{"query": "lamp"}', "text/plain"),
        (b'{"query": "lamp"}', "application/x-www-form-urlencoded"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/search", "/v1/items", "/v1/events", "/v1/chat"])
def test_a_body_that_is_no_json_object_is_refused_with_what_to_send(ask, path, content, kind):
    answer = ask("POST", path, content=content, headers={"Content-Type": kind})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["field"], error["message"]) == ("body", "The body should be a JSON object.")
    assert "Content-Type: application/json" in error["hint"]


def test_filters_that_contradict_themselves_are_refused_in_our_words(ask):
    filters = {"min_price": 5, "max_price": 2}
    error = ask("POST", "/v1/search", json={"query": "lamp", "filters": filters}).json()["error"]
    assert (error["field"], error["message"]) == ("filters", "min_price 5 is above max_price 2.")


def test_a_long_name_of_the_senders_is_told_in_part(ask):
    answer = ask("POST", "/v1/search", json={"query": "lamp", "x" * 10_000: 1})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "x" * 499 + "…"
    many = ask("POST", "/v1/search", json={f"f{n}": 1 for n in range(101)})
    assert many.json()["error"]["field"] == "body"


def test_paths_and_methods_that_are_not_there_have_the_same_body(ask):
    assert ask("GET", "/v1/nothing").json()["error"]["code"] == "not_found"
    wrong = ask("GET", "/v1/recommend")
    assert (
        wrong.json()["error"]["code"] == "method_not_allowed" and wrong.headers["Allow"] == "POST"
    )


def test_metrics_count_requests_and_stages_by_route(ask):
    ask("POST", "/v1/recommend", json={"user": "u002", "k": 1})
    ask("GET", "/v1/somewhere/u002")
    page = ask("GET", "/metrics").text
    assert 'llmrec_http_requests_total{method="POST",route="/v1/recommend",status="200"}' in page
    assert 'llmrec_http_requests_total{method="any",route="unknown",status="404"}' in page
    assert 'llmrec_stage_seconds_count{stage="rank"}' in page
    assert 'llmrec_model_info{adapter="none",engine="scripted"' in page
    assert "u002" not in page


def test_a_method_that_nobody_knows_makes_no_label(ask):
    for number in range(3):
        assert ask(f"METHOD{number}", "/v1/recommend").status_code == 405
    assert "METHOD" not in ask("GET", "/metrics").text


def test_degraded_answers_are_counted(tmp_path):
    shop = new_shop(tmp_path)
    settings = shop.settings.ranking.model_copy(update={"on_engine_failure": "fallback"})
    object.__setattr__(shop.settings, "ranking", settings)
    engine = ScriptedEngine()
    with serving(shop, engine) as ask:
        engine.fail_with = EngineUnavailable("http://10.0.0.9 is away")
        answer = ask("POST", "/v1/recommend", json={"k": 1}).json()
        assert answer["trace"]["degraded"] == "the language model failed"
        assert "llmrec_degraded_answers_total 1.0" in ask("GET", "/metrics").text


def test_pages_of_other_origins_may_not_call_unless_settings_say_so(ask, tmp_path):
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    closed = ask("OPTIONS", "/v1/search", headers=headers)
    assert "access-control-allow-origin" not in closed.headers
    with serving(new_shop(tmp_path, items=5, cors_origins=["https://shop.example"])) as other:
        opened = other("OPTIONS", "/v1/search", headers=headers)
        assert opened.headers["access-control-allow-origin"] == "https://shop.example"
        strange = other(
            "OPTIONS", "/v1/search", headers={**headers, "Origin": "https://evil.example"}
        )
        assert "access-control-allow-origin" not in strange.headers
