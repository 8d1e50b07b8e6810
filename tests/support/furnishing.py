"""What a test's SSH server finds on its machine: accounts, homes, programs, mounts."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from box import PATH, Box, program

if TYPE_CHECKING:
    from ssh_files import Client

HOMES = "/run/home"  # where homes are mounted in the box; what is in them lies in the test's folder
HERE = "/run/test"  # where the box has the test's folder of the server
_FIRST_UID = 61001  # of further users; hardly one of the machine's own


@dataclass(frozen=True)
class Options:
    """What a server is like.

    Attributes
    ----------
    name : its name in the client's configuration, and its host name where it has one
    python : what ``python3`` on the login's path starts (None: there is none)
    programs : programs that come first on the path: name and the text of a script, such as a
        "tegrastats" that prints, or a "python3" that is none
    without : patterns of programs that are not on the path, such as "g++*"
    banner : what the login shell prints on standard output before every command
    home : the login's home, as the server knows it (default: ``/run/home/USER``)
    read_only_home : nothing can be written below the home
    mounts : folders below the home that are file systems of their own (tmpfs), with options:
        ``{".cache": "noexec,size=4m"}``
    users : further logins, ordinary users that accept the same keys, each with a home of its own
    hosts : names that this server knows, with their addresses
    settings : lines of sshd's configuration that come before the others and so win
    sftp : the SFTP server ("" for none); a program is started by the login shell, banner and all
    """

    name: str = "board"
    python: Optional[str] = sys.executable
    programs: Mapping[str, str] = field(default_factory=dict)
    without: Tuple[str, ...] = ()
    banner: str = ""
    home: str = ""
    read_only_home: bool = False
    mounts: Mapping[str, str] = field(default_factory=dict)
    users: Tuple[str, ...] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    settings: Tuple[str, ...] = ()
    sftp: str = "internal-sftp"


class Mount(NamedTuple):
    """One line of a table of mounts: by default, a folder or file of the machine elsewhere."""

    source: str
    place: str
    kind: str = "none"
    options: str = "bind"


def remote_home(options: Options, user: str) -> str:
    """Name the first login's home as the server knows it."""
    return options.home or f"{HOMES}/{user}"


def search_path(options: Options) -> str:
    """Give the PATH of logins."""
    return f"/run/programs:{'/run/others' if _without(options) else PATH}"


def write_homes(options: Options, homes: Sequence[Path]) -> None:
    """Make the homes; the first is that of our own login."""
    for home in homes:
        home.mkdir(parents=True)
        if options.banner:  # bash reads this file when sshd starts it, too
            (home / ".bashrc").write_text(f"printf '%s\\n' {quoted(options.banner)}\n")
    for name in options.mounts:
        (homes[0] / name).mkdir(parents=True)


def furnish(
    box: Box, options: Options, user: str, folder: Path, homes: Sequence[Path], client: Client
) -> None:
    """Make a new box the machine of a server: accounts, homes, programs, mounts.

    The server's folder is ``HERE`` in the box, whatever else is mounted there.
    """
    box.run("mount -t tmpfs -o mode=755 tmpfs /run")
    box.inside("/run/sshd").mkdir(mode=0o700)
    box.inside("/run/authorized_keys").write_text(client.authorized_keys())
    _write_programs(box, options)
    accounts = _accounts(options, user)
    locked = [f"{account.split(':')[0]}:*:19000:0:99999:7:::\n" for account in accounts]
    mounts = [
        Mount(str(folder), HERE),
        _own_text(box, "/etc/passwd", "".join(accounts)),
        _own_text(box, "/etc/shadow", "".join(locked)),
        _own_text(box, "/etc/hosts", _hosts(options.hosts)),
    ]
    for name, home in zip((user, *options.users), homes):
        home.chmod(0o700)
        place = remote_home(options, user) if name == user else f"{HOMES}/{name}"
        read_only = options.read_only_home and name == user
        mounts.append(Mount(str(home), place, options="bind,ro" if read_only else "bind"))
    for name, text in options.mounts.items():
        place = f"{remote_home(options, user)}/{name}"
        mounts.append(Mount("own-tmpfs", place, "tmpfs", f"mode=755,{text}"))
    mount(box, mounts)
    own_homes(box, options)


def mount(box: Box, mounts: Sequence[Mount]) -> None:
    """Mount all of them with one program; starting one for each takes longer than all else.

    A source and place that the machine has mounted already are left out (``mount --all`` does so):
    new file systems need sources with names of their own.
    """
    for each in mounts:
        if each.place.startswith("/run/"):
            box.inside(each.place).mkdir(parents=True, exist_ok=True)
    lines = [" ".join(map(_escaped, each)) + " 0 0\n" for each in mounts]
    box.inside("/run/fstab").write_text("".join(lines))
    box.run("mount --all --fstab /run/fstab")


def own_homes(box: Box, options: Options) -> None:
    """Let further users own what the test put into their homes."""
    for name in options.users:
        box.run(f"chown -R {name}: {HOMES}/{name}")


def quoted(text: object) -> str:
    """Quote a path or text for the shell."""
    return shlex.quote(str(text))


def _without(options: Options) -> List[str]:
    return [*options.without, *([] if options.python else ["python*"])]


def _write_programs(box: Box, options: Options) -> None:
    folder, others = box.inside("/run/programs"), box.inside("/run/others")
    folder.mkdir()
    programs = dict(options.programs)
    if options.python is not None:
        # A script, for a link would not find the packages of its virtual environment.
        programs.setdefault("python3", f'#!/bin/sh\nexec {quoted(options.python)} "$@"\n')
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    others.mkdir()
    without = _without(options)
    for place in map(Path, PATH.split(":")) if without else ():
        for found in place.iterdir() if place.is_dir() else ():
            link = others / found.name
            if not any(found.match(pattern) for pattern in without) and not link.is_symlink():
                link.symlink_to(found)


def _accounts(options: Options, user: str) -> List[str]:
    """Give /etc/passwd of the server: the machine's, with our login's home and further logins."""
    shell = program("bash", "bash")
    kept = [
        line
        for line in Path("/etc/passwd").read_text().splitlines(keepends=True)
        if line.split(":")[0] not in (user, *options.users)
    ]
    ours = [f"{user}:x:0:0::{remote_home(options, user)}:{shell}\n"]
    for number, name in enumerate(options.users, _FIRST_UID):
        ours.append(f"{name}:x:{number}:{number}::{HOMES}/{name}:{shell}\n")
    return [*ours, *kept]


def _own_text(box: Box, path: str, text: str) -> Mount:
    """Give the server its own text of a file of the machine."""
    source = f"/run/{Path(path).name}"
    box.inside(source).write_text(text)
    return Mount(source, path)


def _escaped(text: str) -> str:
    """Write a word for a table of mounts."""
    for character in "\\ \t\n":
        text = text.replace(character, f"\\{ord(character):03o}")
    return text


def _hosts(names: Mapping[str, str]) -> str:
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    return "".join(f"{line}\n" for line in [*lines, *(f"{a} {n}" for n, a in names.items())])
