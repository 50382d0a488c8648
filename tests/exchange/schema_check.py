"""Checks a value against the part of JSON Schema that the shipped schema uses; another keyword is a failure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    **{"object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float)},
    **{"boolean": (bool,), "null": (type(None),)},
}
_KNOWN = {"$schema", "title", "description", "$defs", "$ref", "type", "const", "enum", "pattern"} | {
    *("required", "properties", "additionalProperties", "items")
}


def faults(value: Any, schema: dict[str, Any], root: dict[str, Any], path: str = "$") -> Iterator[str]:
    """A line for everything that does not fit."""
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    if "$ref" in schema:
        yield from faults(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, path)
        return
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        kinds = [kind for name in names for kind in _TYPES[name]]
        if type(value) not in kinds:
            yield f"{path}: {value!r:.60} is no {names}"
            return
    if "const" in schema and value != schema["const"]:
        yield f"{path}: {value!r:.60} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r:.60} is none of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r:.60} does not match"
    if isinstance(value, dict):
        yield from _faults_of_object(value, schema, root, path)
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from faults(item, schema["items"], root, f"{path}[{number}]")


def _faults_of_object(
    value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], path: str
) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{path}: {name} is missing"
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name, item in value.items():
        if name in properties:
            yield from faults(item, properties[name], root, f"{path}.{name}")
        elif others is False:
            yield f"{path}: {name} is not in the schema"
        elif isinstance(others, dict):
            yield from faults(item, others, root, f"{path}.{name}")
