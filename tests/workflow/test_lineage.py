"""What a result is traced to."""

from __future__ import annotations

from dlaaw_nb import Workflow, task


@task
def numbers(count: int) -> list:
    return list(range(count))


@task
def double(x: int) -> int:
    return 2 * x


def test_value_given_that_a_task_makes_too_is_traced_to_who_gave_it(tmp_path):
    workflow = Workflow("eight")
    found = workflow.add(numbers, count=8)
    workflow.output("doubled", workflow.map(double, {"x": found}, name="many"))
    run = workflow.run(executor="threads", store=tmp_path)
    lineage = run.lineage("doubled")
    # One of the doubled numbers is 8 too, but it did not make the count.
    assert [step.task.name for step in lineage.steps] == ["many", "numbers1"]
    assert [source.name for source in lineage.sources.values()] == ["numbers1.count"]


def test_saved_table_is_traced_through_its_file(tmp_path):
    import pandas as pd

    @task
    def table(rows: int) -> pd.DataFrame:
        return pd.DataFrame({"a": range(rows)})

    workflow = Workflow("table")
    workflow.output("table", workflow.add(table, rows=workflow.input("rows", 3)))
    run = workflow.run(executor="serial", store=tmp_path / "store")
    path = run.save("table", tmp_path / "table.csv")
    assert path.read_text() == "a\n0\n1\n2\n"
    names = [step.task.name for step in run.store.lineage(path).steps]
    assert names == ["save table as table.csv", "table1"]
