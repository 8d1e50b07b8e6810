import gc

import pytest

from dlaaw_nb.workflow.garbage import seldom_searched


@pytest.fixture
def before():
    threshold = gc.get_threshold()
    yield threshold
    gc.set_threshold(*threshold)


def test_small_run_changes_nothing(before):
    with seldom_searched(999):
        assert gc.get_threshold() == before


def test_large_runs_search_seldom_until_the_last_one_is_over(before):
    with seldom_searched(2000):
        with seldom_searched(50_000):
            assert gc.get_threshold()[0] == 10_000
        assert gc.get_threshold()[0] == 10_000
    assert gc.get_threshold() == before


def test_threshold_that_a_person_has_set_meanwhile_stays(before):
    with seldom_searched(2000):
        gc.set_threshold(1234, 5, 6)
    assert gc.get_threshold() == (1234, 5, 6)


def test_threshold_comes_back_after_a_fault(before):
    with pytest.raises(ZeroDivisionError), seldom_searched(2000):
        raise ZeroDivisionError
    assert gc.get_threshold() == before
