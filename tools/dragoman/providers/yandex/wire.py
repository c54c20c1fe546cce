"""Names that go over the wire, written by hand: the descriptions in ``protos/`` have a package of our own.

Facts about the service: the published protocol descriptions, the vendor's documentation, and recordings
of the live service.
"""

from __future__ import annotations

from typing import Final

_THREADS: Final = "/yandex.cloud.ai.assistants.v1.threads"
_RUNS: Final = "/yandex.cloud.ai.assistants.v1.runs.RunService"

CREATE_MESSAGE: Final = f"{_THREADS}.MessageService/Create"
GET_MESSAGE: Final = f"{_THREADS}.MessageService/Get"
LIST_MESSAGES: Final = f"{_THREADS}.MessageService/List"
CREATE_THREAD: Final = f"{_THREADS}.ThreadService/Create"
GET_THREAD: Final = f"{_THREADS}.ThreadService/Get"
LIST_THREADS: Final = f"{_THREADS}.ThreadService/List"
CREATE_RUN: Final = f"{_RUNS}/Create"
GET_RUN: Final = f"{_RUNS}/Get"
LISTEN_RUN: Final = f"{_RUNS}/Listen"
CREATE_IAM_TOKEN: Final = "/yandex.cloud.iam.v1.IamTokenService/Create"  # noqa: S105 - the name of a method

TARGET: Final = "assistant.api.cloud.yandex.net:443"
IAM_TARGET: Final = "iam.api.cloud.yandex.net:443"
IAM_AUDIENCE: Final = "https://iam.api.cloud.yandex.net/iam/v1/tokens"

IDEMPOTENCY_KEY: Final = "idempotency-key"

# Recordings have roles in upper case, the documentation in lower case: sent so, compared without case.
USER: Final = "USER"
ASSISTANT: Final = "ASSISTANT"

MOST_THREADS: Final = 1000  # of a page, a general rule of the vendor's services

MESSAGE_STATUS: Final = {1: "completed", 2: "truncated", 3: "filtered_content"}
FAILED, COMPLETED, TOOL_CALLS = 3, 4, 5
"""States of a run that are final."""

# Labels in which an import keeps what the service has no members for; its times cannot be set.
IMPORTED_ID: Final = "imported_id"
IMPORTED_AUTHOR: Final = "imported_author"
IMPORTED_SENT_AT: Final = "imported_sent_at"
IMPORTED_SUBJECT: Final = "imported_subject"
IMPORTED_REPLY_TO: Final = "imported_reply_to"
