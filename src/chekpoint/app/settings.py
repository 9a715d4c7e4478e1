"""Settings: ``chekpoint.toml`` beside the data, or CHEKPOINT_... in the environment (which wins)."""

import os
import secrets
import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from chekpoint.hub.limits import Limits
from chekpoint.watch.probes.settings import ProbeSettings
from chekpoint.watch.thresholds import Thresholds

PREFIX = "CHEKPOINT_"
COMMANDS_OWN = ("CHEKPOINT_CONFIG", "CHEKPOINT_KEY", "CHEKPOINT_AGENT_")
"""Variables that are options of commands, and no settings of a node."""


class SettingsError(Exception):
    """A setting that cannot be used; the text says which one and what is expected, in both languages."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of one node, with defaults that work for one shop on one machine."""

    data: Path = Path("var")  # the database, the head of the journal, backups
    database: str = ""  # empty: sqlite in ``data``; else sqlite:///file or postgresql://...
    node: str = msgspec.field(default_factory=socket.gethostname)  # names this writer's event chain
    host: str = "127.0.0.1"
    port: int = 8054
    zone: str = "Europe/Moscow"
    public_url: str = ""  # how buyers reach us, for links in receipts; empty: http://host:port
    session_key: str = ""  # signs sign-in cookies; empty: a file in ``data``. Several nodes must share one
    secure_cookies: bool = False  # set behind HTTPS
    log_json: bool = False
    backups: Path | None = None  # a folder where copies of the database are put; its newest file is watched
    limits: Limits = Limits()
    probes: ProbeSettings = ProbeSettings()  # what is asked outside
    watch: Thresholds = Thresholds()  # from which value on a check finds something wrong

    @property
    def url(self) -> str:
        """The database's address."""
        return self.database or f"sqlite:///{self.data / 'chekpoint.db'}"

    @property
    def head(self) -> Path:
        """The file that remembers where this node's chain ended."""
        return self.data / f"journal-{self.node}.head"

    @property
    def address(self) -> str:
        """Where a person or a buyer finds us."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the file (``chekpoint.toml`` if there is one) and the environment; raises SettingsError."""
    values = _file(path)
    values |= {
        key.removeprefix(PREFIX).lower(): value
        for key, value in environ.items()
        if key.startswith(PREFIX) and not key.startswith(COMMANDS_OWN)
    }
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_own)
        ZoneInfo(settings.zone)
    except (msgspec.ValidationError, ValueError) as error:
        raise SettingsError(f"настройка не годится / a setting cannot be used: {error}") from error
    except ZoneInfoNotFoundError as error:
        raise SettingsError(f"нет такого часового пояса / no such time zone: {values.get('zone')}") from error
    return settings


def _own(kind: type[Any], value: Any) -> Any:
    """The one type of ours that msgspec does not know."""
    if kind is Path:
        return Path(value)
    raise TypeError(f"{kind} cannot be set")


def _file(path: Path | None) -> dict[str, Any]:
    wanted = path or Path("chekpoint.toml")
    if path is None and not wanted.exists():
        return {}
    try:
        return tomllib.loads(wanted.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{wanted}: не читается / cannot be read: {error}") from error


def session_key(settings: Settings) -> str:
    """The key of sign-in cookies: the setting, or a file that only we may read, made once."""
    if settings.session_key:
        return settings.session_key
    path = settings.data / "session.key"
    try:
        path.touch(0o600, exist_ok=False)
        path.write_text(secrets.token_urlsafe(32), "ascii")
    except FileExistsError:
        pass  # made before
    except OSError as error:
        raise SettingsError(f"{path}: не записать / cannot be written: {error}") from error
    return path.read_text("ascii")
