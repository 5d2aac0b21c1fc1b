"""Looks: no page scrolls sideways on a phone, and every text stands out from its ground."""

import pytest
from support.evaluations import wait_for_evaluations

from respan_langchain.embedded.endpoints import evaluations
from respan_langchain.embedded.store.scores_table import Score, upsert

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitaen" * 5
LOW_CONTRASTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const parsed = new Map();
  const parse = color => {
    if (parsed.has(color)) return parsed.get(color);
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    parsed.set(color, [red, green, blue, alpha / 255]);
    return parsed.get(color);
  };
  const mix = (upper, lower) => [0, 1, 2].map(i => upper[i] * upper[3] + lower[i] * (1 - upper[3]));
  const luminance = color => {
    const [red, green, blue] = color.map(value => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const above = element => {
    const found = [];
    for (let each = element; each; each = each.parentElement) found.unshift(each);
    return found.map(each => getComputedStyle(each));
  };
  const contrast = element => {
    const styles = above(element);
    const ground = styles.reduce((color, style) => mix(parse(style.backgroundColor), color), [255, 255, 255]);
    const [red, green, blue, alpha] = parse(styles.at(-1).color);
    const opacity = styles.reduce((product, style) => product * style.opacity, 1);
    const [dark, light] = [luminance(mix([red, green, blue, alpha * opacity], ground)), luminance(ground)].sort((one, other) => one - other);
    return (light + 0.05) / (dark + 0.05);
  };
  const hidden = '.screen-reader-only, .skip, #notice, dialog, option, title, [aria-disabled], :disabled';
  const texts = [...document.querySelectorAll('body *')].filter(element =>
    [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim()) &&
    element.getClientRects().length && !element.closest(hidden));
  return texts.map(element => [element.outerHTML.slice(0, 80), contrast(element)])
    .filter(([, found]) => found < 4.5);
}"""  # noqa: E501


def log(number: int) -> dict:
    metadata = {
        "span_name": f"{LONG_WORD}{number}", "log_type": "agent", "model": f"models/{LONG_WORD}",
        "status": ("success", "error")[number % 2], "thread_identifier": LONG_WORD,
        "customer_identifier": LONG_WORD, "trace_unique_id": "t", "span_unique_id": f"s{number}",
        "trajectory": [{"tool": LONG_WORD, "input": {"query": LONG_WORD}, "output": LONG_WORD}],
        "retrieved_documents": [{"page_content": LONG_WORD, "metadata": {"source": LONG_WORD}}],
    }  # fmt: skip
    metadata |= {"span_parent_id": "s0"} if number else {}
    metadata |= {"error_message": LONG_WORD} if number % 2 else {}
    call = {"id": LONG_WORD, "function": {"name": LONG_WORD, "arguments": f'{{"q":"{LONG_WORD}"}}'}}
    output = {"role": "assistant", "content": f"{number} **{LONG_WORD}**", "tool_calls": [call]}
    metrics = {"cost": 0.5 * number, "latency": 2.0, "prompt_tokens": 12, "completion_tokens": 3}
    messages = [{"role": "user", "content": f"{number} {LONG_WORD}"}]
    return {"input": messages, "output": output, "metadata": metadata, "metrics": metrics}


@pytest.fixture
def pages(platform_on_disk) -> list[str]:
    """The addresses of pages whose every text is one long word."""
    dataset = platform_on_disk.dataset(f"support-{LONG_WORD[:100]}")
    platform_on_disk.fill(dataset, [log(number) for number in range(4)])
    rows = [row["unique_id"] for row in platform_on_disk.logs(dataset)]
    store = platform_on_disk.store
    with store.writing() as connection:
        author = LONG_WORD[:100]
        upsert(connection, [Score(1, "human", 1.0, True, LONG_WORD, author)])
    names = [f"contains:{LONG_WORD[:90]}", "latency_limit:1"]
    evaluations.start(store, dataset, names, evaluations.AccessPolicy())
    wait_for_evaluations()
    compared = "&".join(f"evaluator={name}" for name in names)
    below = [
        "", "?rows=all&q=nowhere", f"logs/{rows[0]}/", f"logs/{rows[1]}/",
        f"thread?id={LONG_WORD}", "review", f"compare?row={rows[0]}&row={rows[1]}",
        "evaluations", f"evaluations?{compared}", "replay", "nowhere",
    ]  # fmt: skip
    return ["/", "/login", *(f"/datasets/{dataset}/{page}" for page in below)]


def test_pages_of_long_words_fit_a_phone_and_can_be_read_in_both_color_schemes(
    chromium, address, pages
):
    page = chromium.new_page(base_url=address, viewport={"width": 390, "height": 800})
    widths, low = {}, {}
    for path in pages:
        page.goto(path)
        page.locator(".charts-place:not(.loaded)").wait_for(state="detached")
        widths[path] = page.evaluate("document.documentElement.scrollWidth")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate(LOW_CONTRASTS)
            low |= {f"{path} {scheme}": found} if found else {}
    page.close()

    assert set(widths.values()) == {390}, widths
    assert not low
