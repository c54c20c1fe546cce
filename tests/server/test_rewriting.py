import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from dragoman.errors import Conflict
from dragoman_server.setup.rewriting import Change


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
