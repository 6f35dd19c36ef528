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
  draw(context, { start, end }) {
    const level = levelFor(this.levels, this.document, (end - start) / context.canvas.width);
    if (!level || !this.#drawLevel(context, level, { start, end })) this.#drawPeaks(context, { start, end });
  }

  /** Draw the document's values, which know no sign. */
  #drawPeaks(context, seconds) {
    const { peaks, duration } = this.document;
    const area = visible(context, seconds, { rate: peaks.length / duration, length: peaks.length });
    drawArea(context, area, { low: (index) => -peaks[index], high: (index) => peaks[index] });
  }

  /** Draw the points of a zoom level; return false while some are on their way. */
  #drawLevel(context, level, seconds) {
    const area = visible(context, seconds, { rate: this.document.sample_rate / level.samplesPerPixel, length: level.length });
    const { first, last } = area;
    if (first >= last) return true;
    const bytes = level.read(first, last);
    if (!bytes) {
      level.load(first, last).then((some) => some && this.onLoad(), this.onError);
      return false;
    }
    context.globalAlpha = level.channels > 1 ? SHARE : 1;
    for (let channel = 0; channel < level.channels; channel += 1) {
      const value = (index, side) => bytes[((index - first) * level.channels + channel) * 2 + side] * this.scale;
      drawArea(context, area, { low: (index) => value(index, 0), high: (index) => value(index, 1) });
    }
    return true;
  }
}

/** Return the points that a canvas shows with a neighbour at each side, and where a point lies in the canvas. */
function visible(context, { start, end }, { rate, length }) {
  const pixels = context.canvas.width / (end - start);
  return {
    length,
    first: Math.max(0, Math.floor(start * rate) - 1),
    last: Math.min(length, Math.ceil(end * rate) + 1),
    together: Math.max(1, Math.round(rate / pixels)), // points in a pixel
    x: (index) => ((index + 0.5) / rate - start) * pixels,
  };
}

/** Fill what lies between the lowest and the highest value, of -1 to 1, of each point. */
function drawArea(context, area, values) {
  const middle = context.canvas.height / 2;
  const found = outline(area, values);
  context.beginPath();
  for (const { x, high } of found) context.lineTo(x, middle * (1 - high) - THIN);
  for (const { x, low } of found.reverse()) context.lineTo(x, middle * (1 - low) + THIN);
  context.fill();
}

/** Return the extremes of each pixel's points, or of each point, from end to end of the recording. */
function outline({ first, last, together, length, x }, { low, high }) {
  const found = [];
  for (let index = first - (first % together); index < last; index += together) {
    const extremes = { x: x(index + (together - 1) / 2), low: 1, high: -1 };
    // Fine lines would be pale; the next pixel's first point keeps a steep line whole.
    const end = Math.min(last, index + together + (together > 1 ? 1 : 0));
    for (let each = Math.max(first, index); each < end; each += 1) {
      extremes.low = Math.min(extremes.low, low(each));
      extremes.high = Math.max(extremes.high, high(each));
    }
    found.push(extremes);
  }
  if (first === 0) found[0].x = x(-0.5);
  if (last === length) found.at(-1).x = x(length - 0.5);
  return found;
}
