"""Fields of the pages' forms."""

from urllib.parse import parse_qs

from respan_langchain.embedded.http import HttpError

MAX_FIELDS = 1000


def parse_form(body: bytes) -> dict[str, str]:
    """Read a form; of fields of the same name the last one counts."""
    return {name: values[-1] for name, values in parse_fields(body).items()}


def parse_fields(body: bytes) -> dict[str, list[str]]:
    """Read a form whose fields may occur several times.

    Raises:
        HttpError: 422, when it is malformed.
    """
    try:
        found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except (UnicodeDecodeError, ValueError) as error:
        raise HttpError(422, "The form is malformed.") from error
    # Browsers send the line breaks of a form as CR LF.
    return {
        name: [value.replace("\r\n", "\n") for value in values] for name, values in found.items()
    }
