"""``python -m dragoman_server``: the command, wherever its script is."""

from dragoman_server.cli.entry import main

if __name__ == "__main__":
    main()
