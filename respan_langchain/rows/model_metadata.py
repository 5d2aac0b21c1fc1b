"""What a row shows of a model that was requested, before it answers."""

from respan_langchain.rows.schema import RowOptions
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.usage.model_info import ModelInfo


def model_metadata(model: ModelInfo, options: RowOptions) -> dict[str, Json]:
    """Return what is known of a model before it answers, as the metadata of a row."""
    params = json_value(model.params_metadata(content=options.content))
    shown: dict[str, Json] = params if isinstance(params, dict) else {}
    shown.update(model.request_metadata())
    on_this_row_only: dict[str, Json] = {
        name: version
        for name, version in model.versions.items()
        if f"{name.replace('-', '_')}_version" not in options.metadata
    }
    if on_this_row_only:
        shown["versions"] = on_this_row_only
    return shown
