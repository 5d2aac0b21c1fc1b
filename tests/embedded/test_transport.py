"""The transports: httpx in front, the store behind, and nothing in between."""

import httpx
import pytest

from respan_langchain.embedded.store.store import open_store
from respan_langchain.embedded.transport import LocalTransport


def test_no_key_is_needed_without_a_port(client):
    assert client.post("datasets/list/", json={}).status_code == 200


def test_two_clients_of_one_memory_see_each_other():
    url = "sqlite:///:memory:"
    with (
        httpx.Client(transport=LocalTransport(open_store(url)), base_url="http://a/api/") as one,
        httpx.Client(transport=LocalTransport(open_store(url)), base_url="http://b/api/") as other,
    ):
        made = one.post("datasets/", json={"name": "d", "is_empty": True}).json()

        assert other.get(f"datasets/{made['id']}/").status_code == 200
        assert other.delete(f"datasets/{made['id']}/").status_code == 204


@pytest.mark.parametrize("name", ["a/b", "ü ?", "%", ".."])
def test_a_quoted_dataset_id_reaches_the_store_as_it_was(client, name):
    quoted = "".join(f"%{byte:02X}" for byte in name.encode())

    response = client.get(f"datasets/{quoted}/logs/{quoted}/")

    assert (response.status_code, response.json()) == (404, {"detail": "Dataset not found."})


def test_a_streamed_body_arrives_in_full(client, platform):
    dataset = platform.dataset()

    response = client.post(f"datasets/{dataset}/logs/", content=iter([b'{"input"', b': "x"}']))

    assert response.status_code == 201
