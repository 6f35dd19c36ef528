// A browser on the page, and the actions of a person who uses the page.
import { createRequire } from "node:module";
import { join } from "node:path";

export const [url, chromiumPath, out, packages, folder] = process.argv.slice(2);
export const file = (name) => join(folder, name);
const require = createRequire(join(packages, "package.json"));
const { chromium } = require("playwright-core");
export const say = (step, seen) => console.log(JSON.stringify({ step, seen }));
const HANGS_MS = Number(process.env.TIMEOUT_MS ?? 300_000); // no event is that late on a busy machine
const IN_STEP_MS = 20; // the test asserts the same

export const browser = await chromium.launch({
  executablePath: chromiumPath,
  args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage"],
});
export const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-US", colorScheme: "light" });
export const page = await tabOf(context);
export const faults = [];
export const refused = [];
export const elsewhere = [];
const pathOf = (address) => new URL(address).pathname.replace(/[0-9a-f-]{36}/, "{id}");
page.on("pageerror", (error) => faults.push(error.message));
page.on("console", (message) => {
  // The handler of responses notes a refusal, with its address.
  const told = message.text().includes("the server responded with a status of");
  if (message.type() === "error" && !told) faults.push(`${message.text()} ${pathOf(message.location().url)}`);
});
page.on("response", (answer) => answer.status() >= 400 && refused.push(`${answer.status()} ${answer.request().method()} ${pathOf(answer.url())}`));
page.on("request", (request) => {
  const { hostname, protocol } = new URL(request.url());
  if (protocol.startsWith("http") && hostname !== "127.0.0.1") elsewhere.push(request.url());
});

export const row = (name, nth = 0) => page.locator(".row", { has: page.locator(".name", { hasText: name }) }).nth(nth);
export const state = (name, nth) => row(name, nth).locator(".pill");
export const until = (locator, text) => locator.filter({ hasText: text }).waitFor();
export const ends = (name, word, nth) => until(state(name, nth), new RegExp(`^(${word})$`));
export const notes = (name, nth) => row(name, nth).locator(".notes");
export const send = (name) => page.setInputFiles("#file-input", file(name));
export const rule = (label) => page.getByLabel(label, { exact: true });
export const shot = async (name) => {
  await page.mouse.move(0, 0);
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(out, `${name}.png`) });
};

/** Return the job id of the newest file of this name. */
export function job(name) {
  return page.waitForFunction((wanted) => {
    const entries = Object.entries(localStorage).filter(([key]) => key.startsWith("waveflow.row."));
    const rows = entries.map(([, text]) => JSON.parse(text)).filter((each) => each.name === wanted);
    return rows.sort((a, b) => b.added - a.added)[0]?.jobId;
  }, name).then((found) => found.jsonValue());
}

/** Switch the stand-in's behaviour, and wait until the page has the answer. */
export async function behave(label) {
  const switched = page.waitForResponse((answer) => answer.request().method() === "PUT");
  await rule(label).check();
  await switched;
}

/** Upload a file under a bad behaviour; return when the server has been asked. */
export async function misbehave(label, name) {
  await behave(label);
  await send(name);
  const id = await job(name);
  await eventually(async () => (await answers(id)).length);
}

/** Open a tab whose waits end with their event, or with a hang. */
export async function tabOf(owner) {
  const tab = await owner.newPage();
  tab.setDefaultTimeout(HANGS_MS);
  return tab;
}

/** Look until `look` finds something; waitForFunction takes any promise for true. */
export async function eventually(look) {
  for (const end = Date.now() + HANGS_MS; Date.now() < end; await page.waitForTimeout(50)) {
    if (await look()) return;
  }
  throw new Error(`nothing was seen: ${look}`);
}

/** Return the server's status codes for the webhooks about a job. */
export function answers(id) {
  return page.evaluate(async (subject) => (await (await fetch(`/local/webhooks?subject=${subject}`)).json()).map((each) => each.answered), id);
}

/** Return the seconds for which a file's job waited in the state Ask. */
export async function asking(name) {
  return Number((await row(name).locator(".facts").textContent()).match(/Ask ([\d.]+) s/)[1]);
}

/** Run `act` while the server refuses one kind of request. */
export async function refuse(pattern, method, act) {
  const detail = "The storage does not answer.";
  await page.route(pattern, (route) =>
    route.request().method() === method
      ? route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ code: "STORAGE_UNAVAILABLE", detail }) })
      : route.fallback());
  await act();
  await page.unroute(pattern);
}

/** Return the page's sentence about a failure. */
export async function trouble() {
  await page.locator("#trouble").waitFor();
  return page.locator("#trouble span").textContent();
}

/** Wait until several players that all play are in step; return their distance in milliseconds. */
export async function apart(several) {
  await page.locator(".row .play[aria-pressed=true]").nth(several - 1).waitFor();
  return page.evaluate(async ([wanted, inStep, end]) => {
    const { players } = await import("/page/src/player.js");
    const LOOKS = 20;
    let found = [];
    let ended = false;
    const median = () => found.toSorted((a, b) => a - b)[LOOKS >> 1] * 1000;
    // A group that is not in step pauses its members for a moment, and starts them again.
    while (found.length < LOOKS || median() >= inStep) {
      if (ended || Date.now() >= end) throw new Error(`${wanted} players ended ${found.map((each) => Math.round(each * 1000))} ms apart`);
      await new Promise((done) => setTimeout(done, 25));
      const media = [...players.values()].map((player) => player?.media).filter(Boolean);
      const times = media.filter((each) => !each.paused).map((each) => each.currentTime);
      if (times.length === wanted) found = [...found, Math.max(...times) - Math.min(...times)].slice(-LOOKS);
      ended = media.some((each) => each.ended);
    }
    return Math.round(median());
  }, [several, IN_STEP_MS, Date.now() + HANGS_MS]);
}

/** Drop a file on the page, as a person drags it from a folder. */
export async function drop(path) {
  const { readFileSync } = await import("node:fs");
  const transfer = await page.evaluateHandle(
    ([base64, name]) => {
      const data = new DataTransfer();
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      data.items.add(new File([bytes], name, { type: "audio/wav" }));
      return data;
    },
    [readFileSync(path).toString("base64"), path.split("/").at(-1)],
  );
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
}
