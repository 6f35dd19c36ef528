// Zoom a stem of four minutes on the page, play its previews, and print what was seen.
import { join } from "node:path";
import { browser, context, faults, notes, out, page, row, say, tabOf, until, url } from "./person.mjs";
import { measure } from "./pixels.mjs";

const [stem, flac] = process.argv.slice(7);
const SLOW = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 }; // Lighthouse's "slow 4G"

/** Put finished jobs into the list of a context's pages, as earlier visits do. */
const visited = (owner) => owner.addInitScript((jobs) => jobs.forEach(([name, jobId], nth) => {
  const entry = { key: name, added: nth + 1, jobId, name };
  localStorage.setItem(`waveflow.row.${name}`, JSON.stringify(entry));
}), [["stem.wav", stem], ["stem.flac", flac]]);

/** Open the page in a new context; `prepare` gets the context before. */
async function opened(prepare) {
  const owner = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 900 } });
  await visited(owner);
  await prepare(owner);
  const tab = await tabOf(owner);
  await tab.goto(url);
  await tab.locator(".row .play:enabled").nth(1).waitFor();
  return tab;
}

const player = (tab) => tab.locator('.row[data-key="stem.wav"]');

/** Play the stem; return the kind of file that is heard, once the time runs. */
async function heard(tab) {
  await player(tab).locator(".wave > *").first().waitFor();
  await player(tab).locator(".play").click();
  return tab.evaluate(async (id) => {
    const { players } = await import("/page/src/player.js");
    const { media } = players.get(id);
    while (!(media.currentTime > 0.5)) await new Promise((done) => setTimeout(done, 20));
    return new URL(media.currentSrc).pathname.split(".").at(-1);
  }, stem);
}

/** Look until the picture is that of the finest file; return the last look. */
async function settled(look) {
  let found;
  for (const end = Date.now() + 20_000; Date.now() < end; await page.waitForTimeout(100)) {
    found = await look();
    if (found.columns && found.off[64] < 5) break; // a canvas is drawn a moment after the scroll
  }
  return found;
}

/** Let a context's browser deny the kinds of media that the pattern names. */
const denies = (pattern) => (owner) => owner.addInitScript((denied) => {
  const real = HTMLMediaElement.prototype.canPlayType;
  HTMLMediaElement.prototype.canPlayType = function (type) {
    return new RegExp(denied).test(type) ? "" : real.call(this, type);
  };
}, pattern);

/** Return the milliseconds from pressing play to the sound, on a slow line. */
async function slowStart() {
  const tab = await opened(async () => {});
  const client = await tab.context().newCDPSession(tab);
  await client.send("Network.enable");
  await client.send("Network.emulateNetworkConditions", SLOW);
  await tab.reload();
  await player(tab).locator(".wave > div").waitFor();
  await tab.waitForFunction(async (id) => (await import("/page/src/player.js")).players.get(id)?.media.readyState > 0, stem);
  await tab.waitForTimeout(3000); // a person looks at the list before pressing play
  return tab.evaluate(async (id) => {
    const { players } = await import("/page/src/player.js");
    const { media } = players.get(id);
    const pressed = performance.now();
    document.querySelector('.row[data-key="stem.wav"] .play').click();
    while (!(media.currentTime > 0)) await new Promise((done) => setTimeout(done, 5)); // "playing" comes before the sound
    return performance.now() - pressed;
  }, stem);
}

/** Fail each zoom level, then the player's module for one visit; return what the page says and shows. */
async function failures() {
  const tab = await opened((owner) => owner.route("**/analysis-zoom/**", (route) => route.abort()));
  await player(tab).locator(".wave > div").waitFor();
  await tab.locator("#zoom").press("End");
  await until(player(tab).locator(".notes"), "Zoom failed");
  say("zoom failed", await player(tab).locator(".notes li").last().textContent());

  const bare = await opened((owner) => owner.route("**/vendor/**", (route) => route.abort()));
  await player(bare).locator("img.picture").waitFor();
  await bare.context().unroute("**/vendor/**");
  const other = await tabOf(bare.context());
  await other.goto(new URL("/page/style.css", url).href);
  const entry = await other.evaluate(() => localStorage.getItem("waveflow.row.stem.wav"));
  await other.evaluate(() => localStorage.removeItem("waveflow.row.stem.wav"));
  await player(bare).waitFor({ state: "detached" });
  await other.evaluate((kept) => localStorage.setItem("waveflow.row.stem.wav", kept), entry);
  await player(bare).locator(".wave > div").waitFor();
  say("player again", await player(bare).locator("img.picture").count());
}

try {
  await visited(context);
  await page.goto(url);
  await player(page).locator(".wave > div").waitFor();
  await until(notes("stem.wav"), "Same recording");
  say("twins", await Promise.all(["stem.wav", "stem.flac"].map((name) => notes(name).textContent())));

  const loaded = [];
  page.on("request", (request) => {
    const level = request.url().match(/_zoom_[^/]+\/(\d+)_split\.dat/);
    if (level) loaded.push([Number(level[1]), ...request.headers().range.match(/\d+/g).map(Number)]);
  });
  await player(page).locator(".wave").click({ position: { x: 300, y: 30 } });
  await page.locator("#zoom").press("End");
  say("zoom says", await page.locator("#zoom").getAttribute("aria-valuetext"));
  const middle = await settled(() => measure(page, stem));
  say("middle", { ...middle, loaded });
  await page.screenshot({ path: join(out, "page-zoomed.png") });
  await player(page).locator(".wave > div").evaluate((box) => {
    const scroll = box.shadowRoot.querySelector(".scroll");
    scroll.scrollLeft = scroll.scrollWidth;
  });
  say("end", await settled(() => measure(page, stem)));

  say("opus", await heard(page));
  say("mp3", await heard(await opened(denies("ogg"))));
  say("neither", await heard(await opened(denies("."))));
  say("opus fails", await heard(await opened((owner) => owner.route("**/previews/*.opus*", (route) => route.abort()))));
  say("slow", await slowStart());
  await failures();
} finally {
  say("faults", faults);
  await browser.close();
}
