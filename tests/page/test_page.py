"""The live page over a daemon that trades at simulated venues, as somebody sees and uses it."""

import pytest

from tests.daemon.process import DaemonProcess

from .browser import chromium, complaints, needs_chromium, wait

TEXT = "document.getElementById('{}').innerText"
TRADING = """trading:
  limits: {volume_permille: 0, drawdown_max: 0, loss_max: 0}
  strategies:
    - {name: xemm, keys: {size: '0.01', margin_bps: '-20'}}
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A daemon that trades, with its page."""
    needs_chromium()
    with DaemonProcess(tmp_path_factory.mktemp("page") / "d", TRADING) as found:
        yield found


@pytest.fixture
async def address(daemon):
    await daemon.live()
    return daemon.status()["api"]


def click(driver, name):
    driver.execute_script(f"document.getElementById('{name}').click()")


async def test_everything_is_to_be_seen_and_trading_halts_when_asked_once(address, tmp_path):
    """Both books, the edge, orders, fills, results, hedges, feeds; halt and resume each ask."""
    with chromium(tmp_path) as driver:
        driver.get(address)
        wait(driver, f"{TEXT.format('books-live')} === '5 of 5 quotes usable'", "usable quotes")
        for side in (0, 1):
            rows = f"document.querySelectorAll('#book-{side} .asks .price')"
            wait(driver, f"[...{rows}].every(one => one.textContent)", f"book {side}")
        wait(driver, "document.querySelector('#chart canvas')", "a chart")
        wait(driver, f"/bps/.test({TEXT.format('directions')})", "an edge")
        wait(driver, f"/xemm/.test({TEXT.format('hedges')})", "hedge exposure")
        wait(driver, f"/USDT/.test({TEXT.format('pnl')})", "a result")
        wait(driver, "document.querySelector('#fills tbody tr')", "a fill")
        wait(driver, "document.querySelector('.book .ours')", "an order of ours in a book")
        wait(driver, "document.querySelector('#inventory tbody tr')", "a position")
        wait(driver, f"/coinbase.ws.1/.test({TEXT.format('connections')})", "connections")
        wait(driver, f"{TEXT.format('risk')} === 'risk ACTIVE'", "an active risk state")

        click(driver, "halt")
        wait(driver, "document.getElementById('ask').open", "a question")
        driver.execute_script("document.querySelector('#ask button').click()")
        assert driver.execute_script(f"return {TEXT.format('risk')}") == "risk ACTIVE"
        click(driver, "halt")
        click(driver, "ask-yes")
        wait(driver, f"{TEXT.format('risk')} === 'risk HALT'", "a halt")
        wait(driver, f"/user/.test({TEXT.format('risk-detail')})", "the cause")
        click(driver, "halt")
        click(driver, "ask-yes")
        wait(driver, f"{TEXT.format('risk')} !== 'risk HALT'", "trading again")
        assert complaints(driver) == []


async def test_the_page_does_not_grow_while_it_runs(address, tmp_path):
    """After hundreds of updates the document has as many nodes as before."""
    with chromium(tmp_path) as driver:
        driver.get(address)
        wait(driver, "document.querySelector('#fills tbody tr:nth-child(12)')", "a full list")
        count = "document.querySelectorAll('*').length"
        version = "Number(document.body.dataset.messages || 0)"
        wait(driver, f"{version} > 200", "updates of every list")
        before = driver.execute_script(f"return [{count}, {version}]")
        wait(driver, f"{version} > {before[1] + 500}", "500 more updates")
        # Positions, orders and causes come and go: a few rows of them at most.
        assert driver.execute_script(f"return {count}") <= before[0] + 60


async def test_it_fits_a_phone(address, tmp_path):
    """Nothing is wider than the screen, and both books are there."""
    with chromium(tmp_path, 390, 844) as driver:
        driver.get(address)
        wait(driver, "document.querySelector('#book-1 .asks .price').textContent", "a book")
        wait(driver, f"/bps/.test({TEXT.format('directions')})", "an edge")
        # What is wider makes a phone's own window wider too.
        wide = "Math.max(document.documentElement.scrollWidth, window.innerWidth)"
        assert driver.execute_script(f"return {wide}") == 390


async def test_a_page_without_its_daemon_says_so(tmp_path):
    """What was heard before is not shown as if it were news."""
    needs_chromium()
    with DaemonProcess(tmp_path / "d") as daemon, chromium(tmp_path) as driver:
        await daemon.live()
        driver.get(daemon.status()["api"])
        wait(driver, f"/usable/.test({TEXT.format('books-live')})", "quotes")
        daemon.door.stop()
        await daemon.ended()
        wait(driver, f"{TEXT.format('link')} === 'connecting'", "a lost link")
        wait(driver, "document.getElementById('books-live').hidden", "no quotes")
