import { Failure, link } from "../api.js";
import { pauseOthers } from "../player.js";
import { sources } from "../sound.js";
import { now } from "../store.js";
import { Channel } from "./graph.js";
import { audible, stripOf } from "./strip.js";

const MOST_BYTES = 2 ** 30; // of samples in memory: 46 minutes of stereo at 48 kHz
const SAMPLE_BYTES = 4;
const LEAD_S = 0.05; // all stems are set up before the first sounds
const USUAL_RATE = 48_000; // of a stem that was restored, whose job tells none
const RATES = { min: 8000, max: 192_000 }; // of a mix

const factsOf = (row) => now(row)?.result ?? {};
const bytesOf = (row) => factsOf(row).duration * rateOf([row]) * SAMPLE_BYTES * Math.min(2, factsOf(row).channels ?? 2);
const rateOf = (rows) => Math.min(RATES.max, Math.max(RATES.min, factsOf(audible(rows)[0] ?? rows[0]).sample_rate ?? USUAL_RATE));

/** Return the minutes that these stems last and that the memory holds, where they are too long to play live. */
export function tooLong(rows) {
  const needed = rows.reduce((sum, row) => sum + bytesOf(row), 0);
  if (!(needed > MOST_BYTES)) return null;
  const minutes = rows.reduce((sum, row) => sum + factsOf(row).duration, 0) / 60;
  return { minutes: Math.ceil(minutes), most: Math.floor((minutes * MOST_BYTES) / needed) };
}

/** Play stems together while their faders move, from one start time and sample by sample. */
export class Live {
  #context = null;
  #buffers = new Map(); // decoded at the context's sample rate
  #channels = new Map();
  #rows = [];
  #mono = false;
  #began = 0;
  #from = 0;
  #newest = 0;
  playing = false;
  loading = false;

  constructor(onChange) {
    this.onChange = onChange;
  }

  /** Return the second of the mix that is heard. */
  get position() {
    return this.playing ? this.#from + Math.max(0, this.#context.currentTime - this.#began) : this.#from;
  }

  /** Return the seconds from the mix's begin to the end of its last stem. */
  length(rows) {
    const seconds = (row) => factsOf(row).duration ?? this.#buffers.get(row.jobId)?.duration ?? 0;
    return Math.max(0, ...rows.map((row) => seconds(row) + stripOf(row).offset / 1000));
  }

  /** Decode the stems, and play them from where the last play ended. */
  async play(rows, { mono }) {
    const start = (this.#newest += 1);
    pauseOthers([]);
    this.#set({ loading: true });
    try {
      await this.#open(rateOf(rows));
      const ready = this.#context.resume(); // at once: browsers want a person's press for it
      await Promise.all([ready, this.#load(rows)]);
    } finally {
      if (start === this.#newest) this.#set({ loading: false });
    }
    if (start !== this.#newest) return; // somebody pressed Pause meanwhile
    if (this.#from >= this.length(rows)) this.#from = 0;
    Object.assign(this, { playing: true });
    this.#rows = rows;
    this.#mono = mono;
    this.#start();
    this.#watch(start);
  }

  /** Silence the stems; the next play goes on from here. */
  pause() {
    this.#newest += 1;
    this.#from = this.position;
    this.#clear();
    this.#set({ playing: false, loading: false });
  }

  /** Go to a second of the mix. */
  seek(second) {
    this.#from = second;
    if (this.playing) this.#start();
    this.onChange();
  }

  /** Follow the strips; a moved offset, or another number of channels, starts the stems anew. */
  follow(rows, { mono, moved }) {
    if (!this.playing) return;
    if (rows.length !== this.#rows.length || rows.some((row) => !this.#rows.includes(row))) return this.pause();
    if (moved || mono !== this.#mono) {
      this.#from = this.position;
      this.#mono = mono;
      return this.#start();
    }
    const heard = audible(rows);
    for (const row of rows) this.#channels.get(row.key).adjust(stripOf(row), !heard.includes(row));
  }

  #set(state) {
    Object.assign(this, state);
    this.onChange();
  }

  #start() {
    this.#clear();
    const heard = audible(this.#rows);
    for (const row of this.#rows) {
      const settings = { strip: stripOf(row), silent: !heard.includes(row), mono: this.#mono };
      this.#channels.set(row.key, new Channel(this.#context, this.#buffers.get(row.jobId), settings));
    }
    this.#began = this.#context.currentTime + LEAD_S; // the same for all
    for (const row of this.#rows) this.#channels.get(row.key).start(this.#began, this.#from, stripOf(row));
    this.onChange();
  }

  #clear() {
    for (const channel of this.#channels.values()) channel.end();
    this.#channels.clear();
  }

  #watch(start) {
    if (start !== this.#newest) return;
    if (this.position >= this.length(this.#rows)) {
      this.pause();
      this.#from = 0;
      return this.onChange();
    }
    this.onChange();
    setTimeout(() => this.#watch(start), 100);
  }

  /** Open the sound card at the mix's own sample rate, so that offsets are rounded as in the file. */
  async #open(sampleRate) {
    if (this.#context?.sampleRate === sampleRate) return;
    await this.#context?.close();
    this.#buffers.clear();
    this.#context = new AudioContext({ sampleRate });
  }

  /** Decode what is not decoded yet, and forget stems that are no longer chosen. */
  async #load(rows) {
    for (const id of this.#buffers.keys()) if (!rows.some((row) => row.jobId === id)) this.#buffers.delete(id);
    const missing = rows.filter((row) => !this.#buffers.has(row.jobId));
    const context = this.#context;
    await Promise.all(missing.map(async (row) => {
      const buffer = await decoded(context, row);
      if (context === this.#context) this.#buffers.set(row.jobId, buffer);
    }));
  }
}

/** Decode the first of a stem's files that this browser can read: a preview, else the file itself. */
async function decoded(context, row) {
  let last;
  for (const path of sources(row, factsOf(row).previews)) {
    try {
      const answer = await fetch(await link(path));
      if (!answer.ok) throw new Failure({ status: answer.status });
      return await context.decodeAudioData(await answer.arrayBuffer());
    } catch (error) {
      last = error;
    }
  }
  throw last instanceof Failure ? last : new Failure({ code: "UNDECODABLE", cause: last });
}
