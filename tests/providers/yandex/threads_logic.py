"""What a service of threads does with a request that it understands."""

import base64
from datetime import UTC, datetime

from dragoman.providers.yandex._proto import threads_pb2 as pb

THREADS = "/yandex.cloud.ai.assistants.v1.threads"
RUNS = "/yandex.cloud.ai.assistants.v1.runs.RunService"
IAM = "/yandex.cloud.iam.v1.IamTokenService/Create"
ASSISTANT = "fvt00000assistant001"


class RefusedError(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
        self.text = text


def _known(server, thread_id):
    if thread_id not in server.threads:
        raise RefusedError("NOT_FOUND", f"thread {thread_id} is not found")
    return server.threads[thread_id]


def _create_message(server, request):
    stored = _known(server, request.thread_id)
    author = (
        request.author
        if request.HasField("author")
        else pb.Author(id=stored.thread.default_message_author_id, role="USER")
    )
    message = server.message(request.thread_id, author=author, labels=dict(request.labels))
    message.content.CopyFrom(request.content)
    server.written.append("".join(part.text.content for part in request.content.content))
    return message


def _get_message(server, request):
    for message in _known(server, request.thread_id).messages:
        if message.id == request.message_id:
            return message
    raise RefusedError("NOT_FOUND", "message is not found")


def _list_messages(server, request):
    _known(server, request.thread_id)
    return server.newest_first(request.thread_id)


def _in_folder(server, folder):
    if folder != server.folder:
        raise RefusedError("INVALID_ARGUMENT", "folder does not match the service account")


def _list_threads(server, request):
    _in_folder(server, request.folder_id)
    if not 0 <= request.page_size <= 1000:
        raise RefusedError("INVALID_ARGUMENT", "page_size")
    threads = [stored.thread for stored in reversed(server.threads.values())]
    if request.page_token:
        try:
            last = base64.b64decode(request.page_token, validate=True).decode().partition("@")[2]
            threads = threads[[thread.id for thread in threads].index(last) + 1 :]
        except ValueError:
            raise RefusedError("INVALID_ARGUMENT", "page_token") from None
    page = threads[: request.page_size or server.page_size]
    answer = pb.ListThreadsResponse(threads=page)
    if page:
        made = page[-1].created_at.ToJsonString()
        answer.next_page_token = base64.b64encode(f"{made}@{page[-1].id}".encode()).decode()
    return answer


def _create_thread(server, request):
    _in_folder(server, request.folder_id)
    return server.thread(name=request.name, labels=dict(request.labels)).thread


def _create_run(server, request):
    stored = _known(server, request.thread_id)
    if request.assistant_id != ASSISTANT:
        raise RefusedError("NOT_FOUND", "assistant is not found")
    run = pb.Run(id=f"fvt{next(server.numbers):017d}", assistant_id=ASSISTANT, thread_id=stored.thread.id)
    run.state.status = pb.RunState.PENDING
    server.runs[run.id] = run
    return run


def _said(server, run):
    author = pb.Author(id=ASSISTANT, role="ASSISTANT")
    return server.message(run.thread_id, "Hello! How can I help you?", author=author)


def _listen(server, request):
    if not request.HasField("events_start_idx"):
        server.violations.append("Listen without events_start_idx")
    run = server.runs[request.run_id]
    if server.run_events is not None:
        yield from server.run_events
        return
    for number, text in enumerate(("Hello", "Hello! How can I help you?")):
        event = pb.StreamEvent(event_type=pb.StreamEvent.PARTIAL_MESSAGE)
        event.stream_cursor.current_event_idx = number
        event.partial_message.content.add().text.content = text
        yield event
    yield pb.StreamEvent(event_type=pb.StreamEvent.DONE, completed_message=_said(server, run))


def _get_run(server, request):
    run = server.runs[request.run_id]
    if server.run_states:
        run.state.CopyFrom(server.run_states.popleft())
    return run


def _create_token(server, request):
    server.jwts.append(request.jwt)
    token = f"t1.exchanged-{next(server.tokens)}"
    server.authorization = f"Bearer {token}"
    answer = pb.CreateIamTokenResponse(iam_token=token)
    answer.expires_at.FromDatetime(datetime.now(UTC) + server.lifetime)
    return answer


METHODS = {
    f"{THREADS}.MessageService/Create": ("unary", _create_message, pb.CreateMessageRequest, ("thread_id", "content")),
    f"{THREADS}.MessageService/Get": ("unary", _get_message, pb.GetMessageRequest, ("thread_id", "message_id")),
    f"{THREADS}.MessageService/List": ("stream", _list_messages, pb.ListMessagesRequest, ("thread_id",)),
    f"{THREADS}.ThreadService/List": ("unary", _list_threads, pb.ListThreadsRequest, ("folder_id",)),
    f"{THREADS}.ThreadService/Get": (
        "unary",
        lambda server, request: _known(server, request.thread_id).thread,
        pb.GetThreadRequest,
        ("thread_id",),
    ),
    f"{THREADS}.ThreadService/Create": ("unary", _create_thread, pb.CreateThreadRequest, ("folder_id",)),
    f"{RUNS}/Create": ("unary", _create_run, pb.CreateRunRequest, ("assistant_id", "thread_id", "stream")),
    f"{RUNS}/Get": ("unary", _get_run, pb.GetRunRequest, ("run_id",)),
    f"{RUNS}/Listen": ("stream", _listen, pb.ListenRunRequest, ("run_id",)),
    IAM: ("unary", _create_token, pb.CreateIamTokenRequest, ("jwt",)),
}
"""By method: kind of its answer, what it does, the type of the request, members that are required."""
