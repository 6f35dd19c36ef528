// One recording: its waveform, drawn by wavesurfer.js and zoomed by WaveFlow's files, and its sound.
import WaveSurfer from 'wavesurfer.js';
import { call, owner } from './server.js';
import { clock, words } from './words.js';

const JUMPS = { ArrowLeft: -5, ArrowRight: 5, Home: -Infinity, End: Infinity }; // seconds
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]; // seconds between two marks
const APART = 64; // pixels between two marks
const NEAREST = 2; // pixels for a point of the finest zoom file
const EARLY_MS = 30_000; // addresses are signed anew this long before they end

export class Player {
  static #playing; // the one sound that somebody wants to hear
  #signed = { until: 0 };
  #sounds = []; // addresses that were not tried yet

  /** `row` holds the elements, `stem` is the server's row, `fail` shows a sentence. */
  constructor(row, stem, fail) {
    const find = (name) => row.querySelector(name);
    Object.assign(this, { stem, fail, box: find('.player'), wave: find('.wave'), axis: find('.axis') });
    Object.assign(this, { audio: find('audio'), button: find('.play'), time: find('.time'), slider: find('.zoom') });
  }

  /** Show the whole waveform, and get ready to play. */
  async open() {
    const { waveform, zoomLevels } = await this.#media();
    this.whole = await (await load(waveform)).json();
    this.levels = (zoomLevels ?? []).map((level) => ({ ...level, rate: this.whole.sample_rate / level.samplesPerPixel }));
    await this.#nextSound();
    this.box.hidden = this.button.disabled = false;
    const { audio: media, wave: container, whole: { peaks, duration } } = this;
    this.surfer = WaveSurfer.create({ container, media, peaks: [peaks], duration, height: 72, cursorWidth: 2, ...colours() });
    this.#listen();
  }

  #listen() {
    const { audio, button, slider, surfer, wave } = this;
    button.onclick = () => (audio.paused ? audio.play().catch(() => {}) : audio.pause()); // `onerror` tells
    audio.onerror = () => this.#nextSound().catch(({ message }) => this.fail(message));
    audio.ontimeupdate = () => this.#tell();
    audio.onpause = () => {
      if (Player.#playing === audio && audio.paused && !audio.error) Player.#playing = null; // an error pauses, too
      this.#tell();
    };
    audio.onplay = () => {
      if (Player.#playing !== audio) Player.#playing?.pause();
      Player.#playing = audio;
      this.#tell();
    };
    wave.onkeydown = (event) => {
      if (!(event.key in JUMPS)) return;
      event.preventDefault(); // else the page scrolls
      surfer.setTime(Math.min(Math.max(audio.currentTime + JUMPS[event.key], 0), this.whole.duration));
    };
    slider.oninput = () => this.#zoom().catch(({ message }) => this.fail(message));
    ['redrawcomplete', 'scroll'].forEach((event) => surfer.on(event, () => this.#mark()));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => surfer.setOptions(colours()));
    this.#tell();
  }

  /** Say the time, to eyes and to screen readers. */
  #tell() {
    const { audio, button, stem, time, wave, whole: { duration } } = this;
    time.textContent = `${clock(audio.currentTime)} / ${clock(duration)}`;
    const told = { ariaValueMax: duration, ariaValueNow: audio.currentTime, ariaValueText: time.textContent };
    Object.assign(wave, { ariaLabel: words.position, ...told });
    button.ariaLabel = `${audio.paused ? words.play : words.pause} ${stem.originalFilename}`;
    button.classList.toggle('playing', !audio.paused);
  }

  /** Write times below the part that is seen. */
  #mark() {
    const { axis, surfer, whole: { duration } } = this;
    const second = surfer.getWrapper().clientWidth / duration; // pixels
    const [left, width] = [surfer.getScroll(), surfer.getWidth()];
    const step = STEPS.find((each) => each * second >= APART) ?? STEPS.at(-1);
    const times = Array.from({ length: Math.ceil(width / second / step) + 1 }, (_, n) => (Math.ceil(left / second / step) + n) * step);
    axis.replaceChildren(...times.map((time) => {
      const mark = Object.assign(document.createElement('span'), { textContent: clock(time, step < 1 ? 1 : 0) });
      mark.style.left = `${time * second - left}px`;
      return mark;
    }));
  }

  /** Zoom from the whole to the finest points; the coarsest file that has a point for each pixel is loaded once. */
  async #zoom() {
    const { levels, slider, surfer, wave, whole } = this;
    const fits = wave.clientWidth / whole.duration; // pixels a second
    const most = Math.max(fits, ...levels.map(({ rate }) => rate * NEAREST));
    const pixels = fits * (most / fits) ** Number(slider.value);
    surfer.zoom(pixels); // at once, with the points that are there
    const level = levels.findLast(({ rate }) => rate >= pixels) ?? levels[0];
    if (!level || level === this.level) return;
    this.level = level;
    try {
      const { url } = (await this.#media()).zoomLevels[levels.indexOf(level)];
      level.peaks ??= readZoomFile(level, whole.peak, await (await load(url)).arrayBuffer());
    } catch (error) {
      this.level = undefined; // the next move of the slider tries again
      throw error;
    }
    if (this.level !== level) return; // the slider has moved on
    surfer.setOptions({ peaks: level.peaks, duration: whole.duration });
    surfer.getRenderer().render(surfer.getDecodedData()); // `setOptions` alone draws the points of before
  }

  /** Play what this browser can, the smallest file first; after an error the next file, or the same by a new address. */
  async #nextSound() {
    const { audio } = this;
    const time = audio.currentTime;
    await this.#media(); // after some minutes the addresses are new, and tried anew
    if (this.#sounds.length === 0) throw new Error(words.unplayable);
    audio.src = this.#sounds.shift();
    audio.currentTime = time;
    if (Player.#playing === audio) audio.play().catch(() => {}); // `onerror` tells
  }

  /** Return the addresses of all files; they count for minutes, so ask before each use. */
  async #media() {
    if (Date.now() > this.#signed.until) {
      const media = await call(`/stems/${this.stem.stemId}/media?userId=${owner.userId}`);
      const { opus, mp3 } = media.previews ?? {};
      const playsOpus = this.audio.canPlayType('audio/ogg; codecs="opus"') !== '';
      this.#sounds = [playsOpus && opus?.url, mp3?.url, media.audio].filter(Boolean);
      this.#signed = { ...media, until: Date.now() + media.expiresInSeconds * 1000 - EARLY_MS };
    }
    return this.#signed;
  }
}

/** Return the highest and the lowest value of each point, over all channels, as shares of the recording's peak. */
function readZoomFile({ bytes, channels, length }, peak, buffer) {
  const values = new Int8Array(buffer, bytes - 2 * channels * length); // minimum and maximum of each channel in turn
  const point = (index) => values.subarray(2 * channels * index, 2 * channels * (index + 1));
  const extremes = (of) => Float32Array.from({ length }, (_, index) => of(...point(index)) / 128 / (peak || 1));
  return [extremes(Math.max), extremes(Math.min)];
}

async function load(url) {
  const answer = await fetch(url).catch(() => { throw new Error(words.offline); });
  if (!answer.ok) throw new Error(words.undrawn);
  return answer;
}

/** The style sheet's colours, which change with the theme. */
function colours() {
  const colour = (name) => getComputedStyle(document.body).getPropertyValue(name);
  return { waveColor: colour('--wave'), progressColor: colour('--accent'), cursorColor: colour('--ink') };
}
