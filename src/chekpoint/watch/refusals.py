"""How a channel says no, beyond ``NotSent``."""

from chekpoint.core.errors import NotSent


class Later(NotSent):
    """The provider works, and asks for a pause: no failure, and nobody needs to be told of it."""

    def __init__(self, message: str, seconds: float, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.seconds = seconds


class Refused(NotSent):
    """A refusal that is known by its words in both languages; ``said`` is the provider's own."""

    def __init__(self, ru: str, en: str, said: str, *, code: str | None = None) -> None:
        super().__init__(f"{ru} / {en}: {said}", code=code)
        self.ru, self.en = f"{ru}: {said}", f"{en}: {said}"
