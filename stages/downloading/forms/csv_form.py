"""The form `csv`: tables of text, a row an image."""

from typing import Literal

from downloading.forms.form import Form, Paths


class CsvForm(Form):
    """The tables; preprocess reads plain ones itself, and names rows and columns of the source."""

    form: Literal["csv"]
    train: Paths
    test: Paths | None = None

    @property
    def has_test(self) -> bool:
        """Whether there is a test table."""
        return self.test is not None

    @property
    def plain(self) -> bool:
        """Whether it is one file a table, of label and pixels between commas."""
        return not isinstance(self.train, list) and not isinstance(self.test, list)
