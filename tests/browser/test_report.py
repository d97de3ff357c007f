"""The report as a reader uses it: in a real browser, from disk."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.browser.conftest import address, requests
from tests.report import factory

Browser = webdriver.Chrome


@pytest.fixture(autouse=True)
def clean(browser: Browser):
    """Each test starts on a desktop with nothing remembered, and ends without an error in the console."""
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.set_window_size(1280, 900)
    browser.get("about:blank")
    browser.get_log("browser")
    requests(browser)
    yield
    assert [entry["message"] for entry in browser.get_log("browser")] == []


def visit(browser: Browser, index: Path, fragment: str = "") -> None:
    """Open the page anew: a change of the fragment alone would not load it again."""
    browser.get("about:blank")
    browser.get(address(index, fragment))
    until(browser, lambda: browser.execute_script("return document.readyState") == "complete")
    browser.execute_script("document.documentElement.style.scrollBehavior = 'auto'")


def until(browser: Browser, condition: Callable[[], bool]) -> None:
    WebDriverWait(browser, 20, poll_frequency=0.05).until(lambda _: condition())


def rows(index: Path) -> list[dict]:
    text = (index.parent / "data.js").read_text().removeprefix("window.LESIONMAP = ").removesuffix(";\n")
    return json.loads(text)["images"]


def cards(browser: Browser) -> list[str]:
    """The ids of the images on the page, in order."""
    return browser.execute_script("return [...document.querySelectorAll('.card')].map((card) => card.dataset.id)")


def find(browser: Browser, selector: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, selector)


def choose(browser: Browser, control: str, value: str) -> None:
    Select(find(browser, f"#filter-{control}")).select_by_value(value)


def press(browser: Browser, *keys: str) -> None:
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def state(browser: Browser) -> dict[str, str]:
    """What the address holds after #."""
    return browser.execute_script("return Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")


def is_open(browser: Browser, dialog: str = "viewer") -> bool:
    return browser.execute_script("return document.getElementById(arguments[0]).open", dialog)


def focused(browser: Browser) -> str | None:
    return browser.execute_script("return document.activeElement.dataset.id || null")


# ---------------------------------------------------------------- the page


def test_no_request_leaves_the_disk(browser, two):
    visit(browser, two)
    find(browser, ".card").click()
    press(browser, "s", "m", Keys.ARROW_RIGHT)
    asked = requests(browser)
    assert any("/images/" in url for url in asked) and any("/heat/" in url for url in asked)
    assert [url for url in asked if not url.startswith(("file://", "data:", "about:"))] == []


def test_the_policy_forbids_the_network(browser, two):
    visit(browser, two)
    outcome = browser.execute_async_script(
        "const done = arguments[0]; const image = new Image();"
        "document.addEventListener('securitypolicyviolation', () => done('refused'));"
        "image.onload = () => done('loaded'); image.src = 'http://127.0.0.1:9/x.png'"
    )
    assert outcome == "refused"
    assert "Content Security Policy" in browser.get_log("browser")[0]["message"]


def test_all_pictures_load(browser, two):
    visit(browser, two, "split=")
    browser.execute_script("document.querySelectorAll('img').forEach((image) => { image.loading = 'eager' })")
    ready = "return [...document.images].every((image) => image.complete && image.naturalWidth > 0)"
    until(browser, lambda: browser.execute_script(ready))
    assert len(browser.find_elements(By.CSS_SELECTOR, ".card .base")) == len(rows(two))


@pytest.mark.parametrize("run", ["two", "three", "hostile"])
def test_every_run_opens_on_its_test_images(browser, run, request):
    index = request.getfixturevalue(run)
    visit(browser, index)
    assert sorted(cards(browser)) == sorted(row["id"] for row in rows(index) if row["split"] == "test")


# ---------------------------------------------------------------- filters and order


def test_filters_show_what_they_say(browser, two):
    visit(browser, two)
    choose(browser, "split", "")
    assert len(cards(browser)) == len(rows(two))
    choose(browser, "class", "abnormal")
    choose(browser, "outcome", "false negative")
    expected = {row["id"] for row in rows(two) if row["outcome"] == "false negative"}
    assert expected and set(cards(browser)) == expected
    assert find(browser, "#count").text == f"{len(expected)} of {len(rows(two))} images"
    find(browser, "#clear").click()
    assert len(cards(browser)) == len(rows(two))


def test_findings_and_names(browser, two):
    visit(browser, two, "split=")
    choose(browser, "finding", "mass")
    expected = {row["id"] for row in rows(two) if any(finding == "mass" for finding, _ in row["outlines"])}
    assert expected and set(cards(browser)) == expected
    choose(browser, "finding", "")
    group = rows(two)[0]["group"]
    find(browser, "#filter-find").send_keys(group.upper())
    assert set(cards(browser)) == {row["id"] for row in rows(two) if row["group"] == group}


def test_no_match_is_said(browser, two):
    visit(browser, two)
    find(browser, "#filter-find").send_keys("no such image")
    assert cards(browser) == []
    assert find(browser, "#nothing").is_displayed()


def test_outcomes_of_three_classes(browser, three):
    visit(browser, three)
    options = [option.text for option in Select(find(browser, "#filter-outcome")).options]
    assert options == ["all", "wrong", "correct"]
    choose(browser, "outcome", "wrong")
    assert set(cards(browser)) == {row["id"] for row in rows(three) if row["label"] != row["predicted"]}
    assert "→" in find(browser, ".truth").text


def test_order_by_confidence_and_by_pointing(browser, two):
    visit(browser, two, "split=")
    confidence = {row["id"]: max(row["p"]) for row in rows(two)}
    shown = [confidence[image_id] for image_id in cards(browser)]
    assert shown == sorted(shown, reverse=True)
    choose(browser, "sort", "pointing")
    choose(browser, "order", "up")
    name = Select(find(browser, ".map-picker")).first_selected_option.text
    scores = {row["id"]: row["heat"].get(name, {}).get("scores", {}).get("pointing") for row in rows(two)}
    shown = [scores[image_id] for image_id in cards(browser)]
    known = [score for score in shown if score is not None]
    assert len(known) > 10 and known == sorted(known)
    assert shown[: len(known)] == known, "images without a score come last"


# ---------------------------------------------------------------- maps


def test_switching_map_opacity_and_outline(browser, two):
    visit(browser, two)
    assert "/heat/0/" in find(browser, ".card .heat").get_attribute("src")
    Select(find(browser, ".map-picker")).select_by_index(1)
    assert "/heat/1/" in find(browser, ".card .heat").get_attribute("src")
    Select(find(browser, ".map-picker")).select_by_value("")
    assert browser.find_elements(By.CSS_SELECTOR, ".card .heat") == []
    Select(find(browser, ".map-picker")).select_by_index(0)
    find(browser, ".opacity").send_keys(Keys.HOME)
    assert find(browser, ".card .heat").value_of_css_property("opacity") == "0"
    assert find(browser, ".card .outlines").is_displayed()
    find(browser, ".outline").click()
    assert not find(browser, ".card .outlines").is_displayed()
    assert find(browser, ".outline").get_attribute("aria-pressed") == "false"


def test_outline_lies_on_the_image(browser, two):
    """The finding's box of the stored image and the outline drawn over the shown one are in the same place."""
    visit(browser, two)
    place = """
      const card = [...document.querySelectorAll('.card')].find((card) => card.querySelector('.outlines'));
      const image = card.querySelector('.base').getBoundingClientRect();
      const line = card.querySelector('path.over').getBoundingClientRect();
      return [card.dataset.id, (line.left + line.width / 2 - image.left) / image.width,
              (line.top + line.height / 2 - image.top) / image.height];
    """
    image_id, x, y = browser.execute_script(place)
    left, top, right, bottom = factory._box(int(image_id[1:]), factory.Recipe())
    assert x == pytest.approx((left + right) / 2 / 80, abs=0.03)
    assert y == pytest.approx((top + bottom) / 2 / 64, abs=0.03)


def test_side_by_side(browser, two):
    visit(browser, two)
    find(browser, ".card").click()
    assert len(browser.find_elements(By.CSS_SELECTOR, ".panel")) == 1
    find(browser, "#viewer .side").click()
    captions = [panel.text for panel in browser.find_elements(By.CSS_SELECTOR, ".panel figcaption strong")]
    assert captions == ["image", "lift", "gradcam"]
    tops = {round(box.rect["y"]) for box in browser.find_elements(By.CSS_SELECTOR, ".panel .base")}
    assert len(tops) == 1, "the panels do not line up"


def test_an_empty_map_says_why(browser, two):
    empty = next(row["id"] for row in rows(two) if row["heat"]["lift"]["status"] == "constant")
    visit(browser, two, f"split=&image={empty}&map=lift")
    assert "empty: constant" in find(browser, ".panel figcaption").text
    assert browser.find_elements(By.CSS_SELECTOR, ".panel .heat") == []


# ---------------------------------------------------------------- keyboard


def test_arrows_move_enter_opens_escape_closes(browser, two):
    visit(browser, two)
    order = cards(browser)
    browser.execute_script("document.querySelector('.card').focus()")
    press(browser, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert focused(browser) == order[1]
    tops = browser.execute_script("return [...document.querySelectorAll('.grid li')].map((item) => item.offsetTop)")
    columns = tops.count(tops[0])
    press(browser, Keys.ARROW_DOWN)
    assert focused(browser) == order[1 + columns]
    press(browser, Keys.END)
    assert focused(browser) == order[-1]
    press(browser, Keys.HOME, Keys.ENTER)
    assert is_open(browser) and state(browser)["image"] == order[0]
    press(browser, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert state(browser)["image"] == order[2]
    assert find(browser, "#viewer-place").text == f"3 of {len(order)}"
    press(browser, Keys.ARROW_LEFT)
    assert state(browser)["image"] == order[1]
    press(browser, Keys.ESCAPE)
    assert not is_open(browser) and "image" not in state(browser)
    assert focused(browser) == order[1], "the reader is where the viewer was left"


def test_letters_work_and_are_documented(browser, two):
    visit(browser, two)
    find(browser, ".card").click()
    press(browser, "o")
    assert state(browser)["outline"] == "off"
    press(browser, "m")
    assert state(browser)["map"] == "gradcam"
    press(browser, "s")
    assert state(browser)["side"] == "on"
    press(browser, "]")
    assert state(browser)["opacity"] == "60"
    press(browser, "+", "+")
    assert float(find(browser, "#panels").get_attribute("data-zoom")) == pytest.approx(1.25**2, abs=0.01)
    press(browser, "0")
    assert find(browser, "#panels").get_attribute("data-zoom") == "1.00"
    press(browser, "?")
    assert is_open(browser, "help")
    documented = {key.text for key in browser.find_elements(By.CSS_SELECTOR, "#help kbd")}
    assert documented >= {"←", "→", "Enter", "Escape", "m", "o", "s", "[", "]", "+", "0", "?", "/"}
    press(browser, Keys.ESCAPE)
    assert not is_open(browser, "help") and is_open(browser)


def test_letters_typed_in_a_field_are_text(browser, two):
    visit(browser, two)
    browser.switch_to.active_element.send_keys("/")
    press(browser, "m", "o")
    assert find(browser, "#filter-find").get_attribute("value") == "mo"
    assert "outline" not in state(browser)


def test_all_controls_are_reached_by_tab_and_show_it(browser, two):
    visit(browser, two)
    seen = []
    for place in range(60):
        if place == 9:  # past the tables, which can be reached as well
            browser.execute_script("document.querySelector('.filters summary').focus()")
        browser.switch_to.active_element.send_keys(Keys.TAB)
        what = "const e = document.activeElement; return [e.id || e.className, getComputedStyle(e).outlineStyle]"
        name, outline = browser.execute_script(what)
        seen.append(name)
        assert outline != "none", name
        if name == "card":
            break
    assert {"theme", "filter-split", "filter-sort", "map-picker", "opacity", "card"} <= set(seen)


# ---------------------------------------------------------------- zoom


def test_zoom_with_the_wheel_stays_under_the_pointer(browser, two):
    visit(browser, two)
    find(browser, ".card").click()
    press(browser, "s")
    box = browser.execute_script("return document.querySelector('.frame').getBoundingClientRect().toJSON()")
    where = {"x": box["x"] + box["width"] * 0.7, "y": box["y"] + box["height"] * 0.5}
    spot = """
      const image = document.querySelector('.frame .base').getBoundingClientRect();
      return [(arguments[0] - image.left) / image.width, (arguments[1] - image.top) / image.height];
    """
    before = browser.execute_script(spot, where["x"], where["y"])
    event = {"type": "mouseWheel", **where, "deltaX": 0, "deltaY": -300}
    browser.execute_cdp_cmd("Input.dispatchMouseEvent", event)
    until(browser, lambda: float(find(browser, "#panels").get_attribute("data-zoom")) > 2)
    assert browser.execute_script(spot, where["x"], where["y"]) == pytest.approx(before, abs=0.01)
    scales = {box.value_of_css_property("transform") for box in browser.find_elements(By.CSS_SELECTOR, ".frame .stack")}
    assert len({re.match(r"matrix\(([\d.]+)", scale)[1] for scale in scales}) == 1, "all panels zoom together"


# ---------------------------------------------------------------- deep links


def test_a_link_brings_back_what_was_seen(browser, two):
    visit(browser, two)
    choose(browser, "split", "validation")
    choose(browser, "class", "abnormal")
    choose(browser, "sort", "energy")
    find(browser, ".outline").click()
    find(browser, ".card").click()
    press(browser, "s")
    link, order = browser.current_url, cards(browser)
    shown = find(browser, "#viewer-title").text
    browser.get("about:blank")
    browser.get(link)
    assert is_open(browser) and find(browser, "#viewer-title").text == shown
    assert cards(browser) == order
    assert Select(find(browser, "#filter-class")).first_selected_option.text == "abnormal"
    assert len(browser.find_elements(By.CSS_SELECTOR, ".panel")) == 3
    assert not find(browser, ".panel:nth-child(2) .outlines").is_displayed()


def test_back_closes_the_viewer(browser, two):
    visit(browser, two)
    find(browser, ".card").click()
    assert is_open(browser)
    browser.back()
    until(browser, lambda: not is_open(browser))
    browser.forward()
    until(browser, lambda: is_open(browser))


def test_links_to_sections_leave_the_filters(browser, two):
    visit(browser, two)
    choose(browser, "class", "abnormal")
    before = cards(browser)
    find(browser, 'nav a[href="#data"]').click()
    until(browser, lambda: browser.current_url.endswith("#data"))
    assert abs(browser.execute_script("return document.getElementById('data').getBoundingClientRect().top")) < 100
    assert cards(browser) == before


def test_nonsense_in_a_link_is_ignored(browser, two):
    visit(browser, two, "map=__proto__&sort=constructor&image=nobody&opacity=abc&split=test")
    assert len(cards(browser)) > 0 and not is_open(browser)


# ---------------------------------------------------------------- hostile text


def test_hostile_text_is_shown_as_text(browser, hostile):
    visit(browser, hostile, "split=&sort=name")
    marked = next(row["id"] for row in rows(hostile) if any("onerror" in finding for finding, _ in row["outlines"]))
    visit(browser, hostile, f"split=&image={marked}")
    assert factory.HOSTILE.finding in find(browser, "#facts").text
    assert factory.HOSTILE.name in find(browser, "#viewer-title").text
    options = [option.text for option in Select(find(browser, "#filter-finding")).options]
    assert factory.HOSTILE.finding in options
    assert browser.execute_script("return document.querySelectorAll('script').length") == 3
    assert browser.execute_script("return document.querySelectorAll('[onerror], img[src=\"x\"]').length") == 0


# ---------------------------------------------------------------- screens


def phone(browser: Browser) -> None:
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def width(browser: Browser) -> int:
    return browser.execute_script("return document.documentElement.scrollWidth")


@pytest.mark.parametrize("run", ["two", "three", "hostile"])
def test_a_phone_needs_no_sideways_scrolling(browser, run, request):
    phone(browser)
    visit(browser, request.getfixturevalue(run))
    browser.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    assert width(browser) == 390
    browser.execute_script("document.querySelector('.card').click()")
    assert is_open(browser)
    inside = "const v = document.getElementById('viewer'); return v.scrollWidth - v.clientWidth"
    assert browser.execute_script(inside) == 0


def test_the_viewers_picture_is_seen_on_a_phone(browser, two):
    phone(browser)
    visit(browser, two)
    browser.execute_script("document.querySelector('.card').click()")
    box = find(browser, ".frame .base").rect
    assert box["width"] > 300 and box["height"] > 200
    assert box["width"] / box["height"] == pytest.approx(80 / 64, rel=0.02)


LUMINANCE = """
  const lightness = (color) => {
    const context = document.createElement('canvas').getContext('2d');
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$|^transparent/.test(color) && !/rgba\\(.*0\\.\\d+\\)/.test(color)) return color;
    }
    return 'white';
  };
"""


def contrast(browser: Browser, selector: str) -> float:
    """The WCAG 2 contrast of an element's text with what is behind it."""
    script = """
      const element = document.querySelector(arguments[0]);
      const [a, b] = [lightness(getComputedStyle(element).color), lightness(ground(element))].sort();
      return (b + 0.05) / (a + 0.05);
    """
    return browser.execute_script(LUMINANCE + script, selector)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_has_contrast(browser, two, dark):
    feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    visit(browser, two)
    page = browser.execute_script(LUMINANCE + "return lightness(getComputedStyle(document.body).backgroundColor)")
    assert page < 0.02 if dark else page > 0.9
    for selector in (
        "body",
        ".lede",
        ".quiet",
        ".interval",
        ".caution.care",
        ".caution.note",
        ".level",
        ".badge.right",
    ):
        assert contrast(browser, selector) >= 4.5, selector
    for selector in (
        "nav a",
        "thead th",
        "#clear",
        ".outline",
        ".caption .name",
        ".legend li",
        "summary",
        ".tile .range",
    ):
        assert contrast(browser, selector) >= 4.5, selector


def test_the_theme_button_overrides_the_system_and_is_kept(browser, two):
    visit(browser, two)
    theme = "return [document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]"
    find(browser, "#theme").click()
    name, light = browser.execute_script(theme)
    assert name == "light"
    find(browser, "#theme").click()
    name, dark = browser.execute_script(theme)
    assert name == "dark" and dark != light
    browser.refresh()
    assert browser.execute_script(theme) == ["dark", dark]
    find(browser, "#theme").click()
    assert browser.execute_script(theme)[0] == "system"


def test_buttons_images_and_fields_have_names(browser, two):
    visit(browser, two)
    find(browser, ".card").click()
    nameless = """
      const labelled = (e) => e.labels && e.labels.length;
      const named = (e) => e.getAttribute('aria-label') || e.textContent.trim() || e.title || labelled(e);
      const fields = [...document.querySelectorAll('button, select, input')].filter((e) => !named(e));
      const images = [...document.querySelectorAll('img')].filter((e) => !e.hasAttribute('alt'));
      const charts = [...document.querySelectorAll('svg')].filter(
        (e) => !e.getAttribute('aria-label') && e.getAttribute('aria-hidden') !== 'true');
      return [...fields, ...images, ...charts].map((e) => e.outerHTML.slice(0, 80));
    """
    assert browser.execute_script(nameless) == []
    assert find(browser, ".panel .base").get_attribute("alt").startswith("Image image")


# ---------------------------------------------------------------- many images


def test_5000_images_are_drawn_as_they_are_needed(browser, large):
    visit(browser, large, "sort=confidence")
    assert find(browser, "#count").text == "5000 images"
    first = len(cards(browser))
    assert first <= 600
    asked: list[str] = []

    def some() -> bool:
        asked.extend(url for url in requests(browser) if "/thumbnails/" in url)
        return bool(asked)

    until(browser, some)
    assert len(asked) <= 600
    browser.execute_script("document.getElementById('more').scrollIntoView()")
    until(browser, lambda: len(cards(browser)) > first)
    assert len(cards(browser)) < 1500


def test_5000_images_are_filtered_searched_and_walked(browser, large):
    visit(browser, large, "sort=confidence")
    wrong = {row["id"] for row in rows(large) if row["outcome"] == "false negative"}
    choose(browser, "outcome", "false negative")
    assert find(browser, "#count").text == f"{len(wrong)} of 5000 images"
    assert set(cards(browser)) <= wrong
    choose(browser, "outcome", "")
    browser.execute_script("document.querySelector('.card').focus()")
    press(browser, Keys.END)
    confidence = {row["id"]: max(row["p"]) for row in rows(large)}
    assert confidence[focused(browser)] == min(confidence.values())
    press(browser, Keys.ENTER)
    assert find(browser, "#viewer-place").text == "5000 of 5000"
