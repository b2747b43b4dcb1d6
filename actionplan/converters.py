"""Parts of addresses that Django has no converter for."""


class Number:
    """A number as the tables of every database hold it. A longer one is no address of this site."""

    regex = "[0-9]{1,9}"

    def to_python(self, text: str) -> int:
        return int(text)

    def to_url(self, number: int) -> str:
        return str(number)
