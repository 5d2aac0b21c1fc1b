"""However a thing is run, it gives the rows that `invoke` gives."""

import pytest
from support.constructs import CONSTRUCTS
from support.rows import below_root, picture, roots
from support.ways import THIRD_VERSION, TWICE, WAYS


@pytest.mark.parametrize("construct", CONSTRUCTS)
@pytest.mark.parametrize("way", [way for way in WAYS if way != "invoke"])
def test_the_rows_are_those_of_invoke(way, construct, rows_by):
    make, asked = CONSTRUCTS[construct]
    expected = rows_by(WAYS["invoke"], make(), asked)
    got = rows_by(WAYS[way], make(), asked)

    times = 2 if way in TWICE else 1
    assert (len(roots(expected)), len(roots(got))) == (1, times)
    assert picture(got) == picture([*expected] * times)


def test_a_chat_model_streamed_in_blocks_gives_the_row_of_invoke(rows_by):
    make, asked = CONSTRUCTS["chat model"]
    expected = rows_by(WAYS["invoke"], make(), asked)
    for way in THIRD_VERSION.values():
        got = rows_by(way, make(), asked)
        assert picture(got) == picture(expected)
        assert "time_to_first_token" in got[0]["metrics"]


@pytest.mark.parametrize("construct", CONSTRUCTS)
@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_map_is_one_root_with_the_rows_of_each_under_it(way, construct, rows_by):
    make, asked = CONSTRUCTS[construct]
    one = rows_by(WAYS["invoke"], make(), asked)
    mapped = rows_by(WAYS[way], make().map(), [asked, asked])

    [root], [single] = roots(mapped), roots(one)
    assert root["metadata"]["span_name"].startswith("RunnableEach")
    assert root["input"] == [asked, asked]
    for count in ("prompt_tokens", "completion_tokens", "llm_calls", "tool_calls", "fallbacks"):
        assert root["metrics"].get(count, 0) == 2 * single["metrics"].get(count, 0)
    for row in below_root(mapped):
        assert row["metadata"]["trace_unique_id"] == root["metadata"]["trace_unique_id"]
    names = [row["metadata"]["span_name"] for row in below_root(one)]
    assert sorted(row["metadata"]["span_name"] for row in below_root(mapped)) == sorted(names * 2)
