// Walk the page as a person would; print each step's findings as a line of JSON.
import { join } from "node:path";
import {
  answers, apart, asking, behave, browser, context, drop, elsewhere, ends, eventually, faults, file, job, misbehave, notes, out,
  page, refuse, refused, row, rule, say, send, shot, state, tabOf, trouble, until, url,
} from "./person.mjs";

try {
  await page.goto(url);
  await page.locator("#server-card").waitFor();

  await page.evaluate(() => {
    window.seen = [];
    new MutationObserver(() => {
      for (const pill of document.querySelectorAll(".pill")) if (window.seen.at(-1) !== pill.textContent) window.seen.push(pill.textContent);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await page.getByLabel("Find tempo, key and loudness").check();
  await behave("Asks me");
  const other = await tabOf(context);
  await other.goto(url);
  await other.waitForFunction(() => document.querySelector("#behaviours input:checked"));
  say("rules", [await other.getByLabel("Asks me").isChecked(), await rule("Asks me").isChecked()]);
  await drop(file("drums.wav"));
  await until(state("drums"), "Waiting for your answer");
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
  say("outputs", await outputs(await job("drums.wav")));
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
  say("zoomed", await zoomedAt([390, 600, 901, 1280, 1920]));

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
  say("outputs of the mix", await outputs(await mixJob()));
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
  await until(notes("drums", 0), "Back, and it stays");
  await until(notes("drums", 0), "Its waveform is drawn now.");
  await row("drums", 0).locator(".wave > div").first().waitFor();
  await row("drums", 0).getByRole("button", { name: /^Play/ }).click();
  await row("drums", 0).locator(".play[aria-pressed=true]").waitFor();
  await shot("page-restored");
  say("undone", await state("drums", 0).textContent());
  await row("drums", 0).getByRole("button", { name: /^Pause/ }).click();
  await row("drums", 0).getByRole("button", { name: "Deliver again" }).click();
  await until(notes("drums", 0), "Delivered again. ");
  const audio = await page.request.get(new URL(`/tokens/analysis-audio/${await job("drums.wav")}`, url).href, { maxRedirects: 0 });
  say("delivered after the undo", [await notes("drums", 0).textContent(), audio.status()]);
  await behave("Not at all: 500 until switched back");
  await row("bass").getByRole("button", { name: "Deliver again" }).click();
  await until(notes("bass"), /still under way\..*Ask\./);
  await behave("At once, from its table");
  await until(notes("bass"), "The webhook carried the same id.");
  say("again", await notes("bass").textContent());

  await page.getByLabel("Sent twice at once").check();
  await send("twin.wav");
  await page.getByLabel("Sent twice at once").uncheck();
  for (const nth of [0, 1]) await ends("twin", "Done|Duplicate", nth);
  say("twins", await Promise.all([0, 1].map((nth) => notes("twin", nth).textContent())));
  await page.getByLabel("Every function asleep").check();
  await send("asleep.wav");
  await page.getByLabel("Every function asleep").uncheck();
  await ends("asleep", "Done");
  say("asleep", await row("asleep").locator(".facts").textContent());
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

/** Return which zoom levels and previews a job has, and whether the job knows its sound. */
async function outputs(id) {
  const { result } = await (await page.request.get(new URL(`/tokens/analysis-result/${id}`, url).href)).json();
  const levels = result.zoom_levels.map((level) => [level.samples_per_pixel, level.channels]);
  return { levels, previews: Object.keys(result.previews).sort(), sound: result.audio_id.slice(0, 5) };
}

/** Return the job id of the only mix. */
function mixJob() {
  return page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("waveflow.row."))
    .map((key) => JSON.parse(localStorage[key])).find((each) => each.kind === "mix").jobId);
}

/** Drag the zoom to its ends at several window widths; return what moved in pixels. */
async function zoomedAt(widths) {
  const { height } = page.viewportSize(), found = [];
  const card = () => row("drums").evaluate((element) => element.getBoundingClientRect().width);
  const scrolls = (wanted) => page.waitForFunction(([box, wanted]) => {
    const scroll = box.querySelector(":scope > div").shadowRoot.querySelector(".scroll");
    return scroll.scrollWidth > scroll.clientWidth === wanted;
  }, [slider, wanted]);
  const slider = await row("drums").locator(".wave").elementHandle();
  for (const width of widths) {
    await page.setViewportSize({ width, height });
    const before = await card();
    await drag(0, 1.1);
    await scrolls(true);
    const wider = (await card()) - before;
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await drag(1, -0.1);
    await scrolls(false);
    found.push({ width, wider, overflow });
  }
  await page.setViewportSize({ width: 1280, height });
  return found;
}

/** Drag the zoom with the mouse between two shares of its width. */
async function drag(from, to) {
  const slider = page.locator("#zoom");
  await slider.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await slider.boundingBox();
  const thumb = 8, at = (share) => [x + thumb + share * (width - 2 * thumb), y + height / 2];
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 5 });
  await page.mouse.up();
}

/** Check the same page on a phone, in Korean and with dark colours. */
async function phone() {
  const small = await browser.newContext({
    viewport: { width: 390, height: 844 }, locale: "ko-KR", colorScheme: "dark", isMobile: true, hasTouch: true,
    storageState: await context.storageState(),
  });
  const tab = await tabOf(small);
  await tab.goto(url);
  await tab.locator(".row .wave > div").first().waitFor();
  await tab.waitForTimeout(500);
  say("phone", {
    language: await tab.evaluate(() => document.documentElement.lang),
    overflow: await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth),
  });
  await tab.screenshot({ path: join(out, "page-phone.png") });
}

/** Check the page without its player: the server draws, the browser plays. */
async function withoutPlayer() {
  const bare = await browser.newContext({ storageState: await context.storageState() });
  await bare.route("**/vendor/**", (route) => route.abort());
  const tab = await tabOf(bare);
  await tab.goto(url);
  const picture = tab.locator(".row img.picture").first();
  await picture.waitFor();
  const drawn = await picture.evaluate((image) => image.decode().then(() => image.naturalWidth > 0));
  const players = () => tab.locator(".row audio[controls]").count();
  await eventually(async () => (await players()) === (await page.locator(".play:enabled").count()));
  say("plain", { drawn, players: (await players()) > 0 });
}
