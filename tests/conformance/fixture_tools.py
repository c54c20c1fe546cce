"""The tools that the suite calls, up to those that ask something back."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio
import mcp_types as types
from mcp import MCPError

from dragoman.core.errors import InvalidArgument

Run = Callable[[Any, types.CallToolRequestParams], Awaitable[Any]]

PAUSE = 0.05
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class Fixture:
    """A tool and what it does."""

    tool: types.Tool
    run: Run


TOOLS: dict[str, Fixture] = {}


def schema(**properties: object) -> dict[str, Any]:
    """An object whose properties are all required."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def tool(
    name: str, into: dict[str, Fixture] = TOOLS, input_schema: dict[str, Any] | None = None
) -> Callable[[Run], Run]:
    """Register a tool; its description is the docstring of what it does."""

    def register(run: Run) -> Run:
        described = types.Tool(name=name, description=run.__doc__, input_schema=input_schema or schema())
        into[name] = Fixture(described, run)
        return run

    return register


def text(words: str) -> types.CallToolResult:
    """An answer of one text."""
    return types.CallToolResult(content=[types.TextContent(type="text", text=words)])


def _png() -> str:
    """One red pixel (PNG 1.2, section 5)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0\xff\0\0")
    whole = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")
    return base64.b64encode(whole).decode()


def _wav() -> str:
    """One silent sample of 8 bits."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    data = struct.pack("<4sIB", b"data", 1, 128)
    body = b"WAVE" + form + data
    return base64.b64encode(struct.pack("<4sI", b"RIFF", len(body)) + body).decode()


PNG = _png()
IMAGE = types.ImageContent(type="image", data=PNG, mime_type="image/png")


def embedded(uri: str, words: str, mime_type: str = "text/plain") -> types.EmbeddedResource:
    """A resource inside of an answer."""
    contents = types.TextResourceContents(uri=uri, mime_type=mime_type, text=words)
    return types.EmbeddedResource(type="resource", resource=contents)


@tool("test_simple_text")
async def _simple(_ctx: Any, _params: Any) -> Any:
    """Answer a text."""
    return text("This is a simple text response for testing.")


@tool("test_image_content")
async def _image(_ctx: Any, _params: Any) -> Any:
    """Answer an image."""
    return types.CallToolResult(content=[IMAGE])


@tool("test_audio_content")
async def _audio(_ctx: Any, _params: Any) -> Any:
    """Answer a sound."""
    return types.CallToolResult(content=[types.AudioContent(type="audio", data=_wav(), mime_type="audio/wav")])


@tool("test_embedded_resource")
async def _embedded(_ctx: Any, _params: Any) -> Any:
    """Answer a resource."""
    return types.CallToolResult(content=[embedded("test://embedded-resource", "This is an embedded resource content.")])


@tool("test_multiple_content_types")
async def _mixed(_ctx: Any, _params: Any) -> Any:
    """Answer a text, an image and a resource."""
    words = types.TextContent(type="text", text="Multiple content types test:")
    data = embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json")
    return types.CallToolResult(content=[words, IMAGE, data])


@tool("test_tool_with_logging")
async def _logging(ctx: Any, _params: Any) -> Any:
    """Log three times on the way."""
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await _log(ctx, words)
        await anyio.sleep(PAUSE)
    return text("Logged.")


@tool("test_logging_tool")
async def _log_once(ctx: Any, _params: Any) -> Any:
    """Log once, which clients hear only if they ask for it."""
    await _log(ctx, "Said by the tool")
    return text("Logged.")


async def _log(ctx: Any, words: str) -> None:
    params = types.LoggingMessageNotificationParams(level="info", data=words)
    level = (ctx.meta or {}).get("io.modelcontextprotocol/logLevel")
    if ctx.protocol_version < "2026" or level in {"debug", "info"}:
        note = types.LoggingMessageNotification(params=params)
        await ctx.session.send_notification(note, related_request_id=ctx.request_id)


@tool("test_error_handling")
async def _failing(_ctx: Any, _params: Any) -> Any:
    """Fail with a sentence."""
    raise InvalidArgument("This tool intentionally returns an error for testing.", hint="It always does.")


@tool("test_tool_with_progress")
async def _progress(ctx: Any, _params: Any) -> Any:
    """Report progress."""
    for done in (0, 50, 100):
        await ctx.session.report_progress(done, 100, f"{done} of 100")
        await anyio.sleep(PAUSE)
    return text("Done.")


@tool("test_missing_capability")
async def _missing(ctx: Any, _params: Any) -> Any:
    """Need a client that can sample."""
    capabilities = ctx.session.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        needed = {"requiredCapabilities": {"sampling": {}}}
        code = types.MISSING_REQUIRED_CLIENT_CAPABILITY
        raise MCPError(code=code, message="This needs a client that can sample.", data=needed)
    return text("The client can sample.")


@tool("json_schema_2020_12_tool", input_schema={
    "$schema": DIALECT,
    "type": "object",
    "$defs": {"address": {
        "$anchor": "addressDef", "type": "object",
        "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
    }},
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
})  # fmt: skip
async def _dialect(_ctx: Any, params: types.CallToolRequestParams) -> Any:
    """Take what its schema says, in every keyword that a dialect of 2020-12 has."""
    return text(f"Taken: {sorted(params.arguments or {})}.")


@tool("test_x_mcp_header", input_schema=schema(region={"type": "string", "x-mcp-header": "Region"}))
async def _repeated_in_a_header(_ctx: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Takes an argument that clients repeat in a header (Mcp-Param-Region)."""
    return text(f"Region: {(params.arguments or {})['region']}")
