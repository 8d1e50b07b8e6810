import functools
import http.server
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from workflow_runs import run
from workflow_tasks import Box, column_sum, open_box, plus, read_file, square, total

from dlaaw_nb.errors import DlaawError, GraphError, MissingDataError
from dlaaw_nb.workflow import Task, Workflow
from dlaaw_nb.workflow.library import ready_kinds, register_task


@dataclass(frozen=True)
class ReadTable(Task):
    """Stands in for the package's own where that is not installed as an entry point."""

    def run(self, path: Path) -> pd.DataFrame:
        return pd.read_csv(path)


if "ReadTable" not in ready_kinds():
    register_task(ReadTable)

CSV = "a,b\n1,0.5\n2,1.5\n"


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "rows.csv"
    made.write_text(CSV)
    return made


def summing(given="rows.csv", **more):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(column_sum, data=workflow.input("rows", given, **more)))
    return workflow


@pytest.mark.parametrize("kind", [str, Path])
def test_input_path_of_a_file_is_read_as_the_table_that_is_wanted(store, executor, path, kind):
    assert run(summing(), store, executor=executor, inputs={"rows": kind(path)}).outputs["y"] == 2


def test_input_table_is_taken_as_it_is(store, executor):
    frame = pd.DataFrame({"b": [1.0, 2.0]})
    assert run(summing(), store, executor=executor, inputs={"rows": frame}).outputs["y"] == 3


def test_input_file_url_is_read(store, path):
    made = run(summing(), store, executor="threads", inputs={"rows": path.as_uri()})
    assert made.outputs["y"] == 2


def test_input_memory_url_is_read(store):
    import fsspec

    with fsspec.open("memory://given/rows.csv", "w") as file:
        file.write(CSV)
    made = run(summing(), store, executor="threads", inputs={"rows": "memory://given/rows.csv"})
    assert made.outputs["y"] == 2
    assert made.product("rows").location == "memory://given/rows.csv"


def test_input_http_url_is_fetched(store, path):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(path.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_address[1]}/rows.csv"
            made = run(summing(), store, executor="processes", inputs={"rows": url})
            assert made.outputs["y"] == 2
            assert made.product("rows").filename == "rows.csv"
            with pytest.raises(DlaawError, match=r"input rows: http.*there is no such file"):
                run(summing(), store, executor="serial", inputs={"rows": url + "x"})
        finally:
            server.shutdown()
            thread.join()


def test_input_relative_default_is_looked_for_beside_the_workflow(store, path):
    workflow = summing("rows.csv")
    workflow.folder = path.parent
    assert run(workflow, store, executor="serial").outputs["y"] == 2


def test_input_file_that_is_not_there_is_told(store, tmp_path):
    with pytest.raises(MissingDataError, match=r"input rows: .*expected a file"):
        run(summing(), store, executor="serial", inputs={"rows": Path(tmp_path, "none.csv")})
    with pytest.raises(MissingDataError, match="folder"):
        run(summing(), store, executor="serial", inputs={"rows": tmp_path})


def test_input_declared_as_a_file_keeps_its_path(store, path):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(read_file, path=workflow.input("file", type="file")))
    made = run(workflow, store, executor="processes", inputs={"file": str(path)})
    assert made.outputs["y"].startswith("rows.csv: a,b")


def test_input_array_and_number(store, executor):
    workflow = Workflow("w")
    workflow.output("sum", workflow.add(total, values=workflow.input("values")))
    workflow.output("square", workflow.add(square, x=workflow.input("x")))
    given = {"values": np.arange(1000.0), "x": np.int64(4)}
    made = run(workflow, store, executor=executor, inputs=given)
    assert dict(made.outputs) == {"sum": 499500.0, "square": 16}


def test_input_of_a_class_without_codec_is_passed_on(store, executor):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(open_box, box=workflow.input("box")))
    assert run(workflow, store, executor=executor, inputs={"box": Box(3)}).outputs["y"] == 3


def test_input_that_feeds_ports_of_two_types_fits_both(store):
    from workflow_tasks import show

    workflow = Workflow("w")
    given = workflow.input("x")
    workflow.output("a", workflow.add(square, x=given))
    workflow.output("b", workflow.add(show, value=given))
    assert dict(run(workflow, store, executor="serial", inputs={"x": 3}).outputs) == {
        "a": 9, "b": "3",
    }  # fmt: skip


def test_input_that_nothing_reads_may_be_left_out(store):
    workflow = Workflow("w")
    workflow.input("unused")
    workflow.output("y", workflow.add(plus, x=1))
    assert run(workflow, store, executor="serial").outputs["y"] == 11


def test_input_given_twice_by_its_name_and_by_inputs(store):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(square, x=workflow.input("seed", 2)))
    assert workflow.run(store=store, executor="serial", inputs={"seed": 5}).outputs["y"] == 25


def test_input_name_that_is_nearly_right_is_offered(store):
    with pytest.raises(GraphError, match="Did you mean 'rows'"):
        run(summing(), store, executor="serial", inputs={"row": 1})


def test_input_product_of_a_path_has_the_hash_of_the_file(store, path):
    import hashlib

    made = run(summing(), store, executor="serial", inputs={"rows": str(path)})
    assert made.product("rows").hash == hashlib.sha256(CSV.encode()).hexdigest()
    record = store.provenance.run(made.id)
    assert record.inputs["rows"] == made.product("rows").hash
    assert record.arguments == {"rows": str(path)}


@dataclass(frozen=True)
class BoxOfNumber(Task):
    def run(self, x: int) -> Box:
        return Box(x)


def test_input_converter_of_a_person_is_known_to_workers(store, executor, monkeypatch):
    from dlaaw_nb.workflow import converters, library

    class OfTheCell(BoxOfNumber):
        def run(self, x: int) -> Box:
            return Box(x + 1)

    OfTheCell.__module__ = "__main__"  # as if from a cell: workers cannot import it
    monkeypatch.setattr(converters, "_added", {("int", "Box"): "OfTheCell"})
    monkeypatch.setitem(library._added, "OfTheCell", OfTheCell)
    workflow = Workflow("w")
    workflow.output("y", workflow.add(open_box, box=workflow.input("x", type="int")))
    assert run(workflow, store, executor=executor, inputs={"x": 3}).outputs["y"] == 4
