import { readEvents } from "./events.js";
import { addressOf, credentials } from "./session.js";

// The API's limit of jobs on one stream; a browser has few connections for more streams.
export const AT_ONCE = 20;
const JOIN_MS = 250;
const RETRY_MS = 5000;

/** Follow several jobs on one stream; `onMoment` gets every moment of each. */
export class Follower {
  #followed = new Set();
  #stop = () => {};
  #newest = 0; // the number of the newest stream
  #told = true; // whether the newest stream has told something
  #opened = -Infinity;
  #refused = -Infinity;
  constructor(onMoment, onRefused) {
    this.onMoment = onMoment;
    this.onRefused = onRefused;
  }

  /** Follow these jobs from now on; above the limit, the last ones of the list. */
  follow(ids) {
    if (!ids.length) return this.#close();
    const wanted = ids.slice(-AT_ONCE);
    if (wanted.every((id) => this.#followed.has(id))) return;
    if (Date.now() - this.#refused < RETRY_MS) return;
    // A new stream tells every job from its beginning: do not open one for each upload or freed place.
    if (this.#followed.size && (!this.#told || Date.now() - this.#opened < JOIN_MS)) return;
    this.#open(wanted);
  }

  /** Open a stream; the stream before goes on until the new one tells something. */
  #open(ids) {
    const [before, number] = [this.#stop, (this.#newest += 1)];
    this.#followed = new Set(ids);
    this.#opened = Date.now();
    this.#told = false;
    const stop = readEvents(addressOf(`/tokens/analysis-progress?job_id=${ids.join("&job_id=")}`), {
      headers: credentials(),
      onEvent: ({ type, data }) => {
        if (number === this.#newest) this.#told = true;
        before();
        if (type === "message") this.onMoment(JSON.parse(data));
      },
      onEnd: () => {
        if (number !== this.#newest) return;
        this.#close();
        this.#refused = Date.now();
        this.onRefused();
      },
    });
    this.#stop = () => {
      before();
      stop();
    };
  }

  #close() {
    this.#stop();
    this.#stop = () => {};
    this.#newest += 1;
    this.#told = true;
    this.#followed = new Set();
  }
}
