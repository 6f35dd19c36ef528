// The API's limit of jobs on one stream; a browser has few connections for more streams.
export const AT_ONCE = 200;
const REOPEN_MS = 2000;
const RETRY_MS = 5000;

/** Follow several jobs on one stream; `onMoment` gets every moment of each. */
export class Follower {
  #source = null;
  #followed = new Set();
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
    this.#source = new EventSource(`/tokens/analysis-progress?job_id=${ids.join("&job_id=")}`);
    this.#source.onmessage = (event) => this.onMoment(JSON.parse(event.data));
    this.#source.onerror = ({ target }) => {
      if (target.readyState !== EventSource.CLOSED || target !== this.#source) return;
      this.#close();
      this.#refused = Date.now();
      this.onRefused();
    };
  }

  #close() {
    this.#source?.close();
    this.#source = null;
    this.#followed = new Set();
  }
}
