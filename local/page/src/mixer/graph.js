// One stem in Web Audio, by the rules of the rendered file: gain, polarity, offset, pan, sum.
const SMOOTH_S = 0.01; // a fader that jumps would click

/** Play one decoded stem into an output, as its strip says; `mono` folds the stem to one channel. */
export class Channel {
  constructor(context, buffer, { strip, silent = false, mono = false, out = context.destination }) {
    const fader = mono
      ? new GainNode(context, { channelCount: 1, channelCountMode: "explicit" })
      : new GainNode(context);
    const source = new AudioBufferSourceNode(context, { buffer: folded(buffer) });
    source.connect(fader);
    Object.assign(this, { context, source, fader, out, mono, panner: null });
    fader.gain.value = gainOf(strip, silent);
    this.#place(strip.pan, 0);
  }

  /** Start at a time of the context, from a time of the mix; the offset moves the stem. */
  start(at, from, { offset }) {
    const rate = this.context.sampleRate;
    const into = from - Math.round((offset / 1000) * rate) / rate;
    if (into < this.source.buffer.duration) this.source.start(at + Math.max(0, -into), Math.max(0, into));
  }

  /** Follow the strip while the stem is heard. */
  adjust(strip, silent) {
    this.fader.gain.setTargetAtTime(gainOf(strip, silent), this.context.currentTime, SMOOTH_S);
    this.#place(strip.pan, SMOOTH_S);
  }

  /** Disconnect the stem from the output. */
  end() {
    this.fader.disconnect();
    this.panner?.disconnect();
    this.source.disconnect();
  }

  /** Set a panner only where the strip has a pan: at 0 a panner makes a mono stem 3 dB lower. */
  #place(pan, smooth) {
    const panned = pan !== null && !this.mono;
    if (panned && this.panner) return this.panner.pan.setTargetAtTime(pan, this.context.currentTime, smooth);
    this.fader.disconnect();
    this.panner?.disconnect();
    this.panner = panned ? new StereoPannerNode(this.context, { pan }) : null;
    if (this.panner) this.fader.connect(this.panner).connect(this.out);
    else this.fader.connect(this.out);
  }
}

const gainOf = ({ gain, invert }, silent) => (silent ? 0 : 10 ** (gain / 20)) * (invert ? -1 : 1);

/** Return a stem as it is with one or two channels, else the mean of its channels. */
function folded(buffer) {
  const { numberOfChannels: count, length, sampleRate } = buffer;
  if (count <= 2) return buffer;
  const mean = new AudioBuffer({ length, sampleRate });
  const sum = mean.getChannelData(0);
  for (let n = 0; n < count; n += 1) buffer.getChannelData(n).forEach((sample, k) => (sum[k] += sample / count));
  return mean;
}
