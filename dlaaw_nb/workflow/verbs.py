"""What can be done with a workflow besides building it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from dlaaw_nb.workflow.run import Run
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["WorkflowVerbs"]


class WorkflowVerbs:
    """The verbs of a workflow; an implementer is a `Workflow` and adds nothing to them."""

    def copy(self) -> Self:
        """Make a copy that can be changed by itself; tasks are shared, for they are fixed."""
        twin = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict):
                twin.__dict__[name] = {
                    key: copy.copy(item) if isinstance(item, dict | list) else item
                    for key, item in value.items()
                }
        return twin

    def fingerprint(self) -> str:
        """Hash what the workflow is: tasks, code, edges, values.

        Returns
        -------
        str
            SHA-256 in hexadecimal.
        """
        import hashlib

        from dlaaw_nb.workflow.plain_values import values_text

        workflow = cast("Workflow", self)
        digest = hashlib.sha256()
        for name, task in workflow.tasks.items():
            told = values_text(workflow.values(name))
            digest.update(f"{name}\0{task.fingerprint()}\0{told}\0".encode(errors="surrogatepass"))
        for edge in workflow.edges:
            digest.update(f"{edge}\0".encode(errors="surrogatepass"))
        for name, source in workflow.outputs.items():
            digest.update(f"{name}={source}\0".encode(errors="surrogatepass"))
        return digest.hexdigest()

    @property
    def document(self) -> dict[str, Any]:
        """The workflow as plain JSON values: what `save` writes.

        Raises
        ------
        GraphError
            When something in it cannot be written; the message names it and the mend.
        """
        from dlaaw_nb.workflow.workflow_file import document_of

        return document_of(cast("Workflow", self))

    def to_code(self, variable: str = "wf") -> str:
        """Write the Python that makes the workflow again.

        Parameters
        ----------
        variable : str
            What it is called there.

        Raises
        ------
        GraphError
            When something in it cannot be written.
        """
        from dlaaw_nb.workflow.code import code_of_workflow

        return code_of_workflow(cast("Workflow", self), variable)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the workflow to a file, as JSON text with a line for each task and edge.

        The code of a person's own tasks goes with it. Elsewhere it runs only once the file is
        trusted; here it is, if the workflow was made here.

        Parameters
        ----------
        path : str or path
            The file; ``.dlaaw`` is added where it has no suffix. One that exists is replaced, at
            once or not at all.

        Returns
        -------
        Path
            The file that was written.

        Raises
        ------
        GraphError
            When something in it cannot be written, or would be refused when it is loaded.
        SaveError
            When the file cannot be.
        """
        from dlaaw_nb.workflow.saving import save_workflow

        return save_workflow(cast("Workflow", self), path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Workflow:
        """Read a workflow from a file; nothing in it runs, unless the file is trusted.

        Parameters
        ----------
        path : str or path
            The file.

        Returns
        -------
        Workflow
            Relative paths in it start from the file's folder.

        Raises
        ------
        FormatError
            When it is no workflow file; the message and ``path`` name the place.
        VersionError
            When a newer version of the package wrote it.
        MissingDataError
            When there is no such file.
        """
        from pathlib import Path

        return cls.from_document(Path(path))

    @classmethod
    def from_document(cls, source: Any) -> Workflow:
        """Read a workflow from its document, the text of it, or a file; see `load`.

        Parameters
        ----------
        source : mapping, str or path
            A document as `document` gives it, its JSON text, or a path.

        Returns
        -------
        Workflow
            The workflow.
        """
        from dlaaw_nb.workflow.saving import load_workflow

        return load_workflow(source)

    def trust(self) -> None:
        """Trust the workflow: code that its file brought may run now, and later too.

        Raises
        ------
        FormatError
            When that code cannot be run.
        GraphError
            When it does not fit the rest of the workflow.
        """
        from dlaaw_nb.workflow.saving import trust_workflow

        trust_workflow(cast("Workflow", self))

    def run(
        self,
        *,
        executor: Any = None,
        workers: int | None = None,
        planner: Any = "in_order",
        target: str = "cpu",
        seed: int = 0,
        store: Any = None,
        force: bool | Collection[str] = False,
        outputs: Sequence[str] | None = None,
        resume: str = "",
        callback: Callable[[dict[str, Any]], object] | None = None,
        check: bool = True,
        inputs: dict[str, Any] | None = None,
        **given: Any,
    ) -> Run:
        """Run the workflow, and wait for its end; an interrupt cancels the run.

        Parameters
        ----------
        executor : str, Executor, Dask client or None
            Where tasks run: ``"processes"`` (default), ``"threads"``, ``"serial"``, ``"mpi"``, any
            executor of ``concurrent.futures``, or a Dask client.
        workers : int or None
            How many tasks at once; None for one a core, or as many as the executor has.
        planner : str or Planner
            Which ready task goes first: ``"in_order"`` of readiness, ``"longest_path"`` first by
            the durations of the last runs, or one of another package.
        target : str
            Where networks train and predict, unless they say so themselves.
        seed : int
            What random numbers of tasks begin with.
        store : Store, str, Path or None
            Where results and the record are kept: a folder or any fsspec URL; None for the person's
            own folder, or what ``DLAAW_STORE`` names.
        force : bool or collection of str
            Tasks that run even if nothing has changed; True for all.
        outputs : sequence of str, or None
            Outputs that are wanted; what they do not need is skipped. None for all tasks.
        resume : str
            Id of a run that was interrupted: what it had finished is taken as it is.
        callback : callable or None
            Takes each event; see `Run`.
        check : bool
            Whether to raise an error if a task failed.
        inputs : dict or None
            Values of the workflow's inputs, for names that this method has itself.
        **given : object
            Values of the workflow's inputs by name, instead of their defaults.

        Returns
        -------
        Run
            Over: ``run.outputs``, ``run.tasks``, ``run.lineage(name)``.

        Raises
        ------
        GraphError
            When the workflow cannot run: a cycle, something that nothing feeds, a missing input.
        TrustError
            When it came from a file with code that is not trusted.
        RunError
            When a task failed, or the run was cancelled; the error's ``run`` holds what was
            finished. Not with ``check=False``.
        """
        from dlaaw_nb.workflow.options import RunOptions
        from dlaaw_nb.workflow.run import Run

        options = RunOptions(
            executor, workers, planner, target, seed, store, force, outputs, resume
        )
        run = Run(cast("Workflow", self), {**(inputs or {}), **given}, options, callback)
        run.execute()
        if check:
            run.check()
        return run

    def start(
        self,
        *,
        callback: Callable[[dict[str, Any]], object] | None = None,
        inputs: dict[str, Any] | None = None,
        **settings: Any,
    ) -> Run:
        """Start a run and return at once; show it to watch it.

        Parameters
        ----------
        callback : callable or None
            Takes each event, in the run's thread; see `Run`.
        inputs : dict or None
            Values of the workflow's inputs, for names that `run` has itself.
        **settings : object
            Values of inputs, and whatever `run` takes besides `check`.

        Returns
        -------
        Run
            Under way: ``run.wait()``, ``run.cancel()``, ``run.state``.

        Raises
        ------
        GraphError, TrustError
            As for `run`.
        """
        from dlaaw_nb.workflow.options import RunOptions
        from dlaaw_nb.workflow.run import Run

        names = RunOptions.__dataclass_fields__
        chosen = {name: settings.pop(name) for name in list(settings) if name in names}
        run = Run(
            cast("Workflow", self), {**(inputs or {}), **settings}, RunOptions(**chosen), callback
        )
        run.begin()
        return run
