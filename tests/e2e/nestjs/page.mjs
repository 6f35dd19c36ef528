// Use the example's own page as a musician does, and print what was seen.
import { join } from "node:path";
import { browser, context, elsewhere, eventually, faults, file, out, page, say, tabOf, url } from "../page/person.mjs";

const PLAYED_S = 0.5;
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const row = (name, nth = 0) => page.locator("li", { has: page.getByText(name, { exact: true }) }).nth(nth);
const until = (word, name, nth) => row(name, nth).locator(".state").filter({ hasText: word }).waitFor();
const note = (name, nth) => row(name, nth).locator(".note").textContent();
const send = (...names) => page.setInputFiles("#files", names.map(file));
const song = row("song.wav", -1); // a copy that is sent later stands above
const wave = song.locator(".wave");
const sound = () => song.locator("audio").evaluate(({ currentTime, currentSrc }) => ({ at: currentTime, file: new URL(currentSrc).pathname.split(".").at(-1) }));
const asked = [];
page.on("request", (request) => {
  const { pathname } = new URL(request.url());
  asked.push(`${request.method()} ${pathname.replace(/[0-9a-f-]{36}/, "{id}")}`);
});

/** Note every word that the state of the newest row takes. */
function watch() {
  return page.evaluate(() => {
    window.words = [];
    const look = () => {
      const word = document.querySelector(".state")?.textContent;
      if (word && word !== window.words.at(-1)) window.words.push(word);
    };
    new MutationObserver(look).observe(document.querySelector("#stems"), { childList: true, subtree: true });
  });
}

/** Return the ink of the waveform's first canvas: its tallest and its lowest column, as shares of the height. */
function ink() {
  return wave.locator("canvas").first().evaluate((canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const rows = Array.from({ length: height }, (_, y) => y);
    const columns = Array.from({ length: width }, (_, x) => rows.filter((y) => data[(y * width + x) * 4 + 3]).length / height);
    return { tallest: Math.max(...columns), lowest: Math.min(...columns) };
  });
}

/** Keep a picture of the page in each size and theme; return which of them are wider than the window. */
async function looks() {
  const wider = [];
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(300); // until the waveform has its new width
      await page.screenshot({ path: join(out, `nestjs-${size}-${colorScheme}.png`), fullPage: true });
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) wider.push(`${size} ${colorScheme}`);
    }
  }
  await page.setViewportSize(SIZES.desktop);
  return wider;
}

try {
  await page.goto(url);
  await page.locator("#limit").filter({ hasText: "100" }).waitFor();
  await page.screenshot({ path: join(out, "nestjs-empty.png") });
  await watch();
  await send("song.wav");
  await until("Done", "song.wav");
  await wave.locator("canvas").first().waitFor();
  say("words", await page.evaluate(() => window.words));
  say("facts", await song.locator(".facts").textContent());
  say("asked", asked.filter((each) => /\/(stems|events|limits)/.test(each)));
  say("whole", { ...(await ink()), zoom: asked.filter((each) => each.endsWith(".dat")).length });

  await wave.click({ position: { x: 400, y: 30 } });
  const near = page.waitForResponse((answer) => answer.url().includes("/256_split.dat"));
  await song.locator(".zoom").press("End");
  await near;
  const wide = () => wave.evaluate((box) => box.firstElementChild.shadowRoot.querySelector(".wrapper").clientWidth / box.clientWidth);
  await eventually(async () => (await wide()) > 2 && (await ink()).tallest > 0.5);
  say("near", { ...(await ink()), wide: await wide(), mark: await song.locator(".axis span").first().textContent() });

  const { at: clicked } = await sound();
  await song.getByRole("button", { name: "Play song.wav" }).click();
  await eventually(async () => (await sound()).at > clicked + PLAYED_S);
  await song.getByRole("button", { name: "Pause song.wav" }).click();
  const { at, file: kind } = await sound();
  await wave.press("ArrowLeft");
  say("played", { clicked, at, kind, back: (await sound()).at, time: await song.locator(".time").textContent() });

  await send("notes.wav", "long.wav", "empty.wav", "song.wav");
  await until("Already here", "song.wav", 0);
  say("refused", { notes: await note("notes.wav"), long: await note("long.wav"), empty: await note("empty.wav"), copy: await note("song.wav", 0) });
  say("wider", await looks());
  await song.locator(".zoom").fill("0.4");
  say("wider when zoomed", await looks());
  await page.reload();
  await until("Already here", "song.wav", 0);
  say("after a reload", await page.locator(".state").allTextContents());

  const korean = await tabOf(await browser.newContext({ locale: "ko-KR", viewport: SIZES.phone }));
  await korean.goto(url);
  await korean.locator(".state").first().waitFor();
  say("korean", await korean.locator(".state").allTextContents());
  await korean.screenshot({ path: join(out, "nestjs-korean.png") });
  say("faults", faults);
  say("elsewhere", elsewhere);

  await context.route("**/events*", (route) => route.abort());
  await page.reload();
  await page.locator("#trouble").filter({ hasText: "cannot be reached" }).waitFor();
  await context.unroute("**/events*");
  await page.locator("#trouble:empty").waitFor({ state: "attached" });
  await until("Already here", "song.wav", 0);
} finally {
  await browser.close();
}
