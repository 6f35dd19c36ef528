// Listen to a stem as a musician does: where am I, how loud, which tempo and key; print what was seen.
import { browser, ends, faults, file, out, page, refused, row, say, shot, url } from "./person.mjs";

const player = row("groove");
const PART_BYTES = 60_000; // five seconds of the preview
const ELEVEN_MINUTES_MS = 660_000; // a signed address ends after ten
let old; // the address of the preview that ends
let end;
const heard = new Promise((resolve) => (end = resolve));
const volume = (of) => page.evaluate(async (id) => (await import("/page/src/player.js")).players.get(id).media.volume, of);

/** Return the marks of the time axis, once there are some. */
async function axis() {
  await player.locator(".mark").first().waitFor();
  return player.locator(".mark").allTextContents();
}

/** Return the time that the page shows below the mouse, at a share of the waveform. */
async function hovered(share) {
  const { x, y, width, height } = await player.locator(".wave").boundingBox();
  await page.mouse.move(x + width * share, y + height / 2);
  return player.locator(".hover").textContent();
}

/** Answer the first part of a file; let the address end while the part is heard, as S3 does. */
async function endingAddress(route) {
  old ??= route.request().url();
  const first = Number(/bytes=(\d+)/.exec(route.request().headers().range ?? "bytes=0")[1]);
  if (route.request().url() !== old) return route.continue();
  if (first > 0) return heard.then(() => route.fulfill({ status: 403 }));
  const whole = await (await route.fetch({ headers: {} })).body();
  const headers = { "accept-ranges": "bytes", "content-range": `bytes 0-${PART_BYTES - 1}/${whole.length}` };
  return route.fulfill({ status: 206, contentType: "audio/mpeg", headers, body: whole.subarray(0, PART_BYTES) });
}

/** Play until the address has ended and longer; tell what happened. */
async function played() {
  await page.context().route("**/previews/*.opus*", (route) => route.fulfill({ status: 404 }));
  await page.context().route("**/previews/*.mp3*", endingAddress);
  await page.reload();
  await player.locator(".wave > div").waitFor();
  await player.getByRole("button", { name: /^Play/ }).click();
  await player.locator(".time", { hasText: /0:02/ }).waitFor();
  await page.evaluate((ms) => ((now) => (Date.now = () => now() + ms))(Date.now.bind(Date)), ELEVEN_MINUTES_MS);
  end();
  await player.locator(".time", { hasText: /0:0[789]/ }).waitFor();
  await page.context().unrouteAll({ behavior: "ignoreErrors" });
  return { refused: refused.some((each) => each.startsWith("403")), playing: await player.locator(".play").getAttribute("aria-pressed") };
}

try {
  await page.goto(url);
  await page.getByLabel("Find tempo, key and loudness").check();
  await page.setInputFiles("#file-input", file("groove.wav"));
  await ends("groove", "Done");
  await player.locator(".wave > div").waitFor();
  say("axis", await axis());
  say("music", await player.locator(".music").innerText());
  say("time", await player.locator(".time").textContent());
  say("hover", await hovered(0.5));
  await shot("page-listen");

  await player.locator(".wave").press("ArrowRight");
  await player.locator(".time", { hasText: "0:05 / 0:12" }).waitFor();
  await player.getByLabel("Volume").fill("0.25");
  const id = await page.evaluate(() => JSON.parse(localStorage[Object.keys(localStorage).find((key) => key.startsWith("waveflow.row."))]).jobId);
  await player.getByRole("button", { name: /^Play/ }).click();
  await player.locator(".play[aria-pressed=true]").waitFor();
  say("volume", await volume(id));
  await player.locator(".wave").press("9");
  await player.getByRole("button", { name: "Repeat" }).click();
  await player.locator(".time", { hasText: /0:1\d/ }).waitFor();
  await player.locator(".time", { hasText: /0:0[0-5]/ }).waitFor(); // its end was passed
  say("repeats", [await player.locator(".play").getAttribute("aria-pressed"), await player.locator(".repeat").getAttribute("aria-pressed")]);
  await player.getByRole("button", { name: /^Pause/ }).click();
  await page.locator("#zoom").press("End");
  await page.waitForFunction(() => /\.\d/.test(document.querySelector(".mark")?.textContent));
  say("axis near", await axis());
  await page.locator("#zoom").press("Home");

  await page.locator("#language").click();
  say("korean", [await player.locator(".music").innerText(), await player.locator(".volume").innerText()]);
  await page.locator("#language").click();
  const walked = () => player.locator(".facts details").textContent();
  const lit = () => page.locator(".state.seen text, .state.current text").allTextContents();
  say("walked", [await walked(), await lit()]);
  await page.reload();
  await player.locator(".wave > div").waitFor();
  await player.locator(".facts details").waitFor();
  say("walked again", [await walked(), await lit()]);
  say("open", await page.locator("details[open]").count());
  await page.locator("#machine-card summary").click();
  await shot("page-listen-again");
  say("kept", [await page.locator("#music").isChecked(), await player.getByLabel("Volume").inputValue()]);

  say("alone", await page.locator("#even").isVisible());
  await page.setInputFiles("#file-input", file("quiet.wav"));
  await ends("quiet", "Done");
  await page.getByLabel("Same loudness").check();
  await row("quiet").locator(".wave > div").waitFor();
  for (const name of ["quiet", "groove"]) {
    await row(name).getByRole("button", { name: /^Play/ }).click();
    await row(name).locator(".play[aria-pressed=true]").waitFor();
  }
  const even = await volume(id);
  await page.getByLabel("Same loudness").uncheck();
  say("even", [even, await volume(id)]);
  await shot("page-even");
  say("goes on", await played());
} finally {
  say("faults", faults);
  await browser.close();
}
