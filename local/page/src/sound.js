import * as api from "./api.js";

// Opus is the smallest; some browsers have no Ogg, and one that says it has may still fail.
const PREVIEWS = [["opus", "audio/ogg; codecs=opus"], ["mp3", "audio/mpeg"]];

/** Return the addresses of a recording: the previews that this browser plays, the recording itself last. */
export function sources({ jobId }, previews) {
  const media = new Audio();
  const playable = PREVIEWS.filter(([form, type]) => previews?.[form] && media.canPlayType(type));
  return [...playable.map(([form]) => api.previewUrl(jobId, form)), api.audioUrl(jobId)];
}

/** Return a media element for a recording, which plays the first of its files that can be played. */
export function sound(row, previews, onError) {
  const media = new Audio();
  const left = sources(row, previews);
  media.preload = "metadata";
  media.src = left.shift();
  media.addEventListener("error", () => {
    if (!left.length) return onError();
    const { currentTime, paused } = media;
    media.src = left.shift();
    media.currentTime = currentTime;
    if (!paused) media.play().catch(() => {}); // the next error is an event of its own
  });
  return media;
}
