"""What a test's SSH server finds on its machine: accounts, homes, programs, mounts."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, List, Mapping, Optional, Sequence, Tuple

from box import PATH, Box, program

if TYPE_CHECKING:
    from ssh_files import Client

HOMES = "/run/home"  # where homes are mounted in the box; what is in them lies in the test's folder
_FIRST_UID = 61001  # of further users; hardly one of the machine's own


@dataclass(frozen=True)
class Options:
    """What a server is like.

    Attributes
    ----------
    name : its name in the client's configuration, and its host name where it has one
    python : what ``python3`` on the login's path starts (None: there is none)
    programs : further programs on the path: name and the text of a script
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


def furnish(box: Box, options: Options, user: str, homes: Sequence[Path], client: Client) -> None:
    """Make a new box the machine of a server: accounts, homes, programs, mounts."""
    run = box.run
    run("mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/sshd")
    accounts = _accounts(options, user)
    locked = [f"{account.split(':')[0]}:*:19000:0:99999:7:::\n" for account in accounts]
    _put(box, "/etc/passwd", "".join(accounts))
    _put(box, "/etc/shadow", "".join(locked))
    _put(box, "/etc/hosts", _hosts(options.hosts))
    box.inside("/run/authorized_keys").write_text(client.authorized_keys())
    _write_programs(box, options)
    for name, home in zip((user, *options.users), homes):
        place = quoted(remote_home(options, user) if name == user else f"{HOMES}/{name}")
        run(f"mkdir -p {place} && mount --bind {quoted(home)} {place}")
        run(f"chown -R {name} {place} && chmod 700 {place}")
    if options.read_only_home:
        run(f"mount -o remount,bind,ro {quoted(remote_home(options, user))}")
    for name, text in options.mounts.items():
        place = quoted(f"{remote_home(options, user)}/{name}")
        run(f"mount -t tmpfs -o mode=755,{text} tmpfs {place}")


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


def _put(box: Box, path: str, text: str) -> None:
    """Give the server its own text of a file of the machine."""
    source = f"/run/{Path(path).name}"
    box.inside(source).write_text(text)
    box.run(f"mount --bind {source} {path}")


def _hosts(names: Mapping[str, str]) -> str:
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    return "".join(f"{line}\n" for line in [*lines, *(f"{a} {n}" for n, a in names.items())])
