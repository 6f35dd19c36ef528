// Set the mixer's faders as a person would, render, and print what was set, seen and made.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { browser, context, ends, eventually, faults, file, job, out, page, refuse, row, say, tabOf, trouble, url } from "./person.mjs";

const NAMES = process.argv.slice(7);
const strip = (name) => page.locator(".strip", { has: page.locator("strong", { hasText: new RegExp(`^${name}\\.wav$`) }) });
const control = (name, label) => strip(name).getByLabel(new RegExp(`^${label}`));
const rendered = (nth) => page.locator(".row", { has: page.locator(".name", { hasText: /^Mixer / }) }).nth(nth);

/** Press a key on a stem's control several times. */
async function press(name, label, key, times = 1) {
  for (let n = 0; n < times; n += 1) await control(name, label).press(key);
}

/** Render, wait for the newest result, save its file, and return what the job and the page say. */
async function render(step) {
  const count = await page.locator(".row").count();
  await page.getByRole("button", { name: "Render", exact: true }).dblclick(); // a hasty hand asks once
  await page.locator(".row").nth(count).waitFor();
  const newest = rendered(0);
  await newest.locator(".pill", { hasText: /^(Done|Failed)$/ }).waitFor();
  await newest.locator(".wave > div").first().waitFor();
  const id = await page.evaluate((key) => JSON.parse(localStorage.getItem(`waveflow.row.${key}`)).jobId, await newest.getAttribute("data-key"));
  const { result } = await (await page.request.get(new URL(`/tokens/analysis-result/${id}`, url).href)).json();
  const audio = await page.request.get(new URL(`/tokens/analysis-audio/${id}`, url).href);
  writeFileSync(file(step), await audio.body());
  say(step, { result, notes: await newest.locator(".notes li").allTextContents() });
}

/** Render stems in this browser; `how` is a function of the page, written here or in the page's own module. */
async function expected(step, settings, { mono = false, rate, frames, own, from = 0 }) {
  const entries = await Promise.all(Object.entries(settings).map(async ([name, set]) => [await job(`${name}.wav`), set]));
  const base64 = await page.evaluate(async ({ entries, mono, rate, frames, own, from }) => {
    const offline = new OfflineAudioContext(mono ? 1 : 2, frames, rate);
    const { Channel } = await import("/page/src/mixer/graph.js");
    for (const [id, { gain = 0, pan = null, invert = false, offset = 0 }] of entries) {
      const buffer = await offline.decodeAudioData(await (await fetch(`/tokens/analysis-audio/${id}`)).arrayBuffer());
      if (own) {
        const strip = { gain, pan, invert, offset };
        new Channel(offline, buffer, { strip, mono }).start(0, from, strip);
        continue;
      }
      const source = new AudioBufferSourceNode(offline, { buffer });
      const fader = new GainNode(offline, { gain: 10 ** (gain / 20) * (invert ? -1 : 1) });
      const late = new DelayNode(offline, { maxDelayTime: 10, delayTime: Math.max(0, offset / 1000) });
      const last = source.connect(fader).connect(late);
      if (pan === null || mono) last.connect(offline.destination);
      else last.connect(new StereoPannerNode(offline, { pan })).connect(offline.destination);
      source.start(0, Math.max(0, -offset / 1000));
    }
    const made = await offline.startRendering();
    const samples = new Float32Array(frames * made.numberOfChannels);
    for (let n = 0; n < made.numberOfChannels; n += 1) samples.set(made.getChannelData(n), n * frames);
    let text = "";
    for (const byte of new Uint8Array(samples.buffer)) text += String.fromCharCode(byte);
    return btoa(text);
  }, { entries, mono, rate, frames, own, from });
  writeFileSync(file(step), Buffer.from(base64, "base64"));
}

/** Return how far the page is wider than its window at several widths, in pixels. */
async function overflows(widths) {
  const found = [];
  const { width: before, height } = page.viewportSize();
  for (const width of widths) {
    await page.setViewportSize({ width, height });
    found.push(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth));
  }
  await page.setViewportSize({ width: before, height });
  return found;
}

/** Keep pictures of the mixer on a phone and a desk, in both themes. */
async function pictures() {
  for (const [width, theme, language] of [[1280, "light", "en"], [390, "dark", "ko"], [1280, "dark", "ko"], [390, "light", "en"]]) {
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate((wanted) => document.documentElement.lang === wanted || document.getElementById("language").click(), language);
    await page.evaluate((wanted) => (document.documentElement.dataset.theme = wanted), theme);
    await page.waitForTimeout(200);
    await page.locator("#mixer").screenshot({ path: join(out, `page-mixer-${width}-${theme}.png`) });
    await page.locator(".row").first().screenshot({ path: join(out, `page-render-${width}-${theme}.png`) });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

/** Play live for a moment; return how far the play came, and where a press on Pause left it. */
async function played() {
  const at = () => page.locator("#mixer-position").evaluate((input) => Number(input.value));
  await page.getByRole("button", { name: "Play live" }).click();
  await eventually(async () => (await at()) > 0.2);
  await press("flat", "Level of", "ArrowUp"); // a fader moves while the stems sound
  await press("flat", "Level of", "0");
  await page.locator("#mixer-play").click();
  const paused = await at();
  await page.waitForTimeout(200);
  return { paused, later: await at(), says: await page.locator("#mixer-position").getAttribute("aria-valuetext") };
}

try {
  await page.goto(url);
  await page.setInputFiles("#file-input", NAMES.map((name) => file(`${name}.wav`)));
  for (const name of NAMES) await ends(`${name}.wav`, "Done");
  for (const name of NAMES) await row(`${name}.wav`).getByRole("checkbox").check();
  await page.getByRole("button", { name: "Mixer", exact: true }).press("Enter");
  await strip("flat").waitFor();

  await press("centre", "Pan of", "ArrowRight");
  await press("centre", "Pan of", "ArrowLeft");
  await press("right", "Pan of", "ArrowRight", 10);
  await press("keys", "Pan of", "ArrowLeft", 12);
  await press("pad", "Pan of", "End");
  await press("flipped", "Flip", "Space");
  await press("flipped", "Level of", "ArrowDown", 6);
  await control("late", "Start of").fill("37.5");
  await control("early", "Start of").fill("-120");
  await press("silent", "Mute", "Space");
  await control("flat", "Pan of").press("ArrowRight");
  await strip("flat").getByRole("button", { name: "No pan" }).press("Enter");
  await press("flat", "Level of", "End");
  await control("flat", "Level of").dblclick(); // a hasty hand asks once
  const said = (name, label) => control(name, label).getAttribute("aria-valuetext");
  say("spoken", {
    level: await said("flipped", "Level of"), back: await said("flat", "Level of"), none: await said("flat", "Pan of"), centre: await said("centre", "Pan of"),
    right: await said("right", "Pan of"), muted: await control("silent", "Mute").getAttribute("aria-pressed"),
  });
  const set = {
    flat: {}, centre: { pan: 0 }, right: { pan: 0.5 }, "keys": { pan: -0.6 }, "pad": { pan: 1 },
    flipped: { gain: -3, invert: true }, late: { offset: 37.5 }, early: { offset: -120 },
  };
  say("played", await played());

  await page.getByLabel("Format").selectOption("wav32f");
  await render("set.wav");
  const rate = 48_000, frames = 72_000 + 1800;
  await expected("set.f32", set, { rate, frames });
  await expected("live.f32", set, { rate, frames, own: true });
  await expected("sought.f32", set, { rate, frames: frames - 960, own: true, from: 960 / rate });

  await page.getByLabel("Channels").selectOption("1");
  await press("keys", "Solo", "Space");
  await press("flipped", "Solo", "Space");
  say("unheard", await strip("flat").locator(".unheard").textContent());
  await render("mono.wav");
  const soloed = { "keys": {}, flipped: { gain: -3, invert: true } };
  await expected("mono.f32", soloed, { rate, frames: 72_000, mono: true });
  await expected("live-mono.f32", soloed, { rate, frames: 72_000, mono: true, own: true });

  await page.getByLabel("Channels").selectOption("2");
  await press("keys", "Solo", "Space");
  await press("flipped", "Solo", "Space");
  await control("early", "Start of").fill("-600000");
  await page.locator("#target-loudness").selectOption("-14");
  await page.getByLabel("Format").selectOption("flac24");
  await render("loud.flac");
  say("renders", await page.locator(".row .name", { hasText: /^Mixer / }).allTextContents());
  say("overflow", await overflows([390, 600, 901, 1280, 1920]));

  for (const name of NAMES) if ((await control(name, "Mute").getAttribute("aria-pressed")) === "false") await press(name, "Mute", "Space");
  await page.locator("#mixer-silent:not(:empty)").waitFor();
  say("all muted", [await page.locator("#mixer-silent").textContent(), await page.locator("#mixer-render").isDisabled()]);
  for (const name of NAMES) if (name !== "silent") await press(name, "Mute", "Space");
  await refuse("**/mix", "POST", async () => {
    await page.getByRole("button", { name: "Render", exact: true }).click();
    say("refused", await trouble());
    await page.locator("#trouble button").click();
  });
  await page.evaluate(() => scrollTo(0, 0));
  if (process.env.WAVEFLOW_PICTURES) await pictures();

  const again = await tabOf(context);
  await again.route("**/analysis-result/**", async (route) => {
    const told = await (await route.fetch()).json();
    await route.fulfill({ json: { ...told, result: { ...told.result, duration: 3600 } } });
  });
  await again.goto(url);
  await again.locator(".row .pill", { hasText: "Done" }).nth(NAMES.length + 2).waitFor();
  await again.locator(".row", { hasText: "keys.wav" }).last().getByRole("checkbox").check();
  await again.getByRole("button", { name: "Mixer", exact: true }).click();
  await again.locator("#mixer-note:not(:empty)").waitFor();
  say("too long", {
    says: await again.locator("#mixer-note").textContent(), plays: await again.locator("#mixer-play").isEnabled(),
    renders: await again.locator("#mixer-render").isEnabled(),
  });
  say("kept", await again.locator(".row .name", { hasText: /^Mixer / }).count());
} finally {
  say("faults", faults);
  await browser.close();
}
