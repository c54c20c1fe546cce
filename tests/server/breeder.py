"""Real servers at the price of a fork: for tests that need hundreds of them.

    python breeder.py SOCKET SETTINGS

Imports the server once, and for each connection to the socket forks a child that is `dragoman serve`
with the connection as its stdin and stdout. The child's process id is printed on a line of its own.
"""

import os
import signal
import socket
import sys
from pathlib import Path


def serve(connection: socket.socket, settings: Path) -> None:
    os.dup2(connection.fileno(), 0)
    os.dup2(connection.fileno(), 1)
    connection.close()
    from dragoman_server.transports.stdio import command, pipes

    command.serve_stdio(pipes.take(), settings, "error")


def main(address: str, settings: Path) -> None:
    import dragoman_server.transports.stdio.command  # noqa: F401  # what a fork need not import again

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print("ready", flush=True)
        while True:
            connection, _ = listener.accept()
            child = os.fork()
            if child == 0:
                listener.close()
                serve(connection, settings)
            connection.close()
            print(child, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
