"""Token counts of several calls add up."""

from respan_langchain.usage.usage import Usage


def test_known_counts_add_up_and_unknown_ones_stay_unknown():
    one = Usage(1, 2, 3, cache_read_tokens=1, service_tier="flex")
    other = Usage(10, None, 10, reasoning_tokens=4, service_tier="flex")

    assert one + other == Usage(
        11, 2, 13, cache_read_tokens=1, reasoning_tokens=4, service_tier="flex"
    )
    assert (Usage() + Usage()) == Usage()
    assert (one + Usage(service_tier="default")).service_tier is None
    assert one + Usage() == Usage() + one == one
