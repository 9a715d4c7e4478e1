"""``chekpoint serve``: the hub."""

import typer

from chekpoint.cli.common import Config, settings_of, told


def serve(
    *,
    config: Config = None,
    host: str = typer.Option("", help="Адрес, который слушать / address to listen on"),
    port: int = typer.Option(0, min=0, max=65535, help="Порт / port"),
) -> None:
    """Запустить хаб / run the hub."""
    import msgspec  # noqa: PLC0415 - commands start in an instant

    from chekpoint.app.logs import configure  # noqa: PLC0415
    from chekpoint.app.serving import serve as run_server  # noqa: PLC0415
    from chekpoint.cli.trial import trial  # noqa: PLC0415

    with told():
        settings = settings_of(config)
        if host or port:
            settings = msgspec.structs.replace(
                settings, host=host or settings.host, port=port or settings.port
            )
        configure(as_json=settings.log_json)
        run_server(settings, trial)
