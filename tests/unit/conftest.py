"""What several files here share: a shop that is served, a browser, the demo store to talk with.

A file that wants another shop has a fixture of the same name. What the fixtures need is imported
inside of them, because most files here need neither a server nor a shop.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

# A loaded machine is slow now and then: no test may fail for the time that an example takes.
settings.register_profile("llmrec", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("llmrec")

if TYPE_CHECKING:
    from serving import Client

    from llmrec import Recommender, Workspace
    from llmrec.agent.agent import Agent
    from llmrec.agent.profile_edits import ProfileEdits
    from llmrec.agent.sessions import Sessions
    from llmrec.catalog.store import CatalogStore
    from llmrec.experiment import Exposures


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A shop of some made-up items and events."""
    from serving import new_shop

    return new_shop(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def keys(workspace: Workspace) -> dict[str, str]:
    """A key for each scope; from then on the shop refuses strangers."""
    from serving import one_of_each

    return one_of_each(workspace)


@pytest.fixture(scope="module")
def client(workspace: Workspace) -> Iterator[Client]:
    """Asks a server over the shop, as a stranger or with the key that is given."""
    from serving import serving

    with serving(workspace) as asking:
        yield asking


@pytest.fixture(scope="module")
def ask(keys: dict[str, str], client: Client) -> Any:
    """Asks it with the key of a scope, by default a merchant's."""
    return lambda method, path, key="merchant", **more: client(method, path, keys[key], **more)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser; its tests skip where there is none."""
    from browsing import chromium

    with chromium() as started:
        yield started


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[tuple[CatalogStore, Sessions, ProfileEdits, Exposures]]:
    """All that keeps something of a shopper, over one empty database."""
    from llmrec.agent.profile_edits import ProfileEdits
    from llmrec.agent.sessions import Sessions
    from llmrec.catalog.store import CatalogStore
    from llmrec.experiment import Exposures

    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    with (
        CatalogStore.open(url) as store,
        Sessions.open(url) as sessions,
        ProfileEdits.open(url) as edits,
        Exposures.open(url) as exposures,
    ):
        yield store, sessions, edits, exposures


@pytest.fixture(scope="session")
def demo_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recommender]:
    """The demo store, with parts that need no weights, for all files: use shoppers of your own."""
    from tool_shop import make_demo_store, open_shop

    with open_shop(make_demo_store(tmp_path_factory.mktemp("demo") / "shop")) as recommender:
        yield recommender


@pytest.fixture(scope="session")
def agent(demo_shop: Recommender) -> Agent:
    """The assistant of the demo store."""
    from llmrec.agent.agent import Agent

    return Agent(demo_shop)
