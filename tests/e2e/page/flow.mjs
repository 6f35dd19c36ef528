// Drive the page as a person would; print what was seen as JSON, one line each.
import { createRequire } from "node:module";
import { join } from "node:path";

const [url, chromiumPath, out, packages, ...files] = process.argv.slice(2);
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
const elsewhere = [];
page.on("pageerror", (error) => faults.push(error.message));
page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
page.on("request", (request) => {
  const { hostname, protocol } = new URL(request.url());
  if (protocol.startsWith("http") && hostname !== "127.0.0.1") elsewhere.push(request.url());
});

const row = (name, nth = 0) => page.locator(".row", { has: page.locator(".name", { hasText: name }) }).nth(nth);
const state = (name, nth) => row(name, nth).locator(".pill");
const until = (locator, text) => locator.filter({ hasText: text }).waitFor();
const ends = (name, word, nth) => until(state(name, nth), new RegExp(`^${word}$`));
const shot = (name) => page.screenshot({ path: join(out, `${name}.png`) });

try {
  await page.goto(url);
  await page.locator("#server-card").waitFor();
  await shot("empty");

  await page.evaluate(() => {
    window.seen = [];
    new MutationObserver(() => {
      for (const pill of document.querySelectorAll(".pill")) if (window.seen.at(-1) !== pill.textContent) window.seen.push(pill.textContent);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await page.getByLabel("Asks me").check();
  await drop(files[0]);
  await until(state("drums"), "Waiting for the verdict");
  say("machine", await page.locator(".state.current text").textContent());
  await row("drums").getByRole("button", { name: "New" }).click();
  await ends("drums", "Done");
  say("states", await page.evaluate(() => [...new Set(window.seen)]));

  await page.getByLabel("At once, from its table").check();
  await page.setInputFiles("#file-input", files.slice(1));
  for (const name of ["bass", "voice"]) await ends(name, "Done");
  await row("voice").locator(".wave canvas, .wave > div").first().waitFor();
  say("waveforms", await page.locator(".row .wave > div").count());

  const slider = row("drums").locator(".wave");
  await row("drums").getByRole("button", { name: /^Play/ }).click();
  await page.waitForFunction((box) => Number(box.getAttribute("aria-valuenow")) >= 1, await slider.elementHandle());
  say("played", await slider.getAttribute("aria-valuetext"));
  await row("drums").getByRole("button", { name: /^Pause/ }).click();
  await slider.focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction((box) => Number(box.getAttribute("aria-valuenow")) >= 6, await slider.elementHandle());
  say("seeked", Number(await slider.getAttribute("aria-valuenow")));

  await page.locator("#zoom").fill("200");
  const zoomed = await page.waitForFunction((box) => {
    const scroll = box.querySelector(":scope > div").shadowRoot.querySelector(".scroll");
    return scroll.scrollWidth > scroll.clientWidth;
  }, await slider.elementHandle());
  say("zoomed", await zoomed.jsonValue());
  await page.locator("#zoom").fill("0");

  for (const name of ["drums", "bass", "voice"]) await row(name).getByRole("checkbox").check();
  await page.getByRole("button", { name: "Mix 3 files" }).click();
  await ends("Mix of 3 files", "Done");
  await row("Mix of 3 files").locator(".wave > div").first().waitFor();
  say("mix", await row("Mix of 3 files").locator(".notes").textContent());
  await row("Mix of 3 files").getByRole("button", { name: "Stems" }).click();
  await row("Mix of 3 files").getByRole("button", { name: /^Play/ }).click();
  await page.waitForTimeout(700);
  await shot("mix");
  await row("Mix of 3 files").getByRole("button", { name: /^Pause/ }).click();

  await page.setInputFiles("#file-input", files[0]);
  await ends("drums", "Duplicate", 0);
  say("duplicate", await row("drums", 0).locator(".notes").textContent());
  await page.locator("#webhooks summary").first().click();
  await shot("duplicate");
  say("webhook", await page.locator("#webhooks pre").first().textContent());
  await row("drums", 0).getByRole("button", { name: "Undo deletion" }).click();
  await until(row("drums", 0).locator(".notes"), "Back from its recorded version");
  say("undone", true);
  await row("bass").getByRole("button", { name: "Deliver again" }).click();
  await until(row("bass").locator(".notes"), "Delivered again");
  say("again", await row("bass").locator(".notes").textContent());

  await page.getByLabel("First bytes overwritten").check();
  await page.setInputFiles("#file-input", files[0]);
  await ends("drums", "Failed", 0);
  say("failed", await row("drums", 0).locator(".notes").textContent());
  await page.getByLabel("First bytes overwritten").uncheck();

  await page.reload();
  await ends("Mix of 3 files", "Done");
  say("kept", await page.locator(".row").count());
  await phone();
  await withoutPlayer();
} finally {
  say("faults", faults.filter((text) => !text.includes("404")));
  say("elsewhere", elsewhere);
  await browser.close();
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
  await tab.screenshot({ path: join(out, "phone.png") });
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
    players: await tab.locator(".row audio[controls]").count(),
  });
}
