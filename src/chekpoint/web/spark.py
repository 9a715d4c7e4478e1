"""The last looks as a small chart: a bar for each, as high as it took long; a failed one is a hollow bar of full height."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from chekpoint.hub.answers import GLANCES_KEPT, Glance

WIDTH, HEIGHT, STEP = 140, 28, 7
_LEAST: Final = 3  # a quick look is still a bar


class Bar(NamedTuple):
    """One look, in the chart's own units; ``top`` is counted from above."""

    x: int
    top: int
    height: int
    ok: bool


def bars(glances: Sequence[Glance]) -> list[Bar]:
    """The oldest first; the slowest good look is as high as the chart."""
    shown = glances[-GLANCES_KEPT:]
    most = max((one.ms for one in shown if one.ok), default=0) or 1
    found = []
    for place, one in enumerate(shown):
        height = max(_LEAST, round(HEIGHT * one.ms / most)) if one.ok else HEIGHT
        found.append(Bar(STEP * place, HEIGHT - min(height, HEIGHT), min(height, HEIGHT), one.ok))
    return found
