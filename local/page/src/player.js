import * as api from "./api.js";

let library; // loaded once; without npm's package the server draws instead
const wavesurfer = () => (library ??= import("../vendor/wavesurfer.esm.js").then((m) => m.default, () => null));
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const players = new Map();

/** Draw a row's waveform into `box`, from the document that the system wrote. */
export async function mount(box, row, { onState, onError }) {
  const { jobId } = row;
  if (players.has(jobId)) return;
  players.set(jobId, null); // being made
  const made = (await wavesurfer()) ? drawn(box, row) : plain(box, row);
  const player = await Promise.resolve(made).finally(() => players.delete(jobId));
  players.set(jobId, player);
  player.media.addEventListener("play", () => onState(true));
  player.media.addEventListener("pause", () => onState(false));
  player.media.addEventListener("error", () => onError());
  return player;
}

/** Pause every player but those of these jobs. */
export function pauseOthers(kept) {
  for (const [id, player] of players) if (player && !kept.includes(id)) player.media.pause();
}

/** Zoom every waveform to so many pixels for a second. */
export function zoom(pixels) {
  for (const player of players.values()) player?.surfer?.zoom(Number(pixels));
}

/** Give every waveform the colours of the theme. */
export function recolour() {
  for (const player of players.values()) player?.surfer?.setOptions(colours());
}

/** Stop and forget a job's player. */
export function unmount(jobId) {
  players.get(jobId)?.surfer?.destroy();
  players.get(jobId)?.media.pause();
  players.delete(jobId);
}

function colours() {
  return { waveColor: colour("--wave"), progressColor: colour("--accent"), cursorColor: colour("--ink") };
}

async function drawn(box, row) {
  const [WaveSurfer, document_] = await Promise.all([wavesurfer(), api.waveform(row)]);
  const media = new Audio();
  media.preload = "metadata";
  media.src = api.audioUrl(row.jobId);
  const surfer = WaveSurfer.create({
    container: box,
    height: 64,
    media,
    peaks: [document_.peaks],
    duration: document_.duration,
    cursorWidth: 1.5,
    dragToSeek: true,
    hideScrollbar: false,
    ...colours(),
  });
  return { media, surfer, duration: document_.duration };
}

function plain(box, { jobId, name }) {
  const picture = Object.assign(new Image(), { src: api.pictureUrl(jobId), alt: name, className: "picture" });
  const media = Object.assign(new Audio(api.audioUrl(jobId)), { controls: true, preload: "metadata" });
  box.append(picture, media);
  return { media, duration: 0 };
}
