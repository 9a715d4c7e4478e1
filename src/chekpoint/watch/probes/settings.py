"""What is asked outside, and how often: the table ``[probes]`` of the settings file."""

from typing import Annotated, Literal

import msgspec

_SECONDS = msgspec.Meta(gt=0, le=86_400)
_DATE = msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")
_URL = msgspec.Meta(pattern=r"^(https?://\S+)?$", max_length=2000)
_GATEWAY = msgspec.Meta(pattern=r"^[^\s:/]+:\d{1,5}$")


class Term(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that ends, and that no service tells: a subscription, a contract. A person notes its day."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    until: Annotated[str, _DATE]  # the last day, in the sellers' zone


class ProbeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds where nothing else is said. An empty address: that is not asked."""

    page_timeout: Annotated[float, _SECONDS] = 10.0  # a page that takes longer has failed
    page_again: Annotated[float, _SECONDS] = 3.0  # after the first failure: was it a blip?
    page_failing: Annotated[float, _SECONDS] = 15.0  # while it fails: recovery is seen soon
    journey_every: Annotated[float, _SECONDS] = 600.0
    journey_failing: Annotated[float, _SECONDS] = 120.0
    stage_timeout: Annotated[float, _SECONDS] = 10.0  # of one step of a journey
    journey_limit: Annotated[float, _SECONDS] = 90.0  # then the browser is ended, whatever it does
    shots_kept: Annotated[int, msgspec.Meta(ge=0, le=100)] = 5  # screenshots of one site
    chromium: str = ""  # path of a browser; empty: CHROMIUM_PATH, or one that is installed
    ca_file: str = ""  # authorities to trust beside the system's, a state CA say
    certificate_every: Annotated[float, _SECONDS] = 6 * 3600.0
    reach_every: Annotated[float, _SECONDS] = 60.0  # webhooks' addresses, our own, gateways
    credential_every: Annotated[float, _SECONDS] = 3600.0
    gateways: tuple[Annotated[str, _GATEWAY], ...] = ()  # of operators, host:port; asked only where named
    terms: tuple[Term, ...] = ()
    ping_url: Annotated[str, _URL] = ""  # who is to notice our silence (healthchecks and the like)
    ping_every: Annotated[float, _SECONDS] = 60.0
    ping_method: Literal["GET", "POST"] = "POST"
    ping_start: str = "/start"  # appended to the address; empty: such a word is not sent
    ping_fail: str = "/fail"
