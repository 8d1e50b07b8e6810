"""Where a board meets what its mpiexec starts."""

import pytest

from dlaaw_nb.engine import wire
from dlaaw_nb.engine.faults import TargetError
from dlaaw_nb.engine.meeting import Meeting, join


@pytest.mark.parametrize("folder", ["short", "long" * 60])
def test_both_speak_and_the_end_of_one_is_seen_by_the_other(tmp_path, folder):
    place = tmp_path / folder / "meet"
    place.parent.mkdir()
    meeting = Meeting(place)
    mine = join(place)  # it waits until it is taken
    theirs = meeting.await_other(lambda: False)
    assert not place.exists()
    for (_, speak), (hear, _) in ((mine, theirs), (theirs, mine)):
        wire.write(speak, {"a\nb": 1})
        assert wire.read(hear) == {"a\nb": 1}
    for stream in mine:
        stream.close()
    assert wire.read(theirs[0]) is None


def test_who_does_not_come_is_not_waited_for(tmp_path):
    looks = iter([False, False, True])
    assert Meeting(tmp_path / "meet").await_other(lambda: next(looks)) is None


def test_place_of_an_earlier_meeting_is_taken_over(tmp_path):
    first = Meeting(tmp_path / "meet")
    second = Meeting(tmp_path / "meet")
    join(tmp_path / "meet")
    assert second.await_other(lambda: False) is not None
    assert first.await_other(lambda: True) is None


def test_where_no_socket_can_be_is_told(tmp_path):
    with pytest.raises(TargetError, match="Set `cache` of the head"):
        Meeting(tmp_path / "nowhere" / "meet")
