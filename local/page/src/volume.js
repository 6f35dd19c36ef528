import { players } from "./player.js";
import { changed } from "./store.js";

const UNHEARD = 1e-4; // -80 dB: what is muted runs on a clock of its own

/** Tell whether this browser lets a page set the volume; a phone has but its own buttons. */
export const adjustable = Object.assign(new Audio(), { volume: 0.5 }).volume === 0.5;

/** Return a row's volume, of 0 to 1. */
export const volumeOf = (row) => row.volume ?? 1;

/** Turn a row to a volume, now and at later visits. */
export function turn(row, volume) {
  row.volume = volume;
  changed(row);
  if (row.mode === "theStems") hearMix(row);
  else hear(row);
}

/** Let a row be heard at its volume. */
export const hear = (row) => set(row.jobId, volumeOf(row));

/** Let a mix be heard, or its stems, each stem at an equal share of the mix's volume. */
export function hearMix(row) {
  const stems = row.mode === "theStems";
  set(row.jobId, stems ? 0 : volumeOf(row));
  for (const id of row.stems) set(id, stems ? volumeOf(row) / row.stems.length : 0);
}

function set(id, volume) {
  const media = players.get(id)?.media;
  if (!media) return;
  media.volume = Math.max(volume, UNHEARD);
  media.muted = volume <= UNHEARD && media.volume !== UNHEARD; // where the volume cannot be set
}
