"""Where the rows are that feedback is about."""

from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.pipeline.row_addresses import MAX_ADDRESSES, RowAddresses


def test_only_the_latest_rows_of_other_datasets_are_remembered():
    addresses = RowAddresses("name:d")
    runs = [f"run {number}" for number in range(MAX_ADDRESSES + 1)]
    status = DeliveryStatus()
    for run in runs:
        addresses.remember(run, EncodedRow(run, "name:other", b"{}", status))

    assert addresses.find(runs[0]) == (runs[0], "name:d")
    assert addresses.find(runs[1]) == (runs[1], "name:other")


def test_the_latest_row_of_an_identifier_is_found():
    addresses = RowAddresses("name:d")
    for dataset in ("name:other", "name:d"):
        addresses.remember("order-7", EncodedRow("order-7", dataset, b"{}", DeliveryStatus()))

    assert addresses.find("order-7") == ("order-7", "name:d")
