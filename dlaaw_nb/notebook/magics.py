"""The magics: each a thin line over the Python API."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from dlaaw_nb.notebook.names import data_named, model_named, network_named, value_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

__all__ = ["NetworkMagics"]

_MOST_TRAININGS = 10_000  # of a sweep that nobody confirmed
_RATE = 4e9  # operations a second, roughly, for an estimate
_SETTINGS = (
    "batches", "epochs", "learning_rate", "momentum", "weight_decay", "loss", "optimizer",
    "schedule", "early_stopping", "clip_norm", "shuffle", "seed", "normalize", "normalize_on",
    "normalize_target", "cost_every",
)  # fmt: skip
_SWEPT = (
    "learning_rate", "momentum", "weight_decay", "optimizer", "schedule", "loss", "epochs",
    "batches", "hidden", "seed", "normalize",
)  # fmt: skip


def _run_arguments(result: str) -> Callable[[Any], Any]:
    """Give a magic the arguments that all runs of a network have."""

    def add(magic: Any) -> Any:
        for decorate in (
            argument("--as", dest="variable", help=f"variable for it: NETWORK_{result} by default"),
            argument("--background", action="store_true", help="leave the kernel free"),
            argument("--label", help="name or position of the label column"),
            argument("--target", default="cpu", help="where to run; %%targets lists them"),
            argument("--data", help="a variable, a file, a URL or a data set"),
            argument("network", help="variable that holds the network"),
        ):
            magic = decorate(magic)
        return magic

    return add


@magics_class
class NetworkMagics(Magics):
    """Networks in cells: ``%%nnworkflow``, ``%train``, ``%cv``, ``%sweep``, ``%predict`` and more.

    A result is kept in a variable named after the network (``net_result``), or as ``--as`` says.
    """

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._shell = shell
        self._data: dict[str, Any] = {}  # what each network was made with, by its variable

    @property
    def _space(self) -> dict[str, Any]:
        """The person's variables."""
        space: dict[str, Any] = self._shell.user_ns
        return space

    @magic_arguments()
    @argument("name", help="variable that the network is put into")
    @argument("--data", help="its data by default: a variable, a file, a URL or a data set")
    @argument("--batches", type=int, help="parts that the rows are cut into; the last one tests")
    @argument("--epochs", type=int, help="passes over the training rows")
    @argument("--learning-rate", type=float, help="step size of the optimizer")
    @argument("--momentum", type=float, help="share of the last step that is kept")
    @argument("--weight-decay", type=float, help="how strongly weights are drawn to 0")
    @argument("--loss", help="CrossEntropy, MeanSquaredError, 'Huber(delta=2)'; see the last layer")
    @argument("--optimizer", help="SGD, Nesterov, Adam, AdamW, or 'Adam(beta1=0.8)'")
    @argument("--schedule", help="StepDecay, CosineDecay, 'ReduceOnPlateau(patience=9)'")
    @argument("--early-stopping", type=int, help="epochs without a better cost that are borne")
    @argument("--clip-norm", type=float, help="longest gradient")
    @argument("--shuffle", help="once, never or every_epoch")
    @argument("--normalize-target", help="standard or none, for numbers")
    @argument("--seed", type=int, help="of the first weights and of the shuffle")
    @argument("--normalize", help="minmax, standard or none")
    @argument("--normalize-on", help="train or all")
    @argument("--cost-every", type=int, help="epochs between two costs")
    @cell_magic
    def nnworkflow(self, line: str, cell: str) -> Any:
        """Make a network of the cell's lines, one layer each.

        Example::

            %%nnworkflow net --data breast_cancer --epochs 1000
            Linear(5, 3)
            ReLU()
            Linear(3, 1)
            Sigmoid()
        """
        from dlaaw_nb.notebook.cell_network import network_of_cell

        arguments = parse_argstring(self.nnworkflow, line)
        name = _variable(arguments.name)
        settings = {k: v for k, v in vars(arguments).items() if k in _SETTINGS and v is not None}
        for part in ("loss", "optimizer", "schedule"):
            if part in settings:
                settings[part] = settings[part].strip("'\"")
        if "shuffle" in settings:
            words = {"once": True, "never": False}
            settings["shuffle"] = words.get(settings["shuffle"], settings["shuffle"])
        space = self._space
        if arguments.data is not None:
            self._data[name] = data_named(arguments.data, space)
        network = network_of_cell(cell, space, {**settings, "name": name})
        self._shell.push({name: network})
        return network

    @magic_arguments()
    @argument("--test-fraction", type=float, help="share of the rows to test on")
    @_run_arguments("result")
    @line_magic
    def train(self, line: str) -> Any:
        """Train a network and watch its cost. Example: ``%train net --target cpu``."""
        arguments = parse_argstring(self.train, line)
        return self._run("train", arguments, "result", {"test_fraction": arguments.test_fraction})

    @magic_arguments()
    @argument("--folds", type=int, default=5, help="parts that the rows are cut into")
    @argument("--stratified", action="store_true", help="give each fold its share of classes")
    @_run_arguments("cv")
    @line_magic
    def cv(self, line: str) -> Any:
        """Cross-validate a network. Example: ``%cv net --folds 5``."""
        arguments = parse_argstring(self.cv, line)
        options = {"folds": arguments.folds, "stratified": arguments.stratified}
        return self._run("cross_validate", arguments, "cv", options)

    @magic_arguments()
    @argument("--learning-rate", nargs="+", help="values to try")
    @argument("--momentum", nargs="+", help="values to try")
    @argument("--weight-decay", nargs="+", help="values to try")
    @argument("--optimizer", nargs="+", help="optimizers to try: SGD Adam")
    @argument("--schedule", nargs="+", help="schedules to try: Constant CosineDecay")
    @argument("--loss", nargs="+", help="losses to try: MeanSquaredError Huber")
    @argument("--epochs", nargs="+", help="values to try")
    @argument("--batches", nargs="+", help="values to try")
    @argument("--hidden", nargs="+", help="widths of the hidden layers to try: 3 5 8,4")
    @argument("--seed", nargs="+", help="values to try")
    @argument("--normalize", nargs="+", help="values to try")
    @argument("--folds", type=int, help="cross-validate each setting with so many folds")
    @argument("--sample", type=int, help="take so many settings of the grid at random")
    @argument("--yes", action="store_true", help="run it however many trainings it makes")
    @_run_arguments("sweep")
    @line_magic
    def sweep(self, line: str) -> Any:
        """Try settings. Example: ``%sweep net --learning-rate 0.1 0.01 --folds 5``."""
        arguments = parse_argstring(self.sweep, line)
        grid: dict[str, Any] = {}
        for name in _SWEPT:
            values = getattr(arguments, name)
            if values is not None:
                grid[name] = [value for text in values for value in self._values(name, text)]
        if not arguments.yes:
            self._ask(arguments, grid)
        options = {"folds": arguments.folds, "sample": arguments.sample, **grid}
        return self._run("sweep", arguments, "sweep", options)

    @magic_arguments()
    @argument("model", help="variable with a model or a training's result, or a model file")
    @argument("data", help="a variable, a file, a URL or a data set")
    @argument("--outputs", nargs="+", default=[], help="layers whose output is wanted too")
    @argument("--as", dest="variable", help="variable for it: MODEL_prediction if not given")
    @line_magic
    def predict(self, line: str) -> Any:
        """Predict the class of each row. Example: ``%predict net_result new_rows.csv``."""
        from dlaaw_nb import DlaawError

        arguments = parse_argstring(self.predict, line)
        space = self._space
        try:
            model = model_named(arguments.model, space)
            prediction = model.predict(data_named(arguments.data, space), outputs=arguments.outputs)
        except DlaawError as error:
            raise UsageError(str(error)) from error
        stem = arguments.model.removesuffix("_result")
        default = f"{stem if stem.isidentifier() else model.name}_prediction"
        self._shell.push({_variable(arguments.variable or default): prediction})
        return prediction

    @magic_arguments()
    @argument("action", nargs="?", choices=("list", "test"), default="list", help="list by default")
    @argument("name", nargs="?", help="the target to test")
    @line_magic
    def targets(self, line: str) -> Any:
        """List the places where networks can run. Example: ``%targets``, ``%targets test cpu``."""
        from dlaaw_nb import DlaawError, targets
        from dlaaw_nb.views.target_tables import targets_listed, targets_tested

        arguments = parse_argstring(self.targets, line)
        name = arguments.name
        if (arguments.action == "test") != (name is not None):
            raise UsageError("Write %targets, or %targets test and the name of one target.")
        try:
            if name is None:
                return targets_listed(targets.survey())
            return targets_tested(name, targets.test(name))
        except DlaawError as error:
            raise UsageError(str(error)) from error

    @magic_arguments()
    @argument("what", help="kind of layer (Linear), loss or optimizer, or a network's variable")
    @line_magic
    def kernel(self, line: str) -> Any:
        """Show the CUDA source of a layer, loss or optimizer. Example: ``%kernel Linear``."""
        from IPython.display import display

        from dlaaw_nb.notebook.kernel_source import find_sources

        what = parse_argstring(self.kernel, line).what
        space = self._space
        own = what in space and not isinstance(space[what], type)  # a class stands for its name
        found = find_sources(network_named(what, space) if own else what)
        if not found:
            raise UsageError(f"{what}: no kernel of that name. Try %kernel Linear, or a network.")
        for source in found:
            display(source)

    def _run(self, verb: str, arguments: Any, kind: str, options: dict[str, Any]) -> Any:
        from dlaaw_nb import DivergenceError, DlaawError, Monitor
        from dlaaw_nb.notebook.jobs import BackgroundJob

        space = self._space
        network = network_named(arguments.network, space)
        data = data_named(arguments.data, space, self._data.get(arguments.network))
        name = _variable(arguments.variable or f"{arguments.network}_{kind}")
        if arguments.label is not None:
            options["label"] = value_of(arguments.label)
        options["target"] = arguments.target
        call = getattr(network, verb)
        if arguments.background:

            def keep(result: Any) -> None:
                self._shell.push({name: result})

            job = BackgroundJob(call, data, caption=f"Kept as {name}", done=keep, **options)
            self._shell.push({f"{arguments.network}_job": job})
            return job
        monitor = Monitor(last=False)
        try:
            result = call(data, callback=monitor, **options)
        except DlaawError as error:
            if isinstance(error, DivergenceError):  # what came before is not lost
                self._shell.push({name: error.result})
                monitor.show_result(error.result, f"Kept as {name}")
            raise UsageError(str(error)) from error
        self._shell.push({name: result})
        monitor.show_result(result, f"Kept as {name}")
        return None

    def _values(self, name: str, text: str) -> list[Any]:
        """Read one word of a list of values; a variable or an expression may hold several."""
        value = value_of(text)
        if isinstance(value, str):
            with suppress(Exception):  # what is no expression is a word, such as minmax
                value = eval(text, dict(self._space))  # noqa: S307 - the person's own line
        if isinstance(value, str) or not isinstance(value, Iterable):
            return [(value,) if name == "hidden" and isinstance(value, int) else value]
        # 8,4 are the widths of one network; a variable holds several values.
        return [value] if name == "hidden" and "," in text and text[0] != "[" else [*value]

    def _ask(self, arguments: argparse.Namespace, grid: dict[str, Any]) -> None:
        points = 1
        for values in grid.values():
            points *= len(values)
        points = min(points, arguments.sample or points)
        trainings = points * (arguments.folds or 1)
        if trainings <= _MOST_TRAININGS:
            return
        network = network_named(arguments.network, self._space)
        work = 6.0 * 1000 * sum(layer.parameter_count for layer in network.layers) * network.epochs
        minutes = trainings * work / _RATE / 60
        raise UsageError(
            f"This sweep makes {trainings:,} trainings ({points:,} settings), about "
            f"{minutes:,.0f} min for each 1,000 rows. Add --yes to run it, or --sample 100 for "
            "100 settings at random."
        )


def _variable(name: str) -> str:
    if not name.isidentifier():
        raise UsageError(f"{name!r}: expected the name of a variable, such as net.")
    return name
