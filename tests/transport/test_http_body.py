import gzip
import json
import zlib
from contextlib import suppress

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.transport.http.request import parse_json
from dragoman.transport.http.response import UnreadableBodyError, unpacked


def unpack(pieces: list[bytes], encoding: str, limit: int = 1 << 20) -> bytes:
    async def raw():
        for piece in pieces:
            yield piece

    async def run():
        return b"".join([piece async for piece in unpacked(raw(), encoding, limit)])

    return anyio.run(run)


def split(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@given(st.binary(max_size=3000), st.integers(1, 500), st.sampled_from(["gzip", "x-gzip", "deflate", "identity", ""]))
def test_what_was_packed_comes_back_however_it_was_split(data, size, encoding):
    packed = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}.get(encoding, bytes)(data)
    assert unpack(split(packed, size), encoding) == data


@pytest.mark.parametrize("length", [65535, 65536, 65537, 65600, 65793, 131072, 1 << 20])
def test_sizes_around_the_size_of_a_piece_lose_nothing(length):
    data = b"\0" * length
    assert unpack([gzip.compress(data)], "gzip") == data
    assert unpack([zlib.compress(data)], "deflate") == data
    assert unpack([bare_deflate(data)], "deflate") == data


def test_gzip_of_several_members_is_one_body():
    assert unpack([gzip.compress(b"one") + gzip.compress(b" two")], "gzip") == b"one two"


def test_an_empty_body_is_empty_whatever_it_says():
    assert unpack([], "gzip") == b""


def test_a_bomb_stops_at_the_limit():
    with pytest.raises(UnreadableBodyError, match="larger than 1 MiB"):
        unpack([gzip.compress(b"\0" * (2 << 20))], "gzip")


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_packed_body_without_its_end_is_noticed(cut):
    with pytest.raises(UnreadableBodyError, match="cut off"):
        unpack([gzip.compress(b"hello world, hello world")[:-cut]], "gzip")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_json_comes_back_in_every_encoding_that_it_may_have(value):
    text = json.dumps(value)
    assert all(parse_json(text.encode(name)) == value for name in ("utf-8", "utf-8-sig", "utf-16"))


@given(st.text(st.characters()))
def test_half_characters_become_replacement_characters_and_lose_nothing_else(text):
    whole = "".join(
        "\ufffd" if "\ud800" <= c <= "\udfff" else c
        for c in text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    )
    assert parse_json(json.dumps({"a": text}).encode()) == {"a": whole}


def test_a_broken_byte_loses_one_character_and_not_the_page():
    assert parse_json(b'{"a": "x\xffy"}') == {"a": "x\ufffdy"}


@given(st.binary(max_size=200))
def test_garbage_is_no_json_and_nothing_worse(data):
    with suppress(ValueError):
        parse_json(data)
