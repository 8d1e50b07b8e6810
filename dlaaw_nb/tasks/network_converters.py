"""Ready tasks that turn files and tables into data sets and models, and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import FormatError
from dlaaw_nb.nn import ports as _ports  # the types that annotations name are registered
from dlaaw_nb.tasks.ready import ReadyTask

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from dlaaw_nb.nn.dataset import Dataset
    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.nn.prediction import Prediction

__all__ = [
    "ArrayToDataset",
    "DatasetToTable",
    "PredictionToTable",
    "ReadDataset",
    "ReadModel",
    "TableToDataset",
    "WriteModel",
]


@dataclass(frozen=True)
class _Labelled(ReadyTask):
    """A task that is told which column holds the labels."""

    label: int | str | None = -1

    def __post_init__(self) -> None:
        label: Any = self.label
        fits = label is None or type(label) is int or (isinstance(label, str) and label)
        if not fits:
            raise self._refuse("label", "the position or name of a column, or None")


@dataclass(frozen=True)
class ReadDataset(_Labelled):
    """Reads rows with labels from a CSV file, or a data set of the package by its name.

    Parameters
    ----------
    label : int, str or None
        Position or name of the label column; the last by default, None for rows without labels.
    """

    palette_group = "Files"

    def run(self, file: Path) -> Dataset:
        """Read the file.

        Parameters
        ----------
        file : Path
            A CSV file; where there is none of that name, a name such as ``breast_cancer``.

        Returns
        -------
        Dataset
            Its rows.

        Raises
        ------
        DataError
            When it is no table of numbers with a label column; the message names the place.
        MissingDataError
            When there is neither such a file nor such a data set.
        """
        from dlaaw_nb.nn import datasets
        from dlaaw_nb.nn.data import as_dataset

        name = str(file)
        if name in datasets.names() and not Path(file).exists():
            return datasets.load(name)
        return as_dataset(file, label=self.label)


@dataclass(frozen=True)
class TableToDataset(_Labelled):
    """Takes a table as rows with labels.

    Parameters
    ----------
    label : int, str or None
        Position or name of the label column; the last by default, None for rows without labels.
    """

    palette_group = "Converters"

    def run(self, table: pd.DataFrame) -> Dataset:
        """Turn the table into a data set; all columns but the label must hold numbers.

        Parameters
        ----------
        table : pandas.DataFrame
            Features and labels.

        Returns
        -------
        Dataset
            Its rows.
        """
        from dlaaw_nb.nn.data import as_dataset

        return as_dataset(table, label=self.label)


@dataclass(frozen=True)
class ArrayToDataset(_Labelled):
    """Takes an array as rows with labels.

    Parameters
    ----------
    label : int, str or None
        Position of the label column; the last by default, None for rows without labels.
    """

    palette_group = "Converters"

    def run(self, array: np.ndarray) -> Dataset:
        """Turn the array into a data set.

        Parameters
        ----------
        array : array, shape (rows, features + 1)
            Features and labels.

        Returns
        -------
        Dataset
            Its rows.
        """
        from dlaaw_nb.nn.data import as_dataset

        return as_dataset(array, label=self.label)


@dataclass(frozen=True)
class DatasetToTable(ReadyTask):
    """Gives a data set as a table: features, then labels."""

    palette_group = "Converters"

    def run(self, dataset: Dataset) -> pd.DataFrame:
        """Turn the data set into a table.

        Parameters
        ----------
        dataset : Dataset
            Its rows.

        Returns
        -------
        pandas.DataFrame
            A column for each feature, and one of labels as they stood in the data.
        """
        return dataset.to_frame()


@dataclass(frozen=True)
class PredictionToTable(ReadyTask):
    """Gives a prediction as a table: probability, label, and where it is known the truth."""

    palette_group = "Converters"

    def run(self, prediction: Prediction) -> pd.DataFrame:
        """Turn the prediction into a table.

        Parameters
        ----------
        prediction : Prediction
            Of classes or numbers.

        Returns
        -------
        pandas.DataFrame
            A row for each row of the data, as ``Prediction.to_frame`` makes it.
        """
        return prediction.to_frame()


@dataclass(frozen=True)
class ReadModel(ReadyTask):
    """Reads a trained network from its file, of this package or of DATAVIEW."""

    palette_group = "Files"

    def run(self, file: Path) -> Model:
        """Read the file; nothing in it is executed.

        Parameters
        ----------
        file : Path
            A model file.

        Returns
        -------
        Model
            The trained network.

        Raises
        ------
        FormatError
            When it is none.
        """
        from dlaaw_nb import convert
        from dlaaw_nb.nn.model import Model

        found: Any = convert.load(file)
        if not isinstance(found, Model):
            raise FormatError(
                f"{file}: expected a trained model, got a network. Train it first: NNTrainer."
            )
        return found


@dataclass(frozen=True)
class WriteModel(ReadyTask):
    """Writes a trained network to a file.

    Parameters
    ----------
    file_name : str
        Its name, without folders; it ends in .json.
    """

    palette_group = "Files"
    file_name: str = "model.json"

    def __post_init__(self) -> None:
        self._check_file_name(suffixes=(".json",))

    def run(self, model: Model) -> Path:
        """Write the file.

        Parameters
        ----------
        model : Model
            The trained network.

        Returns
        -------
        Path
            The file.
        """
        from dlaaw_nb.workflow.context import context

        path = context().folder / self.file_name
        model.save(path)
        return path


del _ports
