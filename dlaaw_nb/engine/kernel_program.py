"""Runs the kernels on this machine's processor: threads in place of CUDA's blocks."""

from __future__ import annotations

import ctypes
import threading
import time
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from . import build, codegen
from .launch import Prediction, Rows, Training, address, aligned
from .reference import OPTIMIZERS, SCHEDULE_MEMORY, layer_options
from .session import Session, Stop, initial_parameters

if TYPE_CHECKING:
    from .chain import Chain
    from .layout import Layout, Split
    from .trials import Trial

__all__ = ["KernelProgram", "layer_outputs"]

MOST_CHUNKS = 256  # as in kernels_cu/programs/train.cuh


class KernelProgram:
    """The compiled kernels of one network.

    Parameters
    ----------
    chain : Chain
        The layers.
    loss, optimizer, schedule : str
        Kinds.
    constant : bool
        Whether sizes are compiled in, or are arguments. The numbers that come out are the same.
    """

    name = "kernels"

    def __init__(
        self, chain: Chain, loss: str, optimizer: str, schedule: str, constant: bool
    ) -> None:
        source = codegen.training_source(chain, loss, optimizer, schedule, constant)
        self.library = build.library(source)
        self.sizes = np.array(codegen.fused_sizes(chain), np.int32)
        self.train_floats = int(
            self.library.dlaaw_train_floats(ctypes.c_void_p(address(self.sizes)))
        )
        self.predict_floats = int(
            self.library.dlaaw_predict_floats(ctypes.c_void_p(address(self.sizes)))
        )

    def start(
        self,
        trial: Trial,
        layout: Layout,
        split: Split,
        stop: Stop,
        initial: Optional[Mapping[str, Any]],
        team: int,
    ) -> KernelSession:
        """Begin a training.

        Parameters
        ----------
        trial, layout, split, stop
            What to train, on which rows, and the flag that ends it.
        initial : mapping or None
            Weights to start from.
        team : int
            Threads that may work on it; the numbers do not depend on it.

        Returns
        -------
        KernelSession
            At epoch 0.
        """
        return KernelSession(self, trial, layout, split, stop, initial, team)


class KernelSession(Session):
    """One training by the kernels."""

    def __init__(
        self,
        program: KernelProgram,
        trial: Trial,
        layout: Layout,
        split: Split,
        stop: Stop,
        initial: Optional[Mapping[str, Any]],
        team: int,
    ) -> None:
        super().__init__(trial, layout, split, stop)
        self.program = program
        chain, recipe = trial.chain, self.recipe
        chunks = chunk_count(-(-self.train_rows // self.parts))
        self.team = max(1, min(team, chunks))
        parameters = initial_parameters(chain, int(trial.training["seed"]), initial)
        self.flat, self._buffers = chain.pack(parameters), chain.pack_buffers(parameters)
        self._options = options_of(chain)
        self._state = np.zeros(chain.padded * OPTIMIZERS[recipe.optimizer].states, np.float32)
        self._best = np.zeros(chain.padded + len(self._buffers), np.float32)
        self._monitor = np.zeros(3 + SCHEDULE_MEMORY, np.float64)
        self._costs = np.zeros((2, 64), np.float64)  # of one call; grows with the longest
        self._sums = aligned(2 * chunks * chain.padded if chunks > 1 else 16)
        self._chunk_costs = np.zeros(2 * MOST_CHUNKS, np.float64)
        self._moments = np.zeros(max(1, 4 * chunks * chain.whole_batch), np.float64)
        self._team_state = np.zeros(64, np.int32)
        self._status = np.zeros(3, np.int32)
        self._scratch = [aligned(program.train_floats) for _ in range(self.team)]
        self._arguments = self._fill()

    def _fill(self) -> Training:
        split, recipe = self.split, self.recipe
        return Training(
            rows=_rows(self.layout, split, split.gap_begin, split.gap_end - split.gap_begin),
            sizes=address(self.program.sizes),
            options=address(self._options),
            settings=address(recipe.settings),
            schedule=address(recipe.schedule_settings),
            loss=address(recipe.loss_options),
            parameters=address(self.flat),
            state=address(self._state),
            buffers=address(self._buffers),
            best=address(self._best),
            monitor=address(self._monitor),
            costs=address(self._costs[0]),
            validation_costs=address(self._costs[1]),
            sums=address(self._sums),
            chunk_costs=address(self._chunk_costs),
            moments=address(self._moments),
            team_state=address(self._team_state),
            stop=address(self.stop.flag),
            status=address(self._status),
            train_rows=self.train_rows,
            validation_rows=self.validation_rows,
            epochs=self.epochs,
            cost_every=self.cost_every,
            patience=recipe.patience,
            min_delta=recipe.min_delta,
            clip_norm=recipe.clip_norm,
            batches=self.parts,
            reshuffle=recipe.reshuffle,
            shuffle_key=recipe.shuffle_key,
            dropout_key=recipe.dropout_key,
        )

    def advance(self, end: int) -> List[Tuple[int, float]]:
        """Train up to epoch `end`; see ``Session.advance``."""
        begin = time.perf_counter()
        arguments = self._arguments
        wanted = self.reported(self.epoch, end)
        if len(wanted) > self._costs.shape[1]:
            self._costs = np.zeros((2, len(wanted)), np.float64)
            arguments.costs = address(self._costs[0])
            arguments.validation_costs = address(self._costs[1])
        arguments.epoch_begin, arguments.epoch_end = self.epoch, end
        others = [threading.Thread(target=self._member, args=(k,)) for k in range(1, self.team)]
        for thread in others:
            thread.start()
        self._member(0)
        for thread in others:
            thread.join()
        self.epoch = int(self._status[0])
        if self._status[1]:
            self.diverged = int(self._status[1]) - 1
        self.early = bool(self._status[2])
        if self.recipe.patience and self.over and self.diverged is None:
            self._keep_best()
        costs, validation = self._reports([epoch for epoch in wanted if epoch < self.epoch])
        if self.validation_rows:
            self.validation_costs += validation
        self.seconds += time.perf_counter() - begin
        return costs

    def _reports(self, epochs: Sequence[int]) -> List[List[Tuple[int, float]]]:
        return [[(e, float(cost)) for e, cost in zip(epochs, costs)] for costs in self._costs]

    def _keep_best(self) -> None:
        if self._monitor[2]:
            padded = self.trial.chain.padded
            self.flat[:], self._buffers[:] = self._best[:padded], self._best[padded:]
            self.best_epoch = int(self._monitor[2]) - 1

    def _member(self, member: int) -> None:
        self.program.library.dlaaw_train(
            ctypes.byref(self._arguments),
            member,
            self.team,
            ctypes.c_void_p(address(self._scratch[member])),
        )

    def parameters(self) -> Dict[str, np.ndarray]:
        """Give the parameters as they are now; see ``Session.parameters``."""
        chain = self.trial.chain
        found = {**chain.unpack(self.flat), **chain.unpack_buffers(self._buffers)}
        return {name: found[name] for name in chain.arrays}

    def predict(self, layout: Layout, begin: int, end: int) -> np.ndarray:
        """Run rows through the network; see ``Session.predict``."""
        program = self.program
        outputs: List[Optional[np.ndarray]] = [None] * (len(program.sizes) - 1)
        last = np.empty((end - begin, int(program.sizes[-1])), np.float32)
        outputs[-1] = last
        rows = _rows(layout, self.split, layout.rows, 0)
        arrays = (program.sizes, self._options, self.flat, self._buffers)
        _predict(program.library, arrays, rows, begin, end, outputs)
        return last


def chunk_count(rows: int) -> int:
    """Count the chunks of a batch, as ``chunk_count`` in kernels_cu/programs/train.cuh.

    Parameters
    ----------
    rows : int
        Rows of the batch.

    Returns
    -------
    int
        A power of two, at most 256.
    """
    chunks = 1
    while chunks < MOST_CHUNKS and rows >= 1024 * chunks:
        chunks *= 2
    return chunks


def layer_outputs(
    chain: Chain,
    parameters: Mapping[str, np.ndarray],
    layout: Layout,
    split: Split,
    wanted: Sequence[str],
    constant: bool,
) -> Dict[str, np.ndarray]:
    """Give what layers put out on all rows of a layout.

    Parameters
    ----------
    chain : Chain
        The layers.
    parameters : mapping of str to array
        By name.
    layout, split
        The rows, and the normalization of the training.
    wanted : sequence of str
        Names of layers.
    constant : bool
        Whether sizes are compiled in.

    Returns
    -------
    dict of str to float32 array, shape (rows, units)
        By name of the layer, in the layout's order.
    """
    library = build.library(codegen.layers_source(chain, constant))
    sizes = np.array(chain.sizes, np.int32)
    outputs = [
        np.empty((layout.rows, units), np.float32) if name in wanted else None
        for name, units in zip(chain.names, chain.sizes[1:])
    ]
    rows = _rows(layout, split, layout.rows, 0)
    flat, buffers = chain.pack(parameters), chain.pack_buffers(parameters)
    arrays = (sizes, options_of(chain), flat, buffers)
    _predict(library, arrays, rows, 0, layout.rows, outputs)
    return {name: output for name, output in zip(chain.names, outputs) if output is not None}


def options_of(chain: Chain) -> np.ndarray:
    """Lay the hyperparameters of a network's layers out as the kernels want them.

    Parameters
    ----------
    chain : Chain
        The layers.

    Returns
    -------
    float32 array
        One after another; at least one number, for it must have an address.
    """
    options = [value for part in layer_options(chain.nodes) for value in part]
    return np.array([*options, 0.0], np.float32)


def _rows(layout: Layout, split: Split, gap_begin: int, gap_length: int) -> Rows:
    return Rows(
        address(layout.x),
        address(layout.t),
        None if split.in_place else address(split.offset_32),
        None if split.in_place else address(split.scale_32),
        layout.x.shape[1],
        gap_begin,
        gap_length,
    )


def _predict(
    library: ctypes.CDLL,
    arrays: Sequence[np.ndarray],
    rows: Rows,
    begin: int,
    end: int,
    outputs: Sequence[Optional[np.ndarray]],
) -> None:
    pointers = np.array([0 if o is None else address(o) for o in outputs], np.uintp)
    rows.t = None
    arguments = Prediction(rows, *map(address, arrays), address(pointers), begin, end, len(outputs))
    floats = int(library.dlaaw_predict_floats(ctypes.c_void_p(address(arrays[0]))))
    scratch = aligned(floats)
    library.dlaaw_predict(ctypes.byref(arguments), 0, 1, ctypes.c_void_p(address(scratch)))
