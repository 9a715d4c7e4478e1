"""What the door refuses. The description promises no body; modules read ``error`` and ``message``."""


class Refusal(Exception):
    """An HTTP status with a stable word and a sentence."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.message = status, error, message


def unauthorised() -> Refusal:
    """401."""
    return Refusal(401, "UNAUTHORIZED", "Неверный логин или пароль")
