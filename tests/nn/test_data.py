"""Data in memory and from files become one Dataset."""

from __future__ import annotations

import copy
import hashlib
import http.server
import os
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dlaaw_nb.errors import DataError, DownloadError
from dlaaw_nb.nn import sources
from dlaaw_nb.nn.data import Dataset, as_dataset, as_features
from dlaaw_nb.nn.labels import class_array

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
Y = np.array([0.0, 1.0, 1.0])


def frame() -> pd.DataFrame:
    return pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": ["no", "yes", "yes"]})


@pytest.mark.parametrize(
    "data",
    [
        (X, Y),
        (X.astype(np.float32), Y.astype(int)),
        (np.asfortranarray(X), Y[:, None]),
        (X.tolist(), ["B", "M", "M"]),
        (X, np.array([False, True, True])),
        (X, np.array([-1, 1, 1])),
        (X, pd.Series([3, 4, 4])),
        (X, Y.astype(object)),
        np.c_[X, Y],
        np.c_[X, Y].tolist(),
        np.c_[X, Y].astype(str),
        [[1, 2, "B"], [3, 4, "M"], [5, 6, "M"]],
        frame(),
        frame().astype({"a": "Int64", "y": "category"}),
        frame().astype({"a": object, "y": object}),
        (frame()[["a", "b"]], frame()["y"]),
        frame().set_index(pd.Index(["r", "s", "t"])),
    ],
)
def test_kinds_of_data_give_the_same_dataset(data: object) -> None:
    dataset = as_dataset(data)
    np.testing.assert_array_equal(dataset.features, X)
    np.testing.assert_array_equal(dataset.labels, Y)
    assert dataset.features.dtype == dataset.labels.dtype == np.float64
    assert dataset.features.flags.c_contiguous
    assert (dataset.rows, dataset.n_features, dataset.dropped_rows) == (3, 2, 0)
    assert dataset.positives == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([1, 2], (1, 2)),
        ([1.0, -1.0], (-1, 1)),
        ([0.5, 0.25], (0.25, 0.5)),
        (["yes", "no"], ("no", "yes")),
        (["M", " B"], ("B", "M")),
        (["1.0", "0"], (0, 1)),
        ([True, False], (False, True)),
    ],
)
def test_classes_are_sorted(labels: list[object], classes: tuple[object, object]) -> None:
    dataset = as_dataset((X[:2], labels))
    assert dataset.classes == classes
    assert [type(c) for c in dataset.classes] == [type(c) for c in classes]


def test_classes_given_map_words_even_of_one_class() -> None:
    dataset = as_dataset((X[:1], ["M"]), classes=("B", "M"))
    assert dataset.labels.tolist() == [1.0]
    with pytest.raises(DataError, match=r"expected 'B' or 'M'.*got 'x'"):
        as_dataset((X[:1], ["x"]), classes=("B", "M"))


@pytest.mark.parametrize("classes", [("a",), ("a", "a"), (1, 1.0), ("a", "b", "a")])
def test_classes_given_wrong_raise(classes: tuple[object, ...]) -> None:
    with pytest.raises(DataError, match="classes="):
        as_dataset((X, Y), classes=classes)


def test_classes_given_unknown_word_in_file_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,y\n1,M\n2,B\n3,Q\n")
    with pytest.raises(DataError, match=r"line 4.*got 'Q'") as caught:
        as_dataset(path, classes=("B", "M"))
    assert caught.value.line == 4


def test_one_class_raises() -> None:
    with pytest.raises(DataError, match="one class only, 1"):
        as_dataset((X, [1, 1, 1]))


def test_three_classes_are_numbered_in_order(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,kind\n1,z\n2,x\n3,y\n4,z\n")
    dataset = as_dataset(path)
    assert dataset.classes == ("x", "y", "z")
    assert dataset.labels.tolist() == [2.0, 0.0, 1.0, 2.0]
    assert dataset.to_frame()["kind"].tolist() == ["z", "x", "y", "z"]
    with pytest.raises(DataError, match=r"line 2.*'kind'.*expected a number.*got 'z'"):
        _ = dataset.targets


def test_numbers_are_targets_or_classes_as_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,y\n1,2.5\n2,-1\n3,10\n4,-1\n")
    dataset = as_dataset(path)
    assert dataset.targets.tolist() == [2.5, -1.0, 10.0, -1.0]
    assert dataset.classes == (-1, 2.5, 10)
    assert dataset.labels.tolist() == [1.0, 0.0, 2.0, 0.0]
    assert dataset.label_of(0) == 2.5


def test_words_among_numbers_are_classes(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,y\n" + "1,0\n" * 600 + "2,1\n" * 600 + "3,other\n")
    dataset = as_dataset(path)
    assert dataset.classes == (0, 1, "other")
    assert np.bincount(dataset.labels.astype(int)).tolist() == [600, 600, 1]
    with pytest.raises(DataError, match="line 1202"):
        _ = dataset.targets


def test_targets_that_differ_have_fingerprints_that_differ() -> None:
    one, other = (as_dataset((np.eye(4), y)) for y in ([1.0, 2, 3, 4], [1.0, 2, 3, 5]))
    assert one.labels.tolist() == other.labels.tolist()
    assert one.fingerprint != other.fingerprint


def test_a_million_different_numbers_are_told_apart_without_listing_them() -> None:
    numbers = np.random.default_rng(0).normal(size=1_000_000)
    dataset = as_dataset((np.zeros((1_000_000, 1)), numbers))
    np.testing.assert_array_equal(dataset.targets, numbers)
    assert np.shares_memory(dataset.targets, numbers)
    assert len(dataset.fingerprint) == 64
    assert "1000000 different numbers from -4" in repr(dataset)
    assert dataset.to_frame()["label"].iloc[7] == numbers[7]
    assert "classes" not in vars(dataset.column)


def test_frame_with_numbers_as_labels_drops_gaps_and_keeps_them_numbers() -> None:
    given = pd.DataFrame({"a": [1.0, 2.0, 3.0], "y": [2.5, np.nan, -1.0]})
    dataset = as_dataset(given)
    assert dataset.targets.tolist() == [2.5, -1.0]
    assert dataset.dropped_rows == 1
    assert dataset.column.numbers is not None
    whole = as_dataset(given.assign(y=pd.array([7, None, 9], dtype="Int64")))
    assert whole.classes == (7, 9)
    with pytest.raises(DataError, match=r"row 2.*finite number, got inf"):
        as_dataset(given.assign(y=[1.0, 2.0, np.inf]))


def test_targets_with_a_word_name_the_whole_path(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("a,price\n1,2.5\n,7\n2,cheap\n")
    with pytest.raises(DataError, match=r"line 4, label column 'price'.*'cheap'.*Softmax") as e:
        _ = as_dataset(path).targets
    assert (e.value.source, e.value.line, e.value.column) == (str(path), 4, "price")


def test_classes_of_words_and_numbers_keep_their_kinds() -> None:
    assert as_dataset((X, ["10", "2", "b"])).to_frame()["label"].tolist() == [10, 2, "b"]
    mixed = class_array((10, 2, "b"))[[2, 0]]
    assert mixed.tolist() == ["b", 10]
    assert class_array(("a", "bb")).dtype.kind == "U"
    assert class_array((1, 2.5)).dtype.kind == "f"
    assert class_array((True, 3)).tolist() == [True, 3]


def test_class_counts_are_of_every_class() -> None:
    dataset = Dataset(X, np.array([2.0, 0.0, 2.0]), NAMES, classes=("p", "q", "r"))
    assert dataset.class_counts.tolist() == [1, 0, 2]
    assert dataset.positives is None
    assert Dataset(X, None, NAMES).class_counts is None


def test_dataset_made_by_hand_checks_its_codes_and_is_fixed() -> None:
    assert Dataset(X, Y, NAMES).classes == (0, 1)
    assert Dataset(X, [3.0, 1.5, 3.0], NAMES).classes == (1.5, 3)
    with pytest.raises(AttributeError, match="fixed"):
        Dataset(X, Y, NAMES).features = X
    with pytest.raises(DataError, match="codes 0 to 1"):
        Dataset(X, [0.0, 2.0, 1.0], NAMES, classes=("p", "q"))


def test_one_row_raises() -> None:
    with pytest.raises(DataError, match="one row"):
        as_dataset((X[:1], Y[:1]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (X[:, 0], "2-D"),
        (np.zeros((2, 2, 2)), "2-D"),
        (np.empty((0, 3)), "got none"),
        ([], "2-D"),
        (5, "2-D"),
        (object(), "2-D"),
        ([[1, 2, 0], [3, 4]], r"row 1 .*3 cells.*got 2"),
        ([[1, "x", 0], [3, 4, 1]], r"row 0, column 1 .*'x'"),
        ([[1, float("nan"), 0], [3, 4, 1]], r"row 0, column 1 .*nan"),
        (np.array([[1, 2, 0], [np.inf, 4, 1]]), r"row 1, column 0 .*inf"),
        (np.array([[1, 2, np.nan], [3, 4, 1]]), r"row 0, column 2 .*nan"),
        (np.ones((2, 2), complex), "complex"),
        (np.ma.masked_equal(np.array([[1, 2, 0], [3, 4, 1]]), 2), r"row 0, column 1 .*nan"),
        ((X, Y[:2]), r"3 rows of features.*\(2,\)"),
        ((X, np.array([0, np.nan, 1])), r"row 1, column 'label'.*nan"),
        ((X, ["a", None, "b"]), r"row 1, column 'label'.*None"),
        ((X, [[], {}, 1]), "label"),
        (np.ones((3, 1)), "one column"),
    ],
)
def test_arrays_that_cannot_be_used_raise(data: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_dataset(data)


def test_lists_with_none_drop_the_row() -> None:
    dataset = as_dataset([[1, 2, 0], [None, 2, 0], [3, 4, 1]])
    assert (dataset.rows, dataset.dropped_rows) == (2, 1)
    pair = as_dataset(([[1, 2], [None, 2], [3, 4]], [0, 0, 1]))
    assert pair.labels.tolist() == [0, 1]


def test_frame_gaps_drop_the_row_and_its_label() -> None:
    data = frame()
    data.loc[0, "b"] = np.nan
    data = pd.concat([data, pd.DataFrame({"a": [7, 8], "b": [8, 9], "y": ["no", None]})])
    for given in (data, (data[["a", "b"]][:4], data["y"][:4])):
        dataset = as_dataset(given)
        np.testing.assert_array_equal(dataset.features, [[3, 4], [5, 6], [7, 8]])
        assert dataset.labels.tolist() == [1, 1, 0]
        assert dataset.dropped_rows == (2 if given is data else 1)


def test_frame_all_gaps_raises() -> None:
    with pytest.raises(DataError, match="3 rows that all have one"):
        as_dataset(frame().assign(a=np.nan))


def test_frame_text_feature_is_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"'job'.*'cook'.*columns=\['job'\]") as caught:
        as_dataset(frame().assign(job="cook")[["job", "a", "y"]])
    assert caught.value.column == "job"


def test_frame_dates_are_refused() -> None:
    with pytest.raises(DataError, match=r"'a'.*Timestamp"):
        as_dataset(frame().assign(a=pd.Timestamp("2026-01-01")))


def test_frame_infinity_names_row_and_column() -> None:
    with pytest.raises(DataError, match=r"row 0 .*column 'a'.*inf"):
        as_dataset(frame().assign(a=np.inf))


@pytest.mark.parametrize("label", ["a", 0, -3])
def test_frame_label_by_name_or_position(label: str | int) -> None:
    dataset = as_dataset(frame().assign(a=[0, 1, 0], y=[7, 8, 9]), label=label)
    assert (dataset.label_name, dataset.feature_names) == ("a", ("b", "y"))


def test_label_none_gives_no_labels() -> None:
    dataset = as_dataset(X, label=None)
    assert dataset.labels is None
    assert dataset.positives is None
    assert dataset.n_features == 2
    assert list(dataset.to_frame()) == ["column 0", "column 1"]


def test_dataset_is_returned_as_is() -> None:
    dataset = as_dataset((X, Y))
    assert as_dataset(dataset) is dataset


def test_float64_features_are_shared_and_read_only() -> None:
    dataset = as_dataset((X, Y))
    assert np.shares_memory(dataset.features, X)
    with pytest.raises(ValueError, match="read-only"):
        dataset.features[0, 0] = 9
    assert X.flags.writeable


def test_fingerprint_tells_data_apart() -> None:
    dataset = as_dataset((X, Y))
    expected = hashlib.sha256(b"3x2" + X.tobytes() + Y.tobytes()).hexdigest()
    assert dataset.fingerprint == expected == as_dataset(frame()).fingerprint
    assert as_dataset((X + 1, Y)).fingerprint != expected
    assert copy.deepcopy(dataset).fingerprint == expected


def test_to_frame_gives_the_classes_back() -> None:
    pd.testing.assert_frame_equal(as_dataset(frame()).to_frame(), frame())


def test_representations_escape_and_summarise() -> None:
    dataset = as_dataset(frame().rename(columns={"a": "<b>&"}))
    assert (
        repr(dataset) == "Dataset(DataFrame: 3 rows x 2 features, label 'y': 'no' (1), 'yes' (2))"
    )
    html = dataset._repr_html_()
    assert "&lt;b&gt;&amp;" in html
    assert "<b>&" not in html
    assert len(as_dataset((np.arange(20.0).reshape(10, 2), [0, 1] * 5))._repr_html_()) < 2000


NAMES = ("a", "b")


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        ("a,b\n1,2\n3,4\n", None),
        ("b,a\n2,1\n4,3\n", None),
        ("a,b,y\n1,2,M\n3,4,B\n", [1, 0]),
        ("y,b,a\nM,2,1\nB,4,3\n", [1, 0]),
        ("1,2\n3,4\n", None),
        ("1,2,M\n3,4,B\n", [1, 0]),
        ("p,q\n1,2\n3,4\n", None),
        ("1,2\n,7\n3,4\n", None),
    ],
)
def test_features_of_a_file_with_or_without_labels(tmp_path: Path, content, labels) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content)
    features, found, dropped = as_features(path, 2, NAMES, ("B", "M"), "y")
    np.testing.assert_array_equal(features, X[:2])
    assert (None if found is None else found.tolist()) == labels
    assert dropped == ("\n," in content)
    assert features.flags.c_contiguous


@pytest.mark.parametrize("label", [0, "column 0"])
def test_features_label_at_the_models_position(tmp_path: Path, label: int | str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("1,1,2\n0,3,4\n")
    features, labels, _ = as_features(path, 2, ("column 1", "column 2"), (0, 1), label)
    np.testing.assert_array_equal(features, X[:2])
    assert labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    "data", [X, (X, None), frame()[["b", "a"]], Dataset(X, None, NAMES), X.tolist()]
)
def test_features_in_memory_without_labels(data: object) -> None:
    features, labels, _ = as_features(data, 2, NAMES)
    np.testing.assert_array_equal(features, X)
    assert labels is None


@pytest.mark.parametrize("data", [(X, Y), np.c_[X, Y], Dataset(X, Y, NAMES)])
def test_features_in_memory_with_labels(data: object) -> None:
    features, labels, _ = as_features(data, 2, NAMES, (0, 1))
    np.testing.assert_array_equal(features, X)
    np.testing.assert_array_equal(labels, Y)


def test_features_of_a_dataset_follow_the_models_order() -> None:
    features, _, _ = as_features(Dataset(X[:, ::-1].copy(), Y, ("b", "a")), 2, NAMES)
    np.testing.assert_array_equal(features, X)


def test_features_with_a_class_never_seen_name_line_and_classes(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,y\n1,2,p\n3,4,s\n")
    with pytest.raises(DataError, match=r"line 3.*3 classes .*\('p', 'q', 'r'\), got 's'") as e:
        as_features(path, 2, NAMES, ("p", "q", "r"), "y")
    assert e.value.line == 3
    with pytest.raises(DataError, match=r"3 classes .*got 7"):
        as_features((X, [1, 2, 7]), 2, NAMES, (1, 2, 3))


def test_features_for_a_model_of_numbers_may_all_have_one_label(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,y\n1,2,7.5\n3,4,7.5\n")
    _, labels, _ = as_features(path, 2, NAMES, None, "y", numbers=True)
    assert labels.tolist() == [7.5, 7.5]


@pytest.mark.parametrize("data", [np.ones((3, 4)), np.ones((3, 1)), (np.ones((3, 3)), Y)])
def test_features_of_another_count_raise(data: object) -> None:
    with pytest.raises(DataError, match="as many as the model has features"):
        as_features(data, 2, NAMES)


def test_features_missing_by_name_are_named() -> None:
    with pytest.raises(DataError, match="got no column 'b'"):
        as_features(frame()[["a", "y"]], 2, NAMES)


@pytest.fixture
def server():
    """Serve ``/t.csv``, a cut-off ``/short.csv``, and 404 for all else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"1,2,0\n3,4,1\n"
            if self.path.startswith(("/t.csv", "/short.csv")):
                self.send_response(200)
                extra = 50 if "short" in self.path else 0
                self.send_header("Content-Length", str(len(body) + extra))
                self.end_headers()
                self.wfile.write(body)
            else:
                self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_url_is_read(server: str) -> None:
    dataset = as_dataset(f"{server}/t.csv?version=2")
    assert dataset.rows == 2
    assert dataset.source == "t.csv"


def test_url_not_found_cut_off_or_too_long_raises(server: str) -> None:
    with pytest.raises(DownloadError, match="404"):
        as_dataset(f"{server}/none.csv")
    with pytest.raises(DownloadError, match="62 bytes, got 12"):
        as_dataset(f"{server}/short.csv")
    with pytest.raises(DownloadError, match="at most 5 bytes"):
        sources.fetch(f"{server}/t.csv", limit_bytes=5)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/t.csv", "http://", "http://[/x", "file:///x"])
def test_url_that_cannot_be_read_raises(url: str) -> None:
    with pytest.raises(DownloadError) as caught:
        as_dataset(url)
    assert caught.value.source == url
    assert isinstance(caught.value, ConnectionError)


def test_reading_imports_no_heavy_library(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("1,2,0\n3,4,1\n")
    code = (
        "import sys; from dlaaw_nb.nn.data import as_dataset; "
        f"as_dataset({str(path)!r}); as_dataset([[1, 2, 0], [3, 4, 1]]); "
        "print([m for m in ('pandas', 'urllib.request', 'tqdm', 'matplotlib') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_large_file_takes_about_two_copies_of_memory(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    rows, columns = 20_000, 17
    line = ",".join(["12.5"] * (columns - 1))
    path.write_text(f"{line},0\n{line},1\n" * (rows // 2))
    as_dataset((X, Y))
    tracemalloc.start()
    try:
        dataset = as_dataset(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert dataset.rows == rows
    assert peak < 2.5 * rows * columns * 8
