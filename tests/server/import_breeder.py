"""Imports a file in a fresh process for each line of stdin: settings and file, separated by a tab.

The argument is how many messages are stored at once. A process that is forked has everything loaded, so that a test can
kill many of them. Prints the process's number, and ``ended`` when it has ended.
"""

import os
import sys
from pathlib import Path

from dragoman_server.commands import import_files
from dragoman_server.commands.import_files import loader
from dragoman_server.config import load


def run(settings: str, file: str) -> None:
    request = import_files.ImportRequest(paths=(Path(file),))
    report = import_files.import_files(load.load(Path(settings)), request)
    sys.stdout.write(f"{report.summary}\n")
    sys.stdout.flush()


def main() -> None:
    loader.BATCH = int(sys.argv[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        settings, file = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            run(settings, file)
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        sys.stdout.write("ended\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
