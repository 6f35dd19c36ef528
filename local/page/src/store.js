import { t } from "./i18n.js";

// The rows of the list; everything on the page follows from them.
const KEY = "waveflow.rows";
const KEPT = ["key", "jobId", "name", "kind", "stems", "size", "undone", "byHand"];

export const rows = [];
const PATIENCE_MS = 8000;
const listeners = new Set();
export const view = { selected: null };

/** Be told of every change of a row. */
export const onChange = (listener) => listeners.add(listener);

/** Say that a row has changed, or the list. */
export function changed(row = null) {
  localStorage.setItem(KEY, JSON.stringify(rows.filter((r) => r.jobId).map((r) => pick(r))));
  for (const listener of listeners) listener(row);
}

/** Put a new row first. */
export function add(fields) {
  const row = { key: crypto.randomUUID(), moments: [], notes: [], checked: false, sent: 0, ...fields };
  rows.unshift(row);
  view.selected = row.key;
  changed(row);
  return row;
}

/** Take a row off the list; its job stays. */
export function remove(row) {
  rows.splice(rows.indexOf(row), 1);
  if (view.selected === row.key) view.selected = rows[0]?.key ?? null;
  changed();
}

export const find = (key) => rows.find((row) => row.key === key);
export const ofJob = (jobId) => rows.find((row) => row.jobId === jobId);
export const selected = () => find(view.selected);

/** Return the rows of an earlier visit. */
export function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}

/** Return what a row is called, in the current language. */
export const nameOf = (row) => (row.kind === "mix" ? t("mixName", { n: row.stems.length }) : row.name);

/** Return the newest moment of a row. */
export const now = (row) => row.moments.at(-1);

/** Tell whether a row's job has ended. */
export const ended = (row) => row.lost || row.failedUpload || (now(row) && now(row).status !== "processing");

/** Tell whether a row waits for a verdict by hand: it was asked for, or nobody else gives it. */
export const waits = (row) =>
  now(row)?.state === "Ask" && !ended(row) && (row.byHand || Date.now() - new Date(now(row).at) > PATIENCE_MS);

/** Add a moment once. */
export function note(row, moment) {
  const known = row.moments.some((m) => m.at === moment.at && m.state === moment.state && m.status === moment.status);
  if (!known) row.moments.push(moment);
  return !known;
}

function pick(row) {
  return Object.fromEntries(KEPT.map((name) => [name, row[name]]));
}
