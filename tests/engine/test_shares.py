"""Who gets which trials: simulated nodes of unlike speed."""

from __future__ import annotations

import heapq
import itertools

import pytest

from dlaaw_nb.engine.shares import Shares


def simulate(shares, work, speeds, overhead=0.0, lose=None):
    """Run nodes of true speeds; gives when all was done, and what each node finished."""
    now, queue, made = 0.0, [], {name: [] for name in speeds}
    idle = list(speeds)
    lose = dict(lose or {})
    for _ in range(100_000):
        for name in list(idle):
            share = shares.take(name, now)
            if share:
                idle.remove(name)
                at = now + overhead
                for trial in share:
                    at += work[trial] / speeds[name]
                    heapq.heappush(queue, (at, name, trial, trial == share[-1]))
        if shares.over:
            return now, made
        now, name, trial, last = heapq.heappop(queue)
        if name in lose and now >= lose[name]:
            shares.lose(name, "pulled", blameless=True)
            queue[:] = [entry for entry in queue if entry[1] != name]
            heapq.heapify(queue)
            del lose[name]
            continue
        shares.finish(name, trial, now)
        made[name].append(trial)
        if last:
            idle.append(name)
    raise AssertionError("it does not end")


UNLIKE = {"fast1": 1.0, "fast2": 1.0, "slow1": 0.25, "slow2": 0.25, "slow3": 0.25}


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("trial_s", [0.2, 1.0])
def test_hundred_trials_on_unlike_nodes_take_little_more_than_the_ideal(known, trial_s):
    work = [trial_s] * 100
    shares = Shares(work, list(UNLIKE), UNLIKE if known else {})
    took, made = simulate(shares, work, UNLIKE, overhead=0.02)
    ideal = sum(work) / sum(UNLIKE.values())
    assert ideal / took > 0.9
    assert sorted(itertools.chain(*made.values())) == list(range(100))
    assert len(made["fast1"]) > 2.5 * len(made["slow1"])


def test_folds_go_to_a_node_each():
    work = [20.0] * 5
    shares = Shares(work, list("abcde"))
    _, made = simulate(shares, work, dict.fromkeys("abcde", 1.0))
    assert sorted(map(len, made.values())) == [1] * 5


def test_fastest_nodes_are_given_what_there_is():
    shares = Shares([1.0, 1.0], list(UNLIKE), UNLIKE)
    assert shares.take("slow1", 0.0) == []
    assert len(shares.take("fast1", 0.0)) == 1
    assert shares.take("slow2", 0.0) == []
    assert len(shares.take("fast2", 0.0)) == 1


def test_equal_nodes_whose_speeds_were_measured_a_little_apart_take_one_each():
    speeds = {"a": 1.0, "b": 0.9, "c": 0.8, "d": 1.1, "e": 0.75}
    shares = Shares([20.0] * 5, list(speeds), speeds)
    assert all(len(shares.take(name, 0.0)) == 1 for name in speeds)


def test_new_nodes_beside_known_ones_take_one_each():
    """With two cores as well: who has shown nothing yet wants a fold too."""
    shares = Shares([20.0] * 5, list("abcde"), {"a": 2.0, "b": 1.0, "c": 1.0})
    for name in "abcde":
        shares.reach(name, 2)
    assert all(len(shares.take(name, 0.0)) == 1 for name in "abcde")


def test_trials_that_are_soon_over_say_nothing_of_speed_and_make_larger_shares():
    shares = Shares([1.0] * 100, ["a", "b"])
    sizes = []
    for now in range(4):
        share = shares.take("a", float(now))
        sizes.append(len(share))
        for trial in list(share):
            shares.finish("a", trial, now + 0.01)
    assert sizes == [1, 2, 4, 8]
    assert shares.speeds == {}


def test_longest_trials_begin_first():
    shares = Shares([1.0, 5.0, 3.0], ["a", "b", "c"])
    assert [shares.take(name, 0.0) for name in "abc"] == [[1], [2], [0]]


def test_node_that_is_alone_takes_all():
    assert Shares([1.0, 5.0, 3.0], ["a"], {"a": 1.0}).take("a", 0.0) == [0, 1, 2]


def test_node_with_cores_takes_several_at_once():
    shares = Shares([1.0] * 10, ["a", "b"])
    shares.reach("a", 4)
    assert len(shares.take("a", 0.0)) == 4
    assert len(shares.take("b", 0.0)) == 1


def test_what_a_lost_node_had_goes_to_others():
    work = [1.0] * 20
    shares = Shares(work, list(UNLIKE), UNLIKE)
    _, made = simulate(shares, work, UNLIKE, lose={"fast1": 2.5, "slow2": 5.0})
    assert sorted(itertools.chain(*made.values())) == list(range(20))
    assert "fast1" not in shares.alive


def test_trial_that_takes_its_node_along_again_and_again_is_given_up_alone():
    shares = Shares([1.0] * 4, ["a"])
    shares.reach("a", 4)
    for _ in range(50):
        if shares.over:
            break
        share = shares.take("a", 0.0)
        if 2 in share:
            shares.lose("a", "a fault")
            shares.reach("a", 4)
        else:
            for trial in list(share):
                shares.finish("a", trial, 1.0)
    assert shares.given_up == {2: "a fault"}
    assert shares.finished == {0, 1, 3}


def test_trial_that_finished_twice_counts_once():
    shares = Shares([1.0], ["a", "b"])
    shares.take("a", 0.0)
    shares.lose("a", "gone", blameless=True)
    shares.take("b", 1.0)
    assert shares.finish("b", 0, 2.0)
    assert not shares.finish("a", 0, 3.0)
    assert shares.over
