import logging

import pytest

from dragoman.store import open_store
from dragoman.store.sqlite import network_disk

MOUNTS = """\
21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 21 0:25 / /home rw,relatime shared:2 - nfs4 server:/home rw,vers=4.2
31 30 254:1 / /home/ann/local rw - xfs /dev/vdb rw
32 21 0:30 / /mnt/with\\040space rw - fuse.sshfs ann@host:/ rw
33 21 0:31 / /srv rw - ext4 /dev/vdc rw
34 33 0:32 / /srv rw - cifs //nas/srv rw
35 21 0:34 / /mnt/bücher rw - nfs server:/books rw
36 21 0:33 / /odd
"""


@pytest.fixture
def mounts(tmp_path, monkeypatch):
    """Let the system say what is mounted where."""

    def write(text: str) -> None:
        (tmp_path / "mountinfo").write_text(text, "utf-8")
        monkeypatch.setattr(network_disk, "_MOUNTS", tmp_path / "mountinfo")

    return write


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/dragoman.db", None),
        ("/home/ann/dragoman.db", "nfs4"),
        ("/home/ann/local/dragoman.db", None),
        ("/homestead/dragoman.db", None),
        ("/mnt/with space/dragoman.db", "fuse.sshfs"),
        ("/mnt/bücher/dragoman.db", "nfs"),
        ("/srv/dragoman.db", "cifs"),
    ],
)
def test_the_innermost_mount_decides(mounts, path, kind):
    mounts(MOUNTS)
    assert network_disk.network_disk(path) == kind


def test_a_system_that_does_not_tell_is_believed_to_be_local(monkeypatch, tmp_path):
    monkeypatch.setattr(network_disk, "_MOUNTS", tmp_path / "nothing")
    assert network_disk.network_disk(tmp_path / "x.db") is None


@pytest.mark.anyio
async def test_a_store_on_a_network_file_system_is_warned_about_when_it_is_opened(mounts, tmp_path, caplog):
    mounts(f"30 21 0:25 / {tmp_path} rw - nfs server:/ rw\n")
    with caplog.at_level(logging.WARNING):
        async with open_store(tmp_path / "x.db"):
            pass
    (record,) = caplog.records
    said = f"{tmp_path}/x.db is on a network file system (nfs). Use it from one machine only, or messages can be lost"
    assert record.getMessage().startswith(said)
