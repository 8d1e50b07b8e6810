"""Networks: workflows whose tasks are layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import NetworkError
from dlaaw_nb.nn.hyperparameters import HYPERPARAMETERS, checked
from dlaaw_nb.nn.layers.own import OwnActivation
from dlaaw_nb.nn.losses import fitting_loss
from dlaaw_nb.nn.optimizers import SGD
from dlaaw_nb.nn.placing import chain_layers, widen
from dlaaw_nb.nn.schedules import Constant, check_rate
from dlaaw_nb.nn.task_network import NetworkTask
from dlaaw_nb.nn.verbs import NetworkVerbs
from dlaaw_nb.workflow.composing import Composable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from typing_extensions import Self

    from dlaaw_nb.nn.layers import NNTask
    from dlaaw_nb.nn.losses import Loss
    from dlaaw_nb.nn.optimizers import Optimizer
    from dlaaw_nb.nn.schedules import Schedule
    from dlaaw_nb.nn.stopping import EarlyStopping

__all__ = ["NNWorkflow"]

_FIXED = frozenset((*HYPERPARAMETERS, "layers"))


class NNWorkflow(NetworkVerbs, Composable, NetworkTask):
    """A network of layers in a chain, with all that its training needs but the data.

    It is made from a list of layers; or a class is derived from it that has a method ``design``
    calling ``self.sequential``, as in the second example. It is fixed once made: `replace` gives a
    changed copy. As a task it takes a data set (and a model, to go on from), and gives the model,
    its prediction, a report, and the output of each layer by the layer's name; `as_task` says
    otherwise.

    Parameters
    ----------
    layers : iterable of NNTask, or None
        The layers from first to last. None leaves them to ``design``.
    batches : int
        Parts that the rows are cut into, from 2; 6 by default. Training takes all but the last.
    epochs : int
        Passes over the training rows, from 1; 1000 by default.
    learning_rate : float
        Step size of the optimizer, above 0; by default 0.1, with Adam and AdamW 0.001.
    momentum : float
        Share of the last step that is kept, from 0 to below 1; 0.9 by default. Of SGD and Nesterov.
    weight_decay : float
        How strongly weights are drawn to 0, from 0; 0 by default.
    loss : Loss or str
        ``BinaryCrossEntropy``, ``CrossEntropy``, ``MeanSquaredError`` or ``Huber``; by default what
        the last layer asks for: the second behind a Softmax, else the first.
    optimizer : Optimizer or str
        ``SGD`` (default), ``Nesterov``, ``Adam`` or ``AdamW``; an object gives its parameters.
    schedule : Schedule or str
        ``Constant`` (default), ``StepDecay``, ``CosineDecay`` or ``ReduceOnPlateau``.
    early_stopping : EarlyStopping, int or None
        When to end a training that gets no better; a number is the patience in epochs.
    clip_norm : float or None
        Longest gradient, all parameters together, above 0; None for any.
    seed : int
        Seed of the first weights and of the shuffle, from 0 to 2**64 - 1; 0 by default.
    shuffle : {True, False, "every_epoch"}
        Whether the rows are shuffled once before they are cut; True by default. "every_epoch" puts
        the rows that train in a new order each epoch besides.
    normalize : {"minmax", "standard", "none"}
        How each feature is scaled: to 0..1, to mean 0 and deviation 1, or not at all.
    normalize_on : {"train", "all"}
        Rows that the scaling is learned from; "all" is the paper's way.
    normalize_target : {"standard", "none"}
        How a regression's target is scaled while training: to mean 0 and deviation 1, or not at
        all. Costs are in that scale, predictions in the target's own units.
    cost_every : int
        Epochs between two cost events, from 1; 100 by default.
    name : str
        What it is called in files and views; "network" by default.

    Raises
    ------
    NetworkError
        When layers do not chain, do not end in what the loss needs, or a value is out of its range.

    Notes
    -----
    A derived class may set any of the values as class attributes; what is given to ``sequential``
    goes before those, and what is given here before both.

    Examples
    --------
    >>> from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid
    >>> NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=200)
    NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], batches=6, epochs=200)
    >>> class SampleNNWorkflow(NNWorkflow):
    ...     def design(self):
    ...         layers = [Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()]
    ...         self.sequential(layers, 5, 1000)
    >>> SampleNNWorkflow().batches
    5
    """

    palette_group = "Networks"
    batches: int = 6
    epochs: int = 1000
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 0.0
    loss: Loss = None  # type: ignore[assignment]  # filled in from the layers
    optimizer: Optimizer = SGD()
    schedule: Schedule = Constant()
    early_stopping: EarlyStopping | None = None
    clip_norm: float | None = None
    seed: int = 0
    shuffle: bool | str = True
    normalize: str = "minmax"
    normalize_on: str = "train"
    normalize_target: str = "standard"
    cost_every: int = 100
    name: str = "network"

    def __init__(  # noqa: PLR0913 - each is a hyperparameter by its name
        self,
        layers: Iterable[NNTask] | None = None,
        *,
        batches: int | None = None,
        epochs: int | None = None,
        learning_rate: float | None = None,
        momentum: float | None = None,
        weight_decay: float | None = None,
        loss: Loss | str | None = None,
        optimizer: Optimizer | str | None = None,
        schedule: Schedule | str | None = None,
        early_stopping: EarlyStopping | int | None = None,
        clip_norm: float | None = None,
        seed: int | None = None,
        shuffle: bool | str | None = None,
        normalize: str | None = None,
        normalize_on: str | None = None,
        normalize_target: str | None = None,
        cost_every: int | None = None,
        name: str | None = None,
    ) -> None:
        given = {
            "batches": batches,
            "epochs": epochs,
            "learning_rate": learning_rate,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "loss": loss,
            "optimizer": optimizer,
            "schedule": schedule,
            "early_stopping": early_stopping,
            "clip_norm": clip_norm,
            "seed": seed,
            "shuffle": shuffle,
            "normalize": normalize,
            "normalize_on": normalize_on,
            "normalize_target": normalize_target,
            "cost_every": cost_every,
            "name": name,
        }
        if layers is None:
            self.design()
        else:
            self.layers = chain_layers(layers)
        if not self.layers:
            raise NetworkError(
                f"{self.kind}: design() gave no layers. End it with self.sequential(layers)."
            )
        settings = {
            key: getattr(self, key) if value is None else value for key, value in given.items()
        }
        if learning_rate is None and type(self).learning_rate == NNWorkflow.learning_rate:
            chosen = checked({"optimizer": settings["optimizer"]})["optimizer"]
            settings["learning_rate"] = chosen.learning_rate
        self._finish(self.layers, settings)

    def design(self) -> None:
        """Say what the network is made of; a derived class overrides it and calls `sequential`.

        Raises
        ------
        NetworkError
            Always here: this class has no design of its own.
        """
        raise NetworkError(
            f"{self.kind}: no layers given. Write NNWorkflow([Linear(n, 1), Sigmoid()]), or derive "
            "a class with a method design() that calls self.sequential(layers, batches, epochs)."
        )

    def sequential(
        self, layers: Iterable[NNTask], batches: int | None = None, epochs: int | None = None
    ) -> None:
        """Put layers one behind the other; to be called in `design`.

        Parameters
        ----------
        layers : iterable of NNTask
            The layers from first to last.
        batches, epochs : int or None
            As for the class; None leaves the class's own.

        Raises
        ------
        NetworkError
            When the layers do not chain.
        """
        self.layers = chain_layers(layers)
        if batches is not None:
            self.batches = batches
        if epochs is not None:
            self.epochs = epochs

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """Value of each hyperparameter by its name."""
        values = {name: getattr(self, name) for name in HYPERPARAMETERS}
        return {**values, "name": self._title or self.name}

    def replace(self, **changes: Any) -> Self:
        """Make a copy with other hyperparameters.

        Parameters
        ----------
        **changes : object
            Any of the constructor's values by name, `layers` too; and `hidden`, the widths of the
            hidden layers, as a tuple or as one number.

        Returns
        -------
        NNWorkflow
            The copy, of the same class; its `design` is not run again.

        Raises
        ------
        NetworkError
            When a name is unknown, a value is out of its range, or layers do not chain.
        """
        layers = self.layers
        if "layers" in changes:
            layers = chain_layers(changes.pop("layers"))
            if self.loss == fitting_loss(self.layers):
                changes.setdefault("loss", None)
        if "hidden" in changes:
            layers = chain_layers(widen(layers, changes.pop("hidden")))
        twin = object.__new__(type(self))
        twin.__dict__.update(self.unplaced().__dict__)
        twin._finish(layers, {**self.hyperparameters, **changes})
        return twin

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NNWorkflow):
            return NotImplemented
        tasks = (self.mode, self.target) == (other.mode, other.target)
        return (
            tasks and self.layers == other.layers and self.hyperparameters == other.hyperparameters
        )

    def __hash__(self) -> int:
        return hash((self.layers, *self.hyperparameters.values()))

    def __setattr__(self, name: str, value: object) -> None:
        if name in _FIXED and "_made" in self.__dict__:
            raise NetworkError(
                f"{self.name}: a network is fixed once made, {name} cannot be set. "
                f"Write network = network.replace({name}=...)."
            )
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        from dlaaw_nb.nn.summary import network_call

        usual = {name: getattr(NNWorkflow, name) for name in HYPERPARAMETERS}
        usual["loss"] = fitting_loss(self.layers)
        usual["learning_rate"] = self.optimizer.learning_rate
        call = network_call(self.unplaced(), usual)
        if (self.mode, self.target) == (NNWorkflow.mode, NNWorkflow.target):
            return call
        return f"{call}.as_task({self.mode!r}, target={self.target!r})"

    def _repr_html_(self) -> str:
        from dlaaw_nb.nn.summary import network_html

        return network_html(self)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        from dlaaw_nb.nn.summary import network_drawing

        drawing = network_drawing(self)
        return drawing.to_png(), drawing.png_metadata()

    def _finish(self, layers: tuple[NNTask, ...], settings: Mapping[str, object]) -> None:
        given = dict(settings)
        if given.get("loss") is None:
            given["loss"] = fitting_loss(layers)
        values = checked(given)
        reason = values["loss"].refusal(layers)
        if reason:
            raise NetworkError(f"{values['name']}: {reason}")
        check_rate(values["schedule"], values["learning_rate"], values["epochs"])
        own = any(isinstance(layer, OwnActivation) for layer in layers)
        self.__dict__.update(values, layers=layers, carries_code=own, _made=True)
