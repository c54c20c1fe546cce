"""Tenants of Glean that several tests start from."""

from datetime import UTC, datetime, timedelta

from glean_service import Fault, GleanServer
from glean_store import Tenant

from dragoman.core.model import Order

START = datetime(2024, 6, 3, 16, 0, tzinfo=UTC)


def tenant(channel="C02QF8N7J", count=6):
    it = Tenant()
    for number in range(count):
        it.add(channel, f"m{number}", START + timedelta(minutes=number), f"hello {number}")
    return it


def threaded():
    it = tenant("C1", 2)
    it.add("C1", "r1", START + timedelta(hours=1), "reply", it.messages[0])
    it.add("C1", "r2", START + timedelta(hours=2), "reply to it", it.messages[2])
    it.add("C1", "r3", START + timedelta(hours=3), "another", it.messages[0])
    return it


class IdsOnly(GleanServer):
    """A deployment that takes the source system's ids only, and not the names that it lists."""

    def __init__(self, it, *, refuse=False):
        super().__init__(it)
        self.refuse = refuse
        for message in it.messages:
            message.metadata["container"] = "eng-platform"

    def _facets(self, options):
        it = self.tenant.channels
        self.tenant.channels = ["eng-platform"]
        found = super()._facets(options)
        self.tenant.channels = it
        return found

    def _messages(self, body):
        if self.refuse and body["id"] == "eng-platform":
            return Fault(400, "Invalid request")
        return super()._messages(body)

    def _search(self, body):
        for one in body["requestOptions"].get("facetFilters", []):
            if one["fieldName"] == "channel":
                assert one["values"][0]["value"] == "eng-platform"
                one["values"][0]["value"] = "C02QF8N7J"
        return super()._search(body)


def filled(times, variant, channel="C02QF8N7J"):
    tenant = Tenant(variant)
    for number, time in enumerate(times):
        tenant.add(channel, f"m{number:03d}", time)
    if variant.ties == "given":
        tenant.messages.sort(key=lambda m: m.id, reverse=True)
    return tenant


def minutes(count):
    return [START + timedelta(minutes=n) for n in range(count)]


def in_order(tenant):
    return [m.id for m in sorted(tenant.messages, key=lambda m: (m.at, m.id))]


def joined(pages, order):
    return [each for page in (pages if order is Order.OLDEST else reversed(pages)) for each in page]
