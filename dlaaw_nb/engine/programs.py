"""Chooses what runs each network: kernels with constant or variable sizes, or NumPy."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Sequence, Tuple, Union

from . import build, codegen
from .chain import Chain
from .device import cores
from .faults import BuildError
from .kernel_program import KernelProgram
from .numpy_program import NumpyProgram
from .recipe import recipe_kinds
from .resources import kernels_added, layer_file

if TYPE_CHECKING:
    from .trials import Trial

__all__ = ["Program", "choose", "fits_kernels", "prepare"]

Program = Union[KernelProgram, NumpyProgram]
Emit = Callable[[Dict[str, Any]], None]

# Beyond this a tile and its sums outgrow the caches, and NumPy's BLAS takes over. Where the two
# cross exactly has not been measured.
_MOST_PARAMETERS, _WIDEST = 8192, 256
# More networks of the same kinds than this to compile at once: they share a program whose sizes
# are arguments, ...
_MOST_BUILDS = 2
# ... unless one has so much to do (operations) that a compilation of its own pays.
_WORTH_A_BUILD = 5e10

_NO_COMPILER = (
    "no C++ compiler found ($CXX, c++, g++, clang++): training with NumPy, which is 50 to 100 "
    "times slower on small networks. Install one, for example: apt install g++, or "
    "xcode-select --install."
)
_ready: Dict[Tuple[Any, ...], KernelProgram] = {}  # compiled and loaded in this process
_told: set = set()  # type: ignore[type-arg]


def fits_kernels(chain: Chain) -> bool:
    """Tell whether a network is small enough for the fused kernels.

    Parameters
    ----------
    chain : Chain
        Its layers.

    Returns
    -------
    bool
        False if it trains layer by layer.
    """
    return chain.count <= _MOST_PARAMETERS and max(chain.sizes) <= _WIDEST


def key_of(trial: Trial) -> Tuple[Any, ...]:
    """Say what makes a program different from another.

    Parameters
    ----------
    trial : Trial
        A trial.

    Returns
    -------
    tuple
        Sizes, kinds of layers; kinds of loss, optimizer and schedule.
    """
    return trial.chain.sizes, trial.chain.kinds, *recipe_kinds(trial.spec)


def choose(trials: Sequence[Trial], rows: int, emit: Emit) -> Dict[Tuple[Any, ...], Program]:
    """Give each network of a plan its program, compiled.

    Parameters
    ----------
    trials : sequence of Trial
        All trials.
    rows : int
        Rows of the data, to estimate the work.
    emit : callable
        Takes a warning if NumPy stands in.

    Returns
    -------
    dict
        Program by `key_of`.
    """
    networks: Dict[Tuple[Any, ...], List[Trial]] = {}
    for trial in trials:
        networks.setdefault(key_of(trial), []).append(trial)
    chosen: Dict[Tuple[Any, ...], Program] = {}
    small = {key: group for key, group in networks.items() if fits_kernels(group[0].chain)}
    if small and build.compiler() is None:
        _warn(emit, _NO_COMPILER)
        small = {}
    if small:
        try:
            chosen.update(_compile(small, rows))
        except BuildError as error:
            _warn(emit, f"{error} Training with NumPy instead, which is slower.")
    for key in networks:
        chosen.setdefault(key, NumpyProgram())
    return chosen


def prepare(spec: Mapping[str, Any]) -> None:
    """Compile what a specification's network will need, so that it is there when the data is.

    Parameters
    ----------
    spec : mapping
        A specification. What fails here fails again, and is told, when it runs.
    """
    chain = Chain(spec["layers"]["nodes"])
    if fits_kernels(chain) and build.compiler() is not None:
        source = codegen.training_source(chain, *recipe_kinds(spec))
        with suppress(BuildError):
            build.library(source)


def _compile(
    networks: Dict[Tuple[Any, ...], List[Trial]], rows: int
) -> Dict[Tuple[Any, ...], Program]:
    def missing(key: Tuple[Any, ...]) -> bool:
        source = codegen.training_source(networks[key][0].chain, *key[2:])
        return not build.is_built(source)

    added = kernels_added()

    def ready(key: Tuple[Any, ...]) -> Tuple[Any, ...]:
        own = [added[layer_file(kind)] for kind in key[1] if layer_file(kind) in added]
        return (*key, *own)  # a kernel that is replaced makes another program

    absent = {key for key in networks if ready(key) not in _ready and missing(key)}
    alike = Counter(key[1:] for key in absent)  # they differ in their sizes alone
    shared = {
        k
        for k in absent
        if alike[k[1:]] > _MOST_BUILDS and _work(networks[k], rows) < _WORTH_A_BUILD
    }

    def make(key: Tuple[Any, ...]) -> Program:
        known = ready(key)
        if known not in _ready:
            chain = networks[key][0].chain
            loss, optimizer, schedule = key[2:]
            program = KernelProgram(chain, loss, optimizer, schedule, key not in shared)
            if key in shared:
                return program
            _ready[known] = program
        return _ready[known]

    if len(absent) < 2:
        return {key: make(key) for key in networks}
    with ThreadPoolExecutor(cores()) as pool:
        return dict(zip(networks, pool.map(make, networks)))


def _work(trials: Sequence[Trial], rows: int) -> float:
    return sum(6.0 * rows * t.chain.count * int(t.training["epochs"]) for t in trials)


def _warn(emit: Emit, message: str) -> None:
    if message not in _told:  # once a process
        _told.add(message)
        emit({"event": "log", "level": "warning", "message": message})
