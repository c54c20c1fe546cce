"""Glean's answers: search results, documents, people, facets.

Only members that are used are named. ``None`` is *missing* as well as *null*; enumerations are plain text,
because values outside the published lists do occur. Deprecated members that old deployments still send are
read where nothing newer is there.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class GleanModel(BaseModel):
    """Base of what Glean sends. Every member may be missing or null; unknown ones are ignored."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, coerce_numbers_to_str=True)


class PersonMetadata(GleanModel):
    """More about a person; ``type`` is FULL_TIME, CONTRACTOR, NON_EMPLOYEE, FORMER_EMPLOYEE or newer."""

    type: str | None = None
    email: str | None = None
    title: str | None = None


class Person(GleanModel):
    """Somebody; the schema promises name and id, deployments do not always keep that."""

    name: str | None = None
    obfuscated_id: str | None = None
    metadata: PersonMetadata | None = None


class React(GleanModel):
    """One kind of reaction."""

    type: str | None = None
    count: int | None = None
    reactors: list[Person] | None = None


class Interactions(GleanModel):
    """Replies and reactions; ``reactions`` is the deprecated form of ``reacts``."""

    num_comments: int | None = None
    num_reactions: int | None = None
    reacts: list[React] | None = None
    reactions: list[str] | None = None


class Metadata(GleanModel):
    """A document's facts beside its content. Times are RFC 3339."""

    datasource: str | None = None
    datasource_instance: str | None = None
    object_type: str | None = None
    container: str | None = None
    container_id: str | None = None
    super_container_id: str | None = None
    parent_id: str | None = None
    mime_type: str | None = None
    document_id: str | None = None
    datasource_id: str | None = None
    create_time: str | None = None
    update_time: str | None = None
    author: Person | None = None
    owner: Person | None = None
    mentioned_people: list[Person] | None = None
    labels: list[str] | None = None
    status: str | None = None
    visibility: str | None = None
    interactions: Interactions | None = None


class Content(GleanModel):
    """The text of a document."""

    full_text_list: list[str] | None = None


class Document(GleanModel):
    """A message, file or whole conversation as Glean keeps it; ``error`` stands instead of everything else."""

    id: str | None = None
    datasource: str | None = None
    doc_type: str | None = None
    title: str | None = None
    url: str | None = None
    content: Content | None = None
    metadata: Metadata | None = None
    error: str | None = None


class TextRange(GleanModel):
    """A marked stretch of a snippet; the end is exclusive."""

    start_index: int | None = None
    end_index: int | None = None


class Snippet(GleanModel):
    """An excerpt; ``snippet`` is the deprecated form with U+E006 and U+E007 around what was found."""

    text: str | None = None
    snippet: str | None = None
    mime_type: str | None = None
    snippet_text_ordering: int | None = None
    ranges: list[TextRange] | None = None


class Related(GleanModel):
    """Results in some relation; ``documents`` is the deprecated form of ``results``."""

    relation: str | None = None
    results: list[Result] | None = None
    documents: list[Document] | None = None


class Cluster(GleanModel):
    """Results shown together."""

    clustered_results: list[Result] | None = None


class Result(GleanModel):
    """A search result, which is also what a message comes as."""

    url: str | None = None
    title: str | None = None
    native_app_url: str | None = None
    document: Document | None = None
    metadata: Metadata | None = None
    full_text: str | None = None
    full_text_list: list[str] | None = None
    snippets: list[Snippet] | None = None
    related_results: list[Related] | None = None
    clustered_results: list[Result] | None = None
    all_clustered_results: list[Cluster] | None = None
    attachment_count: int | None = None
    attachments: list[Result] | None = None
    cluster_type: str | None = None


class FacetValue(GleanModel):
    """A value that a facet can be filtered by."""

    string_value: str | None = None
    display_label: str | None = None


class Bucket(GleanModel):
    """A value of a facet and how many documents have it."""

    count: int | None = None
    value: FacetValue | None = None


class Facet(GleanModel):
    """The values of one facet."""

    source_name: str | None = None
    has_more_buckets: bool | None = None
    buckets: list[Bucket] | None = None


class ErrorMessage(GleanModel):
    """The failure of one source."""

    source: str | None = None
    error_message: str | None = None


class Operator(GleanModel):
    """A search operator with a value that is none."""

    key: str | None = None
    value: str | None = None


class ErrorInfo(GleanModel):
    """A failure of a part, within a success or as the body of a refusal."""

    error_messages: list[ErrorMessage] | None = None
    invalid_operators: list[Operator] | None = None
    federated_search_rate_limit_error: bool | None = None


class SearchAnswer(GleanModel):
    """The answer of ``/search``, and the inner part of that of ``/messages``."""

    results: list[Result] | None = None
    cursor: str | None = None
    has_more_results: bool | None = None
    tracking_token: str | None = None
    facet_results: list[Facet] | None = None
    error_info: ErrorInfo | None = None


class MessagesAnswer(GleanModel):
    """The answer of ``/messages``."""

    has_more: bool | None = None
    search_response: SearchAnswer | None = None
    root_message: Result | None = None


class PeopleAnswer(GleanModel):
    """The answer of ``/people``."""

    results: list[Person] | None = None


class Refused(GleanModel):
    """The JSON bodies that some refusals have."""

    error_type: str | None = None
    created_by: Person | None = None
    error_messages: list[ErrorMessage] | None = None
    invalid_operators: list[Operator] | None = None
