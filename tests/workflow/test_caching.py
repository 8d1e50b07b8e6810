import os

import numpy as np
import pytest
from workflow_runs import counts, lines, run, states
from workflow_tasks import (
    add,
    draw,
    make_box,
    never_cached,
    noted,
    numbers,
    only_wanted,
    open_box,
    plus,
    read_file,
    square,
    write_file,
)

from dlaaw_nb.errors import GraphError, StoreError
from dlaaw_nb.workflow import Workflow, task
from dlaaw_nb.workflow.composite import Map


def chain(note, start=1):
    workflow = Workflow("chain")
    first = workflow.add(noted, x=workflow.input("x", start), note=note, name="first")
    second = workflow.add(noted, x=first, note=note, name="second")
    workflow.output("y", workflow.add(noted, x=second, note=note, name="third"))
    return workflow


@pytest.fixture
def note(tmp_path):
    return str(tmp_path / "calls.txt")


def test_caching_nothing_changed_runs_nothing_again(store, executor, note, tmp_path):
    first = run(chain(note), store, executor=executor)
    again = run(chain(note), store, executor=executor)
    assert (first.outputs["y"], again.outputs["y"]) == (4, 4)
    assert lines(tmp_path / "calls.txt") == ["1", "2", "3"]
    assert counts(again) == {"cached": 3}
    assert again.tasks["first"].why == "the same code, parameters and inputs gave this before"


def test_caching_changed_input_runs_what_follows_and_says_why(store, note, tmp_path):
    run(chain(note), store, executor="threads")
    again = run(chain(note), store, executor="threads", inputs={"x": 5})
    assert again.outputs["y"] == 8
    assert counts(again) == {"finished": 3}
    assert {one.why for one in again.tasks.values()} == {"what it gets has changed: x"}


def test_caching_same_content_from_changed_task_stops_the_change(store):
    def build(n):
        workflow = Workflow("w")
        first = workflow.add(plus, x=n, y=10 - n, name="first")
        workflow.output("y", workflow.add(square, x=first, name="second"))
        return workflow

    run(build(3), store, executor="serial")
    assert states(run(build(4), store, executor="serial")) == {
        "first": "finished", "second": "cached",
    }  # fmt: skip


def test_caching_changed_code_runs_again(store, executor):
    def build(factor):
        space = {}
        exec(f"def scale(x: int) -> int:\n    return x * {factor}\n", space)  # noqa: S102 - a cell
        workflow = Workflow("w")
        workflow.output("y", workflow.add(task(space["scale"]), x=4))
        return workflow

    assert run(build(2), store, executor=executor).outputs["y"] == 8
    made = run(build(3), store, executor=executor)
    assert made.outputs["y"] == 12
    assert made.tasks["scale1"].why == "its code or parameters have changed"
    assert counts(run(build(2), store, executor=executor)) == {"cached": 1}


def test_caching_changed_helper_or_closure_runs_again(store):
    def build(step, helper):
        @task
        def shifted(x: int) -> int:
            return helper(x) + step

        workflow = Workflow("w")
        workflow.output("y", workflow.add(shifted, x=4))
        return workflow

    made = [
        run(build(step, helper), store, executor="serial")
        for step, helper in ((1, abs), (2, abs), (2, lambda x: x + 100), (1, abs))
    ]
    assert [one.outputs["y"] for one in made] == [5, 6, 106, 5]
    assert [one.tasks["shifted1"].state for one in made] == ["finished"] * 3 + ["cached"]


def test_caching_force_runs_all_or_those_named(store, note, tmp_path):
    run(chain(note), store, executor="threads")
    made = run(chain(note), store, executor="threads", force=["second"])
    assert states(made) == {"first": "cached", "second": "finished", "third": "cached"}
    assert made.tasks["second"].why == "forced"
    assert counts(run(chain(note), store, executor="threads", force="third")) == {
        "cached": 2, "finished": 1,
    }  # fmt: skip
    made = run(chain(note), store, executor="threads", force=True)
    assert counts(made) == {"finished": 3}
    assert len(lines(tmp_path / "calls.txt")) == 8


def test_caching_force_of_a_sub_workflow_or_map_reaches_its_parts(store):
    inner = Workflow("inner")
    inner.output("y", inner.add(square, x=inner.input("x")))
    workflow = Workflow("w")
    workflow.output("a", workflow.add(inner, x=2, name="part"))
    workflow.output("b", workflow.map(square, {"x": workflow.add(numbers, n=2)}, name="each"))
    run(workflow, store, executor="serial")
    made = run(workflow, store, executor="serial", force=["part", "each"])
    assert states(made) == {
        "part/square1": "finished", "numbers1": "cached", "each": "finished",
        "each[0]": "finished", "each[1]": "finished",
    }  # fmt: skip


def test_caching_force_of_an_unknown_task_is_refused(store, note):
    with pytest.raises(GraphError, match=r"force: no task 'fourth'\. It has: first, second, third"):
        run(chain(note), store, executor="serial", force=["fourth"])


def test_caching_task_that_is_not_cached_runs_each_time(store, executor, note, tmp_path):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(plus, x=workflow.add(never_cached, note=note)))
    run(workflow, store, executor=executor)
    made = run(workflow, store, executor=executor)
    assert states(made) == {"never_cached1": "finished", "plus1": "cached"}
    assert made.tasks["never_cached1"].why == "its policy says that it is not cached"
    assert len(lines(tmp_path / "calls.txt")) == 2


def test_caching_sub_workflow_with_a_task_that_is_not_cached_is_mapped_anew(store, note, tmp_path):
    inner = Workflow("inner")
    x = inner.input("x")
    inner.output("y", inner.add(add, x, inner.add(never_cached, note=note)))
    workflow = Workflow("w")
    workflow.output("y", workflow.map(inner, {"x": workflow.add(numbers, n=2)}))
    for _ in range(2):
        assert run(workflow, store, executor="threads").outputs["y"] == [5, 6]
    assert len(lines(tmp_path / "calls.txt")) == 4


def test_caching_value_without_codec_runs_again(store, executor):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(open_box, box=workflow.add(make_box, x=3)))
    made = run(workflow, store, executor=executor)
    assert made.outputs["y"] == 3
    assert "have no codec" in made.tasks["make_box1"].notes[0]
    again = run(workflow, store, executor=executor)
    assert counts(again) == {"finished": 2}
    assert again.tasks["open_box1"].why == "something that it gets is not kept"


def test_caching_function_that_reads_what_cannot_be_hashed_runs_again(store):
    import threading

    lock = threading.Lock()

    @task
    def locked(x: int) -> int:
        with lock:
            return x

    workflow = Workflow("w")
    workflow.output("y", workflow.add(locked, x=1))
    for _ in range(2):
        made = run(workflow, store, executor="threads")
        assert made.tasks["locked1"].state == "finished"
        assert (
            "reads lock from around it, a lock that cannot be hashed" in made.tasks["locked1"].why
        )


def test_caching_two_functions_that_cannot_be_hashed_are_not_taken_for_each_other(store):
    import os as system

    def build(number):
        held = {"environment": system.environ, "number": number}

        @task
        def given(x: int) -> int:
            return held["number"] + x

        workflow = Workflow("w")
        workflow.output("y", workflow.add(given, x=0))
        return workflow

    got = [run(build(n), store, executor="processes", workers=1).outputs["y"] for n in (1, 2)]
    assert got == [1, 2]


def test_caching_result_that_is_gone_is_made_again(store, note, tmp_path):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(task(make_array), n=1000))
    made = run(workflow, store, executor="threads")
    store.objects.delete(made.product("y").hash)
    again = run(workflow, store, executor="threads")
    assert again.tasks["make_array1"].state == "finished"
    assert again.tasks["make_array1"].why == "its earlier result is gone, or failed"
    assert again.outputs["y"].sum() == 1000


def make_array(n: int) -> np.ndarray:
    return np.ones(n)


def test_caching_result_that_was_cut_off_is_made_again(store):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(task(make_array), n=1000))
    made = run(workflow, store, executor="threads")
    path = store.objects.path(made.product("y").hash)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:100])
    assert run(workflow, store, executor="threads").outputs["y"].sum() == 1000


def test_caching_changed_file_runs_again_and_the_same_bytes_do_not(store, tmp_path):
    path = tmp_path / "in.txt"
    workflow = Workflow("w")
    workflow.output("text", workflow.add(read_file, path=workflow.input("file", path)))
    got = []
    for text in ("one", "two", "two", "one"):
        path.write_text(text)
        made = run(workflow, store, executor="threads")
        got.append((made.outputs["text"], made.tasks["read_file1"].state))
    assert got == [
        ("in.txt: one", "finished"), ("in.txt: two", "finished"), ("in.txt: two", "cached"),
        ("in.txt: one", "cached"),
    ]  # fmt: skip


@pytest.mark.parametrize("deep", [False, True])
def test_caching_changed_file_of_a_list_that_is_mapped_runs_again(store, tmp_path, deep):
    places = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for place in places:
        place.write_text("one")
    names = [str(place) for place in places]
    workflow = Workflow("w")
    files = workflow.input("files", [names] if deep else names)
    each = Map(read_file, over=("path",))
    workflow.output("y", workflow.map(each if deep else read_file, {"path": files}, name="each"))
    first = run(workflow, store, executor="serial").outputs["y"]
    assert run(workflow, store, executor="serial").outputs["y"] == first
    places[1].write_text("two")
    again = run(workflow, store, executor="serial")
    found = again.outputs["y"][0] if deep else again.outputs["y"]
    assert [text.split(": ")[1] for text in found] == ["one", "two"]
    assert sorted(set(states(again).values())) == ["cached", "finished"]


def test_caching_file_that_was_written_is_found_by_the_next_run(store, executor):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(read_file, path=workflow.add(write_file, text="kept")))
    run(workflow, store, executor=executor)
    made = run(workflow, store, executor=executor, force=["read_file1"])
    assert made.outputs["y"] == "notes.txt: kept"
    assert states(made)["write_file1"] == "cached"


def test_caching_output_that_was_not_wanted_before_is_made(store):
    workflow = Workflow("w")
    made = workflow.add(only_wanted, x=3)
    workflow.output("a", made, "first")
    assert dict(run(workflow, store, executor="serial").outputs) == {"a": 3}
    assert counts(run(workflow, store, executor="serial")) == {"cached": 1}
    workflow.output("b", made, "second")
    again = run(workflow, store, executor="serial")
    assert dict(again.outputs) == {"a": 3, "b": 3}
    assert counts(again) == {"finished": 1}


def test_caching_twins_in_another_order_of_runs_keep_their_numbers(store):
    def build(count):
        workflow = Workflow("w")
        for number in range(count):
            workflow.output(f"y{number}", workflow.add(draw, n=2))
        return workflow

    two = dict(run(build(2), store, executor="processes").outputs)
    made = run(build(3), store, executor="processes")
    assert {name: made.outputs[name] for name in two} == two
    assert counts(made) == {"cached": 2, "finished": 1}
    assert made.outputs["y2"] not in two.values()


def test_caching_is_shared_by_executors(store):
    workflow = Workflow("w")
    workflow.output("y", workflow.add(square, x=workflow.add(plus, x=1)))
    run(workflow, store, executor="serial")
    assert counts(run(workflow, store, executor="processes")) == {"cached": 2}


def test_caching_report_of_a_run_says_what_ran_and_why(store, note):
    run(chain(note), store, executor="threads")
    made = run(chain(note), store, executor="threads", force=["third"])
    report = made.report()
    assert list(report["task"]) == ["first", "second", "third"]
    assert list(report["state"]) == ["cached", "cached", "finished"]
    assert report["why"][2] == "forced"


def test_caching_resume_of_an_unknown_run_is_refused(store, note):
    with pytest.raises(StoreError, match="there is no such run"):
        run(chain(note), store, executor="serial", resume="nothing")


def test_caching_file_read_twice_within_a_moment_is_hashed_twice(tmp_path, store):
    path = tmp_path / "in.txt"
    path.write_text("aaa")
    workflow = Workflow("w")
    workflow.output("text", workflow.add(read_file, path=workflow.input("file", path)))
    run(workflow, store, executor="serial")
    status = path.stat()
    path.write_text("bbb")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # same size, same time, same file
    assert run(workflow, store, executor="serial").outputs["text"] == "in.txt: bbb"
