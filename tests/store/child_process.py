"""Work in a process of its own, whose disk, limits and user may be others without harm to the tests."""

import os

import anyio


def in_a_child(work, *, user=None, show=str) -> str:
    """What ``work`` returns or raises, as text.

    Args:
        work: An async function without arguments.
        user: The number of the user that the process becomes, where the tests run as root.
        show: Makes a text of what is returned.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = "nothing"
        try:
            if user is not None and os.geteuid() == 0:
                os.setgid(user)
                os.setuid(user)
            said = show(anyio.run(work))
        except BaseException as error:  # noqa: BLE001 - the child reports whatever happens
            said = f"{type(error).__name__}: {error}"
        finally:
            os.write(writing, said.encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as end:
        said = end.read()
    os.waitpid(child, 0)
    return said
