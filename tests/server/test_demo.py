import re


def test_the_demonstration_shows_every_step_and_ends_well(dragoman_command):
    done = dragoman_command("demo", COLUMNS="90")
    said = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    steps = re.findall(r"^> (\w+)", said, re.MULTILINE)
    assert steps == [
        "list_conversations",
        "list_messages",
        "search_messages",
        "get_message",
        "send_message",
        "update_message",
        "import_message",
        "list_messages",
    ]
    assert len(re.findall(r"^  \([\d,]+ tokens, \d+ ms\)$", said, re.MULTILINE)) == len(steps)
    assert "No conversation is called" in said
    assert '"mcpServers"' in said


def test_the_demonstration_fits_a_terminal_and_has_no_colour_where_nobody_sees_it(dragoman_command):
    said = dragoman_command("demo", COLUMNS="80").stdout.decode()
    prose = [line for line in said.splitlines() if "mcpServers" not in line and "claude mcp add" not in line]
    assert max(map(len, prose)) <= 80
    assert "\x1b" not in said


def test_the_room_costs_at_most_a_quarter_more_than_its_bare_words(dragoman_command):
    said = " ".join(dragoman_command("demo").stdout.decode().split())
    assert float(re.search(r"That is ([\d.]+) times the floor", said)[1]) <= 1.25
