"""Tolerant access to the members of JSON objects, for readers of archives."""

from dragoman.core.json_fields import (
    EMPTY,
    JsonObject,
    count_of,
    flag_of,
    is_list,
    is_number,
    is_object,
    list_of,
    number_of,
    object_of,
    record_of,
    records_of,
    text_of,
    texts_of,
)

__all__ = [
    "EMPTY",
    "JsonObject",
    "count_of",
    "flag_of",
    "is_list",
    "is_number",
    "is_object",
    "list_of",
    "number_of",
    "object_of",
    "record_of",
    "records_of",
    "text_of",
    "texts_of",
]
