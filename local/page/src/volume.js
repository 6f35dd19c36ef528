import { players } from "./player.js";
import { changed, now, rows } from "./store.js";

const UNHEARD = 1e-4; // -80 dB: what is muted runs on a clock of its own
const QUIETEST = -36; // LUFS; a file below would turn all others down to silence
let even = false;

const loudnessOf = (row) => now(row)?.result?.analysis?.loudness?.integrated ?? null;
const loudnesses = () => rows.map(loudnessOf).filter((value) => value !== null);

/** Tell whether at least two files of the list have a loudness to be compared at. */
export const comparable = () => loudnesses().length > 1;

/** Let each file that plays alone be as loud as the quietest, or as loud as the file is; a louder file wins no comparison by that. */
export function evenOut(on) {
  even = on;
  const playing = rows.filter((row) => row.playing);
  if (!playing.some(({ kind }) => kind === "mix")) playing.forEach(hear);
}

/** Return the share of a row's volume at which the row is as loud as the quietest; stems keep their balance. */
function evened(row) {
  const own = loudnessOf(row);
  if (!even || row.beside || own === null) return 1;
  return Math.min(1, 10 ** ((Math.max(QUIETEST, Math.min(...loudnesses())) - own) / 20));
}

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
export const hear = (row) => set(row.jobId, volumeOf(row) * evened(row));

/** Let a row be heard beside others, in their balance. */
export function hearBeside(row) {
  row.beside = true;
  hear(row);
}

/** Let a row be heard alone. */
export function hearAlone(row) {
  row.beside = false;
  hear(row);
}

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
