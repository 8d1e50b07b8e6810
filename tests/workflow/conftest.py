import pytest

from dlaaw_nb.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture(params=["serial", "threads", "processes"])
def executor(request):
    return request.param
