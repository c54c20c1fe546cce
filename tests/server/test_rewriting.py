import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from dragoman.core.errors import Conflict, Unavailable
from dragoman_server.setup.files.safe_rewrite import Change


@pytest.mark.skipif(os.name == "nt", reason="the locks are those of POSIX")
def test_of_changes_at_the_same_time_one_is_made_and_the_others_are_told(tmp_path):
    file = tmp_path / "list"
    started = Barrier(4)

    def apply(number: int) -> int | None:
        change = Change(file, before, before + b"%d" % number)
        started.wait()
        try:
            change.apply()
        except Conflict:
            return None
        return number

    with ThreadPoolExecutor(4) as threads:
        for _ in range(20):
            file.write_bytes(before := b"")
            (made,) = (number for number in threads.map(apply, range(4)) if number is not None)
            assert file.read_bytes() == b"%d" % made


def test_a_disk_that_is_full_leaves_the_file_and_no_copy(tmp_path, monkeypatch):
    file = tmp_path / "list"
    file.write_bytes(b"before")
    replace = Path.replace

    def full(self, target):
        if Path(target) == file:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(Unavailable, match="No space left on device"):
        Change(file, b"before", b"after").apply()
    assert [(found, found.read_bytes()) for found in tmp_path.iterdir()] == [(file, b"before")]
