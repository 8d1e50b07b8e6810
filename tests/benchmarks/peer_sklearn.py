"""scikit-learn's MLPClassifier with plain SGD, as near to the same work as its interface allows.

It cuts batches of a fixed size with a shorter last one. With ``ceil(rows / batches)`` rows that is
``numpy.array_split`` on four of the paper's five sets; on bank marketing batches differ by 4 rows.
It also computes the loss of each epoch, as part of its gradient.
"""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from tests.benchmarks.peers import Trained

if TYPE_CHECKING:
    from tests.benchmarks.networks import Work


class Mlp:
    """MLPClassifier, started from the shared weights by way of ``warm_start``."""

    name = "scikit-learn MLP"

    def train(self, work: Work) -> Trained:
        """Train once; the epoch that only creates the arrays of weights is not counted."""
        labels = work.labels.astype(np.int64)
        model = MLPClassifier(
            hidden_layer_sizes=work.widths[1:-1],
            activation="relu",
            solver="sgd",
            alpha=0.0,
            batch_size=-(-len(labels) // work.batches),
            learning_rate="constant",
            learning_rate_init=work.learning_rate,
            momentum=work.momentum,
            nesterovs_momentum=False,
            max_iter=1,
            shuffle=False,
            tol=0.0,
            n_iter_no_change=10**9,
            warm_start=True,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(work.features, labels)
            for number in work.layers:
                model.coefs_[number - 1][:] = work.initial[f"Linear{number}.weight"].T
                model.intercepts_[number - 1][:] = work.initial[f"Linear{number}.bias"]
            model.set_params(max_iter=work.epochs)
            started = time.perf_counter()
            model.fit(work.features, labels)
            seconds = time.perf_counter() - started
        named = {}
        for number in work.layers:
            named[f"Linear{number}.weight"] = model.coefs_[number - 1].T
            named[f"Linear{number}.bias"] = model.intercepts_[number - 1]
        return Trained(named, seconds)
