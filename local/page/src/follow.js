import { readEvents } from "./events.js";
import { addressOf, credentials } from "./session.js";

// The API's limit of jobs on one stream; a browser has few connections for more streams.
export const AT_ONCE = 20;
const REOPEN_MS = 2000;
const RETRY_MS = 5000;

/** Follow several jobs on one stream; `onMoment` gets every moment of each. */
export class Follower {
  #followed = new Set();
  #stop = () => {};
  #opened = -Infinity;
  #refused = -Infinity;
  constructor(onMoment, onRefused) {
    this.onMoment = onMoment;
    this.onRefused = onRefused;
  }

  /** Follow these jobs from now on; above the limit, the last ones of the list. */
  follow(ids) {
    if (!ids.length) return this.#close();
    if (ids.every((id) => this.#followed.has(id))) return;
    if (Date.now() - this.#refused < RETRY_MS) return;
    // A new stream tells every job from its beginning: do not open one for each freed place.
    if (this.#followed.size === AT_ONCE && Date.now() - this.#opened < REOPEN_MS) return;
    this.#open(ids.slice(-AT_ONCE));
  }

  #open(ids) {
    this.#close();
    this.#followed = new Set(ids);
    this.#opened = Date.now();
    this.#stop = readEvents(addressOf(`/tokens/analysis-progress?job_id=${ids.join("&job_id=")}`), {
      headers: credentials(),
      onEvent: ({ type, data }) => type === "message" && this.onMoment(JSON.parse(data)),
      onEnd: () => {
        this.#close();
        this.#refused = Date.now();
        this.onRefused();
      },
    });
  }

  #close() {
    this.#stop();
    this.#followed = new Set();
  }
}
