"""Random numbers, cuts, chains, merging, resources; and that the engine stands alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from engine_support import chain, nodes_of

import dlaaw_nb
from dlaaw_nb.engine import codegen, random, resources
from dlaaw_nb.engine.faults import PlanError
from dlaaw_nb.engine.kernel_program import chunk_count
from dlaaw_nb.engine.session import initial_parameters
from dlaaw_nb.engine.trials import cut, expand, merge, training_rows

PERMUTATION = [7, 6, 3, 0, 5, 2, 1, 4]
UNIFORM = [0.39354568948935553, 0.9966961463138019, 0.5840999889812742]
ROOT = str(Path(dlaaw_nb.__file__).parent.parent)


def test_random_numbers_are_the_same_everywhere():
    # Written down once: any other NumPy or machine must give these too.
    assert random.permutation(7, 8).tolist() == PERMUTATION
    assert random.uniform(7, 3) == pytest.approx(UNIFORM, abs=0)


def test_uniform_fills_its_range():
    values = random.uniform(0, 100_000)
    assert 0 <= values.min() < 1e-3
    assert 0.999 < values.max() < 1
    assert values.mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("rows", "parts"), [(10, 3), (569, 6), (5, 5), (45211, 6)])
def test_cut_equals_array_split(rows, parts):
    sizes = [len(part) for part in np.array_split(np.arange(rows), parts)]
    assert np.diff(cut(rows, parts)).tolist() == sizes


def test_training_rows_by_each_way_of_testing():
    assert training_rows(569, "last_batch", 6) == 475
    assert training_rows(569, {"fraction": 0.2}, 6) == 455
    assert training_rows(569, "separate", 6) == 569


@pytest.mark.parametrize(
    ("rows", "chunks"), [(1, 1), (1023, 1), (1024, 2), (2047, 2), (2048, 4), (10**7, 256)]
)
def test_chunk_count_depends_on_rows_alone(rows, chunks):
    assert chunk_count(rows) == chunks


def test_merge_replaces_lists_and_merges_objects():
    base = {"a": {"b": 1, "c": [1, 2]}, "d": 3}
    assert merge(base, {"a": {"c": [9]}}) == {"a": {"b": 1, "c": [9]}, "d": 3}
    assert base["a"]["c"] == [1, 2]


def test_chain_packs_and_unpacks_parameters():
    net = chain(["Linear", 3, 2], ["ReLU"], ["Linear", 2, 1], ["Sigmoid"])
    parameters = initial_parameters(net, 4)
    flat = net.pack(parameters)
    assert flat.shape == (16,)
    assert net.count == 11
    for name, value in net.unpack(flat).items():
        assert (value == parameters[name]).all()


def test_initial_weights_are_xavier_uniform_and_biases_zero():
    parameters = initial_parameters(chain(["Linear", 200, 100]), 1)
    weight = parameters["Linear1.weight"]
    bound = np.sqrt(6 / 300)
    assert abs(weight).max() <= bound
    assert weight.std() == pytest.approx(bound / np.sqrt(3), rel=0.02)
    assert not parameters["Linear1.bias"].any()


def test_codegen_fuses_an_activation_into_the_linear_layer_before_it():
    net = chain(["Linear", 5, 3], ["ReLU"], ["Tanh"], ["Linear", 3, 1], ["Sigmoid"])
    text = codegen.training_source(net, "BinaryCrossEntropy", "SGD")
    assert (
        "Network<dlaaw::Linear<5, 3, dlaaw::ReLU>, dlaaw::Elementwise<3, dlaaw::Tanh>, "
        "dlaaw::Linear<3, 1, dlaaw::Sigmoid>>"
    ) in text
    assert codegen.fused_sizes(net) == (5, 3, 3, 1)


def test_codegen_refuses_kinds_that_are_no_kernels():
    nodes = nodes_of([["Linear", 2, 1]])
    nodes[0]["kind"] = "Linear;int x"
    from dlaaw_nb.engine.chain import Chain

    with pytest.raises(PlanError, match="no kernel"):
        codegen.layers_source(Chain(nodes))


def test_expand_lists_variants_before_folds():
    from engine_support import make_spec

    spec = make_spec(
        [["Linear", 2, 1], ["Sigmoid"]], {"folds": 3, "variants": [{}, {"training": {"epochs": 7}}]}
    )
    trials = expand(spec, 30)
    assert [(t.variant, t.fold) for t in trials] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert [t.training["epochs"] for t in trials] == [20, 20, 20, 7, 7, 7]


def test_kernel_sources_are_found_and_hashed():
    assert "layers/linear.cuh" in resources.kernel_names()
    assert "namespace dlaaw" in resources.kernel_source("platform.cuh")
    assert len(resources.kernels_digest()) == 64


def test_engine_imports_nothing_but_numpy_and_itself():
    program = (
        f"import sys; sys.path.insert(0, {ROOT!r}); import numpy; before = set(sys.modules)\n"
        "import dlaaw_nb.engine.execute\n"
        "new = {m for m in set(sys.modules) - before\n"
        "       if m.split('.')[0] not in sys.stdlib_module_names}\n"
        "allowed = ('dlaaw_nb.engine', 'numpy')\n"
        "assert all(m == 'dlaaw_nb' or m.startswith(allowed) for m in new), new"
        if sys.version_info >= (3, 10)
        else f"import sys; sys.path.insert(0, {ROOT!r}); import dlaaw_nb.engine.execute"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
