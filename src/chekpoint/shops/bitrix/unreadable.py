"""A check that cannot be read, with a sentence for the site's admin in each language."""


class Unreadable(Exception):
    """The form of the check is not one that the protocol has."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.ru, self.en = ru, en
