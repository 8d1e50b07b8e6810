"""Trainings that share a program and go to a GPU as one grid: blockIdx.y is the trial."""

from __future__ import annotations

import ctypes
import time
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from . import wide
from .faults import DeviceError
from .gpu_memory import Region
from .gpu_predict import predict
from .gpu_program import most_team, resident_blocks, wide_team
from .kernel_program import MOST_CHUNKS, chunk_count, options_of
from .launch import Rows, Training
from .reference import OPTIMIZERS, SCHEDULE_MEMORY
from .session import Session, Stop, initial_parameters

if TYPE_CHECKING:
    from .cuda_driver import Device, Event, Stream
    from .gpu_program import GpuProgram
    from .layout import Layout, Split
    from .trials import Trial

__all__ = ["GpuGroup", "GpuSession"]

MOST_REPORTS = 1024  # costs that one slice can hold


class GpuSession(Session):
    """One training on a GPU. Its group advances it, along with others.

    Parameters
    ----------
    trial, layout, split, stop
        As for `Session`.
    initial : mapping or None
        Weights to start from.

    Attributes
    ----------
    device_data : tuple of int
        Addresses of the layout's features and labels, once they are on the device.
    """

    def __init__(
        self,
        trial: Trial,
        layout: Layout,
        split: Split,
        stop: Stop,
        initial: Optional[Mapping[str, Any]],
    ) -> None:
        super().__init__(trial, layout, split, stop)
        chain = trial.chain
        self.device_data: Tuple[int, ...] = ()
        self.chunks = chunk_count(-(-self.train_rows // self.parts))
        parameters = initial_parameters(chain, int(trial.training["seed"]), initial)
        self.flat, self.buffers = chain.pack(parameters), chain.pack_buffers(parameters)
        self.group: Optional[GpuGroup] = None
        self._predicted: Tuple[Any, np.ndarray] = (None, np.zeros((0, 0), np.float32))

    @property
    def one_chunk(self) -> bool:
        """Whether neither a batch nor what validates has more than one chunk."""
        return self.chunks == 1 and chunk_count(self.validation_rows) == 1

    @property
    def chunk_rows(self) -> int:
        """Rows of a chunk, about."""
        return -(-self.train_rows // self.parts // self.chunks)

    def parameters(self) -> Dict[str, np.ndarray]:
        """Give the parameters after the last slice; see ``Session.parameters``."""
        chain = self.trial.chain
        found = {**chain.unpack(self.flat), **chain.unpack_buffers(self.buffers)}
        return {name: found[name] for name in chain.arrays}

    def predict(self, layout: Layout, begin: int, end: int) -> np.ndarray:
        """Run rows through the network; see ``Session.predict``."""
        key = (id(layout), begin, end, self.epoch)
        if self._predicted[0] != key and self.group is not None:
            self.group.predict([self], layout, [(begin, end)])
        return self._predicted[1]

    def predicted(self, layout: Layout, begin: int, end: int, outputs: np.ndarray) -> None:
        """Take what `predict` will be asked for."""
        self._predicted = ((id(layout), begin, end, self.epoch), outputs)


class _Slots:
    """Numbers of a trial's arrays in the regions of its group."""

    def __init__(self, group: GpuGroup, session: GpuSession) -> None:
        chain, recipe = session.trial.chain, session.recipe
        self._give(group.given, group.sizes_of(session), session)
        out, work = group.out, group.work
        reports = min(MOST_REPORTS, session.epochs // session.cost_every + 2)
        self.most_reports = reports
        self.status = out.add(4, np.int32)
        self.costs = out.add(reports, np.float64)
        self.validation = out.add(reports if session.validation_rows else 1, np.float64)
        self.parameters = out.put(session.flat)
        self.buffers = out.put(session.buffers)
        best = chain.padded + len(session.buffers) if recipe.patience else 1
        self.best = out.add(best, np.float32)
        self.monitor = out.add(3 + SCHEDULE_MEMORY, np.float64)
        chunks = 1 if group.program.wide else session.chunks
        self.state = work.add(chain.padded * OPTIMIZERS[recipe.optimizer].states, np.float32)
        self.sums = work.add(2 * chunks * chain.padded if chunks > 1 else 1, np.float32)
        self.chunk_costs = work.add(2 * MOST_CHUNKS, np.float64)
        self.moments = work.add(4 * chunks * chain.whole_batch, np.float64)
        self.team = work.add(64, np.int32)
        self.wide = work.add(_wide_floats(session), np.float32) if group.program.wide else -1

    def _give(self, given: Region, sizes: Sequence[int], session: GpuSession) -> None:
        recipe, split = session.recipe, session.split
        self.sizes = given.put(np.array(sizes, np.int32))
        self.options = given.put(options_of(session.trial.chain))
        self.settings = given.put(recipe.settings)
        self.schedule = given.put(recipe.schedule_settings)
        self.loss = given.put(recipe.loss_options)
        self.offset = self.scale = -1
        if not split.in_place:
            self.offset, self.scale = given.put(split.offset_32), given.put(split.scale_32)


def _wide_floats(session: GpuSession) -> int:
    rows = max(-(-session.train_rows // session.parts), session.validation_rows)
    chain, recipe = session.trial.chain, session.recipe
    return wide.train_floats(chain, recipe.loss, recipe.optimizer, rows)


class GpuGroup:
    """Trainings side by side in one grid.

    Parameters
    ----------
    device : Device
        Where.
    program : GpuProgram
        Their kernels.
    sessions : sequence of GpuSession
        At epoch 0.
    stop_address : int
        Of the flag on the device that ends them.
    team_stream : Stream
        For launches in which several blocks work on a trial: those blocks wait for each other, so
        no two such launches may share the device.

    Raises
    ------
    DeviceMemoryError
        When there is no room for them.
    """

    def __init__(
        self,
        device: Device,
        program: GpuProgram,
        sessions: Sequence[GpuSession],
        stop_address: int,
        team_stream: Stream,
    ) -> None:
        self._team_stream = team_stream
        self._device, self.program, self.sessions = device, program, list(sessions)
        self.stream: Stream = device.new_stream()
        self._train, self._forward = program.functions()
        self.given, self.out = Region(device, True), Region(device, True)
        self.work = Region(device, False)
        self._slots = {s.trial.index: _Slots(self, s) for s in sessions}
        launch = len(sessions) * ctypes.sizeof(Training)
        self._structs = self.work.add(launch, np.uint8)
        self._regions = (self.given, self.out, self.work)
        self._pinned = device.pinned(launch)
        self._event: Event = device.event()
        try:
            device.require({"trainings": sum(region.nbytes for region in self._regions)})
            for region in self._regions:
                region.place(self.stream)
            self.given.send(self.stream)
            self.out.send(self.stream)
            device.wait(self.stream)
        except DeviceError:
            self.free()
            raise
        self._arguments = {s.trial.index: self._fill(s, stop_address) for s in sessions}
        self._running: List[Tuple[GpuSession, List[int]]] = []
        self._began = 0.0
        self.seconds = 0.0  # of the last slice
        for session in sessions:
            session.group = self

    def sizes_of(self, session: GpuSession) -> Tuple[int, ...]:
        """Give the sizes that the program takes for a training."""
        from .codegen import fused_sizes

        return fused_sizes(session.trial.chain)

    def _fill(self, session: GpuSession, stop_address: int) -> Training:
        slots, split, recipe = self._slots[session.trial.index], session.split, session.recipe
        given, out, work = self.given.address, self.out.address, self.work.address
        x, t = session.device_data
        placed = slots.offset >= 0
        return Training(
            rows=Rows(
                x,
                t,
                given(slots.offset) if placed else None,
                given(slots.scale) if placed else None,
                session.layout.x.shape[1],
                split.gap_begin,
                split.gap_end - split.gap_begin,
            ),
            sizes=given(slots.sizes),
            options=given(slots.options),
            settings=given(slots.settings),
            schedule=given(slots.schedule),
            loss=given(slots.loss),
            parameters=out(slots.parameters),
            state=work(slots.state),
            buffers=out(slots.buffers),
            best=out(slots.best),
            monitor=out(slots.monitor),
            costs=out(slots.costs),
            validation_costs=out(slots.validation),
            sums=work(slots.sums),
            chunk_costs=work(slots.chunk_costs),
            moments=work(slots.moments),
            team_state=work(slots.team),
            stop=stop_address,
            status=out(slots.status),
            train_rows=session.train_rows,
            validation_rows=session.validation_rows,
            epochs=session.epochs,
            cost_every=session.cost_every,
            patience=recipe.patience,
            min_delta=recipe.min_delta,
            clip_norm=recipe.clip_norm,
            batches=session.parts,
            reshuffle=recipe.reshuffle,
            shuffle_key=recipe.shuffle_key,
            dropout_key=recipe.dropout_key,
            work=work(slots.wide) if slots.wide >= 0 else None,
        )

    def capacity(self) -> int:
        """Count the blocks that the device holds at once."""
        shape = self.program.shape
        return resident_blocks(self._device, self._train, shape.threads, shape.shared_bytes)

    def team(self) -> int:
        """Blocks that work on each trial."""
        trials = sum(not session.over for session in self.sessions)
        if self.program.wide:
            return wide_team(trials, self.capacity())
        chunks = max(s.chunks for s in self.sessions if not s.over)
        return most_team(chunks, trials, self.capacity())

    def start(self, reports: int) -> None:
        """Start a slice of every training that is not over; it runs beside the host.

        Parameters
        ----------
        reports : int
            How many costs each should report, at least 1.
        """
        self._running = []
        for session in self.sessions:
            if session.over:
                continue
            most = self._slots[session.trial.index].most_reports - 1
            end = session.end_of(min(reports, most))
            arguments = self._arguments[session.trial.index]
            arguments.epoch_begin, arguments.epoch_end = session.epoch, end
            self._running.append((session, session.reported(session.epoch, end)))
        shape, count, size = self.program.shape, len(self._running), ctypes.sizeof(Training)
        for k, (session, _) in enumerate(self._running):
            raw = bytes(self._arguments[session.trial.index])
            self._pinned[k * size : (k + 1) * size] = np.frombuffer(raw, np.uint8)
        team = self.team()
        self._began = time.perf_counter()
        stream = self._team_stream if team > 1 else self.stream
        structs = self.work.address(self._structs)
        self._device.upload(structs, self._pinned[: count * size], stream)
        self._device.launch(
            self._train,
            (team, count),
            (shape.threads,),
            shape.shared_bytes,
            [structs],
            stream,
        )
        self.out.fetch(stream)
        self._event.record(stream)

    def passed(self) -> bool:
        """Tell whether the slice is done."""
        return self._event.passed()

    def collect(self) -> List[Tuple[GpuSession, List[Tuple[int, float]], int]]:
        """Take what the slice left.

        Returns
        -------
        list of (GpuSession, list of (int, float), int)
            Each training of the slice, the costs that are new, and its epoch before.
        """
        self.seconds = time.perf_counter() - self._began
        found = []
        for session, wanted in self._running:
            slots, before = self._slots[session.trial.index], session.epoch
            status = self.out.view(slots.status)
            session.epoch = int(status[0])
            session.diverged = int(status[1]) - 1 if status[1] else None
            session.early = bool(status[2])
            padded = session.trial.chain.padded
            session.flat = self.out.view(slots.parameters)[:padded].copy()
            session.buffers = self.out.view(slots.buffers).copy()
            self._keep_best(session, slots)
            done = [epoch for epoch in wanted if epoch < session.epoch]
            costs = list(zip(done, self.out.view(slots.costs).tolist()))
            if session.validation_rows:
                validation = self.out.view(slots.validation).tolist()
                session.validation_costs += list(zip(done, validation))
            session.seconds += self.seconds
            found.append((session, costs, before))
        return found

    def _keep_best(self, session: GpuSession, slots: _Slots) -> None:
        monitor = self.out.view(slots.monitor)
        if session.recipe.patience and session.over and session.diverged is None and monitor[2]:
            best, padded = self.out.view(slots.best), session.trial.chain.padded
            session.flat = best[:padded].copy()
            session.buffers = best[padded : padded + len(session.buffers)].copy()
            session.best_epoch = int(monitor[2]) - 1

    def predict(
        self,
        sessions: Sequence[GpuSession],
        layout: Optional[Layout],
        ranges: Sequence[Tuple[int, int]],
    ) -> None:
        """Run rows through some of the networks in one launch, and keep what comes out.

        Parameters
        ----------
        sessions : sequence of GpuSession
            Whose networks, as they were after their last slice.
        layout : Layout or None
            The rows; None for each training's own.
        ranges : sequence of (int, int)
            Which rows, for each.
        """
        requests = []
        for session, (begin, end) in zip(sessions, ranges):
            rows = layout or session.layout
            own = rows is session.layout
            data = session.device_data[0] if own else None
            arrays = (
                np.array(self.sizes_of(session), np.int32),
                options_of(session.trial.chain),
                session.flat,
                session.buffers,
            )
            requests.append((arrays, rows, session.split, data, begin, end))
        wanted = [[len(r[0][0]) - 2] for r in requests]
        shape = self.program.shape
        made = predict(self._device, self._forward, shape, self.program.wide, requests, wanted)
        for session, request, outputs in zip(sessions, requests, made):
            session.predicted(request[1], request[4], request[5], outputs[0])

    def drain(self) -> None:
        """Wait until nothing of it is under way."""
        for stream in (self.stream, self._team_stream):
            self._device.wait(stream)

    def free(self) -> None:
        """Give the memory back; the slice is done."""
        for region in self._regions:
            region.free()
        self._device.give_back(self._pinned, self._event, self.stream)
