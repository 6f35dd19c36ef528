import { pauseOthers, players } from "./player.js";
import { renew } from "./sound.js";

export const IN_STEP_S = 0.01; // two drum hits closer than this are heard as one
const BY_HAND_S = 0.3;
const LOOK_MS = 100;
const END_S = 0.1; // decoders differ on where the end is
const HAVE_NOTHING = 0;
const GROWTH = 3; // each mending waits so many times longer; a coarse clock must not stutter for ever
let newest = 0; // the start that holds; at most one group plays

/** Play several recordings as one: from the same moment, and in step. */
export class Group {
  constructor(ids) {
    this.ids = ids;
  }
  get members() {
    return this.ids.map((id) => players.get(id)?.media).filter((media) => media && !media.error);
  }
  get playing() {
    return this.members.some((media) => !media.paused);
  }

  /** Pause all, or play all from the position of the first that has not ended. */
  async toggle() {
    newest += 1;
    if (this.playing) return this.members.forEach((media) => media.pause());
    pauseOthers(this.ids);
    for (const media of this.members) media.loop = false; // one that begins again would leave the others
    const at = this.members.find((media) => !over(media, media.currentTime))?.currentTime ?? 0;
    await this.#start(at, LOOK_MS);
  }

  async #start(at, wait) {
    const start = (newest += 1);
    const all = this.members;
    for (const media of all) media.pause();
    await Promise.all(all.map((media) => seek(media, at)));
    if (start !== newest) return;
    // Calls of play() in one task share the first block of the sound card.
    await Promise.all(all.filter((media) => !over(media, at)).map(play));
    this.#hold(start, { wait, from: performance.now() + wait }, this.#looked());
  }

  #hold(start, mending, before) {
    setTimeout(() => {
      if (start !== newest || !this.playing) return;
      const now = this.#looked();
      const times = now.heard.map((media) => media.currentTime);
      if (Math.max(...times) - Math.min(...times) <= IN_STEP_S) return this.#hold(start, mending, now);
      const { at, byHand } = moved(before, now);
      if (byHand) this.#start(at, LOOK_MS);
      else if (performance.now() >= mending.from) this.#start(at, mending.wait * GROWTH);
      else this.#hold(start, mending, now);
    }, LOOK_MS);
  }

  #looked() {
    const heard = this.members.filter((media) => !media.paused);
    return { heard, times: new Map(heard.map((media) => [media, media.currentTime])), at: performance.now() / 1000 };
  }
}

/** Play a recording; ignore the error of a pause that came before the start. */
export const play = (media) =>
  media.play().catch((error) => {
    if (error.name !== "AbortError") throw error;
  });

const over = (media, at) => media.ended || at > (media.duration || Infinity) - END_S;

/** Return the time of the recording that left the others, and whether a person moved it. */
function moved(before, now) {
  const jump = (media) => Math.abs(now.times.get(media) - (before.times.get(media) ?? 0) - (now.at - before.at));
  const far = now.heard.reduce((most, media) => (jump(media) > jump(most) ? media : most));
  return { at: far.currentTime, byHand: jump(far) > BY_HAND_S };
}

/** Seek a recording; resolve when the recording can play from there, or has failed. */
async function seek(media, at) {
  media.preload = "auto";
  await renew(media);
  if (media.readyState === HAVE_NOTHING) await either(media, "loadedmetadata");
  const there = either(media, "seeked");
  media.currentTime = Math.min(at, media.duration || at);
  await there;
}

const either = (media, kind) =>
  new Promise((resolve) => {
    for (const each of [kind, "error"]) media.addEventListener(each, resolve, { once: true });
  });
