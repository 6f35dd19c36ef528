// Upload an album's folder and a file that is too large; print the order, the states as they were seen, and the words.
import { behave, browser, ends, eventually, faults, file, notes, page, row, say, shot, state, until, url } from "./person.mjs";

const tracks = Number(process.argv[7]);
const MORE = 9; // one file more than the page lets be under way

/** Note when the page came to know each moment of each job. */
const watch = () => page.evaluate(async () => {
  const { onChange, rows } = await import("/page/src/store.js");
  const known = new Set();
  window.lags = [];
  onChange(() => {
    for (const { jobId, moments } of rows) for (const { at, state, status } of moments) {
      const key = [jobId, at, state, status].join();
      if (!at || known.has(key)) continue;
      known.add(key);
      window.lags.push({ state: status === "processing" ? state : "end", ms: Date.now() - new Date(at) });
    }
  });
});

/** Return how late the page came to know: half of the moments of each kind, and the latest. */
const lags = () => page.evaluate(() => {
  const found = {};
  for (const [state, several] of Object.entries(Object.groupBy(window.lags, ({ state }) => state))) {
    const sorted = several.map(({ ms }) => ms).sort((a, b) => a - b);
    found[state] = { half: sorted[sorted.length >> 1], most: sorted.at(-1) };
  }
  return found;
});

/** Count the requests that are open at once: those of the streams, and all of the API. */
function count() {
  const open = new Set();
  const most = { streams: 0, all: 0 };
  const ends = (request) => open.delete(request);
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) return;
    open.add(request);
    const streams = [...open].filter((each) => each.url().includes("/analysis-progress")).length;
    Object.assign(most, { streams: Math.max(most.streams, streams), all: Math.max(most.all, open.size) });
  });
  for (const kind of ["requestfinished", "requestfailed"]) page.on(kind, ends);
  return most;
}

/** Choose a file of so many MiB, which no disk has to hold. */
const choose = (name, mib) => page.evaluate(([wanted, size]) => {
  const data = new DataTransfer();
  data.items.add(new File(Array(size).fill(new Uint8Array(2 ** 20)), wanted, { type: "audio/wav" }));
  const input = document.getElementById("file-input");
  input.files = data.files;
  input.dispatchEvent(new Event("change"));
}, [name, mib]);

try {
  await page.route("**/local/status", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), max_file_bytes: 7 * 2 ** 20 } });
  });
  await page.goto(url);
  await eventually(async () => (await page.locator("#kinds").textContent()).includes("7 MiB"));
  await page.locator("#language").click();
  say("limit", await page.locator("#kinds").textContent());
  await page.unroute("**/local/status");
  await page.locator("#language").click();
  await page.goto(url);
  await eventually(async () => (await page.locator("#kinds").textContent()).includes("100 MiB"));
  await watch();
  const most = count();
  const sent = [];
  page.on("request", (request) => request.url().includes("/upload-audio") && sent.push(request.url()));
  await page.setInputFiles("#folder-input", file("album"));
  await row("Track 1.wav").waitFor();
  say("order", await page.locator(".name").allTextContents());
  await eventually(async () => (await page.locator(".pill.good").count()) === tracks);
  say("lags", await lags());
  say("open at once", most);

  await behave("Not at all: 500 until switched back");
  await page.setInputFiles("#folder-input", file("more"));
  await until(state("More 9"), /^(Looking for a copy|Waiting for your answer)$/);
  say("more", await state("More 1.").textContent());
  await behave("At once, from its table");
  await eventually(async () => (await page.locator(".pill.good").count()) === tracks + MORE);

  const before = sent.length;
  await choose("concert.wav", 101);
  await ends("concert", "Too large");
  say("too large", [await notes("concert").textContent(), sent.length - before]);
  await page.locator("#language").click();
  say("too large, Korean", await notes("concert").textContent());
  await page.locator("#language").click();
  await shot("page-album");
} finally {
  say("faults", faults);
  await browser.close();
}
