"""Headless Chromium over the daemon's page; where there is none the tests are skipped."""

import shutil
import time
from contextlib import contextmanager

import pytest

SECONDS_MAX = 40.0
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def needs_chromium():
    """Skip where Chromium or its driver is missing."""
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: apt-get install chromium chromium-driver")


@contextmanager
def chromium(folder, width=1280, height=1000):
    """Yield a driver with a profile of its own."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = shutil.which("chromium")
    for argument in (*_ARGUMENTS, f"--window-size={width},{height}"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={folder / 'profile'}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        mobile = width < 600
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        yield driver
    finally:
        driver.quit()


def wait(driver, script, what):
    """Wait until an expression in the page is true, and return it."""
    ends = time.monotonic() + SECONDS_MAX
    while time.monotonic() < ends:
        found = driver.execute_script(f"return {script}")
        if found:
            return found
        time.sleep(0.05)
    body = driver.execute_script("return document.body.innerText")
    raise AssertionError(f"{what} did not come in {SECONDS_MAX} s; the page says: {body[:1500]}")


def complaints(driver):
    """Return what the page logged as errors."""
    return [one for one in driver.get_log("browser") if one["level"] == "SEVERE"]
