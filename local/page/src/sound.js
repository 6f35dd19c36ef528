import * as api from "./api.js";

// Opus is the smallest; some browsers have no Ogg, and one that says it has may still fail.
const PREVIEWS = [["opus", "audio/ogg; codecs=opus"], ["mp3", "audio/mpeg"]];
const DAMAGED = 3; // of a MediaError: what was read could not be played

const files = new WeakMap(); // of each media element: the path of its file, and the URL signed for it
const replacements = new WeakMap(); // of each media element that failed: the promise of its next file

/** Return the paths of a recording: the previews that this browser plays, the recording itself last. */
export function sources({ jobId }, previews) {
  const media = new Audio();
  const playable = PREVIEWS.filter(([form, type]) => previews?.[form] && media.canPlayType(type));
  return [...playable.map(([form]) => api.previewPath(jobId, form)), api.audioPath(jobId)];
}

/** Return a media element for a recording, which plays the first of its files that can be played; `onError` gets a word's key. */
export async function sound(row, previews, onError) {
  const media = new Audio();
  let left = sources(row, previews);
  let heads = 0; // of files that a browser has read; without a sound card Firefox reads each, and plays none
  const next = async () => {
    while (left.length) {
      const path = left.shift();
      if (await load(media, path).then(() => true, () => false)) return;
    }
    onError(heads > 1 && media.error?.code === DAMAGED ? "noteNoSound" : "notePlay");
  };
  media.addEventListener("loadedmetadata", () => (heads += 1));
  media.preload = "metadata";
  const replace = async () => {
    if (await isOld(media)) left = [files.get(media).path, ...left];
    await next();
  };
  media.addEventListener("error", () => replacements.set(media, replace()));
  await next();
  return media;
}

/** Make a media element ready to play: wait for a file on its way, and sign the file again where the URL may end too soon. */
export async function renew(media) {
  await replacements.get(media);
  if (await isOld(media)) await load(media, files.get(media).path);
}

/** Tell whether a media element's URL is too old to go on with; a new URL is signed then. */
async function isOld(media) {
  const file = files.get(media);
  return file !== undefined && (await api.link(file.path).catch(() => file.url)) !== file.url;
}

/** Give a media element a signed URL of a file; the element goes on where it was. */
async function load(media, path) {
  const url = await api.link(path);
  const { currentTime, paused } = media;
  files.set(media, { path, url });
  media.src = url;
  media.currentTime = currentTime;
  if (!paused) media.play().catch(() => {}); // the next error is an event of its own
}
