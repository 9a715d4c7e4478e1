"""``chekpoint watch``: the watch alone, so that a hub that hangs is seen by somebody else."""

from chekpoint.cli.common import Config, settings_of, told
from chekpoint.cli.say import say


def watch(*, config: Config = None) -> None:
    """Следить без касс: проверки, происшествия, сообщения / watch alone: checks, incidents, messages."""
    import asyncio  # noqa: PLC0415 - commands start in an instant

    from chekpoint.app.logs import configure  # noqa: PLC0415
    from chekpoint.app.watching import watch_alone  # noqa: PLC0415

    with told():
        settings = settings_of(config)
        configure(as_json=settings.log_json)
        say(f"Chekpoint: слежу за {settings.url}, Ctrl+C: конец / watching, Ctrl+C to stop")
        asyncio.run(watch_alone(settings))
