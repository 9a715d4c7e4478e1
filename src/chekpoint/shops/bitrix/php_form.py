"""Nested arrays in the form encoding that PHP writes: ``items[0][name]=...``. Pure.

Bytes that are no UTF-8 are kept as lone surrogates: tag 1162 comes as raw bytes in such a field.
"""

from typing import Final
from urllib.parse import parse_qsl

FIELDS_MOST: Final = 20_000
DEPTH_MOST: Final = 8
Tree = dict[str, "str | Tree"]


def read_form(body: bytes) -> Tree:
    """The tree of a form; ValueError where it is none, is too large or contradicts itself."""
    pairs = parse_qsl(
        body.decode("latin-1"), keep_blank_values=True, max_num_fields=FIELDS_MOST, errors="surrogateescape",
    )  # fmt: skip
    tree: Tree = {}
    for name, value in pairs:
        _put(tree, _steps(name), value)
    return tree


def _steps(name: str) -> list[str]:
    first, bracket, rest = name.partition("[")
    steps = [first, *rest.rstrip("]").split("][")] if bracket else [first]
    if len(steps) > DEPTH_MOST:
        raise ValueError(f"the field {name[:40]} is nested too deeply")
    return steps


def _put(tree: Tree, steps: list[str], value: str) -> None:
    for step in steps[:-1]:
        inner = tree.setdefault(step or str(len(tree)), {})
        if not isinstance(inner, dict):
            break
        tree = inner
    else:
        tree[steps[-1] or str(len(tree))] = value
        return
    raise ValueError(f"the field {steps[0][:40]} is both a value and an array")


def rows(found: "str | Tree | None") -> list["str | Tree"]:
    """The elements of an array in the order of their numbers, where they have numbers."""
    if not isinstance(found, dict):
        return []
    return [found[key] for key in sorted(found, key=lambda key: (not key.isdigit(), len(key), key))]
