"""XML from outside, read with care: no DOCTYPE (so no entities of its own), no more than a few megabytes."""

from typing import Final
from xml.etree import ElementTree as ET

LARGEST: Final = 4 * 1024 * 1024


class NotXml(Exception):
    """What came is not the XML that was to come."""


class _Plain(ET.TreeBuilder):
    def doctype(self, _name: str, _public: str, _system: str) -> None:
        raise NotXml("DOCTYPE")


def parse(octets: bytes) -> ET.Element:
    """The root element. Raises NotXml, also for a DOCTYPE: nothing that it would define is ever looked at."""
    if len(octets) > LARGEST:
        raise NotXml("длиннее 4 МБ")
    parser = ET.XMLParser(target=_Plain())  # noqa: S314 - a DOCTYPE is refused above, before its entities
    try:
        parser.feed(octets)
        root: ET.Element = parser.close()
    except (ET.ParseError, ValueError, LookupError) as fault:  # the encoding may be an unknown one
        raise NotXml(str(fault)) from fault
    return root


def find(root: ET.Element, name: str) -> ET.Element | None:
    """The first element of this name, in whatever namespace: services change prefixes, and versions of them."""
    return next((one for one in root.iter() if one.tag.rpartition("}")[2] == name), None)


def text(root: ET.Element, name: str) -> str:
    """The text of the first element of this name; empty when there is none."""
    found = find(root, name)
    return "" if found is None else (found.text or "").strip()
