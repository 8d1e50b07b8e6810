"""What a kernel answers to a canvas: plain messages in, plain messages out.

A page asks over a comm (`serve`) or as a widget (`compose`). Messages, all of them JSON objects:

=========== ============================================ ==========================================
asked       with                                         answered
=========== ============================================ ==========================================
catalogue                                                catalogue: ``catalogue``
check       ``id``, ``document``                         checked: ``problems``, ``ports``,
                                                         ``columns``, ``code``
code        ``id``, ``document``                         code: ``code``
run         ``id``, ``document``, ``target``, ``only``,  started: ``run``; states, costs; ended:
            ``force``, ``given``, ``executor``           ``state``, ``error``, ``outputs``
cancel      ``run``                                      (ended, when it is)
preview     ``run``, ``task``, ``port``                  preview: ``text``, perhaps ``html``
task        ``run``, ``task``                            task: ``log``, ``error``, ``chain``, ...
layer       ``id``, ``document``, ``task``, ``layer``,   layer: ``facts``, ``kernel``; after a run
            perhaps ``run`` and ``row``                  ``neurons``
runs                                                     runs: the newest of the store, ``more``
watch_runs                                               run_changed: ``run``, ``state``, each time
run_facts   ``run``                                      run_facts: its tasks, inputs, outputs
log         ``run``, ``task``                            log: ``log``, ``error``, ``why``
compare     ``runs``, two of them                        compared: ``changes``, ``times``
rerun       ``id``, ``run``                              as for run
products    ``search``                                   products: the newest of the store, ``more``
product     ``hash``                                     product: facts, ``text``, perhaps ``html``
use_product ``hash``                                     used: an input's value, or a file to read
targets                                                  targets: ``name``, ``state``, ``facts``
follow      ``run``                                      states, costs, and ended
trust       ``id``, ``document``                         trusted
saved       ``id``, ``document``
export      ``id``, ``document``, ``kind``               exported: ``content``, ``encoding``
convert     ``id``, ``text``, ``path``                   converted: ``document``
=========== ============================================ ==========================================

Whatever cannot be done is answered by error: ``id``, ``text``, ``kind``; never by a traceback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import DlaawError, GraphError, TrustError
from dlaaw_nb.notebook.bench_documents import Documents, needed_for
from dlaaw_nb.notebook.bench_runs import WatchedRun, watched, watched_runs
from dlaaw_nb.notebook.bench_store import StoreAnswers
from dlaaw_nb.notebook.bench_values import look_at, value_at
from dlaaw_nb.workflow.live_log import live_log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dlaaw_nb.notebook.bench_runs import Send
    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["COMM", "Bench", "serve"]

COMM: Final = "dlaaw.bench"
_EXECUTORS: Final = (None, "processes", "threads", "serial")


class Bench:
    """Answers the messages of one canvas.

    Parameters
    ----------
    send : callable
        Takes the answers, each a dict; from threads of runs too.
    namespace : mapping of str to object, or None
        The person's variables: own tasks in it can be put on the canvas.
    store : Store, str, Path or None
        Where runs keep results; None for the person's own.
    """

    def __init__(
        self,
        send: Send,
        namespace: Mapping[str, Any] | None = None,
        store: Store | str | None = None,
    ) -> None:
        self._send, self._store = send, store
        self.documents = Documents({} if namespace is None else namespace)
        self._kept = StoreAnswers(self._answer, send, self.documents, store)
        self._answers: dict[str, Callable[[Mapping[str, Any]], object]] = {
            "catalogue": self._catalogue,
            "check": self._check,
            "code": self._code,
            "run": self._run,
            "cancel": lambda message: watched(message.get("run")).run.cancel(),
            "preview": self._preview,
            "task": self._task,
            "layer": self._layer,
            "follow": lambda message: watched(message.get("run")).follow(self._send),
            "trust": self._trust,
            "export": self._export,
            "convert": self._convert,
            "saved": lambda message: self.documents.saved(message.get("document")),
            **self._kept.all(),
        }

    def handle(self, message: Any) -> None:
        """Answer a message; nothing is raised.

        Parameters
        ----------
        message : dict
            See the module; anything else is answered by an error.
        """
        kind = message.get("type") if isinstance(message, dict) else None
        answer = self._answers.get(kind) if isinstance(kind, str) else None
        if answer is None:
            known = ", ".join(self._answers)
            self._refuse(message, GraphError(f"type: expected one of {known}, got {kind!r:.100}."))
            return
        try:
            answer(message)
        except Exception as error:  # noqa: BLE001 - the page is told, whatever it is
            self._refuse(message, error)

    def close(self) -> None:
        """Send nothing more; runs go on."""
        self._kept.close()
        for one in watched_runs():
            one.leave(self._send)

    def workflow(self, message: Mapping[str, Any]) -> Workflow:
        """Give the workflow that a message is about; a widget has one of its own."""
        return self.documents.workflow(message.get("document"))

    def problems(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Check the document of a message: ``problems``, ``ports`` and ``code``."""
        return self.documents.checked(message.get("document"))

    def code(self, message: Mapping[str, Any]) -> str:
        """Write the document of a message as Python."""
        return self.workflow(message).to_code()

    def _catalogue(self, _: Mapping[str, Any]) -> None:
        self._send({"type": "catalogue", "catalogue": self.documents.catalogue()})

    def _check(self, message: Mapping[str, Any]) -> None:
        self._answer("checked", message, **self.problems(message))

    def _code(self, message: Mapping[str, Any]) -> None:
        self._answer("code", message, code=self.code(message))

    def _run(self, message: Mapping[str, Any]) -> None:
        workflow = self.workflow(message)
        given, force = message.get("given") or {}, message.get("force") or False
        only, executor = message.get("only"), message.get("executor")
        if not isinstance(given, dict) or executor not in _EXECUTORS:
            raise GraphError("run: expected values by input, and an executor by its name.")
        if only is not None:
            workflow = needed_for(workflow, only)
            given = {name: value for name, value in given.items() if name in workflow.inputs}
        if isinstance(force, list):
            force = [name for name in force if name in workflow.tasks]
        run = workflow.start(
            inputs=given, target=str(message.get("target") or "cpu"), force=force,
            executor=executor, store=self._store,
        )  # fmt: skip
        self._answer("started", message, run=run.id)
        WatchedRun(run, self._send)

    def _preview(self, message: Mapping[str, Any]) -> None:
        task, port = str(message.get("task")), str(message.get("port") or "")
        run = watched(message.get("run")).run
        look = look_at(value_at(run, task, port))
        self._answer("preview", message, run=run.id, task=task, port=port, **look)

    def _task(self, message: Mapping[str, Any]) -> None:
        name = str(message.get("task"))
        run = watched(message.get("run")).run
        found = run.tasks.get(name)
        if found is None:
            raise GraphError(f"{name!r:.200}: the run has no such task.")
        facts = ("state", "why", "seconds", "attempts", "worker", "log", "error", "trace")
        told = {fact: getattr(found, fact) for fact in facts}
        if found.state == "running":
            told["log"] = live_log(run, name) or found.log
        costs = [list(pair) for pair in found.costs]
        lists = {"chain": list(found.chain), "notes": list(found.notes), "costs": costs}
        self._answer("task", message, run=run.id, task=name, **told, **lists)

    def _layer(self, message: Mapping[str, Any]) -> None:
        from dlaaw_nb.notebook.bench_layers import look_into

        task, layer = str(message.get("task")), str(message.get("layer"))
        run = watched(message["run"]).run if message.get("run") else None
        found = look_into(message.get("document"), task, layer, run, message.get("row", 0))
        self._answer("layer", message, task=task, layer=layer, **found)

    def _trust(self, message: Mapping[str, Any]) -> None:
        self.documents.trust(message.get("document"))
        self._answer("trusted", message)

    def _export(self, message: Mapping[str, Any]) -> None:
        from dlaaw_nb.notebook.bench_exports import exported

        self._answer("exported", message, **exported(self.workflow(message), message.get("kind")))

    def _convert(self, message: Mapping[str, Any]) -> None:
        from dlaaw_nb.notebook.bench_conversion import converted

        document = converted(message.get("text"), message.get("path"))
        self._answer("converted", message, document=document)

    def _answer(self, kind: str, message: Mapping[str, Any], /, **content: Any) -> None:
        named = {"id": message["id"]} if "id" in message else {}
        self._send({"type": kind, **named, **content})

    def _refuse(self, message: Any, error: Exception) -> None:
        text = str(error) if isinstance(error, DlaawError) else f"{type(error).__name__}: {error}"
        told: dict[str, Any] = {"type": "error", "text": text, "kind": type(error).__name__}
        if isinstance(message, dict) and "id" in message:
            told["id"] = message["id"]
        if isinstance(error, TrustError):
            told["mend"] = "trust"
        self._send(told)


def serve() -> None:
    """Answer canvases that ask this kernel over the comm `COMM`; twice does no harm."""
    import comm

    comm.get_comm_manager().register_target(COMM, _opened)


def _opened(comm: Any, _: Any) -> None:
    from IPython import get_ipython

    shell: Any = get_ipython()
    bench = Bench(comm.send, None if shell is None else shell.user_ns)
    comm.on_msg(lambda message: bench.handle(message["content"]["data"]))
    comm.on_close(lambda _: bench.close())
