"""Whose turn it is: at a gate of the server, and at a model that reads for one call at a time."""

from __future__ import annotations

import asyncio
import threading

import anyio
import pytest
from serving import wait_for

from llmrec.engines.calls import Deadline
from llmrec.engines.turns import Turns
from llmrec.errors import EngineTimeout, Overloaded
from llmrec.leaving import Abandoned, Leaving, check_wanted, working_for
from llmrec.server.gate import Gate
from llmrec.server.metrics import Metrics
from llmrec.server.places import NoPlace, Places
from llmrec.server.sharing import Lookups, Rota
from llmrec.server.traffic import Traffic


class Crowd:
    """Callers at places, each in a task of its own: who got one, in which order, who did not."""

    def __init__(self, places: Places, group: anyio.abc.TaskGroup) -> None:
        self.places, self.group = places, group
        self.got: list[str] = []
        self.refused: list[tuple[str, str]] = []

    async def come(self, *callers: str) -> None:
        for who in callers:
            self.group.start_soon(self._take, who)
        await anyio.wait_all_tasks_blocked()

    async def leave(self, *callers: str) -> None:
        for who in callers:
            self.places.give_back(who)
            await anyio.wait_all_tasks_blocked()

    async def _take(self, who: str) -> None:
        try:
            await self.places.take(who)
            self.got.append(who)
        except NoPlace as error:
            self.refused.append((who, error.reason))


def crowded(running: int, waiting: int, share: float = 1.0, wait_s: float = 60.0):
    """Runs a coroutine function with a crowd at so many places."""

    def run(work):
        async def main():
            async with anyio.create_task_group() as group:
                await work(Crowd(Places(running, waiting, wait_s, share), group))
                group.cancel_scope.cancel()

        anyio.run(main)

    return run


def test_nobody_has_more_than_a_share_of_the_places():
    @crowded(running=4, waiting=20, share=0.75)
    async def _(crowd):
        await crowd.come(*"aaaaa")
        assert crowd.got == list("aaa") and crowd.places.waiting == 2
        await crowd.come("b")  # goes past those who wait for a share
        assert crowd.got == list("aaab")
        await crowd.leave("a")
        assert crowd.got == list("aaaba") and crowd.places.taken_by("a") == 3


@pytest.mark.parametrize(("running", "share", "most"), [(1, 0.1, 1), (2, 0.75, 1), (32, 0.75, 24)])
def test_a_share_is_at_least_one_place(running, share, most):
    @crowded(running, 100, share)
    async def _(crowd):
        await crowd.come(*"a" * 40)
        assert crowd.places.running == most


def test_who_has_fewest_places_is_next():
    @crowded(running=2, waiting=20)
    async def _(crowd):
        await crowd.come(*"aaaaabc")
        assert crowd.got == ["a", "a"]
        await crowd.leave("a")
        assert crowd.got == ["a", "a", "b"]
        await crowd.leave("b")
        assert crowd.got == ["a", "a", "b", "c"]
        await crowd.leave("a", "c")
        assert crowd.got == ["a", "a", "b", "c", "a", "a"]


def test_in_a_full_line_the_last_of_whoever_has_most_gives_way():
    @crowded(running=1, waiting=3)
    async def _(crowd):
        await crowd.come(*"aaaa")
        assert crowd.places.waiting == 3 and not crowd.refused
        await crowd.come("b")
        assert crowd.refused == [("a", "full")] and crowd.places.waiting == 3
        await crowd.come("b", "c")  # who would have as many as the greediest is refused itself
        assert crowd.refused[1:] == [("b", "full"), ("a", "full")]
        await crowd.leave("a", "a", "b")
        assert crowd.got == list("aabc")


def test_a_line_of_nobody_refuses_at_once():
    @crowded(running=1, waiting=0)
    async def _(crowd):
        await crowd.come("a", "b")
        assert crowd.got == ["a"] and crowd.refused == [("b", "full")]


def test_who_leaves_the_line_leaves_nothing_in_it():
    async def main():
        places = Places(1, 5, 60.0, 1.0)
        await places.take("a")
        async with anyio.create_task_group() as group:
            group.start_soon(places.take, "b")
            await anyio.wait_all_tasks_blocked()
            assert places.waiting == 1
            group.cancel_scope.cancel()
        assert (places.waiting, places.running) == (0, 1)
        taking = asyncio.ensure_future(places.take("b"))
        await anyio.wait_all_tasks_blocked()
        places.give_back("a")  # its turn comes in the moment in which it leaves
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        assert (places.waiting, places.running) == (0, 0)
        with anyio.fail_after(60):
            await places.take("c")

    anyio.run(main)


def test_waiting_in_a_line_has_an_end():
    @crowded(running=1, waiting=5, wait_s=0.01)
    async def _(crowd):
        await crowd.come("a", "b")
        while not crowd.refused:
            await anyio.sleep(0.01)
        assert crowd.refused == [("b", "waited")] and crowd.places.waiting == 0


def a_gate(**more):
    settings = {"running": 1, "waiting": 5, "wait_s": 60.0, "timeout_s": 60.0, **more}
    return Gate("test", metrics=Metrics(Traffic()), **settings)


@pytest.mark.parametrize("finishes", [False, True])
def test_work_is_told_that_its_caller_has_left_unless_it_must_finish(finishes):
    entered, go_on, ends = threading.Event(), threading.Event(), []

    def work():
        entered.set()
        assert go_on.wait(60)
        try:
            check_wanted()
            ends.append("finished")
        except Abandoned:
            ends.append("abandoned")
            raise

    async def main():
        gate = a_gate(finishes=finishes)
        async with anyio.create_task_group() as group:
            group.start_soon(gate.run, work)
            await anyio.to_thread.run_sync(entered.wait)
            group.cancel_scope.cancel()
        assert gate.places.running == 1  # it keeps its place until it has ended
        go_on.set()
        assert await gate.run(lambda: "next") == "next"
        gate.close()

    anyio.run(main)
    assert ends == ["finished" if finishes else "abandoned"]


def test_work_that_takes_too_long_ends_at_its_next_step():
    go_on, ends = threading.Event(), []

    def work():
        assert go_on.wait(60)
        try:
            check_wanted()
        except Abandoned:
            ends.append("abandoned")
            raise

    async def main():
        gate = a_gate(timeout_s=0.05)
        with pytest.raises(Exception, match="No answer within"):
            await gate.run(work)
        go_on.set()
        gate.close()

    anyio.run(main)
    assert ends == ["abandoned"]


def test_who_gives_way_in_the_line_of_a_gate_is_refused():
    go_on = threading.Event()

    async def main():
        gate, refused = a_gate(waiting=2), []

        async def ask(who):
            try:
                await gate.run(go_on.wait, who)
            except Overloaded:
                refused.append(who)

        async with anyio.create_task_group() as group:
            for who in ("a", "a", "a", "b"):
                group.start_soon(ask, who)
                await anyio.wait_all_tasks_blocked()
            assert refused == ["a"]
            go_on.set()
        gate.close()

    anyio.run(main)


def test_threads_take_turns_in_the_order_in_which_they_came():
    turns, order, threads = Turns(), [], []

    def step(name):
        with turns.turn(Deadline(60.0, "m")):
            order.append(name)

    with turns.turn(Deadline(60.0, "m")):
        for name in range(5):
            threads.append(threading.Thread(target=step, args=(name,)))
            threads[-1].start()
            wait_for(lambda name=name: turns.waiting == name + 1)
    for thread in threads:
        thread.join()
    assert order == list(range(5)) and turns.waiting == 0


def test_callers_take_turns_at_the_model_however_many_threads_they_have():
    turns, order, threads = Turns(), [], []

    def step(who):
        with working_for(Leaving(who)), turns.turn(Deadline(60.0, "m")):
            order.append(who)

    with working_for(Leaving("a")), turns.turn(Deadline(60.0, "m")):
        for place, who in enumerate("aaabbc"):
            threads.append(threading.Thread(target=step, args=(who,)))
            threads[-1].start()
            wait_for(lambda place=place: turns.waiting == place + 1)
    for thread in threads:
        thread.join()
    assert order == list("bcabaa")


def test_a_turn_that_is_given_back_goes_to_who_waits_and_not_to_who_comes_again():
    turns, order = Turns(), []

    def other():
        with turns.turn(Deadline(60.0, "m")):
            order.append("other")

    with turns.turn(Deadline(60.0, "m")):
        waiting = threading.Thread(target=other)
        waiting.start()
        wait_for(lambda: turns.waiting == 1)
    with turns.turn(Deadline(60.0, "m")):
        order.append("again")
    waiting.join()
    assert order == ["other", "again"]


def test_a_turn_has_the_time_of_its_call():
    turns = Turns()
    with turns.turn(Deadline(60.0, "m")):
        with pytest.raises(EngineTimeout), turns.turn(Deadline(0.01, "m")):
            pass
        assert turns.waiting == 0
    with turns.turn(Deadline(60.0, "m")):
        pass


def test_who_leaves_while_it_waits_for_its_turn_is_woken():
    turns, caller, seen = Turns(), Leaving(), []

    def wait():
        with working_for(caller):
            try:
                with turns.turn(Deadline(None, "m")):
                    seen.append("turn")
            except Abandoned:
                seen.append("left")

    with turns.turn(Deadline(None, "m")):
        waiting = threading.Thread(target=wait)
        waiting.start()
        wait_for(lambda: turns.waiting == 1)
        caller.leave()
        waiting.join()
        assert seen == ["left"] and turns.waiting == 0


def test_a_callback_is_called_once_and_only_within_its_block():
    caller, calls = Leaving(), []
    with caller.waking(lambda: calls.append("before")):
        pass
    with caller.waking(lambda: calls.append("within")):
        caller.leave()
        caller.leave()
    with caller.waking(lambda: calls.append("behind")):
        pass
    assert calls == ["within", "behind"]


def test_work_for_all_goes_on_though_the_caller_has_left():
    caller = Leaving()
    caller.leave()
    with working_for(caller):
        with working_for(None):
            check_wanted()
        with pytest.raises(Abandoned):
            check_wanted()
    check_wanted()


class Finding:
    """A look-up that goes on when it is let, and tells what it has been asked."""

    def __init__(self, error=None):
        self.let, self.asked, self.error = anyio.Semaphore(0), [], error

    async def __call__(self, key):
        self.asked.append(key)
        await self.let.acquire()
        if self.error:
            raise self.error
        return len(self.asked)


async def settled(*tasks):
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_two_look_ups_answer_all_who_ask_at_the_same_time_and_none_is_older_than_its_question():
    async def main():
        find = Finding()
        lookups = Lookups(find)
        first = asyncio.ensure_future(lookups.get("a"))
        await anyio.wait_all_tasks_blocked()
        later = [asyncio.ensure_future(lookups.get("a")) for _ in range(50)]
        other = asyncio.ensure_future(lookups.get("b"))
        await anyio.wait_all_tasks_blocked()
        assert find.asked == ["a", "b"]
        for _ in range(3):
            find.let.release()
        assert await first <= 2 and await other <= 2
        assert await settled(*later) == [3] * 50
        find.let.release()
        assert await lookups.get("a") == 4  # nothing is kept

    anyio.run(main)


def test_who_leaves_a_look_up_does_not_end_it_for_others_and_errors_come_to_all():
    async def main():
        find = Finding(KeyError("no"))
        lookups = Lookups(find)
        tasks = [asyncio.ensure_future(lookups.get("a")) for _ in range(3)]
        await anyio.wait_all_tasks_blocked()
        tasks[0].cancel()
        find.let.release()
        ends = await settled(*tasks)
        assert [type(one) for one in ends] == [asyncio.CancelledError, KeyError, KeyError]
        assert find.asked == ["a"]

    anyio.run(main)


def test_callers_begin_in_turn_and_who_left_is_passed_over():
    async def main():
        rota, order = Rota(), []

        async def begin(who):
            await rota.turn(who)
            order.append(who)

        tasks = [asyncio.ensure_future(begin(who)) for who in "aaaaabbc"]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await settled(*tasks)
        assert order == list("abcabaa")
        await rota.turn("d")

    anyio.run(main)


def test_an_application_may_run_in_one_loop_after_another():
    async def find(key):
        await anyio.sleep(0 if key == "quick" else 3600)
        return key

    lookups, rota = Lookups(find), Rota()

    async def leave_some_behind():
        with anyio.move_on_after(0.01):
            async with anyio.create_task_group() as group:
                for key in ("slow", "slow", "quick"):
                    group.start_soon(lookups.get, key)
                    group.start_soon(rota.turn, key)

    async def ask():
        with anyio.fail_after(60):
            assert await lookups.get("quick") == "quick"
            await rota.turn("quick")

    for _ in range(3):
        anyio.run(leave_some_behind)
        anyio.run(ask)
