"""The last pass over a row: cleaned, redacted, within its limits, as bytes."""
