import threading
import time
from concurrent.futures import BrokenExecutor

import pytest

from dlaaw_nb.workflow.threads import ThreadPool, _Place


@pytest.fixture
def pool():
    made = ThreadPool(2)
    yield made
    made.shutdown()


def test_pool_gives_results_and_errors(pool):
    assert pool.submit(pow, 2, 5).result(5) == 32
    with pytest.raises(ZeroDivisionError):
        pool.submit(divmod, 1, 0).result(5)


def test_pool_hung_call_is_given_up_and_replaced(pool):
    gate = threading.Event()
    hung = [pool.submit(gate.wait, 30) for _ in range(2)]
    time.sleep(0.05)
    for future in hung:
        assert pool.kill(future)
        with pytest.raises(BrokenExecutor):
            future.result(1)
    assert pool.submit(pow, 2, 3).result(5) == 8
    gate.set()


def test_pool_thread_that_was_given_up_ends(pool):
    names = []

    def spin():
        names.append(threading.current_thread())
        while True:
            time.sleep(0.001)

    future = pool.submit(spin)
    while not names:
        time.sleep(0.001)
    assert pool.kill(future)
    names[0].join(5)
    assert not names[0].is_alive()


def test_pool_kill_of_what_is_over_says_so(pool):
    future = pool.submit(pow, 2, 3)
    future.result(5)
    time.sleep(0.05)
    assert not pool.kill(future)


def test_pool_kill_at_the_very_end_of_a_call_hits_no_other_thread(pool, monkeypatch):
    gate, threads, strays = threading.Event(), [], []
    end = _Place.end

    def end_late(place):
        gate.set()  # the call ends by itself, while the killer is not done yet
        time.sleep(0.05)
        assert threads[0].is_alive()  # else its number may be another one's by now
        end(place)

    def call():
        threads.append(threading.current_thread())
        return gate.wait(5)

    monkeypatch.setattr(_Place, "end", end_late)
    monkeypatch.setattr(threading, "excepthook", strays.append)
    future = pool.submit(call)
    while not threads:
        time.sleep(0.001)
    assert pool.kill(future)
    assert isinstance(future.exception(5), BrokenExecutor)
    threads[0].join(5)
    assert not threads[0].is_alive()
    assert pool.submit(pow, 2, 3).result(5) == 8
    assert strays == []


def test_pool_kill_of_what_waits_cancels_it(pool):
    gate = threading.Event()
    busy = [pool.submit(gate.wait, 30) for _ in range(2)]
    waiting = pool.submit(pow, 2, 3)
    assert pool.kill(waiting)
    assert waiting.cancelled()
    gate.set()
    assert [future.result(5) for future in busy] == [True, True]


def test_pool_threads_end_after_shutdown():
    pool = ThreadPool(2)
    seen = [pool.submit(threading.current_thread) for _ in range(4)]
    threads = {future.result(5) for future in seen}
    pool.shutdown()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
