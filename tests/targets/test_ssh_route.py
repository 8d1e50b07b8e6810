"""What an SSH configuration says of the way to a machine."""

from __future__ import annotations

import pytest

from dlaaw_nb.errors import RemoteError
from dlaaw_nb.targets.settings import BoardSettings
from dlaaw_nb.targets.ssh_route import route


def hops(folder, text, host="board", **settings):
    file = folder / "config"
    file.write_text(text)
    return route(BoardSettings("mine", host, config_file=file, **settings))


def test_included_files_stand_in_their_places(tmp_path):
    (tmp_path / "more.d").mkdir()
    (tmp_path / "more.d" / "1").write_text("Host board\n  Port 2201\n  Include more.d/deeper\n")
    (tmp_path / "more.d" / "deeper").write_text("User ada\n")
    text = "Host other\n  Include more.d/?\n  Port 99\nHost board\n  HostName b.lab\n"
    (hop,) = hops(tmp_path, "Include more.d/1\n" + text)
    assert (hop.host, hop.port, hop.user) == ("b.lab", 2201, "ada")
    (hop,) = hops(tmp_path, text, "other")
    assert hop.port == 99  # what follows an Include still belongs to its Host


def test_files_that_include_each_other_are_told(tmp_path):
    with pytest.raises(RemoteError, match="include each other"):
        hops(tmp_path, "Include config\n")


def test_jumps_have_jumps_of_their_own(tmp_path):
    text = (
        "Host board\n ProxyJump near\nHost near\n ProxyJump ada@gate:2200\nHost gate\n"
        " HostName gate.lab\n"
    )
    found = [(hop.host, hop.port, hop.user) for hop in hops(tmp_path, text, user="me")]
    assert found[0] == ("gate.lab", 2200, "ada")
    assert [host for host, _, _ in found] == ["gate.lab", "near", "board"]
    assert [hop.host for hop in hops(tmp_path, text, proxy_jump="none")] == ["board"]


def test_jumps_in_a_circle_are_told(tmp_path):
    with pytest.raises(RemoteError, match="circle: near -> far -> near"):
        hops(tmp_path, "Host board far\n ProxyJump near\nHost near\n ProxyJump far\n")


def test_command_is_for_the_first_hop(tmp_path):
    text = "Host board\n ProxyCommand talk %h %p\n HostName b.lab\n Port 2222\n"
    (hop,) = hops(tmp_path, text)
    assert hop.proxy == "talk b.lab 2222"
    first, last = hops(tmp_path, text, proxy_jump="gate")
    assert (first.proxy, last.proxy) == (None, None)
    (hop,) = hops(tmp_path, "Host board\n ProxyCommand none\n")
    assert hop.proxy is None
