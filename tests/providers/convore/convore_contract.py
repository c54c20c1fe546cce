"""The published contract, as checks of requests and answers."""

import json
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator

DOCUMENT = json.loads((Path(__file__).parents[2] / "data" / "convore.openapi.json").read_text())


@cache
def _validator(name):
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]})


def wrong_with(name, value):
    """What does not fit a schema, as sentences."""
    found = [error.message for error in _validator(name).iter_errors(value)]
    ways = DOCUMENT["components"]["schemas"][name].get("x-any-required", [])
    if ways and not any(all(member in value for member in way) for way in ways):
        found.append(f"one of {ways} is needed")
    return found


def parameters_of(method, path):
    """The query parameters that an operation knows, by name."""
    operation = DOCUMENT["paths"][path][method.lower()]
    return {one["name"]: one["schema"] for one in operation.get("parameters", ()) if one["in"] == "query"}
