"""Lines for a terminal that no content can break: no control characters, nothing that its encoding lacks."""

import sys

import typer


def say(text: str, *, err: bool = False) -> None:
    """One line. What cannot be shown becomes a replacement sign or a backslash escape."""
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    encoding = (sys.stderr if err else sys.stdout).encoding or "utf-8"
    typer.echo(shown.encode(encoding, "backslashreplace").decode(encoding), err=err)
