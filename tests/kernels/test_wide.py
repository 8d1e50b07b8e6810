"""The program for large networks, in the emulator: near the reference, the same by any team."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from engine_support import needs_compiler
from kernel_builds import FIBERS, built_with
from wide_cases import (
    MANY,
    MIXED,
    MNIST,
    NORMED,
    NUMBERS,
    ODD,
    reference_session,
    wide_outcome,
    wide_session,
)

from dlaaw_nb.engine import codegen, wide
from dlaaw_nb.engine.chain import Chain

pytestmark = needs_compiler

STOPPING = {"patience": 2, "min_delta": 0.0, "validation_fraction": 0.3}
# Few rows take the largest shapes where a phase should have items for one block alone.
ONE_BLOCK = ("-DDLAAW_WIDE_SPREAD=1",)
CHUNKED = ("-DDLAAW_WIDE_SPREAD=64", "-DDLAAW_WIDE_MERGING=0.0f")
RUNS = {
    "MNIST": (MNIST, 40, {"batches": 3}, ()),
    "odd sizes": (ODD, 97, {"batches": 3}, ()),
    "odd sizes, large shapes": (ODD, 220, {"batches": 2}, ONE_BLOCK),
    "odd sizes, chunks": (ODD, 430, {"batches": 2}, CHUNKED),
    "chunks, clipped": (ODD, 430, {"batches": 2, "clip_norm": 0.05}, CHUNKED),
    "variable sizes": (ODD._replace(constant=False), 97, {"batches": 3}, ()),
    "dropout, Adam, clipped, shuffled": (
        MIXED,
        150,
        {"batches": 4, "clip_norm": 0.05, "shuffle": "every_epoch"},
        (),
    ),
    "early stopping": (MIXED, 150, {"batches": 3, "early_stopping": STOPPING, "epochs": 4}, ()),
    "batch normalization": (NORMED, 150, {"batches": 3, "early_stopping": STOPPING}, ()),
    "batch normalization, chunks": (NORMED, 200, {"batches": 2, "clip_norm": 0.1}, CHUNKED),
    "gap of a fold": (NUMBERS, 150, {"batches": 3, "plan": {"folds": 3}}, ()),
    "gap, shuffled": (
        NUMBERS,
        90,
        {"batches": 2, "plan": {"folds": 3}, "shuffle": "every_epoch"},
        (),
    ),
    "many classes": (MANY, 50, {"batches": 2}, ()),
    "rows one by one": (NUMBERS, 7, {"batches": 7, "learning_rate": 1e-4}, ()),
}
TEAMS = [(1, 0), (3, 1), (7, 2)]  # blocks, order


def settings_of(name):
    case, rows, settings, options = RUNS[name]
    settings = {"epochs": 2, "cost_every": 1, **settings}
    return case, rows, settings, [*FIBERS, *options]


@functools.lru_cache(None)
def trained(name, team, order):
    case, rows, settings, options = settings_of(name)
    with built_with(options):
        session, emulator = wide_session(case, rows, team, order, **settings)
        outcome = wide_outcome(session, settings["epochs"])
        assert not emulator.error()
    assert session.is_intact()
    return session, outcome


@pytest.mark.parametrize("name", RUNS)
def test_wide_program_agrees_with_the_reference(name):
    case, rows, settings, _ = settings_of(name)
    session, outcome = trained(name, *TEAMS[1])
    reference = reference_session(case, rows, **settings)
    costs = reference.advance(settings["epochs"])
    assert session.epoch == reference.epoch
    assert outcome["costs"] == pytest.approx(np.array(costs), rel=1e-5)
    expected = np.array(reference.validation_costs)
    assert np.array(outcome["validation costs"]) == pytest.approx(expected, rel=1e-5)
    found, expected = session.parameters(), reference.parameters()
    for key, value in expected.items():
        largest = max(float(np.abs(value).max()), 0.01)
        np.testing.assert_allclose(found[key], value, atol=1e-4 * largest, rtol=0, err_msg=key)
    layout = session.layout
    predicted = session.predict(layout, 0, layout.rows)
    np.testing.assert_allclose(
        predicted, reference.predict(layout, 0, layout.rows), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("name", RUNS)
def test_wide_program_gives_the_same_bits_by_any_team_in_any_order(name):
    expected = trained(name, *TEAMS[0])[1]
    for team, order in TEAMS[1:]:
        found = trained(name, team, order)[1]
        assert not [key for key in expected if found[key] != expected[key]], (team, order)


def test_shared_memory_of_a_block_is_what_the_host_asks_for():
    session, _ = trained("odd sizes", *TEAMS[0])
    assert session.program.library.dlaaw_train_floats(None) == wide.SHARED_FLOATS
    assert 4 * wide.SHARED_FLOATS <= 48 << 10


def test_constant_and_variable_sizes_give_the_same_bits():
    constant, variable = (trained(name, 3, 1)[1] for name in ("odd sizes", "variable sizes"))
    assert not [key for key in constant if constant[key] != variable[key]]


def test_wide_program_stops_after_the_batch_and_goes_on_from_there():
    with built_with(FIBERS):
        session, _ = wide_session(ODD, 97, 3, batches=3, epochs=4, cost_every=1)
        before = session.flat.copy()
        session.stop.set()
        assert wide_outcome(session, 4)["costs"] == []
        assert session.epoch == 0
        assert (session.flat != before).any()


def test_wide_program_that_diverges_leaves_finite_weights():
    with built_with(FIBERS):
        session, _ = wide_session(
            NUMBERS, 60, 3, batches=3, epochs=4, cost_every=1, learning_rate=1e20
        )
        outcome = wide_outcome(session, 4)
    assert outcome["diverged"] is not None
    assert np.isfinite(session.flat).all()


def test_wide_program_in_two_calls_gives_the_bits_of_one():
    case, rows, settings, options = settings_of("dropout, Adam, clipped, shuffled")
    with built_with(options):
        session, _ = wide_session(case, rows, 3, **settings)
        session.advance(1)
        halves = wide_outcome(session, 2)
    whole = trained("dropout, Adam, clipped, shuffled", *TEAMS[0])[1]
    assert halves["parameters"] == whole["parameters"]
    assert halves["state"] == whole["state"]


def test_layers_with_parameters_of_their_own_are_refused_by_name():
    nodes = [{"id": "a", "kind": "Linear", "in_features": 300, "out_features": 2, "parameters": {}}]
    assert wide.fits(Chain(nodes)) == ""
    nodes[0] = {**nodes[0], "kind": "ReLU", "out_features": 300}
    assert "Linear" in wide.fits(Chain(nodes))


def test_source_names_the_wide_entries():
    nodes = [{"id": "a", "kind": "Linear", "in_features": 300, "out_features": 1, "parameters": {}}]
    source = codegen.wide_source(Chain(nodes), "MeanSquaredError", "SGD")
    assert "DLAAW_TRAIN_WIDE(Net, dlaaw::MeanSquaredError" in source
    assert '"programs/entries_wide.cuh"' in source
