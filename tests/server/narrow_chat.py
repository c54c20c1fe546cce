"""A chat whose token turns out to read only, for tests of what servers tell their clients of that."""

from dragoman.testing import FakeHttpService, Reply

NOTICE = "notifications/tools/list_changed"


class NarrowChat(FakeHttpService):
    """A Slack without conversations, whose answers tell the scopes of the token."""

    def __init__(self):
        super().__init__("xoxp-of-the-tests")

    def answer(self, request):
        who = {"url": "https://acme.slack.com/", "team_id": "T01ACME9", "user_id": "U1", "user": "ann"}
        return Reply({"ok": True, "channels": [], **who}, headers={"x-oauth-scopes": "channels:read,channels:history"})

    def account(self, address):
        """The settings of an account that may write, as far as we know."""
        settings = {"provider": "slack", "base_url": f"{address}/api", "token": self.token, "write": "allow"}
        return "[accounts.it]\n" + "".join(f'{key} = "{value}"\n' for key, value in settings.items())
