"""Parts in a zip file that is always the same."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.codecs import (
    Blob,
    pack,
    unpack,
)

quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@quick
@given(st.dictionaries(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), st.binary(max_size=99)))
def test_packed_parts_come_back_aligned(parts: dict[str, bytes]) -> None:
    manifest = {"parts": sorted(parts)}
    data = b"".join(pack(manifest, {name: [part[:3], part[3:]] for name, part in parts.items()}))
    read, found = unpack(Blob(data=data))
    assert read == manifest
    assert {name: blob.bytes() for name, blob in found.items()} == parts
    with zipfile.ZipFile(io.BytesIO(data)) as archive:  # an ordinary zip file
        assert archive.testzip() is None
        assert archive.namelist() == ["manifest.json", *parts]
    for part in parts.values():
        assert not part or any(data.startswith(part, at) for at in range(0, len(data), 64))


@pytest.mark.parametrize("name", ["", "../up", "/root", "a//b", "a\\b", "manifest.json", "x" * 201])
def test_part_with_a_name_that_leaves_is_refused(name: str) -> None:
    with pytest.raises(CodecError, match="Choose another name"):
        pack({}, {name: [b"data"]})


def test_packed_file_of_others_with_hostile_names_is_refused() -> None:
    for name in ("../up", "/etc/passwd"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("manifest.json", "{}")
            archive.writestr(name, "data")
        with pytest.raises(CodecError, match="a part is named"):
            unpack(Blob(data=buffer.getvalue()))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps({"a": "b" * 5000}))
    with pytest.raises(CodecError, match="compressed"):
        unpack(Blob(data=buffer.getvalue()))
