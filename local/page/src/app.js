import * as api from "./api.js";
import { Follower } from "./follow.js";
import { switchLanguage, t, translate } from "./i18n.js";
import { drawMachine } from "./machine.js";
import { drawMixer, openMixer, quiet } from "./mixer/board.js";
import { recolour, unmount, zoom } from "./player.js";
import { asksMe, drawSwitches, openPlayground, showWebhooks } from "./playground.js";
import { drawable, makeRow, update } from "./row.js";
import { openSession } from "./session.js";
import * as store from "./store.js";
import { Group } from "./together.js";
import { calm, trouble } from "./trouble.js";
import { sendMore, take, takeDropped } from "./uploads.js";
import { drawVersions, openVersions, quietVersions } from "./versions/panel.js";
import { adjustable, comparable, evenOut, hearBeside } from "./volume.js";

const $ = (id) => document.getElementById(id);
const shown = new Map();
const follower = new Follower(onMoment, onRefused);

function onMoment(moment) {
  const row = store.ofJob(moment.job_id);
  const before = row && store.ended(row);
  if (!row || !store.note(row, moment)) return;
  if (moment.state === "Ask" && asksMe()) row.byHand = true;
  if (store.waits(row)) $("say").textContent = t("saidWaiting", { name: store.nameOf(row) });
  if (store.ended(row) && !before) $("say").textContent = t(moment.status === "failed" ? "saidFailed" : "saidDone", { name: store.nameOf(row) });
  store.changed(row);
}

/** Find the rows whose jobs a restarted engine no longer knows. */
async function onRefused() {
  for (const row of store.rows.filter(store.untold)) await refresh(row);
}

async function refresh(row) {
  const told = await api.result(row.jobId).catch((error) => {
    row.lost = error.status === 404 || error.status === 410; // else the stream tells
  });
  if (told && told.status !== "processing") store.note(row, told);
  store.changed(row);
}

/** Return the rows to be followed, of which the running job that arrived first comes last. */
const waitingFor = () => store.rows.filter(store.untold)
  .sort((a, b) => Boolean(store.ended(b)) - Boolean(store.ended(a)) || (b.arrived ?? b.added) - (a.arrived ?? a.added));

let drawing = false;
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawRows();
    drawBar();
    const row = store.selected();
    drawMachine($("machine"), row);
    $("machine-of").textContent = row ? t("machineOf", { name: store.nameOf(row) }) : t("machineNone");
    follower.follow(waitingFor().map((row) => row.jobId));
  });
}

function drawRows() {
  for (const [key, { element, row }] of shown) {
    if (store.find(key)) continue;
    unmount(row.jobId);
    element.remove();
    shown.delete(key);
  }
  store.rows.forEach((row, index) => {
    if (!shown.has(row.key)) shown.set(row.key, { row, ...makeRow(row) });
    const made = shown.get(row.key);
    if ($("rows").children[index] !== made.element) $("rows").insertBefore(made.element, $("rows").children[index] ?? null);
    update(row, made);
  });
}

const versions = () => store.rows.filter((row) => row.checked && drawable(row));
/** Return the chosen stems: a mix can be compared, and not be mixed again. */
const chosen = () => versions().filter((row) => row.kind !== "mix");
const together = () => new Group(chosen().map((row) => row.jobId));

function drawBar() {
  const count = chosen().length;
  $("bar").hidden = !store.rows.length;
  $("even-label").hidden = !adjustable || !comparable();
  $("drop").classList.toggle("small", store.rows.length > 0);
  $("mix").disabled = $("together").disabled = count === 0;
  $("mix").textContent = count ? t("mixMany", { n: count }) : t("mix");
  drawMixer(chosen());
  drawVersions(versions());
  $("together").textContent = together().playing ? t("pause") : t("together");
}

async function mixChosen() {
  const stems = chosen();
  try {
    const told = await api.mix(stems.map((row) => row.jobId));
    if ($("mixer").hidden) for (const row of stems) row.checked = false; // else the mixer would lose its stems
    store.add({ kind: "mix", jobId: told.job_id, stems: stems.map((row) => row.jobId) });
    calm();
  } catch (error) {
    trouble(t("mix"), error);
  }
}

/** Play the chosen rows as one group, or pause them. */
function playChosen() {
  if (!together().playing) chosen().forEach(hearBeside);
  together().toggle().catch((error) => trouble(t("playing"), error));
}

function zoomAll() {
  const pixels = Math.round(zoom($("zoom").value / $("zoom").max));
  $("zoom").setAttribute("aria-valuetext", pixels ? t("zoomNear", { pixels }) : t("zoomWhole"));
}

function onDrag(event) {
  event.preventDefault();
  document.body.classList.toggle("dragging", event.type === "dragover");
  if (event.type === "drop") takeDropped(event.dataTransfer);
}

function switchTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  setTheme(now === "dark" ? "light" : "dark");
  localStorage.setItem("waveflow.theme", document.documentElement.dataset.theme);
}

/** Open the state machine as at the last visit. */
function keepMachine() {
  $("machine-card").open = Boolean(localStorage.getItem("waveflow.machine"));
  $("machine-card").addEventListener("toggle", ({ target }) => localStorage.setItem("waveflow.machine", target.open ? "1" : ""));
}

/** Remember the switch that asks for tempo, key and loudness. */
function keepSwitch({ target }) {
  localStorage.setItem("waveflow.music", target.checked ? "1" : "");
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  recolour();
}

function wire() {
  for (const kind of ["dragover", "dragleave", "drop"]) addEventListener(kind, onDrag);
  for (const [button, input] of [["pick", "file-input"], ["pick-folder", "folder-input"]]) {
    $(button).addEventListener("click", () => $(input).click());
    $(input).addEventListener("change", (event) => {
      take(event.target.files);
      event.target.value = "";
    });
  }
  $("zoom").addEventListener("input", zoomAll);
  $("together").addEventListener("click", playChosen);
  $("even").addEventListener("change", ({ target }) => evenOut(target.checked));
  $("mix").addEventListener("click", mixChosen);
  $("clear").addEventListener("click", () => [...store.rows].forEach(store.remove));
  $("music").checked = Boolean(localStorage.getItem("waveflow.music"));
  $("music").addEventListener("change", keepSwitch);
  $("theme").addEventListener("click", switchTheme);
  $("language").addEventListener("click", () => {
    switchLanguage();
    drawSwitches();
    zoomAll();
    store.changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
}

openSession();
if (localStorage.getItem("waveflow.theme")) setTheme(localStorage.getItem("waveflow.theme"));
translate();
wire();
keepMachine();
zoomAll();
openMixer();
openVersions(versions);
store.onChange(draw);
store.onChange((row) => row?.playing && (quiet(), quietVersions()));
store.onChange(showWebhooks);
draw();
openPlayground();
store.share(refresh);
store.recall().forEach(refresh);
setInterval(() => {
  if (store.rows.some((row) => !store.ended(row) || store.untold(row))) draw();
  sendMore();
}, 1000);
