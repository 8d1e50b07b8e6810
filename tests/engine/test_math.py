"""The kernels' own elementary functions against NumPy in float64."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from engine_support import needs_compiler

from dlaaw_nb.engine import build

pytestmark = needs_compiler

SOURCE = """#include "math.cuh"
#define FUNCTION(name) extern "C" __attribute__((visibility("default"))) \\
void name##_(const float* x, float* y, int n) { \\
  for (int k = 0; k < n; k += dlaaw::WIDTH) dlaaw::store(y + k, dlaaw::name(dlaaw::load(x + k))); }
FUNCTION(exp) FUNCTION(log) FUNCTION(tanh)
"""


def call(name, values):
    x = np.zeros(-(-len(values) // 16) * 16, np.float32)
    x[: len(values)] = values
    y = np.empty_like(x)
    function = getattr(build.library(SOURCE), name + "_")
    function(ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data), len(x))
    return y[: len(values)]


@pytest.mark.parametrize(
    ("name", "low", "high"), [("exp", -87.3, 88.7), ("tanh", -10, 10), ("tanh", -0.7, 0.7)]
)
def test_function_on_its_range_is_right_to_rounding(name, low, high):
    x = np.linspace(low, high, 200_003).astype(np.float32)
    np.testing.assert_allclose(call(name, x), getattr(np, name)(x.astype(float)), rtol=3e-7)


def test_log_over_all_magnitudes_is_right_to_rounding():
    x = np.concatenate([np.logspace(-44, 38, 100_003), np.linspace(0.5, 2, 100_000)]).astype(
        np.float32
    )
    np.testing.assert_allclose(call("log", x), np.log(x.astype(float)), rtol=3e-7, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("exp", [0.0, 100.0, -200.0, np.inf, -np.inf], [1.0, np.inf, 0.0, np.inf, 0.0]),
        ("log", [1.0, 0.0], [0.0, -np.inf]),
        ("tanh", [0.0, 50.0, -50.0], [0.0, 1.0, -1.0]),
    ],
)
def test_function_at_its_ends_is_exact(name, x, y):
    assert call(name, np.array(x, np.float32)).tolist() == y


@pytest.mark.parametrize("name", ["exp", "log", "tanh"])
def test_function_of_nan_is_nan(name):
    assert np.isnan(call(name, np.array([np.nan], np.float32))[0])


def test_loading_the_kernels_keeps_subnormal_numbers():
    call("exp", np.zeros(1, np.float32))
    assert np.float64(1e-310) * 0.5 != 0
    assert np.float32(1e-40) * np.float32(0.5) != 0
