"""A browser, a platform on a port, and a person in front of them."""

import shutil
from collections.abc import Iterator

import pytest

from respan_langchain.server.asgi import serving

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]


# Not for the whole session: while playwright runs, so does its event loop, and no test of another
# chapter could start one.
@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def address(platform_on_disk) -> Iterator[str]:
    with serving(platform_on_disk.store) as address:
        yield address


@pytest.fixture
def person(chromium, address):
    """A page that has shown nothing amiss: no error, no dialog, no request to anywhere else."""
    amiss: list[str] = []
    context = chromium.new_context(
        viewport={"width": 1280, "height": 900}, base_url=address, accept_downloads=True
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.on("console", lambda response: response.type == "error" and amiss.append(response.text))
    page.on("pageerror", lambda error: amiss.append(str(error)))
    page.on("dialog", lambda dialog: (amiss.append(dialog.message), dialog.dismiss()))
    page.on(
        "request",
        lambda request: (
            request.url.startswith((address, "data:", "blob:")) or amiss.append(request.url)
        ),
    )
    yield page
    context.close()
    assert amiss == []
