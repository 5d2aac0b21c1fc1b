"""The pictures in the documents can be made again, and are small."""

import re

import pytest
from server.browser.conftest import CHROMIUM

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MAX_BYTES = 150_000


def test_the_pictures_of_the_documents_are_made_and_small(tmp_path):
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    from server.browser.screenshots import IMAGES, take

    taken = take(tmp_path)

    document = (IMAGES.parent / "embedded-platform.md").read_text()
    shown = re.findall(r"\(images/([\w-]+\.jpg)\)", document)
    assert {path.name for path in taken} >= set(shown)
    assert {path.name for path in IMAGES.iterdir()} == {path.name for path in taken}
    for path in [*taken, *IMAGES.iterdir()]:
        assert 10_000 < path.stat().st_size < MAX_BYTES
