import pytest
from workflow_runs import counts, run, states
from workflow_tasks import (
    add,
    divide,
    draw,
    noted,
    numbers,
    odd_only,
    plus,
    read_file,
    show,
    square,
    write_file,
    zeros,
)

from dlaaw_nb.errors import RunError
from dlaaw_nb.workflow import Workflow, task
from dlaaw_nb.workflow.library import register_task


@task
def words(n: int) -> list:
    return [f"w{i}" for i in range(n)]


@task
def length(text: str) -> int:
    return len(text)


@task
def join(texts: list) -> str:
    return " ".join(str(text) for text in texts)


def mapped(kind, n, **more):
    workflow = Workflow("maps")
    each = workflow.map(kind, {"x": workflow.add(numbers, n=n)}, name="each", **more)
    workflow.output("y", each)
    return workflow


def test_map_runs_once_for_each_item_and_gathers_in_order(store, executor):
    made = run(mapped(square, 5), store, executor=executor)
    assert made.outputs["y"] == [0, 1, 4, 9, 16]
    assert states(made)["each[3]"] == "finished"
    assert not any(name.startswith("each.") for name in made.tasks)
    assert counts(run(mapped(square, 5), store, executor=executor)) == {"cached": 2}


def test_map_of_an_empty_list_gives_an_empty_list(store, executor):
    made = run(mapped(square, 0), store, executor=executor)
    assert made.outputs["y"] == []
    assert made.tasks["each"].state == "finished"


def test_map_what_is_not_mapped_over_is_the_same_for_every_item(store):
    assert run(mapped(plus, 3, y=100), store, executor="serial").outputs["y"] == [100, 101, 102]


def test_map_longer_list_runs_only_new_items(store):
    run(mapped(square, 3), store, executor="threads")
    made = run(mapped(square, 5), store, executor="threads")
    assert [made.tasks[f"each[{n}]"].state for n in range(5)] == ["cached"] * 3 + ["finished"] * 2


def test_map_over_lists_in_step(store, executor):
    workflow = Workflow("maps")
    first, second = workflow.add(numbers, n=4), workflow.input("second", [10, 20, 30, 40])
    workflow.output("y", workflow.map(plus, {"x": first, "y": second}))
    assert run(workflow, store, executor=executor).outputs["y"] == [10, 21, 32, 43]


def test_map_over_lists_of_other_lengths_fails_and_says_so(store):
    workflow = Workflow("maps")
    lists = {"x": workflow.add(numbers, n=4), "y": workflow.add(numbers, n=3)}
    workflow.map(plus, lists, name="each")
    made = run(workflow, store, executor="serial", check=False)
    assert made.tasks["each"].error == (
        "each: expected lists of one length, but x has 4, y has 3 items."
    )
    assert not [name for name in made.tasks if "[" in name]


def test_map_item_that_does_not_fit_fails_the_map_alone(store, executor):
    workflow = Workflow("maps")
    given = workflow.input("given", [1, [2], 3])
    workflow.output("y", workflow.map(square, {"x": given}, name="each"))
    workflow.output("z", workflow.add(plus, x=1))
    made = run(workflow, store, executor=executor, check=False)
    assert "input each[1].x: expected int" in made.tasks["each"].error
    assert made.outputs["z"] == 11


def test_map_failing_item_fails_the_map_and_what_takes_it(store, executor):
    workflow = mapped(odd_only, 4)
    workflow.output("far", workflow.add(join, texts=workflow.tasks["each"]))
    with pytest.raises(RunError, match=r"maps: each\[0\]: ValueError: 0 is even; each\[2\]: "):
        run(workflow, store, executor=executor)
    made = run(workflow, store, executor=executor, check=False)
    assert states(made)["each[1]"] == states(made)["each[3]"] == "cached"
    assert made.tasks["join1"].chain in (
        ("join1", "each", "each[0]"), ("join1", "each", "each[2]"),
    )  # fmt: skip


def test_map_of_several_outputs_gathers_each(store):
    workflow = Workflow("maps")
    each = workflow.map(divide, {"x": workflow.add(numbers, n=4)}, by=2)
    workflow.output("quotients", each["quotient"])
    workflow.output("rests", each["rest"])
    made = run(workflow, store, executor="threads")
    assert dict(made.outputs) == {"quotients": [0, 0, 1, 1], "rests": [0, 1, 0, 1]}


def test_map_over_a_sub_workflow_with_default_and_constant(store, executor):
    def build(default, constant):
        inner = Workflow("inner")
        first = inner.add(plus, x=inner.input("x"), y=inner.input("y", default))
        inner.output("y", inner.add(add, first, inner.add(plus, x=constant, y=0)))
        workflow = Workflow("maps")
        workflow.output("y", workflow.map(inner, {"x": workflow.add(numbers, n=3)}, name="each"))
        return workflow

    made = run(build(100, 1000), store, executor=executor)
    assert made.outputs["y"] == [1100, 1101, 1102]
    assert "each[2]/plus1" in made.tasks
    assert run(build(200, 1000), store, executor=executor).outputs["y"] == [1200, 1201, 1202]
    assert run(build(200, 2000), store, executor=executor).outputs["y"] == [2200, 2201, 2202]
    again = run(build(200, 2000), store, executor=executor)
    assert states(again)["each[0]/plus1"] == "cached"


def test_map_inside_of_a_map(store, executor):
    inner = Workflow("inner")
    upto = inner.add(numbers, n=inner.input("n"))
    inner.output("y", inner.map(square, {"x": upto}))
    workflow = Workflow("maps")
    workflow.output("y", workflow.map(inner, {"n": workflow.add(numbers, n=4)}))
    assert run(workflow, store, executor=executor).outputs["y"] == [[], [0], [0, 1], [0, 1, 4]]


def test_map_of_texts_arrays_and_files(store, executor):
    workflow = Workflow("maps")
    texts = workflow.add(words, n=3)
    workflow.output("lengths", workflow.map(length, {"text": texts}))
    workflow.output("arrays", workflow.map(zeros, {"n": workflow.input("sizes", [2, 3])}))
    files = workflow.map(write_file, {"text": texts})
    workflow.output("read", workflow.map(read_file, {"path": files}))
    made = run(workflow, store, executor=executor)
    assert made.outputs["lengths"] == [2, 2, 2]
    assert [len(array) for array in made.outputs["arrays"]] == [2, 3]
    assert made.outputs["read"] == [f"notes.txt: w{i}" for i in range(3)]


def test_map_over_paths_reads_the_files(store, tmp_path):
    for number in range(2):
        (tmp_path / f"{number}.txt").write_text(f"text {number}")
    workflow = Workflow("maps")
    given = workflow.input("files", [str(tmp_path / "0.txt"), str(tmp_path / "1.txt")])
    workflow.output("y", workflow.map(read_file, {"path": given}))
    made = run(workflow, store, executor="threads")
    assert made.outputs["y"] == ["0.txt: text 0", "1.txt: text 1"]


def test_map_items_that_draw_differ_and_are_the_same_in_each_run(store, tmp_path):
    workflow = Workflow("maps")
    given = workflow.input("counts", [2, 2, 2])
    workflow.output("a", workflow.map(draw, {"n": given}, name="a"))
    workflow.output("b", workflow.map(draw, {"n": given}, name="b"))
    workflow.output("c", workflow.add(draw, n=2))
    made = run(workflow, store, executor="processes")
    drawn = [*made.outputs["a"], *made.outputs["b"], made.outputs["c"]]
    assert len({tuple(one) for one in drawn}) == 7
    again = run(workflow, tmp_path / "other", executor="processes")
    assert dict(again.outputs) == dict(made.outputs)


def test_map_output_taken_twice_and_by_the_workflow(store, executor):
    workflow = mapped(square, 3)
    workflow.output("sum", workflow.add(task(sum_of), values=workflow.tasks["each"]))
    workflow.output("text", workflow.add(join, texts=workflow.tasks["each"]))
    made = run(workflow, store, executor=executor)
    assert dict(made.outputs) == {"y": [0, 1, 4], "sum": 5, "text": "0 1 4"}


def sum_of(values: list) -> int:
    return sum(values)


def test_map_of_what_is_not_a_list_fails_and_says_so(store):
    workflow = Workflow("maps")
    anything = workflow.add(task(anything_else), x=1)
    workflow.map(square, {"x": anything}, name="each")
    made = run(workflow, store, executor="serial", check=False)
    assert made.tasks["each"].error == "each.x: expected a list, got a int."


def anything_else(x):
    return x


def test_map_over_a_large_list_in_processes(store, tmp_path):
    made = run(mapped(square, 500), store, executor="processes")
    assert made.outputs["y"] == [n * n for n in range(500)]


def test_map_of_a_ready_task_with_a_converter_for_its_items(store):
    @task
    def doubled(x: int) -> int:
        return 2 * x

    @task
    def text_to_int(text: str) -> int:
        return int(text)

    from dlaaw_nb.workflow import library

    if "TextToInt" not in library.ready_kinds():
        register_task(text_to_int, "TextToInt")
    workflow = Workflow("maps")
    workflow.output("y", workflow.map(doubled, {"x": workflow.input("texts", ["1", "2"])}))
    assert run(workflow, store, executor="threads").outputs["y"] == [2, 4]


def test_map_cancelled_leaves_no_item_behind(store, tmp_path):
    import time

    from workflow_runs import start
    from workflow_tasks import nap

    workflow = Workflow("maps")
    workflow.map(nap, {"seconds": workflow.input("seconds", [30.0, 31.0, 32.0])}, name="each")
    made = start(workflow, store, executor="threads", workers=1)
    while "each[0]" not in made.tasks or made.tasks["each[0]"].state != "running":
        time.sleep(0.01)
    made.cancel()
    assert made.wait(10)
    assert set(states(made).values()) == {"cancelled"}


def test_map_item_is_tried_again(store, tmp_path):
    from workflow_tasks import flaky

    workflow = Workflow("maps")
    paths = [str(tmp_path / "a"), str(tmp_path / "b")]
    each = workflow.map(flaky, {"path": workflow.input("paths", paths)}, failures=1, name="each")
    workflow.output("y", each)
    made = run(workflow, store, executor="threads")
    assert made.outputs["y"] == [1, 1]
    assert made.tasks["each[1]"].attempts == 2


def test_map_changed_note_is_seen(store, tmp_path):
    workflow = mapped(noted, 2, note=str(tmp_path / "calls"))
    workflow.output("text", workflow.map(show, {"value": workflow.tasks["each"]}))
    assert run(workflow, store, executor="threads").outputs["text"] == ["1", "2"]
