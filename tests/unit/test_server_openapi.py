"""The API's own description: requests made from it get no 5xx and nothing that it does not name."""

import json
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
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
