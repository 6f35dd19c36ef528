// Use the page as in production: page, API and bucket on three origins, and a bearer token.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { browser, context, ends, faults, file, job, out, page, refused, row, say, send, tabOf, url } from "./person.mjs";

const API = new URLSearchParams(new URL(url).hash.slice(1)).get("api");
const seen = { page: new Set(), api: new Set(), bucket: new Set() };
const origin = new URL(url).origin;
const placeOf = (address) => (address.startsWith(origin) ? "page" : address.startsWith(API) ? "api" : "bucket");
page.on("request", (request) => {
  if (!request.url().startsWith("http") || request.method() === "OPTIONS") return;
  const proof = "authorization" in request.headers() ? "with a token" : "without";
  const kind = new URL(request.url()).pathname.split("/")[1];
  seen[placeOf(request.url())].add(`${kind}, ${proof}`);
});

try {
  await page.goto(url);
  await page.locator("#server-card").waitFor();
  say("address", page.url());

  for (const name of ["drums.wav", "bass.flac"]) await send(name);
  for (const name of ["drums", "bass"]) await ends(name, "Done");
  for (const name of ["drums", "bass"]) await row(name).locator(".wave > div").first().waitFor();

  const slider = row("drums").locator(".wave");
  await row("drums").getByRole("button", { name: /^Play/ }).click();
  await page.waitForFunction((box) => Number(box.getAttribute("aria-valuenow")) >= 1, await slider.elementHandle());
  say("played", await slider.getAttribute("aria-valuetext"));
  await row("drums").getByRole("button", { name: /^Pause/ }).click();
  await page.locator("#zoom").fill("500");

  for (const name of ["drums", "bass"]) await row(name).getByRole("checkbox").check();
  await page.getByRole("button", { name: "Mix 2 files" }).click();
  await ends("Mix of 2 files", "Done");
  await row("Mix of 2 files").locator(".wave > div").first().waitFor();

  const [saved] = await Promise.all([page.waitForEvent("download"), row("Mix of 2 files").getByRole("button", { name: "WAV", exact: true }).click()]);
  say("saved", saved.suggestedFilename());
  const [document_] = await Promise.all([page.waitForEvent("download"), row("drums").getByRole("button", { name: "Waveform" }).click()]);
  await document_.saveAs(join(out, "saved.json"));
  await page.reload();
  await ends("drums", "Done");

  say("seen", Object.fromEntries(Object.entries(seen).map(([place, kinds]) => [place, [...kinds].sort()])));
  say("faults", faults);
  say("refused", refused);
  say("parts", await uploaded());
  say("example", await example(await job("drums.wav")));

  say("redirect", await page.evaluate(async ([api, id]) => {
    const { credentials } = await import("/page/src/session.js");
    return fetch(`${api}/tokens/analysis-audio/${id}`, { headers: credentials() }).then(() => "read", () => "refused by the browser");
  }, [API, await job("drums.wav")]));

  const stranger = await tabOf(context);
  await stranger.goto(origin);
  await stranger.locator("#trouble").waitFor();
  say("without a token", await stranger.locator("#trouble span").textContent());
} finally {
  await browser.close();
}

/** Run the documents' example of reading events; return the kinds of events, and the last status word. */
function example(id) {
  const text = readFileSync(new URL("../../../docs/api.md", import.meta.url), "utf8");
  const [, code] = text.match(/```js\n\/\/ example: events\n(.*?)```/s);
  // The code is part of the expression: the page's own policy forbids to make code of text.
  return page.evaluate(`(async () => {
    const { readEvents } = await import("/page/src/events.js");
    const { credentials } = await import("/page/src/session.js");
    const [api, jobId, token] = ["${API}", "${id}", credentials().Authorization.split(" ")[1]];
    const told = [];
    const show = (type, { status }) => told.push(type + " " + status);
    const status = await new Promise((ended) => {${code}});
    return { last: told.at(-1), status };
  })()`);
}

/** Upload a file from the page straight to the bucket, in parts; return what the bucket said of each size. */
function uploaded() {
  return page.evaluate(async (api) => {
    const { credentials } = await import("/page/src/session.js");
    const json = async (path, body) => {
      const headers = { ...credentials(), "Content-Type": "application/json" };
      return (await fetch(api + path, { method: "POST", headers, body: JSON.stringify(body) })).json();
    };
    const size = 1000;
    const { missing } = await json("/tokens/studio/uploads", { filename: "a.wav", size, multipart: true });
    const put = async (bytes) => (await fetch(missing[0].url, { method: "PUT", body: new Uint8Array(bytes) })).status;
    const { form } = await json("/tokens/studio/uploads", { filename: "b.wav", size });
    const body = new FormData();
    for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
    body.append("file", new Blob([new Uint8Array(size)]));
    return { larger: await put(size + 1), whole: await put(size), form: (await fetch(form.url, { method: "POST", body })).status };
  }, API);
}
