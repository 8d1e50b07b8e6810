"""What waits for its next user."""

import threading

import pytest

from dlaaw_nb.targets.idle import Idle


class Thing:
    def __init__(self):
        self.alive = True

    def close(self):
        self.alive = False


def test_thing_that_was_given_is_taken_once():
    idle, thing = Idle(60.0), Thing()
    idle.give("a", thing)
    assert idle.take("b") is None
    assert idle.take("a") is thing
    assert idle.take("a") is None


def test_second_of_a_kind_and_what_has_died_are_closed():
    idle, first, second = Idle(60.0), Thing(), Thing()
    idle.give("a", first)
    idle.give("a", second)
    assert (first.alive, second.alive) == (True, False)
    first.alive = False
    assert idle.take("a") is None


def test_thing_that_nobody_takes_is_closed():
    idle, thing = Idle(0.05), Thing()
    closed = threading.Event()
    thing.close = closed.set
    idle.give("a", thing)
    assert closed.wait(5)
    assert idle.take("a") is None


def test_thing_on_its_way_is_waited_for_and_made_once():
    idle, begun, go = Idle(60.0), [], threading.Event()

    def make():
        begun.append(Thing())
        go.wait(5)
        return begun[0]

    idle.prepare("a", make)
    idle.prepare("a", make)
    threading.Timer(0.1, go.set).start()
    assert idle.take("a") is begun[0]
    assert len(begun) == 1


def test_what_cannot_be_made_is_told_to_who_waits_for_it():
    idle, go = Idle(60.0), threading.Event()

    def make():
        go.wait(5)
        raise OSError("no route")

    idle.prepare("a", make)
    threading.Timer(0.1, go.set).start()
    with pytest.raises(OSError, match="no route"):
        idle.take("a")
    assert idle.take("a") is None
