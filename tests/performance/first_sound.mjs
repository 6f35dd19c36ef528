// Press play in Chromium on a slow line: node first_sound.mjs CHROMIUM URL KIND=ADDRESS …
import { createRequire } from "node:module";
import { join } from "node:path";

const [packages, executablePath, page_, ...sounds] = process.argv.slice(2);
const { chromium } = createRequire(join(packages, "package.json"))("playwright-core");
const LINES = { "1.6 Mbit/s": 1.6e6, "0.8 Mbit/s": 0.8e6 };
const LATENCY_MS = 150, SHOWN_MS = 3000, HEARD_MS = 10_000, ROUNDS = 3, LOOK_MS = 5, BITS = 8;

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage"],
});
for (const [line, bits] of Object.entries(LINES)) {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const each of sounds) {
      const at = each.indexOf("=");
      const [kind, address] = [each.slice(0, at), each.slice(at + 1)];
      const cold = await pressed(address, bits, { preload: "none", shown: 0, heard: HEARD_MS });
      const { started } = await pressed(address, bits, { preload: "metadata", shown: SHOWN_MS, heard: 0 });
      console.log(JSON.stringify({ line, kind, cold: cold.started, played: cold.played, shown: started }));
    }
  }
}
await browser.close();

/** Press play in a new profile, after the list was shown for a while; return when the sound starts, and how much is heard. */
async function pressed(address, bits, how) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(page_);
  const client = await context.newCDPSession(page);
  await client.send("Network.enable");
  await client.send("Network.emulateNetworkConditions", {
    offline: false, latency: LATENCY_MS, downloadThroughput: bits / BITS, uploadThroughput: bits / BITS / 2,
  });
  const seen = await page.evaluate(async ([src, { preload, shown, heard }, LOOK_MS]) => {
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));
    const media = Object.assign(new Audio(), { preload, src });
    await pause(shown);
    const pressed = performance.now();
    media.play();
    while (!(media.currentTime > 0)) await pause(LOOK_MS); // "playing" comes before the sound
    const started = performance.now() - pressed;
    await pause(heard);
    return { started, played: media.currentTime };
  }, [address, how, LOOK_MS]);
  await context.close();
  return seen;
}
