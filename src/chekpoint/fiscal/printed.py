"""The buyer's receipt as people read it: lines of text for a printer or a letter, and a fragment of HTML.

Pure functions over the receipt and what the register added. The same rows stand behind both forms.
"""

from html import escape
from textwrap import wrap
from typing import Final

from chekpoint.fiscal.printed_rows import PrintedStamp, Row, RowKind, rows
from chekpoint.fiscal.receipt import Receipt

__all__ = ["STYLE", "WIDTHS", "PrintedStamp", "as_html", "as_lines"]

WIDTHS: Final = (32, 48)
"""Characters on a line of 57 mm and 80 mm paper."""

STYLE: Final = """\
.printed-receipt{max-width:24rem;margin:0 auto;padding:1rem;font:0.875rem/1.35 ui-monospace,"DejaVu Sans Mono",monospace;\
color:#111;background:#fff;overflow-wrap:anywhere}
.printed-receipt p{margin:0}
.printed-receipt .title{text-align:center}
.printed-receipt .pair,.printed-receipt .total{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem}
.printed-receipt .value{margin-left:auto;text-align:right}
.printed-receipt .total{font-size:1.25em;font-weight:bold}
.printed-receipt .warning{text-align:center;font-weight:bold;color:#a00000;border:2px solid;padding:.25rem;margin:.5rem 0}
.printed-receipt hr{border:0;border-top:1px dashed;margin:.5rem 0}
.printed-receipt .qr{text-align:center;margin-top:.75rem}
.printed-receipt .qr svg{max-width:100%}
"""
"""For pages that may not carry a style of their own: serve it from a file."""


def as_lines(receipt: Receipt, stamp: PrintedStamp, width: int = 48) -> list[str]:
    """The receipt in lines of at most ``width`` characters (at least 16; see ``WIDTHS``).

    Sums stand at the right edge; words are kept whole where they fit.
    """
    if width < 16:
        raise ValueError(f"a receipt is at least 16 characters wide, not {width}")
    return [line for row in rows(receipt, stamp) for line in _row_lines(row, width)]


def _row_lines(row: Row, width: int) -> list[str]:
    label, value = _plain(row.label), _plain(row.value)
    if row.kind is RowKind.RULE:
        return ["-" * width]
    if row.kind is RowKind.WARNING:
        edge = "*" * width
        return [edge, *_centred(label, width), edge]
    if row.kind is RowKind.TITLE:
        return _centred(label, width)
    if row.kind is RowKind.TEXT:
        return wrap(label, width)
    return _pair_lines(label, value, width)


def _plain(text: str) -> str:
    """One line, whatever breaks and controls the text has."""
    return "".join(char if char.isprintable() else " " for char in " ".join(text.split()))


def _centred(text: str, width: int) -> list[str]:
    return [line.center(width).rstrip() for line in wrap(text, width)]


def _pair_lines(label: str, value: str, width: int) -> list[str]:
    """On one line if both fit, else the value under the label."""
    if len(label) + 1 + len(value) <= width:
        return [f"{label}{value:>{width - len(label)}}"]
    *above, last = wrap(label, width) or [""]
    if len(last) + 1 + len(value) <= width:
        return [*above, f"{last}{value:>{width - len(last)}}"]
    return [*above, last, *(line.rjust(width) for line in wrap(value, width))]


def as_html(receipt: Receipt, stamp: PrintedStamp, *, qr_svg: str = "", styled: bool = True) -> str:
    """The receipt as one ``<article>``, all text escaped.

    ``qr_svg`` is the drawing of the QR code, an ``<svg>`` element of our own making; anything else is escaped
    like any text. ``styled`` puts ``STYLE`` inside, for letters and files; a page with a strict content policy
    leaves it out and serves ``STYLE`` itself.
    """
    style = f"<style>{STYLE}</style>" if styled else ""
    body = "\n".join(_row_html(row) for row in rows(receipt, stamp))
    code = f'\n<div class="qr">{_drawing(qr_svg)}</div>' if qr_svg else ""
    return f'<article class="printed-receipt" lang="ru">{style}\n{body}{code}\n</article>\n'


def _row_html(row: Row) -> str:
    label, value = escape(_plain(row.label)), escape(_plain(row.value))
    if row.kind is RowKind.RULE:
        return "<hr>"
    if row.kind in {RowKind.PAIR, RowKind.TOTAL}:
        return f'<p class="{row.kind.value}"><span>{label}</span> <span class="value">{value}</span></p>'
    return f'<p class="{row.kind.value}">{label}</p>'


def _drawing(svg: str) -> str:
    return svg if svg.startswith("<svg") and "<script" not in svg.lower() else escape(svg)
