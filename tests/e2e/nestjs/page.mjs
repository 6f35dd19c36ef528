// Use the example's own page as a musician does, and print what was seen.
import { join } from "node:path";
import { browser, context, elsewhere, eventually, faults, file, out, page, say, tabOf, url } from "../page/person.mjs";

const PLAYED_S = 0.5;
const CYCLES = 50; // ridges of a window that shows single cycles of 41 Hz; the whole shows 24 beats
const PART_BYTES = 60_000; // of a preview
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const row = (name, nth = 0) => page.locator("li", { has: page.getByText(name, { exact: true }) }).nth(nth);
const until = (word, name, nth) => row(name, nth).locator(".state").filter({ hasText: word }).waitFor();
const note = (name, nth) => row(name, nth).locator(".note").textContent();
const send = (...names) => page.setInputFiles("#files", names.map(file));
const song = row("song.wav"); // a copy that is sent later stands below
const wave = song.locator(".wave");
const sound = () => song.locator("audio").evaluate(({ currentTime, currentSrc }) => ({ at: currentTime, file: new URL(currentSrc).pathname.split(".").at(-1) }));
const asked = [];
page.on("request", (request) => {
  const { pathname } = new URL(request.url());
  asked.push(`${request.method()} ${pathname.replace(/[0-9a-f-]{36}/, "{id}")}`);
});

/** Note every word that the first row's state takes. */
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

/** Return what the waveform's first canvas shows: its tallest and lowest column, as shares of the height, and its ridges. */
function drawn() {
  return wave.locator("canvas").first().evaluate((canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const rows = Array.from({ length: height }, (_, y) => y);
    const columns = Array.from({ length: width }, (_, x) => rows.filter((y) => data[(y * width + x) * 4 + 3]).length / height);
    const slopes = columns.map((tall, x) => Math.sign(tall - columns[x - 1])).filter(Boolean);
    const ridges = slopes.filter((slope, n) => slope > 0 && slopes[n + 1] < 0).length;
    return { tallest: Math.max(...columns), lowest: Math.min(...columns), ridges };
  });
}

/** Answer a file in parts, and refuse the next part once somebody plays, as S3 does when an address ends. */
let isPlayed = false;
async function breakOff(route) {
  if (isPlayed) return route.fulfill({ status: 403 });
  const first = Number(/bytes=(\d+)/.exec(route.request().headers().range ?? "bytes=0")[1]);
  const whole = await (await route.fetch({ headers: {} })).body();
  const body = whole.subarray(first, first + PART_BYTES);
  const range = `bytes ${first}-${first + body.length - 1}/${whole.length}`;
  return route.fulfill({ status: 206, contentType: "audio/mpeg", headers: { "accept-ranges": "bytes", "content-range": range }, body });
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
  say("whole", { ...(await drawn()), zoom: asked.filter((each) => each.endsWith(".dat")).length });

  await wave.click({ position: { x: 400, y: 30 } });
  const near = page.waitForResponse((answer) => answer.url().includes("/256_split.dat"));
  await song.locator(".zoom").press("End");
  await near;
  const wide = () => wave.evaluate((box) => box.firstElementChild.shadowRoot.querySelector(".wrapper").clientWidth / box.clientWidth);
  await eventually(async () => (await wide()) > 2 && (await drawn()).ridges > CYCLES);
  say("near", { ...(await drawn()), wide: await wide(), mark: await song.locator(".axis span").first().textContent() });

  const { at: clicked } = await sound();
  await song.getByRole("button", { name: "Play song.wav" }).click();
  await eventually(async () => (await sound()).at > clicked + PLAYED_S);
  await song.getByRole("button", { name: "Pause song.wav" }).click();
  const { at, file: kind } = await sound();
  await wave.press("ArrowLeft");
  say("played", { clicked, at, kind, back: (await sound()).at, time: await song.locator(".time").textContent() });

  await send("10 long.wav", "9 notes.wav", "empty.wav", "song.wav");
  await until("Already here", "song.wav", 1);
  say("refused", { notes: await note("9 notes.wav"), long: await note("10 long.wav"), empty: await note("empty.wav"), copy: await note("song.wav", 1) });
  say("order", await page.locator(".name").allTextContents());
  say("wider", await looks());
  await song.locator(".zoom").fill("0.4");
  say("wider when zoomed", await looks());
  await page.reload();
  await until("Already here", "song.wav", 1);
  say("after a reload", await page.locator(".state").allTextContents());

  // An older copy of another track is not on the page.
  const withAnother = async (route) => {
    const response = await route.fetch();
    const stems = (await response.json()).map((stem) => ({ ...stem, duplicateOf: stem.duplicateOf && "elsewhere" }));
    return route.fulfill({ response, json: stems });
  };
  await context.route("**/stems?*", withAnother);
  await page.reload();
  await until("Already here", "song.wav", 1);
  say("copy of another track", await note("song.wav", 1));
  await context.unroute("**/stems?*");
  await context.route("**/stems?*", (route) => route.fulfill({ status: 503, json: { message: "The database is away." } }));
  await page.reload();
  await page.locator("#trouble").filter({ hasText: "The database is away." }).waitFor();
  await context.unroute("**/stems?*");

  const korean = await tabOf(await browser.newContext({ locale: "ko-KR", viewport: SIZES.phone }));
  await korean.goto(url);
  await korean.locator(".state").first().waitFor();
  say("korean", await korean.locator(".state").allTextContents());
  await korean.screenshot({ path: join(out, "nestjs-korean.png") });
  say("faults", faults);
  say("elsewhere", elsewhere);

  // Requests that fail from here on are the test's own.
  await context.route("**/waveflow-local", (route) => (route.request().method() === "POST" ? route.abort() : route.fallback()));
  await send("retry.wav");
  await row("retry.wav").getByRole("button", { name: "Try again" }).waitFor();
  say("unreached", await note("retry.wav"));
  await context.unroute("**/waveflow-local");
  await row("retry.wav").getByRole("button", { name: "Try again" }).click();
  await until("Done", "retry.wav");

  await context.route("**/previews/*.opus*", (route) => route.abort());
  await context.route("**/previews/*.mp3*", breakOff);
  await page.reload();
  await eventually(() => song.locator("audio").evaluate(({ readyState, currentSrc }) => readyState > 0 && currentSrc.includes(".mp3")));
  isPlayed = true;
  await song.getByRole("button", { name: "Play song.wav" }).click();
  await eventually(async () => (await sound()).file === "wav" && (await sound()).at > PLAYED_S);
  say("goes on", await sound());
  await song.getByRole("button", { name: "Pause song.wav" }).click();
  await context.unrouteAll({ behavior: "ignoreErrors" });

  await context.route("**/events*", (route) => route.abort());
  await page.reload();
  await page.locator("#trouble").filter({ hasText: "cannot be reached" }).waitFor();
  await context.unroute("**/events*");
  await page.locator("#trouble:empty").waitFor({ state: "attached" });
  await until("Already here", "song.wav", 1);
} finally {
  await browser.close();
}
