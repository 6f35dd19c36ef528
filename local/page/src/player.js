import * as api from "./api.js";
import { Level } from "./levels.js";
import { Picture } from "./picture.js";
import { sound } from "./sound.js";

const NEAR = { from: 2, to: 4096 }; // pixels of a second; at the end a cycle of 100 Hz has 40
const WIDEST = 16_000_000; // pixels; browsers lay out no wider box
let library; // loaded once; without npm's package the server draws instead
let tries = 0;
let pixels = 0; // of a second; 0 shows the whole recording
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const players = new Map();
const MADE_AT_ONCE = 2; // each asks for files; an album's rows must leave connections to uploads and events
const places = [];
let made = 0;

/** Load the player's module; after a failure ask again, by an address that the browser has not seen fail. */
function wavesurfer() {
  library ??= import(`../vendor/wavesurfer.esm.js?${(tries += 1)}`).then((module) => module.default, () => (library = null));
  return library;
}

/** Draw a row's waveform into `box`, from the document and zoom levels that the system wrote. */
export async function mount(box, row, { result, onState, onError, onZoomError }) {
  const { jobId } = row;
  if (players.has(jobId)) return;
  players.set(jobId, null); // being made
  const media = () => sound(row, result?.previews, onError);
  const make = async () => ((await wavesurfer()) ? drawn(box, row, { result, media, onZoomError }) : plain(box, row, media));
  const player = await inTurn(make).finally(() => players.delete(jobId));
  players.set(jobId, player);
  player.media.addEventListener("play", () => onState(true));
  player.media.addEventListener("pause", () => onState(false));
  return player;
}

/** Run `make` as soon as fewer than so many others run. */
async function inTurn(make) {
  if (made >= MADE_AT_ONCE) await new Promise((place) => places.push(place));
  else made += 1;
  return make().finally(() => (places.length ? places.shift()() : (made -= 1)));
}

/** Pause every player but those of these jobs. */
export function pauseOthers(kept) {
  for (const [id, player] of players) if (player && !kept.includes(id)) player.media.pause();
}

/** Zoom every waveform, from 0 for the whole recording to 1 for single cycles; return the pixels of a second. */
export function zoom(share) {
  pixels = share ? NEAR.from * (NEAR.to / NEAR.from) ** share : 0;
  for (const player of players.values()) if (player?.surfer?.getDecodedData()) player.surfer.zoom(within(player.duration));
  return pixels;
}

const within = (duration) => Math.min(pixels, WIDEST / duration);

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

async function drawn(box, row, { result, media, onZoomError }) {
  const [WaveSurfer, document_, element] = await Promise.all([wavesurfer(), api.waveform(row), media()]);
  const { duration } = document_;
  const levels = (result?.zoom_levels ?? []).map((level) => new Level(row.jobId, level));
  const picture = new Picture(document_, levels, { onLoad: () => surfer.setOptions({}), onError: onZoomError });
  const second = () => surfer.getWrapper().getBoundingClientRect().width / duration;
  const surfer = WaveSurfer.create({
    container: box,
    height: 64,
    media: element,
    peaks: [document_.peaks],
    duration,
    minPxPerSec: within(duration),
    cursorWidth: 1.5,
    dragToSeek: true,
    hideScrollbar: false,
    renderFunction: (_, context) => picture.draw(context, span(context.canvas, second())),
    ...colours(),
  });
  const visible = () => box.clientWidth / second();
  const shown = () => ({ start: surfer.getScroll() / second(), end: surfer.getScroll() / second() + visible() });
  const onMove = (listener) => ["scroll", "zoom", "redraw", "resize"].forEach((kind) => surfer.on(kind, listener));
  return { media: surfer.getMediaElement(), surfer, duration, visible, span: shown, onMove };
}

/** Return the seconds that a canvas shows, by its place in the waveform. */
function span({ style }, second) {
  const start = parseFloat(style.left);
  return { start: start / second, end: (start + parseFloat(style.width)) / second };
}

async function plain(box, { jobId, name }, media) {
  const [src, element] = await Promise.all([api.pictureUrl(jobId), media()]);
  const picture = Object.assign(new Image(), { src, alt: name, className: "picture" });
  element.controls = true;
  box.append(picture, element);
  return { media: element, duration: 0 };
}
