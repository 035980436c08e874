"""/statusz as a person sees it: in a real browser, light and dark."""

import os
import pathlib

import pytest
import yaml

from support.broker import Broker, credential, pb, write_config
from support.browser import Browser
from support.certificates import Certificates
from support.pages import fetch
from support.processes import TIMEOUT
from support.sandbox import ACCESS_KEY_ID, SECRET_ACCESS_KEY

MARKUP_NAME = "<script>document.title='owned'</script><b>bold</b>"
MARKUP = f"dns:{MARKUP_NAME}"

# Every piece of text that is seen: what it says, its size on the page, and its contrast with what is behind it, as WCAG 2.1
# counts it.
TEXTS = """
(() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return {rgb: m.slice(0, 3), a: m.length > 3 ? m[3] : 1}; };
  const light = ({rgb}) => {
    const [r, g, b] = rgb.map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
    return .2126 * r + .7152 * g + .0722 * b; };
  const behind = (e) => {
    for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a > 0) return c; }
    return {rgb: [255, 255, 255], a: 1}; };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim();
    const element = walk.currentNode.parentElement;
    const box = element.getBoundingClientRect();
    if (!text || getComputedStyle(element).display === 'none') continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    found.push({text, width: box.width, height: box.height, right: box.right, contrast: (a + .05) / (b + .05)});
  }
  return found;
})()
"""


@pytest.fixture(scope="module")
def browser():
    with Browser() as process:
        yield process


@pytest.fixture
def broker(tmp_path, sandbox):
    """Three credentials: one that works, one whose key is refused, one whose host is not there."""
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    (wrong / "id").write_text(ACCESS_KEY_ID)
    (wrong / "secret").write_text("not-the-key")
    keys = {"access_key_id_file": str(wrong / "id"), "secret_access_key_file": str(wrong / "secret")}
    everybody = {"principals": ["spiffe://prod/**", "dns:**"]}
    certificates = Certificates(tmp_path)
    config = write_config(
        tmp_path,
        [
            credential(tmp_path, sandbox, **everybody),
            {**credential(tmp_path, sandbox, name="reporting", **everybody), **keys},
            {**credential(tmp_path, sandbox, name="settlement", **everybody), "base_url": "https://127.0.0.1:1"},
        ],
        server={"tls": certificates.server_files(mutual=True)},
    )
    text = yaml.safe_load(config.read_text())
    text["http"] = {"listen": "127.0.0.1:0", "statusz": True}
    config.write_text(yaml.safe_dump(text))
    with Broker(config) as process:
        process.wait_event("token_obtained", credential="default")
        process.wait_event("upstream_failed", credential="reporting")
        process.wait_event("upstream_failed", credential="settlement")
        process.wait_event("credential_state", credential="reporting", state="rejected")
        callers = ((MARKUP_NAME, 3), ("spiffe://prod/ns/orders/sa/api", 2), ("spiffe://prod/ns/reports/sa/nightly", 1))
        for name, calls in callers:
            with process.stub(certificates.client(name).credentials()) as stub:
                for _ in range(calls):
                    process.token = stub.GetToken(pb.GetTokenRequest(), timeout=TIMEOUT).token
        yield process


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read(broker, browser, tmp_path, scheme):
    address = broker.events("serving")[0]["http"]
    browser.messages.clear()
    browser.open(f"http://{address}/statusz", scheme)
    browser.screenshot(pathlib.Path(os.environ.get("STATUSZ_SCREENSHOTS", tmp_path)) / f"statusz-{scheme}.png")

    texts = browser.run(TEXTS)
    assert len(texts) > 40
    assert [t for t in texts if t["contrast"] < 4.5] == []
    assert [t for t in texts if t["width"] <= 0 or t["height"] <= 0 or t["right"] > 1100] == []
    is_dark = browser.run("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every(v => v < 64)")
    assert is_dark == (scheme == "dark")
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    assert browser.messages == []  # nothing that the page's own security policy had to stop

    # The broken ones first.
    assert browser.run("[...document.querySelectorAll('.credential h3')].map(e => e.textContent)") == [
        "reporting", "settlement", "default",
    ]  # fmt: skip
    state = "[...document.querySelectorAll('.credential .state')].map(e => e.textContent)"
    assert browser.run(state) == ["rejected", "unavailable", "ready"]
    assert browser.run("document.querySelector('header .state').textContent") == "ready"  # one of them has a token

    # The bar: now is at its beginning, the refresh before its end.
    bar = browser.run("""
      ['.life', '.now', '.refresh'].map(c => document.querySelector(c).getBoundingClientRect())
        .map(b => ({middle: b.left + b.width / 2, left: b.left, right: b.right}))""")
    life, now, refresh = bar
    assert life["left"] - 3 <= now["middle"] < refresh["middle"] < life["right"]
    assert 0.35 < (refresh["middle"] - life["left"]) / (life["right"] - life["left"]) < 0.65

    callers = browser.run("[...document.querySelectorAll('#callers tbody tr')].map(r => r.innerText.split('\\t'))")
    assert callers == [
        [MARKUP, "3"], ["spiffe://prod/ns/orders/sa/api", "2"], ["spiffe://prod/ns/reports/sa/nightly", "1"],
    ]  # fmt: skip
    assert browser.run("document.scripts.length + document.querySelectorAll('#callers b').length") == 0
    assert browser.run("document.title") == "credential-broker"

    errors = browser.run("document.querySelectorAll('.errors')[0].innerText")
    assert "login" in errors
    whole = browser.run("document.documentElement.outerHTML")
    for secret in (ACCESS_KEY_ID, SECRET_ACCESS_KEY, "not-the-key", broker.token.value, broker.token.value[-16:]):
        assert secret not in whole
    assert broker.token.version in whole


def test_it_fits_a_telephone(broker, browser):
    address = broker.events("serving")[0]["http"]
    browser.open(f"http://{address}/statusz", "light", width=390, height=800)
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")


def test_it_loads_nothing_and_runs_nothing(broker):
    _, body, headers = fetch(broker.events("serving")[0]["http"], "/statusz")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    for outside in ("<script", "src=", "@import", "url(", "<link"):
        assert outside not in body
