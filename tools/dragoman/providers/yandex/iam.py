"""Tokens for the key of a service account: made when needed, kept, and replaced before they expire.

The service takes a proof signed with the key (a JWT, PS256) and gives a token of at most twelve hours; the
vendor asks to get a new one at least every hour. The exchange itself goes without authorization.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
from pydantic import BaseModel, ConfigDict, ValidationError

from dragoman.core.context.clock import Clock
from dragoman.core.errors import Unauthenticated
from dragoman.providers.yandex import wire
from dragoman.providers.yandex._proto import threads_pb2 as pb
from dragoman.transport.credentials import Secret, register_for_redaction
from dragoman.transport.grpc import GrpcClient

if TYPE_CHECKING:
    from collections.abc import Callable

_HOUR: Final = 3600
_MARGIN: Final = 300.0  # seconds of a token's life that are not used
_LEAST: Final = 10.0  # seconds for which a token is used whatever it says, when the clocks disagree
_HINT: Final = "Put the JSON of an authorized key there, as `yc iam key create` writes it."


class ServiceAccountKey(BaseModel):
    """The members of a key file that are needed."""

    model_config = ConfigDict(hide_input_in_errors=True, frozen=True)

    id: str
    service_account_id: str
    private_key: str


class ServiceAccount:
    """Authorizes calls with tokens; ``secret`` is the key's JSON or the path of its file."""

    def __init__(self, secret: Secret, calls: GrpcClient, clock: Clock) -> None:
        self._secret = secret
        self._calls = calls
        self._clock = clock
        self._lock = anyio.Lock()
        self._token = ""
        self._renew_at = 0.0
        self._exchanges = 0

    async def __call__(self, refused: bool) -> str:  # noqa: FBT001 - the shape of Authorize
        """The value of the authorization; ``refused``: the last one was not accepted."""
        before = self._exchanges
        async with self._lock:
            # Calls that were refused together wait for one new token, not each for its own.
            outdated = not self._token or self._clock.monotonic() >= self._renew_at
            if outdated or (refused and self._exchanges == before):
                await self._exchange(again=refused)
            return f"Bearer {self._token}"

    async def _exchange(self, *, again: bool) -> None:
        if again:
            # The key may have been replaced in its file.
            self._secret.invalidate()
        key = await _key(self._secret)
        issued = int(self._clock.wall())
        # Signing takes milliseconds, in which the event loop would stand still.
        proof = await anyio.to_thread.run_sync(sign, key, issued)
        register_for_redaction(proof)
        answer = await self._calls.unary(
            wire.CREATE_IAM_TOKEN,
            pb.CreateIamTokenRequest(jwt=proof),
            pb.CreateIamTokenResponse,
            kind="read",  # another token does no harm
            authorize=False,
            operation="get a token",
        )
        token = answer.iam_token.strip()
        if not token or not token.isascii() or not token.isprintable():
            raise Unauthenticated("Yandex Cloud gave no token for `service_account_key`.", hint="Try again later.")
        register_for_redaction(token)
        self._token = token
        self._renew_at = self._clock.monotonic() + _use_for(answer, self._clock)
        self._exchanges += 1


def sign(key: ServiceAccountKey, issued: int) -> str:
    """The proof that is exchanged for a token; valid for an hour from ``issued``, in Unix seconds."""
    encode = _encoder()
    claims: dict[str, object] = {
        "iss": key.service_account_id,
        "aud": wire.IAM_AUDIENCE,
        "iat": issued,
        "exp": issued + _HOUR,
    }
    try:
        return encode(claims, key.private_key, "PS256", {"kid": key.id})
    except Exception:  # noqa: BLE001 - three libraries have their own errors for a broken key, and some show it
        raise Unauthenticated("The private key in `service_account_key` is broken.", hint=_HINT) from None


def _encoder() -> Callable[[dict[str, object], str, str, dict[str, object]], str]:
    import jwt  # noqa: PLC0415 - loads cryptography, which only accounts with such a key need

    return jwt.encode


async def _key(secret: Secret) -> ServiceAccountKey:
    """The key in a secret, or in the file whose path it is."""
    said = await secret.reveal(multiline=True)
    if not said.startswith("{"):
        said = await Secret(file=said).reveal(multiline=True)
    try:
        key = ServiceAccountKey.model_validate(json.loads(said))
    except (ValidationError, ValueError, RecursionError):
        raise Unauthenticated("The `service_account_key` is no key of a service account.", hint=_HINT) from None
    register_for_redaction(key.private_key)
    return key


def _use_for(answer: pb.CreateIamTokenResponse, clock: Clock) -> float:
    """Seconds after which a token is replaced."""
    if not answer.HasField("expires_at"):
        return _HOUR
    left = answer.expires_at.seconds - clock.wall()
    # A clock that is wrong must not make each call ask for a new token.
    return max(_LEAST, min(_HOUR, max(left - _MARGIN, left / 2)))
