import { t } from "../i18n.js";

// Settings of one stem in the mixer; the list keeps them with the stem's row.
const FLAT = { gain: 0, pan: null, mute: false, solo: false, invert: false, offset: 0 };
export const GAIN = { min: -60, max: 12, step: 0.5 };
export const PAN = { min: -1, max: 1, step: 0.05 };
export const OFFSET_MS = 600_000;

/** Return a stem's settings, flat where nobody has touched them. */
export const stripOf = (row) => ({ ...FLAT, ...row.strip });

/** Return the stems that are heard: those on solo, else all, and never a muted one. */
export function audible(rows) {
  const solo = rows.some((row) => stripOf(row).solo);
  return rows.filter((row) => !stripOf(row).mute && (!solo || stripOf(row).solo));
}

/** Return `stems` of a mix request: what differs from a flat strip; solo is the others' mute. */
export function stemsOf(rows, { mono }) {
  const heard = audible(rows);
  return rows.map((row) => stem(row, { mono, mute: !heard.includes(row) })).filter((each) => Object.keys(each).length > 1);
}

function stem(row, { mono, mute }) {
  const { gain, pan, invert, offset } = stripOf(row);
  const made = { job_id: row.jobId };
  if (gain) made.gain_db = gain;
  if (pan !== null && !mono) made.pan = pan;
  if (mute) made.mute = true;
  if (invert) made.invert = true;
  if (offset) made.offset_ms = offset;
  return made;
}

/** Return −3 as "−3.0", with a real minus. */
export const signed = (value, digits = 1) => value.toFixed(digits).replace("-", "−");

/** Return a level as musicians write it: "+3.0 dB". */
export const decibels = (value) => `${value > 0 ? "+" : ""}${signed(value)} dB`;

/** Return a place between left and right in words; null is no pan at all. */
export function place(pan) {
  if (pan === null) return t("panNone");
  const n = Math.round(Math.abs(pan) * 100);
  return n ? t(pan < 0 ? "panLeft" : "panRight", { n }) : t("panCentre");
}
