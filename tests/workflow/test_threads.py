import threading
import time
from concurrent.futures import BrokenExecutor

import pytest

from dlaaw_nb.workflow import threads
from dlaaw_nb.workflow.threads import ThreadPool


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


@pytest.mark.parametrize("ends_s", [0.0, threads._GRACE_S - 0.02, threads._GRACE_S])
def test_pool_kill_of_a_call_that_just_ends_hits_no_other_thread(pool, monkeypatch, ends_s):
    begun, strays = [], []
    monkeypatch.setattr(threading, "excepthook", strays.append)

    def call():
        begun.append(threading.current_thread())
        return killed.wait(5) and time.sleep(ends_s)

    killed = threading.Event()
    future = pool.submit(call)
    while not begun:
        time.sleep(0.001)
    assert pool.kill(future)
    killed.set()
    assert isinstance(future.exception(0), BrokenExecutor)
    begun[0].join(5)
    assert not begun[0].is_alive()
    others = [pool.submit(time.sleep, 0.8) for _ in range(2)]  # they may have its number now
    assert [other.result(5) for other in others] == [None, None]
    assert strays == []


def test_pool_kill_does_not_hit_a_thread_that_the_call_just_starts(pool, monkeypatch):
    strays, gate = [], threading.Event()
    monkeypatch.setattr(threading, "excepthook", strays.append)
    monkeypatch.setattr(threads, "_GRACE_S", 0.0)

    def call():
        gate.set()
        for _ in range(100_000):
            thread = threading.Thread(target=int)
            thread.start()
            thread.join()

    for _ in range(20):
        gate.clear()
        future = pool.submit(call)
        assert gate.wait(5)
        assert pool.kill(future)
    time.sleep(0.3)
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
