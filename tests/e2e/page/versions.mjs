// Compare two versions as a person would, and print what the page shows, plays and sends to the mixer.
import { browser, ends, eventually, faults, file, page, row, say, url } from "./person.mjs";

const button = (name) => page.getByRole("button", { name, exact: true });
const times = () => page.evaluate(async () => {
  const { heardNow } = await import("/page/src/versions/panel.js");
  return heardNow();
});

async function choose(...names) {
  for (const box of await page.locator(".row").getByRole("checkbox").all()) await box.uncheck();
  for (const name of names) await row(name).getByRole("checkbox").check();
}

try {
  await page.goto(url);
  for (const name of ["one.wav", "two.wav", "late.wav"]) {
    await page.setInputFiles("#file-input", file(name));
    await ends(name, "Done");
  }
  await choose("one.wav");
  const alone = await button("Compare").isDisabled();
  await choose("one.wav", "two.wav");
  say("offered", { alone, two: await button("Compare").isEnabled() });

  await button("Compare").click();
  await page.locator("#versions").waitFor();
  const regions = page.locator("#versions .region");
  say("shown", {
    facts: await page.locator("#versions-facts").textContent(),
    names: await page.locator("#versions-lines strong").allTextContents(),
    labels: await regions.evaluateAll((all) => all.map((each) => each.getAttribute("aria-label"))),
    styles: await regions.evaluateAll((all) => all.map((each) => [parseFloat(each.style.left), parseFloat(each.style.width)])),
    drawn: await page.locator("#versions canvas").evaluateAll((all) => all.map((each) => each.getContext("2d").getImageData(0, 0, each.width, each.height).data.some((value) => value > 0))),
    align: await button("Align in the mixer").isHidden(),
  });

  await regions.first().click();
  await eventually(async () => (await times()).after.at > 1.6);
  const newer = await times();
  await page.locator("#versions-heard").click();
  const older = await times();
  await button("Play, or pause").click();
  say("played", { newer, older, paused: (await times()).after.paused });

  await choose("one.wav", "late.wav");
  await button("Compare").click();
  await button("Align in the mixer").waitFor();
  const facts = await page.locator("#versions-facts").textContent();
  await button("Align in the mixer").click();
  const start = (name) => page.locator(".strip", { hasText: name }).getByLabel(/^Start of/).inputValue();
  await page.locator(".strip").nth(1).waitFor();
  say("aligned", { facts, one: await start("one.wav"), late: await start("late.wav") });

  await choose("one.wav", "two.wav");
  await button("Mix 2 files").click();
  await ends(/Mix of 2 files/, "Done");
  await choose("one.wav", "late.wav");
  await button("Mix 2 files").click();
  await row(/Mix of 2 files/, 1).waitFor();
  await ends(/Mix of 2 files/, "Done", 0);
  await choose();
  for (const n of [0, 1]) await row(/Mix of 2 files/, n).getByRole("checkbox").check();
  await button("Compare").click();
  await page.locator("#versions-stems li").nth(2).waitFor();
  say("stems", await page.locator("#versions-stems li").evaluateAll((all) => all.map((each) => [each.querySelector("span").textContent, each.dataset.status])));
  say("faults", faults);
} finally {
  await browser.close();
}
