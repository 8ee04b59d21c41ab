"""``kill -9`` while eight clients post events: what was acknowledged is in the store."""

import threading
from itertools import count

import httpx
from serving import Process, new_shop

from llmrec.catalog.store import CatalogStore

CLIENTS = 8
WANTED = 120
"""Acknowledged batches before the kill."""


class Poster:
    """Posts batches of three events, one after the other, and remembers the acknowledged ones."""

    def __init__(self, url, name, enough):
        self.acknowledged = []
        self._thread = threading.Thread(target=self._post, args=(url, name, enough))
        self._thread.start()

    def _post(self, url, name, enough):
        with httpx.Client(base_url=url, timeout=30) as client:
            for number in count():
                rows = [
                    {"user": f"{name}-{number}", "item": f"i{place:04}", "position": place}
                    for place in range(3)
                ]
                try:
                    answer = client.post("/v1/events", json={"events": rows})
                except httpx.TransportError:
                    return  # it was killed
                assert answer.is_success, answer.text
                self.acknowledged.append(f"{name}-{number}")
                enough.release()

    def join(self):
        self._thread.join(60)
        assert not self._thread.is_alive()


def test_every_acknowledged_event_survives(tmp_path):
    workspace = new_shop(tmp_path)
    enough = threading.Semaphore(0)
    with Process(workspace) as server:
        posters = [Poster(server.url, f"c{number}", enough) for number in range(CLIENTS)]
        for _ in range(WANTED):
            assert enough.acquire(timeout=60)
        server.kill()
        for poster in posters:
            poster.join()
    acknowledged = {user for poster in posters for user in poster.acknowledged}
    assert len(acknowledged) >= WANTED and all(poster.acknowledged for poster in posters)
    with Process(workspace) as again, CatalogStore.open(workspace.database_url) as store:
        lost = [user for user in acknowledged if len(store.history(user)) != 3]
        assert not lost
        # Of batches that were under way, each is there whole or not at all.
        posted = [user for user in store.users() if "-" in user]
        assert all(len(store.history(user)) == 3 for user in posted)
        last = posters[0].acknowledged[-1]
        answer = httpx.post(f"{again.url}/v1/recommend", json={"user": last, "k": 60}).json()
        ids = {one["item"]["id"] for one in answer["recommendations"]}
        assert ids and not ids & {"i0000", "i0001", "i0002"}
