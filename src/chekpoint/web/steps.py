"""A page that tells each step when it is over: sent in parts, so that it grows without scripts."""

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse

from chekpoint.hub.kinds import Step
from chekpoint.web.desk import Desk

MARK = "<!--steps-->"


async def told(
    desk: Desk, request: Request, template: str, steps: AsyncIterator[Step], **context: Any
) -> StreamingResponse:
    """``template`` holds MARK where the steps grow; the line after the last one says how it ended."""
    whole = await desk.page(request, template, **context)
    head, _, tail = bytes(whole.body).decode().partition(MARK)

    async def parts() -> AsyncIterator[str]:
        yield head
        good, number = True, 0
        async for step in steps:
            number += 1
            good = good and step.ok is not False
            yield desk.part(request, "step.html", step=step, number=number)
        yield desk.part(request, "step_end.html", good=good and number > 0)
        yield tail

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(parts(), media_type="text/html", headers=headers)
