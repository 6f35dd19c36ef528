import * as api from "./api.js";

// Opus is the smallest; some browsers have no Ogg, and one that says it has may still fail.
const PREVIEWS = [["opus", "audio/ogg; codecs=opus"], ["mp3", "audio/mpeg"]];

/** Return a media element for a recording: the first preview that this browser plays, the recording itself last. */
export function sound({ jobId }, previews, onError) {
  const media = new Audio();
  const playable = PREVIEWS.filter(([form, type]) => previews?.[form] && media.canPlayType(type));
  const left = [...playable.map(([form]) => api.previewUrl(jobId, form)), api.audioUrl(jobId)];
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
