// Drive the page as a person would; print what was seen as JSON, one line each.
import { createRequire } from "node:module";
import { join } from "node:path";

const [url, chromiumPath, out, packages, folder] = process.argv.slice(2);
const file = (name) => join(folder, name);
const require = createRequire(join(packages, "package.json"));
const { chromium } = require("playwright-core");
const say = (step, seen) => console.log(JSON.stringify({ step, seen }));

const browser = await chromium.launch({
  executablePath: chromiumPath,
  args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage"],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-US", colorScheme: "light" });
const page = await context.newPage();
page.setDefaultTimeout(Number(process.env.TIMEOUT_MS ?? 60_000));
const faults = [];
const refused = [];
const elsewhere = [];
const pathOf = (address) => new URL(address).pathname.replace(/[0-9a-f-]{36}/, "{id}");
page.on("pageerror", (error) => faults.push(error.message));
page.on("console", (message) => {
  // What a server refused is told by its response, with the address.
  const told = message.text().includes("the server responded with a status of");
  if (message.type() === "error" && !told) faults.push(`${message.text()} ${pathOf(message.location().url)}`);
});
page.on("response", (answer) => answer.status() >= 400 && refused.push(`${answer.status()} ${answer.request().method()} ${pathOf(answer.url())}`));
page.on("request", (request) => {
  const { hostname, protocol } = new URL(request.url());
  if (protocol.startsWith("http") && hostname !== "127.0.0.1") elsewhere.push(request.url());
});

const row = (name, nth = 0) => page.locator(".row", { has: page.locator(".name", { hasText: name }) }).nth(nth);
const state = (name, nth) => row(name, nth).locator(".pill");
const until = (locator, text) => locator.filter({ hasText: text }).waitFor();
const ends = (name, word, nth) => until(state(name, nth), new RegExp(`^(${word})$`));
const notes = (name, nth) => row(name, nth).locator(".notes");
const send = (name) => page.setInputFiles("#file-input", file(name));
const rule = (label) => page.getByLabel(label, { exact: true });
const shot = async (name) => {
  await page.mouse.move(0, 0);
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(out, `${name}.png`) });
};

try {
  await page.goto(url);
  await page.locator("#server-card").waitFor();

  await page.evaluate(() => {
    window.seen = [];
    new MutationObserver(() => {
      for (const pill of document.querySelectorAll(".pill")) if (window.seen.at(-1) !== pill.textContent) window.seen.push(pill.textContent);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await behave("Asks me");
  const other = await context.newPage();
  await other.goto(url);
  await other.waitForFunction(() => document.querySelector("#behaviours input:checked"));
  say("rules", [await other.getByLabel("Asks me").isChecked(), await rule("Asks me").isChecked()]);
  await drop(file("drums.wav"));
  await until(state("drums"), "Waiting for the verdict");
  say("machine", await page.locator(".state.current text").textContent());
  await row("drums").getByRole("button", { name: "New" }).click();
  await ends("drums", "Done");
  say("states", await page.evaluate(() => [...new Set(window.seen)]));

  await other.setInputFiles("#file-input", file("other.wav"));
  await row("other").getByRole("button", { name: "Hold" }).click();
  await ends("other", "On hold");
  say("held", await notes("other").textContent());
  await other.close();
  await send("copy.wav");
  await row("copy").getByRole("combobox").selectOption({ label: "drums.wav" });
  await row("copy").getByRole("button", { name: "Duplicate of" }).click();
  await ends("copy", "Duplicate");
  say("by hand", await notes("copy").textContent());
  await page.evaluate((id) => fetch(`/local/undo/${id}`, { method: "POST" }), await job("copy.wav"));
  await row("copy").getByRole("button", { name: "Undo deletion" }).click();
  await until(notes("copy"), "Undo deletion");
  say("undo refused", await notes("copy").textContent());

  await refuse("**/local/behaviour", "PUT", async () => {
    await rule("With nonsense").click();
    say("switch refused", await trouble());
  });
  say("rule kept", await rule("Asks me").isChecked());
  await misbehave("Too late, when nobody waits", "late.wav");
  await misbehave("Slowly, after 3 s", "slow.wav");
  await misbehave("Twice, with two verdicts", "twice.wav");
  await misbehave("Not at all: 500 until switched back", "down.wav");

  await behave("At once, from its table");
  await page.setInputFiles("#file-input", [file("bass.flac"), file("voice.ogg")]);
  for (const name of ["bass", "voice"]) await ends(name, "Done");
  for (const name of ["drums", "bass", "voice"]) await row(name).locator(".wave > div").first().waitFor();
  say("waveforms", await Promise.all(["drums", "bass", "voice"].map((name) => row(name).locator(".wave > div").count())));

  const slider = row("drums").locator(".wave");
  await row("drums").getByRole("button", { name: /^Play/ }).click();
  await page.waitForFunction((box) => Number(box.getAttribute("aria-valuenow")) >= 1, await slider.elementHandle());
  say("played", await slider.getAttribute("aria-valuetext"));
  await row("drums").getByRole("button", { name: /^Pause/ }).click();
  await slider.focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction((box) => Number(box.getAttribute("aria-valuenow")) >= 6, await slider.elementHandle());
  say("seeked", Number(await slider.getAttribute("aria-valuenow")));

  await page.keyboard.press("Home");
  await page.locator("#zoom").fill("200");
  const zoomed = await page.waitForFunction((box) => {
    const scroll = box.querySelector(":scope > div").shadowRoot.querySelector(".scroll");
    return scroll.scrollWidth > scroll.clientWidth;
  }, await slider.elementHandle());
  say("zoomed", await zoomed.jsonValue());
  await page.locator("#zoom").fill("0");

  for (const name of ["drums", "bass", "voice"]) await row(name).getByRole("checkbox").check();
  await page.getByRole("button", { name: "Play together" }).click();
  const chosen = await apart(3);
  await page.locator("#together").click();
  await refuse("**/mix", "POST", async () => {
    await page.getByRole("button", { name: "Mix 3 files" }).click();
    say("mix refused", await trouble());
  });
  await page.getByRole("button", { name: "Mix 3 files" }).click();
  await ends("Mix of 3 files", "Done");
  await row("Mix of 3 files").locator(".wave > div").first().waitFor();
  say("mix", await row("Mix of 3 files").locator(".notes").textContent());
  await row("Mix of 3 files").getByRole("button", { name: "Stems" }).click();
  await row("Mix of 3 files").getByRole("button", { name: /^Play/ }).click();
  say("apart", [chosen, await apart(4)]);
  await shot("page");
  await page.locator("#language").click();
  await shot("page-ko");
  await page.locator("#language").click();
  await row("Mix of 3 files").getByRole("button", { name: /^Pause/ }).click();

  await send("drums.wav");
  await ends("drums", "Duplicate", 0);
  say("duplicate", await row("drums", 0).locator(".notes").textContent());
  await page.locator("#webhooks summary").first().click();
  await page.locator("#webhooks pre").first().evaluate((pre) => pre.scrollIntoView({ block: "end" }));
  await shot("page-duplicate");
  say("webhook", await page.locator("#webhooks pre").first().textContent());
  await row("drums", 0).getByRole("button", { name: "Undo deletion" }).click();
  await until(row("drums", 0).locator(".notes"), "Back from its recorded version");
  say("undone", true);
  await behave("Not at all: 500 until switched back");
  await row("bass").getByRole("button", { name: "Deliver again" }).click();
  await until(notes("bass"), "still running: Ask");
  await behave("At once, from its table");
  await until(notes("bass"), "Delivered again: ");
  say("again", await notes("bass").textContent());

  await page.getByLabel("Sent twice at once").check();
  await send("twin.wav");
  await page.getByLabel("Sent twice at once").uncheck();
  for (const nth of [0, 1]) await ends("twin", "Done|Duplicate", nth);
  say("twins", await Promise.all([0, 1].map((nth) => notes("twin", nth).textContent())));
  for (const name of ["late", "slow", "twice", "down"]) await ends(name, "Done");
  say("late", await asking("late"));
  say("slow", await asking("slow"));
  say("down", await answers(await job("down.wav")));

  await page.getByLabel("First bytes overwritten").check();
  await send("drums.wav");
  await ends("drums", "Failed", 0);
  say("failed", await row("drums", 0).locator(".notes").textContent());
  await page.getByLabel("First bytes overwritten").uncheck();

  await page.route("**/upload-audio**", (route) => route.abort());
  await send("twin.wav");
  await until(notes("twin", 0), "Upload failed");
  await page.locator("#language").click();
  say("no network", await notes("twin", 0).textContent());
  await page.locator("#language").click();
  await page.unroute("**/upload-audio**");
  await page.evaluate(() => localStorage.removeItem("waveflow.language"));

  await page.reload();
  await ends("Mix of 3 files", "Done");
  say("kept", await page.locator(".row").count());
  await phone();
  await withoutPlayer();
} finally {
  say("faults", faults);
  say("refused", refused);
  say("elsewhere", elsewhere);
  await browser.close();
}

/** Return the job of the newest file of this name. */
function job(name) {
  return page.waitForFunction((wanted) => {
    const entries = Object.entries(localStorage).filter(([key]) => key.startsWith("waveflow.row."));
    const rows = entries.map(([, text]) => JSON.parse(text)).filter((each) => each.name === wanted);
    return rows.sort((a, b) => b.added - a.added)[0]?.jobId;
  }, name).then((found) => found.jsonValue());
}

/** Switch the server, and wait until it is. */
async function behave(label) {
  const switched = page.waitForResponse((answer) => answer.request().method() === "PUT");
  await rule(label).check();
  await switched;
}

/** Let the server misbehave about one file; return when it was asked about it. */
async function misbehave(label, name) {
  await behave(label);
  await send(name);
  const id = await job(name);
  // A promise is true to waitForFunction, whatever it will bring.
  for (let looks = 0; looks < 400 && !(await answers(id)).length; looks += 1) await page.waitForTimeout(50);
}

/** Return how the server answered the webhooks about a job. */
function answers(id) {
  return page.evaluate(async (subject) => (await (await fetch(`/local/webhooks?subject=${subject}`)).json()).map((each) => each.answered), id);
}

/** Return for how many seconds the server was asked about a file. */
async function asking(name) {
  return Number((await row(name).locator(".facts").textContent()).match(/Ask ([\d.]+) s/)[1]);
}

/** Do something while the server refuses one kind of request. */
async function refuse(pattern, method, act) {
  const detail = "The storage does not answer.";
  await page.route(pattern, (route) =>
    route.request().method() === method
      ? route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ code: "STORAGE_UNAVAILABLE", detail }) })
      : route.fallback());
  await act();
  await page.unroute(pattern);
}

/** Return what the page says of a failure. */
async function trouble() {
  await page.locator("#trouble").waitFor();
  return page.locator("#trouble span").textContent();
}

/** Return how many milliseconds lie between several players, in the middle of 40 looks. */
async function apart(several) {
  await page.locator(".row .play[aria-pressed=true]").nth(several - 1).waitFor();
  await page.waitForTimeout(500);
  return page.evaluate(async (wanted) => {
    const { players } = await import("/page/src/player.js");
    const found = [];
    for (let looks = 0; looks < 40; looks += 1) {
      const times = [...players.values()].filter((player) => player && !player.media.paused).map(({ media }) => media.currentTime);
      if (times.length !== wanted) throw new Error(`${times.length} play`);
      found.push(Math.max(...times) - Math.min(...times));
      await new Promise((done) => setTimeout(done, 25));
    }
    return Math.round(found.sort((a, b) => a - b)[found.length >> 1] * 1000);
  }, several);
}

/** Drop a file from outside, as a person drags it. */
async function drop(path) {
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

/** Look at the same page on a phone, in Korean and in the dark. */
async function phone() {
  const small = await browser.newContext({
    viewport: { width: 390, height: 844 }, locale: "ko-KR", colorScheme: "dark", isMobile: true, hasTouch: true,
    storageState: await context.storageState(),
  });
  const tab = await small.newPage();
  await tab.goto(url);
  await tab.locator(".row .wave > div").first().waitFor();
  await tab.waitForTimeout(500);
  say("phone", {
    language: await tab.evaluate(() => document.documentElement.lang),
    overflow: await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth),
  });
  await tab.screenshot({ path: join(out, "page-phone.png") });
}

/** Look at the page of somebody who has no Node: the server draws, the browser plays. */
async function withoutPlayer() {
  const bare = await browser.newContext({ storageState: await context.storageState() });
  await bare.route("**/vendor/**", (route) => route.abort());
  const tab = await bare.newPage();
  await tab.goto(url);
  const picture = tab.locator(".row img.picture").first();
  await picture.waitFor();
  say("plain", {
    drawn: await picture.evaluate((image) => image.decode().then(() => image.naturalWidth > 0)),
    players: await tab.locator(".row audio[controls]").count() === (await page.locator(".play:enabled").count()),
  });
}
