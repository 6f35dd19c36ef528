// Upload an album's folder and a file that is too large; print the order, the states as they were seen, and the words.
import { browser, ends, eventually, faults, file, notes, page, row, say, shot, url } from "./person.mjs";

const tracks = Number(process.argv[7]);
const LATEST = 5; // rows whose Done came last to the page

/** Note for each row which states the page showed, and when the page first showed Done. */
const watch = () => page.evaluate(() => {
  window.seen = {};
  new MutationObserver(() => {
    for (const each of document.querySelectorAll(".row")) {
      const [name, state] = [each.querySelector(".name").textContent, each.querySelector(".pill").textContent];
      (window.seen[name] ??= {})[state] ??= Date.now();
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
});

/** Return the milliseconds from each job's end to the page's Done, the longest first. */
const lags = () => page.evaluate(async () => {
  const { now, rows } = await import("/page/src/store.js");
  return rows.map((each) => window.seen[each.name].Done - new Date(now(each).at)).sort((a, b) => b - a);
});

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
  const sent = [];
  page.on("request", (request) => request.url().includes("/upload-audio") && sent.push(request.url()));
  await page.setInputFiles("#folder-input", file("album"));
  await row("Track 1.wav").waitFor();
  say("order", await page.locator(".name").allTextContents());
  await eventually(async () => (await page.locator(".pill.good").count()) === tracks);
  say("lags", (await lags()).slice(0, LATEST));

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
