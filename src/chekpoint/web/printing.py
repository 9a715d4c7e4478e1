"""The printed form of a stored receipt, with its QR code drawn as SVG."""

from datetime import datetime
from typing import Final, NamedTuple

import segno
from markupsafe import Markup

from chekpoint.core.ports import FiscalDocument
from chekpoint.fiscal import qr
from chekpoint.fiscal.printed import PrintedStamp, as_html
from chekpoint.fiscal.receipt import Kind
from chekpoint.hub.content import restore
from chekpoint.store.views_receipt import Head

FNS_CHECK: Final = "https://kkt-online.nalog.ru/"


class Printed(NamedTuple):
    """What the buyer gets: HTML, and the string in the QR code."""

    html: Markup
    qr: str


def printed(head: Head, document: FiscalDocument | None) -> Printed | None:
    """The printed form; None before there is a fiscal document: until then nothing is a receipt."""
    if document is None:
        return None
    line = document.qr or qr.write(
        datetime.fromisoformat(document.made_at), document.total, document.fn, document.fd_number,
        int(document.fiscal_sign), Kind(head.kind),
    )  # fmt: skip
    html = as_html(
        restore(head.content, head.buyer), _stamp(head, document), qr_svg=drawing(line), styled=False
    )
    return Printed(Markup(html), line)  # noqa: S704 - as_html escapes every text, and the SVG is of our making


def _stamp(head: Head, document: FiscalDocument) -> PrintedStamp:
    return PrintedStamp(
        fn=document.fn, fd_number=document.fd_number, fiscal_sign=document.fiscal_sign, made_at=document.made_at,
        shift_number=document.shift_number, receipt_number=document.receipt_number,
        registration_number=document.registration_number, seller_name=head.seller, seller_inn=head.inn,
    )  # fmt: skip


def drawing(line: str) -> str:
    """The QR code as an ``<svg>`` without style attributes, which the content policy would refuse."""
    svg: str = segno.make(line, error="m", micro=False).svg_inline(
        scale=4, border=2, omitsize=True, svgclass="code"
    )
    return svg
