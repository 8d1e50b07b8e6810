"""A GPU as what carries plans out: whole sweeps in one grid, a slice of epochs a launch."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from . import cuda_build, gpu_predict
from .device import cores
from .faults import DeviceError, DeviceMemoryError
from .gpu_group import GpuGroup, GpuSession
from .gpu_memory import DataCache
from .gpu_program import GpuProgram
from .layout import Layouts
from .programs import fits_kernels, key_of
from .reporting import Reporter, Tester, is_live, next_step, taps_of

if TYPE_CHECKING:
    from .chain import Chain
    from .cuda_driver import Device
    from .layout import Layout, Split
    from .session import Stop
    from .trials import Trial

__all__ = ["Gpu"]

Emit = Callable[[Dict[str, Any]], None]
# More networks of the same kinds than this share a program, whose sizes are arguments, and a grid.
_MOST_BUILDS = 2
_SPIN_S, _PAUSE_S = 0.002, 0.0002  # the host looks often at first, then less


class Gpu:
    """A GPU and the data that it keeps.

    Parameters
    ----------
    device : Device
        Held by the calling thread, from which all methods are called.
    """

    def __init__(self, device: Device) -> None:
        self.device = device
        self._data = DataCache(device)
        self._flag = device.alloc(256)
        self.teams = device.new_stream()  # see GpuGroup
        self._aside = device.new_stream()  # for the flag, which overtakes the kernels
        self._one, self._zero = device.pinned(4), device.pinned(4)
        self._one.view(np.int32)[0] = 1

    def describe(self) -> Dict[str, Any]:
        """Describe it.

        Returns
        -------
        dict
            See ``Device.info``, and compiler.
        """
        return {**self.device.info, "compiler": cuda_build.compiler_name()}

    def train(
        self, trials: Sequence[Trial], data: Mapping[str, Any], emit: Emit, stop: Stop
    ) -> None:
        """Train the trials of a plan; see ``Processor.train``.

        Raises
        ------
        DeviceError
            When the device fails, or a training does not fit it.
        """
        emit({"event": "start", "trials": len(trials), "device": self.describe()})
        self.device.upload(self._flag, self._zero, self._aside)
        self.device.wait(self._aside)
        _Run(self, trials, data, emit, stop).run()

    def ask_to_end(self) -> None:
        """Have every kernel under way end after its batch."""
        self.device.upload(self._flag, self._one, self._aside)

    @property
    def flag(self) -> int:
        """Address of the flag that ends trainings."""
        return self._flag

    def place(self, layout: Layout) -> Tuple[Any, Tuple[int, ...]]:
        """Put a layout's rows on the device, or find them there.

        Parameters
        ----------
        layout : Layout
            Data in a trial's order.

        Returns
        -------
        hashable, tuple of int
            What `leave` takes, and the addresses of features and labels.
        """
        digest = hashlib.blake2b(digest_size=16)
        for array in (layout.x, layout.t):
            digest.update(repr(array.shape).encode())
            digest.update(array.data)
        key = digest.digest()
        return key, self._data.take(key, (layout.x, layout.t))

    def leave(self, key: Any) -> None:
        """Say that a layout is not used any more; see ``DataCache.leave``."""
        self._data.leave(key)

    def forget(self) -> bool:
        """Make room: drop what earlier jobs left; see ``DataCache.forget``."""
        return self._data.forget()

    def layer_outputs(
        self,
        chain: Chain,
        parameters: Mapping[str, np.ndarray],
        layout: Layout,
        split: Split,
        wanted: Sequence[str],
    ) -> Dict[str, np.ndarray]:
        """Give what layers put out on all rows of a layout; see ``kernel_program``."""
        return gpu_predict.layer_outputs(self.device, chain, parameters, layout, split, wanted)


class _Run:
    """One plan on a GPU."""

    def __init__(
        self, gpu: Gpu, trials: Sequence[Trial], data: Mapping[str, Any], emit: Emit, stop: Stop
    ) -> None:
        self._gpu, self._data, self._emit, self._stop = gpu, data, emit, stop
        self._reporter = Reporter(trials, emit, taps_of(gpu.layer_outputs))
        self._many = len(trials) > 1
        self._layouts = Layouts(data, trials)
        self._sessions: Dict[int, GpuSession] = {}
        self._testers: Dict[int, Tester] = {}
        self._costs: Dict[int, List[Tuple[int, float]]] = {t.index: [] for t in trials}
        self._placed: Dict[int, List[Any]] = {}  # keys of the data that a group uses
        self._steps: Dict[int, int] = {}
        self._told = False
        self._trials = trials

    def run(self) -> None:
        for trial in self._trials:
            self._begin(trial)
        waiting = self._groups()
        running: List[GpuGroup] = []
        try:
            while waiting or running:
                self._admit(waiting, running)
                self._wait(running)
                for group in [group for group in running if group.passed()]:
                    self._advance(group, running)
        finally:
            if running:  # somebody raised
                self._abandon(running)

    def _abandon(self, running: List[GpuGroup]) -> None:
        with suppress(DeviceError):  # a lost device has nothing to give back
            self._gpu.ask_to_end()
            for group in list(running):
                group.drain()
                self._release(group, running)

    def _release(self, group: GpuGroup, running: List[GpuGroup]) -> None:
        running.remove(group)
        group.free()
        for key in self._placed.pop(id(group)):
            self._gpu.leave(key)

    def _begin(self, trial: Trial) -> None:
        layout, split = self._layouts.take(trial)
        initial = self._data.get("initial")
        session = GpuSession(trial, layout, split, self._stop, initial)
        self._sessions[trial.index] = session
        self._testers[trial.index] = Tester(self._data.get("test_features"), session)

    def _groups(self) -> List[Tuple[GpuProgram, List[GpuSession]]]:
        """Sort the trials by what runs them, and compile that."""
        by_key: Dict[Any, List[GpuSession]] = {}
        for session in self._sessions.values():
            rows = session.chunk_rows if fits_kernels(session.trial.chain) else 0
            by_key.setdefault((key_of(session.trial), rows), []).append(session)
        alike: Dict[Any, List[List[GpuSession]]] = {}
        for (key, _), sessions in by_key.items():
            alike.setdefault(key[1:], []).append(sessions)
        parts: List[List[GpuSession]] = []
        for groups in alike.values():
            sizes = {session.trial.chain.sizes for group in groups for session in group}
            if len(sizes) > _MOST_BUILDS:
                parts.append([session for group in groups for session in group])
            else:
                parts += groups
        made = [(self._program(part), part) for part in parts]
        if len(made) > 1:
            with ThreadPoolExecutor(cores()) as pool:
                list(pool.map(lambda pair: pair[0].compile(), made))
        return made

    def _program(self, sessions: Sequence[GpuSession]) -> GpuProgram:
        first = sessions[0]
        kinds = (first.recipe.loss, first.recipe.optimizer, first.recipe.schedule)
        rows = max(session.chunk_rows for session in sessions)
        blocks = sum(session.chunks for session in sessions)
        chains = [session.trial.chain for session in sessions]
        one_chunk = all(session.one_chunk for session in sessions)
        return GpuProgram(self._gpu.device, chains, kinds, rows, blocks, one_chunk)

    def _admit(self, waiting: List[Any], running: List[GpuGroup]) -> None:
        """Start what there is room for."""
        while waiting and not self._stop.is_set():
            program, sessions = waiting[0]
            try:
                group = self._fitted(program, sessions)
            except DeviceMemoryError:
                if running:
                    return  # when another one has ended
                if len(sessions) == 1:
                    raise
                half = len(sessions) // 2
                waiting[:1] = [(program, sessions[:half]), (program, sessions[half:])]
                continue
            del waiting[0]
            running.append(group)
            self._steps[id(group)] = 1
            group.start(1)
        if self._stop.is_set():
            waiting.clear()

    def _fitted(self, program: GpuProgram, sessions: Sequence[GpuSession]) -> GpuGroup:
        try:
            return self._place(program, sessions)
        except DeviceMemoryError:
            if not self._gpu.forget():  # what earlier jobs left
                raise
            return self._place(program, sessions)

    def _place(self, program: GpuProgram, sessions: Sequence[GpuSession]) -> GpuGroup:
        """Put trainings and their data on the device, or neither."""
        keys: List[Any] = []
        addresses: Dict[int, Tuple[int, ...]] = {}
        try:
            for session in sessions:
                if id(session.layout) not in addresses:
                    key, addresses[id(session.layout)] = self._gpu.place(session.layout)
                    keys.append(key)
                session.device_data = addresses[id(session.layout)]
            gpu = self._gpu
            group = GpuGroup(gpu.device, program, sessions, gpu.flag, gpu.teams)
        except BaseException:
            for key in keys:
                self._gpu.leave(key)
            raise
        self._placed[id(group)] = keys
        return group

    def _wait(self, running: List[GpuGroup]) -> None:
        begin = time.perf_counter()
        while running and not any(group.passed() for group in running):
            if self._stop.is_set() and not self._told:
                self._told = True
                self._gpu.ask_to_end()
            if time.perf_counter() - begin > _SPIN_S:
                time.sleep(_PAUSE_S)

    def _advance(self, group: GpuGroup, running: List[GpuGroup]) -> None:
        found = group.collect()
        over = all(session.over for session in group.sessions) or self._stop.is_set()
        live = any(is_live(session.trial) is True for session in group.sessions)
        if not live:
            self._steps[id(group)] = next_step(self._steps[id(group)], group.seconds)
        if not over:
            group.start(self._steps[id(group)])
        for session, costs, before in found:
            trial = session.trial
            self._costs[trial.index] += costs
            if is_live(trial):
                tester = self._testers[trial.index]
                self._reporter.costs(trial, tester, costs, session.epoch - before)
        if over:
            self._end(group)
            self._release(group, running)

    def _end(self, group: GpuGroup) -> None:
        done = [s for s in group.sessions if s.epoch or not (self._stop.is_set() and self._many)]
        if done and self._data.get("test_features") is None:
            ranges = [(s.split.gap_begin, s.split.gap_end) for s in done]
            group.predict(done, None, ranges)
        for session in done:
            tester, costs = self._testers[session.trial.index], self._costs[session.trial.index]
            self._reporter.end(session.trial, tester, costs, group.program.name)
