"""Imports an archive in a fresh process for each line of stdin: settings, archive, and 1 for a reader of its own.

The argument is how many messages are stored at once. A process that is forked has everything loaded, so that a test can
kill many of them. Prints the process's number, what came of the import, and ``ended`` when the process has ended.
"""

import os
import sys
from pathlib import Path

from dragoman.archives import reading
from dragoman.core.errors import DragomanError
from dragoman_server.commands import import_files
from dragoman_server.commands.import_files import loader
from dragoman_server.config import load


def run(settings: str, archive: str) -> None:
    request = import_files.ImportRequest(paths=(Path(archive),))
    try:
        report = import_files.import_files(load.load(Path(settings)), request)
    except DragomanError as error:
        say(f"failed: {error}")
    else:
        say(report.summary)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    loader.BATCH = int(sys.argv[1])
    say("ready")
    for line in sys.stdin:
        settings, archive, has_reader = line.rstrip("\n").split("\t")
        reading.LEAST_LARGE = 0 if has_reader == "1" else 1 << 60
        child = os.fork()
        if child == 0:
            run(settings, archive)
            os._exit(0)
        say(str(child))
        os.waitpid(child, 0)
        say("ended")


if __name__ == "__main__":
    main()
