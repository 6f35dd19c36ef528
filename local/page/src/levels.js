import * as api from "./api.js";

const WHOLE_BYTES = 256 * 1024; // a smaller file is loaded whole
const BLOCK = 8192; // points of a larger file that are loaded at once
const KEPT = 64; // blocks of a file that stay in memory

/** Hold one zoom level of a recording: loaded where somebody looks, and drawn from there. */
export class Level {
  #blocks = new Map();
  constructor(jobId, { samples_per_pixel: samplesPerPixel, bytes, length, channels }) {
    Object.assign(this, { samplesPerPixel, length, channels });
    this.path = api.zoomPath(jobId, samplesPerPixel);
    this.pointBytes = 2 * channels; // eight bits of minimum and of maximum
    this.headerBytes = bytes - length * this.pointBytes;
    this.blockPoints = bytes <= WHOLE_BYTES ? length : BLOCK;
  }

  /** Return the loaded bytes of the points from `first` up to `end`; null where some are missing. */
  read(first, end) {
    const bytes = new Int8Array((end - first) * this.pointBytes);
    for (const number of this.#numbers(first, end)) {
      const block = this.#blocks.get(number);
      if (!(block instanceof Int8Array)) return null;
      const start = number * this.blockPoints;
      const seen = block.subarray(Math.max(0, first - start) * this.pointBytes, (end - start) * this.pointBytes);
      bytes.set(seen, Math.max(0, start - first) * this.pointBytes);
    }
    return bytes;
  }

  /** Load the blocks with these points; resolve to whether a block has come. */
  async load(first, end) {
    const missing = this.#numbers(first, end).filter((number) => !this.#blocks.has(number));
    await Promise.all(missing.map((number) => this.#fetch(number)));
    return missing.length > 0;
  }

  async #fetch(number) {
    const start = this.headerBytes + number * this.blockPoints * this.pointBytes;
    const end = this.headerBytes + Math.min(this.length, (number + 1) * this.blockPoints) * this.pointBytes;
    this.#blocks.set(number, "on its way");
    try {
      const bytes = await api.bytes(this.path, start, end);
      this.#blocks.delete(number); // the newest block is the last to go
      this.#blocks.set(number, new Int8Array(bytes));
    } catch (error) {
      this.#blocks.delete(number);
      throw error;
    }
    const loaded = [...this.#blocks.keys()];
    for (const old of loaded.slice(0, Math.max(0, loaded.length - KEPT))) this.#blocks.delete(old);
  }

  #numbers(first, end) {
    const start = Math.floor(first / this.blockPoints);
    return Array.from({ length: Math.ceil(end / this.blockPoints) - start }, (_, n) => start + n);
  }
}

/** Return the coarsest level with a point for each pixel, else the finest; null where the document is fine enough. */
export function levelFor(levels, document_, pixelSeconds) {
  if (document_.duration / document_.peaks.length <= pixelSeconds) return null;
  const fine = levels.filter((level) => level.samplesPerPixel / document_.sample_rate <= pixelSeconds);
  return fine.at(-1) ?? levels[0] ?? null;
}
