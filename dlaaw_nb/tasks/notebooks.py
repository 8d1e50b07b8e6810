"""The task that runs a notebook."""

from __future__ import annotations

import json
import keyword
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from dlaaw_nb.errors import DataError, TaskError
from dlaaw_nb.tasks.json_values import plain
from dlaaw_nb.tasks.kernels import execute_notebook, kernel_environment
from dlaaw_nb.tasks.ready import ReadyTask
from dlaaw_nb.tasks.text_streams import read_text
from dlaaw_nb.workflow.context import context

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from nbformat import NotebookNode

__all__ = ["Executed", "Notebook"]

_PARAMETERS = "parameters"
_INJECTED = "injected-parameters"
_FETCH = """
def _fetch(names, place):
    import json
    def plain(value):
        for method in ("to_dict", "tolist", "item"):
            if hasattr(value, method):
                made = getattr(value, method)
                return made(orient="list") if hasattr(value, "columns") else made()
        raise TypeError(f"a {type(value).__name__} is no JSON")
    space = get_ipython().user_ns
    found = {}
    for name in names:
        if name not in space:
            raise NameError(f"results: the notebook has no variable {name!r} at its end")
        try:
            found[name] = json.dumps(space[name], default=plain, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise TypeError(f"results: the variable {name!r} is no JSON: {error}") from None
    with open(place, "w", encoding="utf-8") as file:
        json.dump(found, file)
"""


class Executed(NamedTuple):
    """What a notebook gave.

    Attributes
    ----------
    notebook : Path
        The executed notebook.
    results : dict
        Variables of it at its end, by name.
    """

    notebook: Path
    results: dict[str, Any]


@dataclass(frozen=True)
class Notebook(ReadyTask):
    """Run a notebook from top to bottom, in a new kernel.

    Parameters
    ----------
    results : list of str
        Variables whose values at the end are wanted; they must be JSON, or arrays and tables of
        plain values.
    kernel : str
        Name of an installed kernel; empty for this very Python.

    Raises
    ------
    GraphError
        When a parameter is out of its range.

    Notes
    -----
    The optional input ``parameters`` is set in a cell after the one that is tagged ``parameters``,
    else in a first cell, as papermill does. The kernel runs in an empty folder that is gone
    afterwards.
    """

    palette_group = "Scripts and services"
    carries_code: ClassVar[bool] = True

    results: tuple[str, ...] = ()
    kernel: str = ""

    def __post_init__(self) -> None:
        self._check_names("results", what="names of variables")
        if not all(_is_variable(name) for name in self.results):
            raise self._refuse("results", "names of variables")
        self._check_text("kernel")

    def run(self, notebook: Path, parameters: dict[str, Any] | None = None) -> Executed:
        """Run the notebook."""
        made = context()
        node = read_notebook(notebook)
        _inject(node, self._parameter_source(parameters or {}))
        folder = made.folder / "work"
        folder.mkdir(exist_ok=True)
        found = made.folder / "results.json"
        if self.results:
            node.cells.append(_code_cell(_fetch_source(self.results, found), "fetched-results"))
        self._execute(node, folder)
        if self.results:
            del node.cells[-1]
        import nbformat

        place = made.folder / Path(notebook).name
        place = place if place.suffix == ".ipynb" else place.with_suffix(".ipynb")
        place.write_text(nbformat.writes(node), encoding="utf-8")
        texts = json.loads(found.read_text(encoding="utf-8")) if self.results else {}
        return Executed(place, {name: json.loads(text) for name, text in texts.items()})

    def _parameter_source(self, parameters: Mapping[str, Any]) -> str:
        for name in parameters:
            if not _is_variable(name):
                raise DataError(
                    f"{self.where}: parameters: expected names of variables, got {name!r:.80}. "
                    "Rename it."
                )
        values = plain(f"{self.where}, parameters", parameters)
        return "".join(f"{name} = {value!r}\n" for name, value in values.items())

    def _execute(self, node: NotebookNode, folder: Path) -> None:
        from jupyter_client.kernelspec import NoSuchKernel
        from nbclient.exceptions import CellExecutionError

        made, count = context(), len(node.cells)

        def report(cell: NotebookNode, cell_index: int, **_: object) -> None:
            for output in cell.outputs:
                if output.output_type == "stream":
                    made.log(output.text)
            made.progress(cell_index + 1, count, f"cell {cell_index + 1} of {count}")

        with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
            try:
                execute_notebook(
                    node,
                    folder,
                    kernel=self.kernel,
                    environment=kernel_environment(),
                    log=log,
                    cancelled=lambda: made.cancelled,
                    on_cell=report,
                )
            except CellExecutionError as error:
                raise self._failure(node, error) from error
            except NoSuchKernel as error:
                raise self._no_kernel() from error
            except RuntimeError as error:  # the kernel died, or did not start
                if isinstance(error, TaskError):
                    raise
                log.seek(0)
                last = (log.read().strip().splitlines() or [str(error)])[-1]
                raise TaskError(f"the notebook's kernel died: {last:.500}") from error

    def _no_kernel(self) -> TaskError:
        return TaskError(
            f"kernel: expected an installed kernel, got {self.kernel!r}. 'jupyter kernelspec list' "
            "names them; leave it empty for this Python."
        )

    def _failure(self, node: NotebookNode, error: Any) -> TaskError:
        failed = [at for at, cell in enumerate(node.cells) if _has_error(cell)]
        if self.results and failed and failed[-1] == len(node.cells) - 1:
            return TaskError(f"{error.evalue}. Set it in the notebook, or change results.")
        cell = node.cells[failed[-1]] if failed else None
        number = f"cell {failed[-1] + 1} of {len(node.cells)}" if failed else "a cell"
        lines = (cell.source.strip().splitlines() or [""]) if cell is not None else [""]
        return TaskError(
            f"{number} of the notebook failed ({lines[0][:80]!r}): {error.ename}: {error.evalue}. "
            "Mend the cell, or the parameters."
        )


def read_notebook(source: str | os.PathLike[str]) -> NotebookNode:
    """Read a notebook of any version as one of version 4.

    Parameters
    ----------
    source : str or path
        The file.

    Returns
    -------
    NotebookNode
        The notebook.

    Raises
    ------
    DataError
        When it is no notebook.
    """
    import nbformat

    text = read_text(source, "utf-8")
    try:
        node: NotebookNode = nbformat.reads(text, as_version=4)
        nbformat.validate(node)
    except Exception as error:
        first = str(error).partition("\n")[0]
        raise DataError(
            f"{source}: expected a notebook (.ipynb), got what is none ({first:.200}). Save it "
            "again in Jupyter.",
            source=str(source),
        ) from error
    return node


def _inject(node: NotebookNode, source: str) -> None:
    """Put a cell behind the one tagged ``parameters``, in the place of one put there before."""
    if not source:
        return
    cells = [cell for cell in node.cells if _INJECTED not in _tags(cell)]
    tagged = [at for at, cell in enumerate(cells) if _PARAMETERS in _tags(cell)]
    made = _code_cell(source.rstrip("\n"), _INJECTED)
    made.metadata["tags"] = [_INJECTED]
    cells.insert(tagged[0] + 1 if tagged else 0, made)
    node.cells = cells


def _code_cell(source: str, name: str) -> NotebookNode:
    from nbformat.v4 import new_code_cell

    cell: NotebookNode = new_code_cell(source, id=name)  # by a fixed id, for the same bytes
    return cell


def _fetch_source(names: tuple[str, ...], place: Path) -> str:
    return f"{_FETCH}\n_fetch({list(names)!r}, {str(place)!r})"


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _has_error(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", []))


def _is_variable(name: object) -> bool:
    return isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)
