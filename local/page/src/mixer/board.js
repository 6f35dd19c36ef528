import * as api from "../api.js";
import { clock, fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { add, changed, nameOf } from "../store.js";
import { calm, trouble } from "../trouble.js";
import { Live, tooLong } from "./live.js";
import { audible, decibels, GAIN, OFFSET_MS, PAN, place, stemsOf, stripOf } from "./strip.js";
import { isMono, mixOf, openTarget } from "./target.js";

const $ = (id) => document.getElementById(id);
const live = new Live(showTransport);
const strips = new Map();
let rows = [];

/** Wire the mixer's fixed buttons and fields. */
export function openMixer() {
  openTarget(() => {
    live.follow(rows, { mono: isMono() });
    drawMixer(rows);
  });
  $("mixer-open").addEventListener("click", () => {
    const open = $("mixer-open").getAttribute("aria-expanded") !== "true";
    $("mixer-open").setAttribute("aria-expanded", String(open));
    if (!open) live.pause();
    drawMixer(rows);
  });
  $("mixer-play").addEventListener("click", play);
  $("mixer-position").addEventListener("input", (event) => live.seek(event.target.valueAsNumber));
  $("mixer-render").addEventListener("click", (click) => click.detail < 2 && render()); // a double click asks once
}

/** Pause live play, because another player starts. */
export const quiet = () => live.playing && live.pause();

/** Draw a strip for each chosen stem. */
export function drawMixer(chosen) {
  rows = chosen;
  $("mixer-open").disabled = !rows.length;
  $("mixer").hidden = !rows.length || $("mixer-open").getAttribute("aria-expanded") !== "true";
  live.follow(rows, { mono: isMono() });
  if ($("mixer").hidden) return;
  fill($("mixer-strips"), [document.documentElement.lang, ...rows.map((row) => row.key)].join(), () => rows.map(makeStrip));
  for (const row of rows) showStrip(row);
  const long = tooLong(rows);
  $("mixer-note").textContent = long ? t("mixerLong", long) : "";
  $("mixer-play").disabled = $("mixer-position").disabled = Boolean(long);
  $("mixer-silent").textContent = audible(rows).length ? "" : t("mixerSilent");
  $("mixer-render").disabled = !audible(rows).length;
  showTransport();
}

function showTransport() {
  const length = live.length(rows);
  $("mixer-play").textContent = t(live.loading ? "mixerLoading" : live.playing ? "pause" : "mixerPlay");
  $("mixer-position").max = length;
  $("mixer-position").value = live.position;
  const time = `${clock(live.position)} / ${clock(length)}`;
  $("mixer-position").setAttribute("aria-valuetext", time);
  $("mixer-time").textContent = time;
}

function play() {
  if (live.playing || live.loading) return live.pause();
  live.play(rows, { mono: isMono() }).then(calm, (error) => trouble(t("playing"), error));
}

/** Send a mix request with the faders as set; the faders keep their places. */
async function render() {
  const stems = rows.map((row) => row.jobId);
  const mix = mixOf();
  try {
    const { job_id: jobId } = await api.mix(stems, { mix, stems: stemsOf(rows, { mono: isMono() }) });
    add({ kind: "mix", jobId, stems, asked: mix });
    calm();
  } catch (error) {
    trouble(t("render"), error);
  }
}

function set(row, change) {
  row.strip = { ...stripOf(row), ...change };
  showStrip(row); // at once: a screen reader reads the new value now
  live.follow(rows, { mono: isMono(), moved: "offset" in change });
  changed(row);
}

function makeStrip(row) {
  const name = nameOf(row);
  const parts = {
    gain: slider(GAIN, "faderOf", name, (gain) => set(row, { gain })),
    pan: slider(PAN, "panOf", name, (pan) => set(row, { pan })),
    gainText: value(), panText: value(), unheard: h("span", { class: "unheard" }),
    none: h("button", { type: "button", class: "link", "aria-label": t("panOffOf", { name }), onclick: () => set(row, { pan: null }) }, t("panOff")),
    offset: h("input", {
      type: "number", min: -OFFSET_MS, max: OFFSET_MS, step: "any", "aria-label": t("offsetOf", { name }),
      oninput: ({ target }) => target.validity.valid && set(row, { offset: target.valueAsNumber || 0 }),
      onblur: () => showStrip(row),
    }),
  };
  const switches = ["mute", "solo", "invert"].map((word) => (parts[word] = h("button", {
    type: "button", class: "switch", "aria-label": t(`${word}Of`, { name }), title: t(`${word}Of`, { name }),
    onclick: () => set(row, { [word]: !stripOf(row)[word] }),
  }, t(word))));
  reset(parts.gain, () => set(row, { gain: 0 }));
  reset(parts.pan, () => set(row, { pan: null }));
  parts.pan.addEventListener("click", () => stripOf(row).pan === null && set(row, { pan: parts.pan.valueAsNumber }));
  strips.set(row.key, parts);
  return h("li", { class: "strip", "data-key": row.key },
    h("div", { class: "strip-name" }, h("strong", { title: name }, name), parts.unheard),
    h("label", { class: "strip-offset" }, h("span", {}, t("offset")), parts.offset),
    h("div", { class: "strip-switches" }, ...switches),
    h("div", { class: "strip-controls" },
      h("label", {}, h("span", {}, t("fader")), parts.gain, parts.gainText),
      h("div", { class: "strip-pan" }, h("label", {}, h("span", {}, t("pan")), parts.pan, parts.panText), parts.none)));
}

const slider = (range, word, name, onMove) =>
  h("input", { type: "range", ...range, "aria-label": t(word, { name }), title: t("resetHint"), oninput: ({ target }) => onMove(target.valueAsNumber) });

/** Make the text of a value beside a slider; screen readers hear the value from the slider. */
const value = () => h("span", { class: "value", "aria-hidden": "true" });

/** Set a slider back by a double click, or by the key 0. */
function reset(input, back) {
  input.addEventListener("dblclick", back);
  input.addEventListener("keydown", ({ key }) => key === "0" && back());
}

function showStrip(row) {
  const strip = stripOf(row);
  const parts = strips.get(row.key);
  const mono = isMono();
  parts.gain.value = strip.gain;
  parts.pan.value = strip.pan ?? 0;
  parts.gainText.textContent = decibels(strip.gain);
  parts.panText.textContent = mono ? t("panMono") : place(strip.pan);
  parts.gain.setAttribute("aria-valuetext", parts.gainText.textContent);
  parts.pan.setAttribute("aria-valuetext", parts.panText.textContent);
  parts.pan.disabled = mono;
  parts.pan.closest(".strip-pan").classList.toggle("idle", mono || strip.pan === null); // keeps its room, so that the slider does not jump
  if (document.activeElement !== parts.offset) parts.offset.value = strip.offset;
  for (const word of ["mute", "solo", "invert"]) parts[word].setAttribute("aria-pressed", String(strip[word]));
  const silenced = !strip.mute && !audible(rows).includes(row);
  parts.unheard.textContent = silenced ? t("unheardSolo") : "";
}
