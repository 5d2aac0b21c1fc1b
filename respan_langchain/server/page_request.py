"""What a browser asks of a page: the dataset and the row of the path, the query, the form."""

from dataclasses import dataclass
from urllib.parse import parse_qs

from respan_langchain.embedded.http import HttpError, Request
from respan_langchain.embedded.store.store import Store
from respan_langchain.server.query import View, parse_query, parse_view

MAX_FIELDS = 1000


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One request, and the store that it is about."""

    store: Store
    request: Request
    dataset_id: str = ""
    unique_id: str = ""
    """The id of the row."""

    @property
    def view(self) -> View:
        """The rows that the query asks for."""
        return parse_view(self.request)

    def parameter(self, name: str) -> str:
        """Return a field of the query; empty where it is missing."""
        return self.request.parameters.get(name, "")

    def parameters(self, name: str) -> list[str]:
        """Return the values of a field of the query that may occur several times."""
        return parse_query(self.request.query).get(name, [])

    @property
    def form(self) -> dict[str, str]:
        """The fields of the form; of the same name the last one counts."""
        return {name: values[-1] for name, values in self.repeated_fields.items()}

    @property
    def repeated_fields(self) -> dict[str, list[str]]:
        """The fields of a form that may occur several times.

        Raises:
            HttpError: 422, when the form is malformed.
        """
        try:
            text = self.request.body.decode()
            found = parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
        except (UnicodeDecodeError, ValueError) as error:
            raise HttpError(422, "The form is malformed.") from error
        # Browsers send the line breaks of a form as CR LF.
        return {
            name: [value.replace("\r\n", "\n") for value in values]
            for name, values in found.items()
        }
