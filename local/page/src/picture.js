import { levelFor } from "./levels.js";

const FULL_SCALE = 128; // of eight bits
const SHARE = 0.8; // of a channel's colour, so that the other channel shows through
const THIN = 0.5; // canvas pixels above and below a line

/** Draw a recording's canvases from its document, or closer by from its zoom levels. */
export class Picture {
  constructor(document_, levels, { onLoad, onError }) {
    Object.assign(this, { document: document_, levels, onLoad, onError });
    this.scale = 1 / (FULL_SCALE * (document_.peak || 1));
  }

  /** Draw one canvas, which shows the seconds from `start` to `end`. */
  draw(context, peaks, { start, end }) {
    const level = levelFor(this.levels, this.document, (end - start) / context.canvas.width);
    if (!level || !this.#drawLevel(context, level, { start, end })) drawPeaks(context, peaks);
  }

  /** Draw the points of a zoom level; return false while some are on their way. */
  #drawLevel(context, level, { start, end }) {
    const points = this.document.sample_rate / level.samplesPerPixel; // in a second
    const first = Math.max(0, Math.floor(start * points) - 1);
    const last = Math.min(level.length, Math.ceil(end * points) + 1);
    if (first >= last) return true;
    const bytes = level.read(first, last);
    if (!bytes) {
      level.load(first, last).then((some) => some && this.onLoad(), this.onError);
      return false;
    }
    const pixels = context.canvas.width / (end - start);
    const x = (index) => ((first + index + 0.5) / points - start) * pixels;
    context.globalAlpha = level.channels > 1 ? SHARE : 1;
    for (let channel = 0; channel < level.channels; channel += 1) {
      const value = (index, side) => bytes[(index * level.channels + channel) * 2 + side] * this.scale;
      drawArea(context, last - first, { x, low: (index) => value(index, 0), high: (index) => value(index, 1) });
    }
    return true;
  }
}

/** Draw the document's values, which know no sign. */
function drawPeaks(context, [peaks]) {
  const x = (index) => ((index + 0.5) / peaks.length) * context.canvas.width;
  drawArea(context, peaks.length, { x, low: (index) => -peaks[index], high: (index) => peaks[index] });
}

/** Fill what lies between the lowest and the highest value, of -1 to 1, of each point. */
function drawArea(context, count, { x, low, high }) {
  const middle = context.canvas.height / 2;
  context.beginPath();
  for (let index = 0; index < count; index += 1) context.lineTo(x(index), middle * (1 - high(index)) - THIN);
  for (let index = count - 1; index >= 0; index -= 1) context.lineTo(x(index), middle * (1 - low(index)) + THIN);
  context.fill();
}
