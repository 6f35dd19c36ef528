// Drag every slider of the page to its ends at several widths, in both themes and languages; print what became wider.
import { browser, ends, faults, file, page, row, say, shot, url } from "./person.mjs";

const WIDTHS = [390, 768, 1280, 1920];
const LOOKS = [["light", "en"], ["dark", "ko"]];

/** Return how far the page, and each box on it, is wider than its place; nothing where all fits. */
const wider = () => page.evaluate(() => {
  const found = document.documentElement.scrollWidth > innerWidth ? [["page", document.documentElement.scrollWidth - innerWidth]] : [];
  for (const box of document.querySelectorAll(".top, .drop, .bar, .row, .times, .listening, .music, .foot, .card, .strip, .target, .transport")) {
    const [name, over] = [box.id || box.className, box.scrollWidth - box.clientWidth];
    if (over > 0 && box.clientWidth) found.push([name, over]);
    const { left, right } = box.getBoundingClientRect();
    if (box.clientWidth && (left < 0 || right > innerWidth + 0.5)) found.push([name, "outside"]);
  }
  return found;
});

const widths = () => page.evaluate(() => [...document.querySelectorAll(".row, .strip, .card, .drop")].map((each) => each.getBoundingClientRect().width));

/** Drag a slider with the mouse from one end past the other; return what was wider at each end. */
async function drag(slider) {
  await slider.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await slider.boundingBox();
  const found = [];
  for (const [from, to] of [[0.5, -0.1], [0, 1.1]]) {
    await page.mouse.move(x + width * from, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * to, y + height / 2, { steps: 3 });
    await page.mouse.up();
    found.push(...(await wider()));
  }
  return found;
}

/** Choose each option of a list, and fill each number with its ends; return what was wider. */
async function chooseAll() {
  const found = [];
  for (const list of await page.locator("select:visible").all()) {
    for (const option of await list.locator("option").all()) {
      await list.selectOption(await option.getAttribute("value"));
      found.push(...(await wider()));
    }
  }
  for (const number of await page.locator("input[type=number]:visible").all()) {
    for (const end of ["min", "max"]) {
      await number.fill((await number.getAttribute(end)) ?? "-600000");
      found.push(...(await wider()));
    }
  }
  return found;
}

try {
  await page.goto(url);
  await page.setInputFiles("#file-input", file("a-name-that-is-longer-than-any-card-is-wide-on-a-telephone-held-upright.wav"));
  await ends("a-name", "Done");
  await row("a-name").locator(".time").waitFor();
  await row("a-name").getByRole("checkbox").check();
  await page.locator("#mixer-open").click();
  await page.locator("#machine-card summary").click();
  await row("a-name").locator(".facts summary").click();
  for (const [colorScheme, language] of LOOKS) {
    await page.emulateMedia({ colorScheme });
    if ((await page.evaluate(() => document.documentElement.lang)) !== language) await page.locator("#language").click();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      const before = await widths();
      const found = await wider();
      const sliders = await page.locator("input[type=range]:visible").all();
      for (const slider of sliders) found.push(...(await drag(slider)));
      found.push(...(await chooseAll()));
      const after = await widths();
      say(`${width} ${colorScheme} ${language}`, { sliders: sliders.length, wider: found, moved: after.map((each, nth) => Math.round(each - before[nth])).filter(Boolean) });
      await page.locator("#zoom").press("Home");
      await shot(`page-${width}-${colorScheme}-${language}`);
    }
  }
} finally {
  say("faults", faults);
  await browser.close();
}
