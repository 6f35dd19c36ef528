import * as api from "./api.js";

// Opus is the smallest; some browsers have no Ogg, and one that says it has may still fail.
const PREVIEWS = [["opus", "audio/ogg; codecs=opus"], ["mp3", "audio/mpeg"]];

const files = new WeakMap(); // of each media element: the path of its file, and the URL signed for it

/** Return the paths of a recording: the previews that this browser plays, the recording itself last. */
export function sources({ jobId }, previews) {
  const media = new Audio();
  const playable = PREVIEWS.filter(([form, type]) => previews?.[form] && media.canPlayType(type));
  return [...playable.map(([form]) => api.previewPath(jobId, form)), api.audioPath(jobId)];
}

/** Return a media element for a recording, which plays the first of its files that can be played. */
export async function sound(row, previews, onError) {
  const media = new Audio();
  let left = sources(row, previews);
  const next = async () => {
    while (left.length) {
      const path = left.shift();
      if (await load(media, path).then(() => true, () => false)) return;
    }
    onError();
  };
  media.preload = "metadata";
  media.addEventListener("error", async () => {
    const { path, url } = files.get(media);
    const signedAgain = (await api.link(path).catch(() => url)) !== url; // the old URL was over
    if (signedAgain) left = [path, ...left];
    await next();
  });
  await next();
  return media;
}

/** Sign a media element's file again, where its URL is too old for a long play. */
export async function renew(media) {
  const file = files.get(media);
  if (file && (await api.link(file.path)) !== file.url) await load(media, file.path);
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
