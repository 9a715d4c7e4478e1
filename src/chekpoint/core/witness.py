"""Who writes down what a driver says on the wire and what it hears.

A driver calls ``note(request, answer)`` once for each exchange, with text as it was on the wire; a lost
answer is told in words. The hub masks personal data before anything is kept.
"""

from collections.abc import Callable

Note = Callable[[str, str], None]


def unheard(_request: str, _answer: str) -> None:
    """Nobody listens."""
