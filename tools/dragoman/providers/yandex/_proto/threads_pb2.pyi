import datetime

from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import wrappers_pb2 as _wrappers_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Opaque(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Message(_message.Message):
    __slots__ = ("id", "thread_id", "created_by", "created_at", "author", "labels", "content", "status", "citations")
    class MessageStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MESSAGE_STATUS_UNSPECIFIED: _ClassVar[Message.MessageStatus]
        COMPLETED: _ClassVar[Message.MessageStatus]
        TRUNCATED: _ClassVar[Message.MessageStatus]
        FILTERED_CONTENT: _ClassVar[Message.MessageStatus]
    MESSAGE_STATUS_UNSPECIFIED: Message.MessageStatus
    COMPLETED: Message.MessageStatus
    TRUNCATED: Message.MessageStatus
    FILTERED_CONTENT: Message.MessageStatus
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CITATIONS_FIELD_NUMBER: _ClassVar[int]
    id: str
    thread_id: str
    created_by: str
    created_at: _timestamp_pb2.Timestamp
    author: Author
    labels: _containers.ScalarMap[str, str]
    content: Content
    status: Message.MessageStatus
    citations: _containers.RepeatedCompositeFieldContainer[Citation]
    def __init__(self, id: _Optional[str] = ..., thread_id: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., author: _Optional[_Union[Author, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., content: _Optional[_Union[Content, _Mapping]] = ..., status: _Optional[_Union[Message.MessageStatus, str]] = ..., citations: _Optional[_Iterable[_Union[Citation, _Mapping]]] = ...) -> None: ...

class Author(_message.Message):
    __slots__ = ("id", "role")
    ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    id: str
    role: str
    def __init__(self, id: _Optional[str] = ..., role: _Optional[str] = ...) -> None: ...

class Content(_message.Message):
    __slots__ = ("content",)
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    content: _containers.RepeatedCompositeFieldContainer[Part]
    def __init__(self, content: _Optional[_Iterable[_Union[Part, _Mapping]]] = ...) -> None: ...

class Part(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: Text
    def __init__(self, text: _Optional[_Union[Text, _Mapping]] = ...) -> None: ...

class Text(_message.Message):
    __slots__ = ("content",)
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    content: str
    def __init__(self, content: _Optional[str] = ...) -> None: ...

class MessageData(_message.Message):
    __slots__ = ("author", "labels", "content")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    author: Author
    labels: _containers.ScalarMap[str, str]
    content: Content
    def __init__(self, author: _Optional[_Union[Author, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., content: _Optional[_Union[Content, _Mapping]] = ...) -> None: ...

class Citation(_message.Message):
    __slots__ = ("sources",)
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    sources: _containers.RepeatedCompositeFieldContainer[Source]
    def __init__(self, sources: _Optional[_Iterable[_Union[Source, _Mapping]]] = ...) -> None: ...

class Source(_message.Message):
    __slots__ = ("chunk",)
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    chunk: FileChunk
    def __init__(self, chunk: _Optional[_Union[FileChunk, _Mapping]] = ...) -> None: ...

class FileChunk(_message.Message):
    __slots__ = ("search_index", "source_file", "content")
    SEARCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FILE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    search_index: SearchIndex
    source_file: File
    content: Content
    def __init__(self, search_index: _Optional[_Union[SearchIndex, _Mapping]] = ..., source_file: _Optional[_Union[File, _Mapping]] = ..., content: _Optional[_Union[Content, _Mapping]] = ...) -> None: ...

class SearchIndex(_message.Message):
    __slots__ = ("id", "folder_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    folder_id: str
    def __init__(self, id: _Optional[str] = ..., folder_id: _Optional[str] = ...) -> None: ...

class File(_message.Message):
    __slots__ = ("id", "folder_id", "name", "description", "mime_type")
    ID_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    id: str
    folder_id: str
    name: str
    description: str
    mime_type: str
    def __init__(self, id: _Optional[str] = ..., folder_id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., mime_type: _Optional[str] = ...) -> None: ...

class CreateMessageRequest(_message.Message):
    __slots__ = ("thread_id", "author", "labels", "content")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    thread_id: str
    author: Author
    labels: _containers.ScalarMap[str, str]
    content: Content
    def __init__(self, thread_id: _Optional[str] = ..., author: _Optional[_Union[Author, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., content: _Optional[_Union[Content, _Mapping]] = ...) -> None: ...

class GetMessageRequest(_message.Message):
    __slots__ = ("thread_id", "message_id")
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    thread_id: str
    message_id: str
    def __init__(self, thread_id: _Optional[str] = ..., message_id: _Optional[str] = ...) -> None: ...

class ListMessagesRequest(_message.Message):
    __slots__ = ("thread_id",)
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    thread_id: str
    def __init__(self, thread_id: _Optional[str] = ...) -> None: ...

class Thread(_message.Message):
    __slots__ = ("id", "folder_id", "name", "description", "default_message_author_id", "created_by", "created_at", "updated_by", "updated_at", "expiration_config", "expires_at", "labels", "tools")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_MESSAGE_AUTHOR_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRATION_CONFIG_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    id: str
    folder_id: str
    name: str
    description: str
    default_message_author_id: str
    created_by: str
    created_at: _timestamp_pb2.Timestamp
    updated_by: str
    updated_at: _timestamp_pb2.Timestamp
    expiration_config: Expiration
    expires_at: _timestamp_pb2.Timestamp
    labels: _containers.ScalarMap[str, str]
    tools: _containers.RepeatedCompositeFieldContainer[Tool]
    def __init__(self, id: _Optional[str] = ..., folder_id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., default_message_author_id: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_by: _Optional[str] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expiration_config: _Optional[_Union[Expiration, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., tools: _Optional[_Iterable[_Union[Tool, _Mapping]]] = ...) -> None: ...

class Expiration(_message.Message):
    __slots__ = ("expiration_policy", "ttl_days")
    class ExpirationPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        EXPIRATION_POLICY_UNSPECIFIED: _ClassVar[Expiration.ExpirationPolicy]
        STATIC: _ClassVar[Expiration.ExpirationPolicy]
        SINCE_LAST_ACTIVE: _ClassVar[Expiration.ExpirationPolicy]
    EXPIRATION_POLICY_UNSPECIFIED: Expiration.ExpirationPolicy
    STATIC: Expiration.ExpirationPolicy
    SINCE_LAST_ACTIVE: Expiration.ExpirationPolicy
    EXPIRATION_POLICY_FIELD_NUMBER: _ClassVar[int]
    TTL_DAYS_FIELD_NUMBER: _ClassVar[int]
    expiration_policy: Expiration.ExpirationPolicy
    ttl_days: int
    def __init__(self, expiration_policy: _Optional[_Union[Expiration.ExpirationPolicy, str]] = ..., ttl_days: _Optional[int] = ...) -> None: ...

class Tool(_message.Message):
    __slots__ = ("search_index", "function", "gen_search")
    SEARCH_INDEX_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    GEN_SEARCH_FIELD_NUMBER: _ClassVar[int]
    search_index: Opaque
    function: Opaque
    gen_search: Opaque
    def __init__(self, search_index: _Optional[_Union[Opaque, _Mapping]] = ..., function: _Optional[_Union[Opaque, _Mapping]] = ..., gen_search: _Optional[_Union[Opaque, _Mapping]] = ...) -> None: ...

class CreateThreadRequest(_message.Message):
    __slots__ = ("folder_id", "messages", "name", "description", "default_message_author_id", "expiration_config", "labels", "tools")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_MESSAGE_AUTHOR_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRATION_CONFIG_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    folder_id: str
    messages: _containers.RepeatedCompositeFieldContainer[MessageData]
    name: str
    description: str
    default_message_author_id: str
    expiration_config: Expiration
    labels: _containers.ScalarMap[str, str]
    tools: _containers.RepeatedCompositeFieldContainer[Tool]
    def __init__(self, folder_id: _Optional[str] = ..., messages: _Optional[_Iterable[_Union[MessageData, _Mapping]]] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., default_message_author_id: _Optional[str] = ..., expiration_config: _Optional[_Union[Expiration, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., tools: _Optional[_Iterable[_Union[Tool, _Mapping]]] = ...) -> None: ...

class GetThreadRequest(_message.Message):
    __slots__ = ("thread_id",)
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    thread_id: str
    def __init__(self, thread_id: _Optional[str] = ...) -> None: ...

class UpdateThreadRequest(_message.Message):
    __slots__ = ("thread_id", "update_mask", "name", "description", "expiration_config", "labels", "tools")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    EXPIRATION_CONFIG_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    thread_id: str
    update_mask: _field_mask_pb2.FieldMask
    name: str
    description: str
    expiration_config: Expiration
    labels: _containers.ScalarMap[str, str]
    tools: _containers.RepeatedCompositeFieldContainer[Tool]
    def __init__(self, thread_id: _Optional[str] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., expiration_config: _Optional[_Union[Expiration, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., tools: _Optional[_Iterable[_Union[Tool, _Mapping]]] = ...) -> None: ...

class DeleteThreadRequest(_message.Message):
    __slots__ = ("thread_id",)
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    thread_id: str
    def __init__(self, thread_id: _Optional[str] = ...) -> None: ...

class DeleteThreadResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListThreadsRequest(_message.Message):
    __slots__ = ("folder_id", "page_size", "page_token")
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    folder_id: str
    page_size: int
    page_token: str
    def __init__(self, folder_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListThreadsResponse(_message.Message):
    __slots__ = ("threads", "next_page_token")
    THREADS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    threads: _containers.RepeatedCompositeFieldContainer[Thread]
    next_page_token: str
    def __init__(self, threads: _Optional[_Iterable[_Union[Thread, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CreateRunRequest(_message.Message):
    __slots__ = ("assistant_id", "thread_id", "labels", "additional_messages", "custom_prompt_truncation_options", "custom_completion_options", "stream", "tools", "custom_response_format")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ASSISTANT_ID_FIELD_NUMBER: _ClassVar[int]
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ADDITIONAL_MESSAGES_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_PROMPT_TRUNCATION_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_COMPLETION_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_RESPONSE_FORMAT_FIELD_NUMBER: _ClassVar[int]
    assistant_id: str
    thread_id: str
    labels: _containers.ScalarMap[str, str]
    additional_messages: _containers.RepeatedCompositeFieldContainer[MessageData]
    custom_prompt_truncation_options: PromptTruncationOptions
    custom_completion_options: CompletionOptions
    stream: bool
    tools: _containers.RepeatedCompositeFieldContainer[Tool]
    custom_response_format: Opaque
    def __init__(self, assistant_id: _Optional[str] = ..., thread_id: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., additional_messages: _Optional[_Iterable[_Union[MessageData, _Mapping]]] = ..., custom_prompt_truncation_options: _Optional[_Union[PromptTruncationOptions, _Mapping]] = ..., custom_completion_options: _Optional[_Union[CompletionOptions, _Mapping]] = ..., stream: bool = ..., tools: _Optional[_Iterable[_Union[Tool, _Mapping]]] = ..., custom_response_format: _Optional[_Union[Opaque, _Mapping]] = ...) -> None: ...

class Run(_message.Message):
    __slots__ = ("id", "assistant_id", "thread_id", "created_by", "created_at", "labels", "state", "usage", "custom_prompt_truncation_options", "custom_completion_options", "tools", "custom_response_format")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    ASSISTANT_ID_FIELD_NUMBER: _ClassVar[int]
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_PROMPT_TRUNCATION_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_COMPLETION_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_RESPONSE_FORMAT_FIELD_NUMBER: _ClassVar[int]
    id: str
    assistant_id: str
    thread_id: str
    created_by: str
    created_at: _timestamp_pb2.Timestamp
    labels: _containers.ScalarMap[str, str]
    state: RunState
    usage: ContentUsage
    custom_prompt_truncation_options: PromptTruncationOptions
    custom_completion_options: CompletionOptions
    tools: _containers.RepeatedCompositeFieldContainer[Tool]
    custom_response_format: Opaque
    def __init__(self, id: _Optional[str] = ..., assistant_id: _Optional[str] = ..., thread_id: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., state: _Optional[_Union[RunState, _Mapping]] = ..., usage: _Optional[_Union[ContentUsage, _Mapping]] = ..., custom_prompt_truncation_options: _Optional[_Union[PromptTruncationOptions, _Mapping]] = ..., custom_completion_options: _Optional[_Union[CompletionOptions, _Mapping]] = ..., tools: _Optional[_Iterable[_Union[Tool, _Mapping]]] = ..., custom_response_format: _Optional[_Union[Opaque, _Mapping]] = ...) -> None: ...

class RunState(_message.Message):
    __slots__ = ("status", "error", "completed_message", "tool_call_list")
    class RunStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        RUN_STATUS_UNSPECIFIED: _ClassVar[RunState.RunStatus]
        PENDING: _ClassVar[RunState.RunStatus]
        IN_PROGRESS: _ClassVar[RunState.RunStatus]
        FAILED: _ClassVar[RunState.RunStatus]
        COMPLETED: _ClassVar[RunState.RunStatus]
        TOOL_CALLS: _ClassVar[RunState.RunStatus]
    RUN_STATUS_UNSPECIFIED: RunState.RunStatus
    PENDING: RunState.RunStatus
    IN_PROGRESS: RunState.RunStatus
    FAILED: RunState.RunStatus
    COMPLETED: RunState.RunStatus
    TOOL_CALLS: RunState.RunStatus
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_LIST_FIELD_NUMBER: _ClassVar[int]
    status: RunState.RunStatus
    error: Error
    completed_message: Message
    tool_call_list: ToolCallList
    def __init__(self, status: _Optional[_Union[RunState.RunStatus, str]] = ..., error: _Optional[_Union[Error, _Mapping]] = ..., completed_message: _Optional[_Union[Message, _Mapping]] = ..., tool_call_list: _Optional[_Union[ToolCallList, _Mapping]] = ...) -> None: ...

class Error(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class ContentUsage(_message.Message):
    __slots__ = ("prompt_tokens", "completion_tokens", "total_tokens")
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    def __init__(self, prompt_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ..., total_tokens: _Optional[int] = ...) -> None: ...

class CompletionOptions(_message.Message):
    __slots__ = ("max_tokens", "temperature")
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    max_tokens: _wrappers_pb2.Int64Value
    temperature: _wrappers_pb2.DoubleValue
    def __init__(self, max_tokens: _Optional[_Union[_wrappers_pb2.Int64Value, _Mapping]] = ..., temperature: _Optional[_Union[_wrappers_pb2.DoubleValue, _Mapping]] = ...) -> None: ...

class PromptTruncationOptions(_message.Message):
    __slots__ = ("max_prompt_tokens", "auto_strategy", "last_messages_strategy")
    MAX_PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    AUTO_STRATEGY_FIELD_NUMBER: _ClassVar[int]
    LAST_MESSAGES_STRATEGY_FIELD_NUMBER: _ClassVar[int]
    max_prompt_tokens: _wrappers_pb2.Int64Value
    auto_strategy: Opaque
    last_messages_strategy: Opaque
    def __init__(self, max_prompt_tokens: _Optional[_Union[_wrappers_pb2.Int64Value, _Mapping]] = ..., auto_strategy: _Optional[_Union[Opaque, _Mapping]] = ..., last_messages_strategy: _Optional[_Union[Opaque, _Mapping]] = ...) -> None: ...

class GetRunRequest(_message.Message):
    __slots__ = ("run_id",)
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    def __init__(self, run_id: _Optional[str] = ...) -> None: ...

class GetLastRunByThreadRequest(_message.Message):
    __slots__ = ("thread_id",)
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    thread_id: str
    def __init__(self, thread_id: _Optional[str] = ...) -> None: ...

class ListRunsRequest(_message.Message):
    __slots__ = ("folder_id", "page_size", "page_token")
    FOLDER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    folder_id: str
    page_size: int
    page_token: str
    def __init__(self, folder_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRunsResponse(_message.Message):
    __slots__ = ("runs", "next_page_token")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[Run]
    next_page_token: str
    def __init__(self, runs: _Optional[_Iterable[_Union[Run, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListenRunRequest(_message.Message):
    __slots__ = ("run_id", "events_start_idx")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_START_IDX_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    events_start_idx: _wrappers_pb2.Int64Value
    def __init__(self, run_id: _Optional[str] = ..., events_start_idx: _Optional[_Union[_wrappers_pb2.Int64Value, _Mapping]] = ...) -> None: ...

class AttachRunRequest(_message.Message):
    __slots__ = ("run_id", "events_start_idx", "tool_result_list")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_START_IDX_FIELD_NUMBER: _ClassVar[int]
    TOOL_RESULT_LIST_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    events_start_idx: _wrappers_pb2.Int64Value
    tool_result_list: ToolResultList
    def __init__(self, run_id: _Optional[str] = ..., events_start_idx: _Optional[_Union[_wrappers_pb2.Int64Value, _Mapping]] = ..., tool_result_list: _Optional[_Union[ToolResultList, _Mapping]] = ...) -> None: ...

class SubmitToRunRequest(_message.Message):
    __slots__ = ("run_id", "tool_result_list")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_RESULT_LIST_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    tool_result_list: ToolResultList
    def __init__(self, run_id: _Optional[str] = ..., tool_result_list: _Optional[_Union[ToolResultList, _Mapping]] = ...) -> None: ...

class SubmitToRunResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StreamEvent(_message.Message):
    __slots__ = ("event_type", "stream_cursor", "error", "partial_message", "completed_message", "tool_call_list")
    class EventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        EVENT_TYPE_UNSPECIFIED: _ClassVar[StreamEvent.EventType]
        PARTIAL_MESSAGE: _ClassVar[StreamEvent.EventType]
        ERROR: _ClassVar[StreamEvent.EventType]
        DONE: _ClassVar[StreamEvent.EventType]
        TOOL_CALLS: _ClassVar[StreamEvent.EventType]
    EVENT_TYPE_UNSPECIFIED: StreamEvent.EventType
    PARTIAL_MESSAGE: StreamEvent.EventType
    ERROR: StreamEvent.EventType
    DONE: StreamEvent.EventType
    TOOL_CALLS: StreamEvent.EventType
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    STREAM_CURSOR_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_LIST_FIELD_NUMBER: _ClassVar[int]
    event_type: StreamEvent.EventType
    stream_cursor: StreamCursor
    error: Error
    partial_message: Content
    completed_message: Message
    tool_call_list: ToolCallList
    def __init__(self, event_type: _Optional[_Union[StreamEvent.EventType, str]] = ..., stream_cursor: _Optional[_Union[StreamCursor, _Mapping]] = ..., error: _Optional[_Union[Error, _Mapping]] = ..., partial_message: _Optional[_Union[Content, _Mapping]] = ..., completed_message: _Optional[_Union[Message, _Mapping]] = ..., tool_call_list: _Optional[_Union[ToolCallList, _Mapping]] = ...) -> None: ...

class StreamCursor(_message.Message):
    __slots__ = ("current_event_idx", "num_user_events_received")
    CURRENT_EVENT_IDX_FIELD_NUMBER: _ClassVar[int]
    NUM_USER_EVENTS_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    current_event_idx: int
    num_user_events_received: int
    def __init__(self, current_event_idx: _Optional[int] = ..., num_user_events_received: _Optional[int] = ...) -> None: ...

class ToolCallList(_message.Message):
    __slots__ = ("tool_calls",)
    TOOL_CALLS_FIELD_NUMBER: _ClassVar[int]
    tool_calls: _containers.RepeatedCompositeFieldContainer[ToolCall]
    def __init__(self, tool_calls: _Optional[_Iterable[_Union[ToolCall, _Mapping]]] = ...) -> None: ...

class ToolCall(_message.Message):
    __slots__ = ("function_call",)
    FUNCTION_CALL_FIELD_NUMBER: _ClassVar[int]
    function_call: FunctionCall
    def __init__(self, function_call: _Optional[_Union[FunctionCall, _Mapping]] = ...) -> None: ...

class FunctionCall(_message.Message):
    __slots__ = ("name", "arguments")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    arguments: _struct_pb2.Struct
    def __init__(self, name: _Optional[str] = ..., arguments: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class ToolResultList(_message.Message):
    __slots__ = ("tool_results",)
    TOOL_RESULTS_FIELD_NUMBER: _ClassVar[int]
    tool_results: _containers.RepeatedCompositeFieldContainer[ToolResult]
    def __init__(self, tool_results: _Optional[_Iterable[_Union[ToolResult, _Mapping]]] = ...) -> None: ...

class ToolResult(_message.Message):
    __slots__ = ("function_result",)
    FUNCTION_RESULT_FIELD_NUMBER: _ClassVar[int]
    function_result: FunctionResult
    def __init__(self, function_result: _Optional[_Union[FunctionResult, _Mapping]] = ...) -> None: ...

class FunctionResult(_message.Message):
    __slots__ = ("name", "content")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    content: str
    def __init__(self, name: _Optional[str] = ..., content: _Optional[str] = ...) -> None: ...

class CreateIamTokenRequest(_message.Message):
    __slots__ = ("yandex_passport_oauth_token", "jwt")
    YANDEX_PASSPORT_OAUTH_TOKEN_FIELD_NUMBER: _ClassVar[int]
    JWT_FIELD_NUMBER: _ClassVar[int]
    yandex_passport_oauth_token: str
    jwt: str
    def __init__(self, yandex_passport_oauth_token: _Optional[str] = ..., jwt: _Optional[str] = ...) -> None: ...

class CreateIamTokenResponse(_message.Message):
    __slots__ = ("iam_token", "expires_at")
    IAM_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    iam_token: str
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, iam_token: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListApiEndpointsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListApiEndpointsResponse(_message.Message):
    __slots__ = ("endpoints", "next_page_token")
    ENDPOINTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    endpoints: _containers.RepeatedCompositeFieldContainer[ApiEndpoint]
    next_page_token: str
    def __init__(self, endpoints: _Optional[_Iterable[_Union[ApiEndpoint, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ApiEndpoint(_message.Message):
    __slots__ = ("id", "address")
    ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    id: str
    address: str
    def __init__(self, id: _Optional[str] = ..., address: _Optional[str] = ...) -> None: ...
