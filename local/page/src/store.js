import { t } from "./i18n.js";

// The rows of the list, from which the page is drawn.
// Each row is a localStorage entry, so that two tabs do not overwrite each other's rows.
const PREFIX = "waveflow.row.";
const KEPT = ["key", "added", "jobId", "name", "kind", "stems", "size", "undone", "drawn", "byHand", "strip", "asked", "volume"];

export const rows = [];
const PATIENCE_MS = 8000;
const listeners = new Set();
export const view = { selected: null };

/** Call a listener at every change of a row. */
export const onChange = (listener) => listeners.add(listener);

/** Tell the listeners that a row, or the list, has changed. */
export function changed(row = null) {
  if (row?.jobId && rows.includes(row)) keep(row);
  for (const listener of listeners) listener(row);
}

/** Put a new row first. */
export function add(fields) {
  const added = Math.max(Date.now(), (rows[0]?.added ?? 0) + 1);
  const row = place({ key: crypto.randomUUID(), added, ...fields });
  view.selected = row.key;
  changed(row);
  return row;
}

/** Take a row off the list, here and in every tab; its job stays. */
export function remove(row) {
  localStorage.removeItem(PREFIX + row.key);
  drop(row);
}

/** Put the rows of earlier visits back; return them. */
export function recall() {
  const keys = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
  const back = keys.map((name) => read(localStorage.getItem(name))).filter(Boolean).map(place);
  view.selected ??= rows[0]?.key ?? null;
  changed();
  return back;
}

/** Follow what other tabs do to the list; `onNew` gets each row that they add. */
export function share(onNew) {
  addEventListener("storage", ({ key, newValue }) => {
    if (key === null) return [...rows].forEach(drop); // the whole storage was cleared
    if (!key.startsWith(PREFIX)) return;
    const row = find(key.slice(PREFIX.length));
    const fields = read(newValue);
    if (row && fields) changed(Object.assign(row, fields));
    else if (row) drop(row);
    else if (fields) onNew(place(fields));
  });
}

function place(fields) {
  const row = { moments: [], notes: [], checked: false, sent: 0, ...fields };
  const older = rows.findIndex((each) => each.added < row.added);
  rows.splice(older < 0 ? rows.length : older, 0, row);
  return row;
}

function drop(row) {
  rows.splice(rows.indexOf(row), 1);
  if (view.selected === row.key) view.selected = rows[0]?.key ?? null;
  changed();
}

function keep(row) {
  const text = JSON.stringify(Object.fromEntries(KEPT.map((name) => [name, row[name]])));
  if (localStorage.getItem(PREFIX + row.key) !== text) localStorage.setItem(PREFIX + row.key, text);
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not of this page
  }
}

export const find = (key) => rows.find((row) => row.key === key);
export const ofJob = (jobId) => rows.find((row) => row.jobId === jobId);
export const selected = () => find(view.selected);

/** Return what a row is called, in the current language. */
export const nameOf = (row) => (row.kind === "mix" ? mixName(row) : row.name);

/** Return the name of a mix; a rendered mix has its time too, because every render stays. */
function mixName({ asked, added, stems }) {
  const at = new Date(added).toLocaleTimeString("en-GB");
  return asked ? t("renderName", { n: stems.length, at }) : t("mixName", { n: stems.length });
}

/** Return the newest moment of a row. */
export const now = (row) => row.moments.at(-1);

/** Tell whether a row's job has ended. */
export const ended = (row) => row.lost || row.tooLarge || row.failedUpload || (now(row) && now(row).status !== "processing");

/** Tell whether a row waits for a verdict by hand: by choice, or after 8 s without an answer. */
export const waits = (row) =>
  now(row)?.state === "Ask" && !ended(row) && (row.byHand || Date.now() - new Date(now(row).at) > PATIENCE_MS);

/** Tell whether a row's way through the machine is still to be told: a result alone has no times. */
export const untold = (row) => Boolean(row.jobId) && (!ended(row) || (!row.lost && !now(row).at));

/** Add a moment once; the end stays last, and a bare result gets the end's state and time. */
export function note(row, moment) {
  const known = row.moments.some((m) => m.at === moment.at && m.state === moment.state && m.status === moment.status);
  if (known) return false;
  const end = row.moments.findIndex(({ status }) => status !== "processing");
  if (end < 0) row.moments.push(moment);
  else if (moment.status === "processing") row.moments.splice(end, 0, moment);
  else row.moments[end] = oneEnd(row.moments[end], moment);
  return true;
}

/** Return one end of two that were told: the newer, or a bare result with the state and time of the other. */
function oneEnd(before, after) {
  if (before.at && after.at) return after;
  return after.at ? { ...after, ...before } : { ...before, ...after };
}
