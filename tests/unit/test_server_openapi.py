"""The API's own description: requests made from it get no 5xx and nothing that it does not name."""

import json
import re

import pytest
import schemathesis
from hostile import TOKENS, WELL_FORMED, Siege, requests, spoilt, spots
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from serving import bearer, make_key, new_shop

from llmrec.engines import ScriptedEngine
from llmrec.server.app import create_app
from llmrec.server.shop import Shop

EXAMPLES = 10


@pytest.fixture(scope="module")
def admin():
    return {}


@pytest.fixture(scope="module")
def api(tmp_path_factory, admin):
    workspace = new_shop(tmp_path_factory.mktemp("openapi"), items=30, rates={})
    admin.update(bearer(make_key(workspace, "admin")))
    app = create_app(Shop(workspace, engine=ScriptedEngine()))
    return schemathesis.openapi.from_asgi("/openapi.json", app)


def operations_by_mode(api):
    found = [one.ok() for one in api.get_all_operations()]
    assert len(found) == sum(map(len, api.raw_schema["paths"].values()))
    yield from ((one, GenerationMode.POSITIVE) for one in found)
    # What takes nothing cannot be given anything wrong.
    taking = [one for one in found if one.body or one.path_parameters]
    yield from ((one, GenerationMode.NEGATIVE) for one in taking)


def test_requests_made_from_the_description_are_answered_as_it_says(api, admin):
    for operation, mode in operations_by_mode(api):

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def answered(case):
            # A schema cannot say that one price must not be above another, so that some requests
            # that keep to it are refused.
            case.call_and_validate(headers=admin, excluded_checks=[positive_data_acceptance])

        answered()


def test_every_route_describes_its_failures_and_asks_for_a_key(api):
    open_routes = {"/healthz", "/readyz", "/metrics"}
    for path, operations in api.raw_schema["paths"].items():
        for operation in operations.values():
            assert {"413", "503"} <= set(operation["responses"]), path
            if path not in open_routes:
                assert operation["security"] and "401" in operation["responses"], path


def test_every_body_that_is_sent_has_an_example_that_is_one(api):
    from llmrec.server.bodies import chat, events, items, recommend, users

    parts = (chat, events, items, recommend, users)
    kinds = {name: kind for part in parts for name, kind in vars(part).items()}
    sent = re.findall(r'requestBody.*?schemas/(\w+)"', json.dumps(api.raw_schema["paths"]))
    assert sent
    for name in sent:
        for example in api.raw_schema["components"]["schemas"][name]["examples"]:
            assert kinds[name].model_validate(example)


@pytest.fixture
def siege(tmp_path):
    standing = Siege(new_shop(tmp_path, items=30))
    yield standing
    standing.close()


@pytest.fixture(scope="module")
def besieged(tmp_path_factory):
    standing = Siege(new_shop(tmp_path_factory.mktemp("besieged"), items=30))
    yield standing
    standing.restart()
    standing.check()
    standing.close()


def besiege(siege, cases, restart_every):
    """Send so many hostile requests in a row; nothing is a 5xx, and each new server starts."""
    sent = 0

    @settings(
        max_examples=cases,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # what a request does depends on those before it
        suppress_health_check=list(HealthCheck),
    )
    @given(request=requests(siege.operations(), siege.keys))
    def survives(request):
        nonlocal sent
        answer = siege.call(**request)
        assert answer.status_code < 500, (request, answer.text)
        assert '"code": "internal"' not in answer.text, (request, answer.text)
        sent += 1
        if sent % restart_every == 0:
            siege.restart()
            siege.check()

    survives()
    siege.restart()
    siege.check()


def test_no_hostile_request_leads_to_a_5xx_or_to_a_server_that_does_not_start(siege):
    besiege(siege, cases=300, restart_every=150)


@pytest.mark.slow
def test_two_thousand_hostile_requests_do_not_either(siege):
    besiege(siege, cases=2_000, restart_every=200)


@pytest.mark.parametrize("token", [*TOKENS], ids=lambda token: token[:30])
def test_a_hostile_value_in_any_field_is_refused_or_served(besieged, token):
    for method, path, body in WELL_FORMED:
        for place in spots(body):
            content = spoilt(body, place, token).encode(errors="surrogatepass")
            headers = {"Content-Type": "application/json"}
            key = besieged.keys["admin"]
            answer = besieged.call(method, path, key, content=content, headers=headers)
            assert answer.status_code < 500, (path, place, answer.text)
            assert '"code": "internal"' not in answer.text, (path, place, answer.text)
