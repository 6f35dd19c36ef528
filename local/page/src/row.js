import * as api from "./api.js";
import { bytes, clock, fill, h, save, seconds } from "./dom.js";
import { t } from "./i18n.js";
import { music } from "./music.js";
import { notes } from "./notes.js";
import { mount, pauseOthers, players } from "./player.js";
import { asksMe } from "./playground.js";
import { delivering, redeliver, undo } from "./redeliver.js";
import { renew } from "./sound.js";
import { changed, ended, nameOf, now, remove, rows, view, waits } from "./store.js";
import { Group, play } from "./together.js";
import { makeTransport } from "./transport.js";
import { hearAlone, hearMix } from "./volume.js";

const KINDS = { SUCCESS: "good", DUPLICATE: "twin", HELD: "held", FAILURE: "bad" };
const SEEK_S = 5;

/** Make a row's element; `update` fills it. */
export function makeRow(row) {
  const part = (name, tag = "div") => h(tag, { class: name });
  const parts = {
    head: part("head"), meter: part("meter"), wave: part("wave"), times: part("times"),
    verdict: part("verdict"), about: part("about"), foot: part("foot"),
  };
  const element = h("li", { class: "row", "data-key": row.key, onclick: () => choose(row) }, ...Object.values(parts));
  parts.music = parts.about.appendChild(part("music", "ul"));
  parts.notes = parts.about.appendChild(part("notes", "ul"));
  parts.facts = parts.foot.appendChild(part("facts"));
  parts.actions = parts.foot.appendChild(part("actions"));
  parts.meter.append(h("span"));
  return { element, parts };
}

/** Bring a row's element up to date. */
export function update(row, { element, parts }) {
  element.classList.toggle("selected", view.selected === row.key);
  element.classList.toggle("waits", waits(row));
  const state = stateOf(row);
  fill(parts.head, [nameOf(row), state.text, row.checked, row.playing, drawable(row), document.documentElement.lang].join(), () => head(row, state));
  const share = now(row) ? now(row).progress : row.sent * 35;
  parts.meter.firstChild.style.width = `${share}%`;
  parts.meter.dataset.kind = state.kind;
  parts.meter.hidden = Boolean(ended(row));
  fill(parts.facts, [facts(row), ...way(row), document.documentElement.lang].join(), () => told(row));
  fill(parts.music, JSON.stringify(music(row)), () => music(row).map(([value, unit]) => h("li", {}, h("b", {}, value), unit && ` ${unit}`)));
  fill(parts.notes, JSON.stringify([notes(row)]), () => notes(row).map(item));
  fill(parts.verdict, `${asked(row)} ${asked(row) && others(row).map((r) => r.key)} ${document.documentElement.lang}`, () => verdict(row));
  fill(parts.actions, [ended(row), now(row)?.outcome, row.undone, row.drawn, row.mode, [...busy(row)], document.documentElement.lang].join(), () => actions(row));
  if (drawable(row)) draw(row, { box: parts.wave, below: parts.times });
}

/** Make a note; the technical detail of a failure opens by a click. */
const item = (note) => h("li", {}, note.detail ? h("details", {}, h("summary", {}, note.text), note.detail) : (note.text ?? note));

/** Tell whether the person at the page can give a row's verdict, or the verdict of a redelivery. */
const asked = (row) => waits(row) || (asksMe() && delivering(row)?.states.at(-1) === "Ask");

/** Tell whether a row has a waveform: its job's own, or that of a later delivery. */
export const drawable = (row) => ended(row) && (now(row)?.outcome === "SUCCESS" || row.drawn) && !row.lost;

function choose(row) {
  if (view.selected === row.key) return;
  view.selected = row.key;
  changed(row);
}

function stateOf(row) {
  const moment = now(row);
  if (row.tooLarge) return { text: t("tooLarge"), kind: "bad" };
  if (row.lost || row.failedUpload) return { text: t("FAILURE"), kind: "bad" };
  if (!moment) return { text: row.sent ? t("uploading") : t("queued"), kind: "busy" };
  if (waits(row)) return { text: t("waiting"), kind: "held" };
  if (!ended(row)) return { text: t(moment.state || "queued"), kind: "busy" };
  if (row.undone) return { text: t("restored"), kind: "good" };
  const outcome = moment.status === "failed" ? "FAILURE" : moment.outcome;
  return { text: t(outcome), kind: KINDS[outcome] };
}

function head(row, state) {
  const can = drawable(row);
  return [
    h("button", {
      type: "button", class: "play", disabled: !can,
      "aria-label": t(row.playing ? "pauseOne" : "play", { name: nameOf(row) }),
      "aria-pressed": String(Boolean(row.playing)),
      onclick: () => toggle(row),
    }, icon(row.playing)),
    h("strong", { class: "name", title: nameOf(row) }, nameOf(row)),
    h("span", { class: `pill ${state.kind}` }, state.text),
    h("input", {
      type: "checkbox", class: "check", disabled: !can, checked: row.checked,
      "aria-label": t(row.kind === "mix" ? "selectMix" : "select", { name: nameOf(row) }),
      onchange: (event) => { row.checked = event.target.checked; changed(row); },
    }),
    h("button", { type: "button", class: "close", "aria-label": t("remove", { name: nameOf(row) }), onclick: (event) => {
      event.stopPropagation(); remove(row);
    } }, "×"),
  ];
}

function icon(playing) {
  const box = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  box.setAttribute("viewBox", "0 0 16 16");
  box.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(box.namespaceURI, "path");
  path.setAttribute("d", playing ? "M4 3h3v10H4zM9 3h3v10H9z" : "M5 3l8 5-8 5z");
  box.append(path);
  return box;
}

function facts(row) {
  const { result = null } = now(row) ?? {};
  const parts = [];
  if (row.size) parts.push(bytes(row.size));
  if (result?.duration !== undefined) {
    parts.push(clock(result.duration), `${result.sample_rate / 1000} kHz`);
    if (result.channels) parts.push(`${result.channels} ch`);
    if (result.format) parts.push(result.format);
  }
  return parts.join(" · ");
}

/** Return each state that a row's job went through, with the time that the job was in the state. */
function way(row) {
  const moments = row.moments.filter((m) => m.at);
  const steps = moments.slice(0, -1).map((moment, index) => moment.state && `${moment.state} ${seconds(between(moment, moments[index + 1]))}`);
  return steps.filter(Boolean);
}

const between = (one, other) => (new Date(other.at) - new Date(one.at)) / 1000;

/** Return a row's facts; the times in the states open by a click on the whole time. */
function told(row) {
  const [moments, steps] = [row.moments.filter((m) => m.at), way(row)];
  if (!steps.length) return [h("span", {}, facts(row))];
  const summary = h("summary", {}, t("tookTime", { time: seconds(between(moments[0], moments.at(-1))) }));
  return [h("span", {}, facts(row)), h("details", {}, summary, steps.join(" · "))];
}

function verdict(row) {
  if (!asked(row)) return [];
  const choices = others(row);
  const give = (word, of) => api.answer(row.jobId, word, of).catch((error) => note(row, "Verdict", error));
  const list = h("select", { "aria-label": t("asDuplicate") }, ...choices.map((r) => h("option", { value: r.jobId }, r.name)));
  return [
    h("span", { class: "question" }, t("ask")),
    h("button", { type: "button", class: "primary", onclick: () => give("new") }, t("asNew")),
    h("span", { class: "pair" },
      h("button", { type: "button", disabled: !choices.length, onclick: () => give("duplicate", list.value) }, t("asDuplicate")), list),
    h("button", { type: "button", onclick: () => give("hold") }, t("asHold")),
  ];
}

const others = (row) => rows.filter((r) => r !== row && r.jobId && r.kind !== "mix" && now(r)?.outcome === "SUCCESS");

function actions(row) {
  if (!ended(row) || !row.jobId || row.lost) return [];
  const made = [];
  if (row.kind === "mix" && !row.asked && drawable(row)) made.push(...compare(row));
  if (drawable(row)) {
    made.push(act(row, fileWord(row), async () => save(await api.link(api.audioPath(row.jobId, true)))));
    made.push(act(row, "doc", async () => save(await api.waveformUrl(row), `${nameOf(row)}.json`)));
  }
  if (now(row).outcome === "DUPLICATE" && !row.undone) made.push(act(row, "undo", () => undo(row)));
  made.push(act(row, "redeliver", () => redeliver(row)));
  return made;
}

const fileWord = ({ kind, asked }) => (kind !== "mix" ? "audio" : asked?.format.startsWith("flac") ? "flac" : "wav");

const busy = (row) => (row.busy ??= new Set());

function act(row, word, call) {
  return h("button", { type: "button", class: "link", "data-act": word, disabled: busy(row).has(word), onclick: async () => {
    busy(row).add(word);
    changed(row);
    await call().catch((error) => note(row, word, error));
    busy(row).delete(word);
    changed(row);
  } }, t(word));
}

function compare(row) {
  const choice = (mode) => h("button", {
    type: "button", "aria-pressed": String((row.mode ?? "theMix") === mode),
    onclick: () => { row.mode = mode; hearMix(row); changed(row); },
  }, t(mode));
  return [h("span", { class: "segments", role: "group", "aria-label": t("listen") }, choice("theMix"), choice("theStems"))];
}

const toggle = (row) => listen(row).catch((error) => note(row, "playing", error));

async function listen(row) {
  if (row.kind === "mix" && !row.asked && row.stems?.some((id) => players.get(id))) {
    hearMix(row);
    return new Group([row.jobId, ...row.stems]).toggle();
  }
  const player = players.get(row.jobId);
  if (!player) return;
  hearAlone(row);
  if (!player.media.paused) return player.media.pause();
  player.media.loop = Boolean(row.repeats);
  pauseOthers([row.jobId]);
  await renew(player.media);
  await play(player.media);
}

async function draw(row, { box, below }) {
  if (players.has(row.jobId) || row.undrawable) return;
  const heard = {
    result: now(row)?.result,
    onState: (playing) => { row.playing = playing; changed(row); },
    onError: (word) => { row.unplayable = word; changed(row); },
    onZoomError: (error) => {
      if (!row.notes.some(({ what }) => what === "zoom")) note(row, "zoom", error);
    },
  };
  const player = await mount(box, row, heard).catch((error) => {
    row.undrawable = true; // asked for once, not at every change of the list
    note(row, "draw", error);
  });
  if (!player?.surfer) return;
  control(row, box, player);
  makeTransport(row, { box, below }, player);
}

/** Make the waveform a slider for the keyboard and for screen readers. */
function control(row, box, { media, duration, visible }) {
  const set = (name, value) => box.setAttribute(name, value);
  const tell = () => {
    set("aria-valuenow", Math.round(media.currentTime));
    set("aria-valuetext", `${clock(media.currentTime)} / ${clock(duration)}`);
  };
  set("role", "slider");
  set("tabindex", "0");
  set("aria-label", t("position", { name: nameOf(row) }));
  set("aria-valuemin", 0);
  set("aria-valuemax", Math.round(duration));
  tell();
  media.addEventListener("timeupdate", tell);
  box.addEventListener("keydown", (event) => {
    const step = Math.min(SEEK_S, visible());
    const way = { ArrowLeft: -step, ArrowRight: step }[event.key];
    if (way) media.currentTime = Math.max(0, Math.min(duration, media.currentTime + way));
    else if (event.key === "Home") media.currentTime = 0;
    else if (/^[0-9]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) media.currentTime = (duration * Number(event.key)) / 10;
    else if (event.key === " " || event.key === "Enter") toggle(row);
    else return;
    event.preventDefault();
  });
}

function note(row, what, error) {
  row.notes.push({ kind: "error", what, error });
  changed(row);
}
