"""Mails as lines of a file."""

from __future__ import annotations

ENVELOPE = "From ann@x.example Tue Mar 10 09:00:00 2026\n"


def mail(id_: str = "a", body: str = "Hi\n", **headers: str) -> str:
    fields = {
        "From": "Ann <ann@x.example>", "Date": "Tue, 10 Mar 2026 09:00:00 +0000", "Message-ID": f"<{id_}@x>",
        "Subject": "S", **{name.replace("_", "-"): value for name, value in headers.items()},
    }  # fmt: skip
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value) + "\n" + body


def mbox(*mails: str, envelope: str = ENVELOPE) -> str:
    return "".join(f"{envelope}{one}\n" for one in mails)
