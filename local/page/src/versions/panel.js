import * as api from "../api.js";
import { clock, h } from "../dom.js";
import { t } from "../i18n.js";
import { Picture } from "../picture.js";
import { pauseOthers } from "../player.js";
import { decibels, stripOf } from "../mixer/strip.js";
import { renew, sound } from "../sound.js";
import { changed, nameOf, now, rows } from "../store.js";
import { calm, trouble } from "../trouble.js";
import { pairsOf } from "./pairs.js";
import { beforeOf, placeOf, shiftOf, spanOf, startsOf, volumesOf } from "./timeline.js";

const $ = (id) => document.getElementById(id);
const LOOK_MS = 300;
const WIDTH = 1200, HEIGHT = 96; // of a drawing, in its own pixels
const LEAD_S = 0.5; // heard before a region begins
const ALIGNED_MS = 1;
const UNHEARD = 1e-4; // what is muted runs on a clock of its own
let shown = null; // what the panel shows, to be drawn again in another language

/** Wire the button that compares two chosen rows. */
export function openVersions(chosen) {
  $("compare").addEventListener("click", () => compare(chosen()).then(calm, (error) => trouble(t("compare"), error)));
}

/** Offer a comparison where two rows are chosen, and keep the panel's words in the page's language. */
export function drawVersions(chosen) {
  $("compare").disabled = chosen.length !== 2;
  if (shown && shown.language !== document.documentElement.lang) draw();
}

/** Pause both versions, because another player starts. */
export const quietVersions = () => shown?.media && Object.values(shown.media).forEach((media) => media.pause());

async function compare(two) {
  const [before, after] = two.toSorted((a, b) => a.added - b.added);
  const pairs = pairsOf(before, after, rows);
  $("compare").disabled = true;
  try {
    const { job_id: jobId } = await api.compare(pairs.map((pair) => ({ before: pair.before?.jobId ?? null, after: pair.after?.jobId ?? null })));
    const document_ = await finished(jobId);
    quietVersions();
    shown = { pairs, reports: document_.pairs, heard: "after", pictures: await Promise.all([before, after].map(api.waveform)) };
    shown.media = Object.fromEntries(await Promise.all([["before", before], ["after", after]].map(async ([side, row]) =>
      [side, await sound(row, now(row)?.result?.previews, () => trouble(t("playing"), new api.Failure({ code: "UNDECODABLE" })))])));
    draw();
  } finally {
    $("compare").disabled = false;
  }
}

/** Return the document of a comparison once its job has ended. */
async function finished(jobId) {
  for (;;) {
    const told = await api.result(jobId);
    if (told.status === "completed") return api.comparison(jobId);
    if (told.status === "failed") throw new api.Failure({ ...told.error, detail: told.error.message });
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
}

function draw() {
  const { pairs, reports, pictures } = shown;
  const [report] = reports;
  shown.language = document.documentElement.lang;
  $("versions").hidden = false;
  $("versions-lines").replaceChildren(...["before", "after"].map((side, n) => line(side, { row: pairs[0][side], picture: pictures[n], report })));
  $("versions-facts").textContent = facts(report);
  $("versions-stems").replaceChildren(...pairs.slice(1).map((pair, n) =>
    h("li", { "data-status": reports[n + 1].status }, h("span", {}, nameOf(pair.after ?? pair.before)), h("em", {}, t(`pair_${reports[n + 1].status}`)))));
  $("versions-align").hidden = Math.abs(report.offset_ms ?? 0) <= ALIGNED_MS;
  $("versions-align").onclick = align;
  $("versions-play").onclick = toggle;
  $("versions-heard").onclick = swap;
  hear();
}

/** Make the line of one version: its drawing, and a button for each region that differs. */
function line(side, { row, picture, report }) {
  const span = spanOf(report);
  const canvas = h("canvas", { width: WIDTH, height: HEIGHT, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--wave").trim();
  const moved = side === "before" ? shiftOf(report) : 0;
  new Picture(picture, [], {}).draw(context, { start: span.start - moved, end: span.end - moved });
  return h("li", {}, h("strong", {}, nameOf(row)), h("div", { class: "version" }, canvas, ...(report.regions ?? []).map((region) => regionOf(region, span))));
}

function regionOf(region, span) {
  const { left, width } = placeOf(region, span);
  const label = t("differs", { start: clock(region.start, 1), end: clock(region.end, 1), level: decibels(region.delta_db) });
  return h("button", { type: "button", class: "region", style: `left: ${left}%; width: ${width}%`, title: label, "aria-label": label, onclick: () => play(region.start - LEAD_S) });
}

function facts(report) {
  const said = [t(`pair_${report.status}`)];
  if (Math.abs(report.offset_ms ?? 0) > ALIGNED_MS) said.push(t(report.offset_ms > 0 ? "isLater" : "isEarlier", { ms: Math.abs(report.offset_ms).toFixed(1) }));
  if (report.gain_db) said.push(t("isLouder", { level: decibels(report.gain_db) }));
  if (report.inverted) said.push(t("isInverted"));
  if (report.regions?.length) said.push(t("regions", { n: report.regions.length + report.regions_left_out }));
  return said.join(" · ");
}

/** Play both versions from a time of the newer one; one of them is heard. */
async function play(at) {
  const { media, reports } = shown;
  pauseOthers([]);
  quietVersions();
  await Promise.all(Object.values(media).map(renew));
  media.after.currentTime = Math.max(0, at);
  media.before.currentTime = beforeOf(reports[0], Math.max(0, at));
  await Promise.all(Object.values(media).map((each) => each.play())).catch((error) => error.name === "AbortError" || trouble(t("playing"), error));
}

const toggle = () => (shown.media.after.paused ? play(shown.media.after.currentTime) : quietVersions());

function swap() {
  shown.heard = shown.heard === "after" ? "before" : "after";
  hear();
}

/** Let one version be heard, as loud as the other one would be. */
function hear() {
  const { media, reports, heard, pairs } = shown;
  const volumes = volumesOf(reports[0]);
  for (const side of ["before", "after"]) media[side].volume = side === heard ? volumes[side] : UNHEARD;
  $("versions-heard").textContent = t("hears", { name: t(`side_${heard}`) });
  $("versions-heard").title = nameOf(pairs[0][heard]);
}

/** Return where both versions play, and how loud: for whoever looks from outside. */
export const heardNow = () => Object.fromEntries(Object.entries(shown.media).map(([side, { currentTime: at, volume, paused }]) => [side, { at, volume, paused }]));

/** Send the offset into the mixer, and open the mixer with both versions. */
function align() {
  const starts = startsOf(shown.reports[0]);
  for (const side of ["before", "after"]) {
    const row = shown.pairs[0][side];
    Object.assign(row, { checked: true, strip: { ...stripOf(row), offset: starts[side] } });
    changed(row);
  }
  if ($("mixer-open").getAttribute("aria-expanded") !== "true") $("mixer-open").click();
}
