// Press play in Chromium on a slow line: node first_sound.mjs CHROMIUM URL KIND=ADDRESS …
import { createRequire } from "node:module";
import { join } from "node:path";

const [packages, executablePath, page_, ...sounds] = process.argv.slice(2);
const { chromium } = createRequire(join(packages, "package.json"))("playwright-core");
const LINES = { "1.6 Mbit/s": 1.6e6, "0.8 Mbit/s": 0.8e6 };
const LATENCY_MS = 150, HEARD_MS = 10_000, ROUNDS = 3, BITS = 8;

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage"],
});
for (const [line, bits] of Object.entries(LINES)) {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const each of sounds) {
      const at = each.indexOf("=");
      console.log(JSON.stringify({ line, kind: each.slice(0, at), ...(await pressed(each.slice(at + 1), bits)) }));
    }
  }
}
await browser.close();

/** Press play once in a new browser profile; return when the sound starts, and how much of it is heard. */
async function pressed(address, bits) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(page_);
  const client = await context.newCDPSession(page);
  await client.send("Network.enable");
  await client.send("Network.emulateNetworkConditions", {
    offline: false, latency: LATENCY_MS, downloadThroughput: bits / BITS, uploadThroughput: bits / BITS / 2,
  });
  const seen = await page.evaluate(async ([src, heard]) => {
    const media = Object.assign(new Audio(), { preload: "none", src });
    const pressed = performance.now();
    media.play();
    await new Promise((done) => media.addEventListener("playing", done, { once: true }));
    const started = performance.now() - pressed;
    await new Promise((done) => setTimeout(done, heard));
    return { started, played: media.currentTime };
  }, [address, HEARD_MS]);
  await context.close();
  return seen;
}
