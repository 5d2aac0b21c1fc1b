"""The settings as keyword arguments, for functions that pass them on."""

from pathlib import Path
from typing import Literal, TypedDict

from pydantic import SecretStr


class SettingsOptions(TypedDict, total=False):
    """The fields of `Settings` as keyword arguments; None is the same as leaving one out.

    The dataset's name and id are not among them: functions that take these options name them.
    """

    enabled: bool | None
    api_key: str | SecretStr | None
    on_missing_key: Literal["raise", "warn"] | None
    base_url: str | None
    allow_http: bool | None
    environment: str | None
    app_version: str | None
    customer_identifier: str | None
    sample_rate: float | None
    content: bool | None
    pseudonym_key: str | SecretStr | None
    delivery: Literal["memory", "spill", "durable"] | None
    spool_dir: str | Path | None
    overflow: Literal["drop_newest", "drop_oldest"] | None
    on_unconfirmed: Literal["resend", "keep"] | None
    max_queue_rows: int | None
    max_queue_bytes: int | None
    batch_rows: int | None
    batch_bytes: int | None
    flush_interval: float | None
    request_timeout: float | None
    exit_timeout: float | None
    delivery_deadline: float | None
    requests_per_minute: int | None
    via: str | SecretStr | None
    via_fallback: Literal["wait", "direct"] | None
    via_fallback_after: float | None
    max_fleet_rows: int | None
    max_fleet_bytes: int | None
