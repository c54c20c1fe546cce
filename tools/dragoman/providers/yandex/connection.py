"""Opening an account: the channels and the way to authorize."""

from __future__ import annotations

from contextlib import AsyncExitStack

from dragoman.core.context.clock import Clock
from dragoman.providers.yandex import wire
from dragoman.providers.yandex.client import YandexClient
from dragoman.providers.yandex.errors import iam_profile, profile
from dragoman.providers.yandex.iam import ServiceAccount
from dragoman.providers.yandex.settings import YandexSettings
from dragoman.transport.credentials import Authorize, bearer
from dragoman.transport.grpc import GrpcClient
from dragoman.transport.url import is_loopback


async def connect(settings: YandexSettings, clock: Clock, stack: AsyncExitStack) -> YandexClient:
    """Open what the account needs; ``stack`` closes it."""
    authorize = await _authorize(settings, clock, stack)
    calls = GrpcClient(
        settings.target,
        profile=profile(settings.given_credentials()[0]),
        authorize=authorize,
        tls=settings.tls,
        ca_file=settings.ca_file,
        timeout=settings.timeout,
        clock=clock,
    )
    return YandexClient(await stack.enter_async_context(calls))


async def _authorize(settings: YandexSettings, clock: Clock, stack: AsyncExitStack) -> Authorize:
    if settings.iam_token is not None:
        return bearer(settings.iam_token)
    if settings.api_key is not None:
        return bearer(settings.api_key, "Api-Key")
    if settings.service_account_key is None:
        raise AssertionError  # the settings have exactly one
    host = settings.iam_target.rpartition(":")[0] or settings.iam_target
    calls = GrpcClient(
        settings.iam_target,
        profile=iam_profile(),
        # The exchange sends a signed proof, which nobody on the way may read.
        tls=settings.tls or not is_loopback(host),
        # An authority of one's own is for one's own services, not for the vendor's.
        ca_file=settings.ca_file if settings.iam_target != wire.IAM_TARGET else None,
        timeout=settings.timeout,
        clock=clock,
    )
    return ServiceAccount(settings.service_account_key, await stack.enter_async_context(calls), clock)
