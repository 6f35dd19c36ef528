// Print a document as the browser's packages read it: node read.mjs FILE [WIDTH]
import { readFile } from 'node:fs/promises';
import WaveformData from 'waveform-data';
import Decoder from 'wavesurfer.js/dist/decoder.js';

const [file, width = '100'] = process.argv.slice(2);
const bytes = await readFile(file);
const binary = file.endsWith('.dat');
const document = binary
  ? bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  : JSON.parse(bytes.toString());

function describe(waveform) {
  const channels = Array.from({ length: waveform.channels }, (_, index) => {
    const channel = waveform.channel(index);
    return { min: channel.min_array(), max: channel.max_array() };
  });
  const { length, duration, sample_rate, scale, bits } = waveform;
  return { length, duration, sample_rate, scale, bits, channels };
}

const waveform = WaveformData.create(document);
const seen = {
  waveform: describe(waveform),
  resampled: describe(waveform.resample({ width: Number(width) })),
};
if (document.peaks !== undefined) {
  const { duration, length, numberOfChannels, getChannelData } = Decoder.createBuffer(
    [document.peaks],
    document.duration,
  );
  seen.wavesurfer = { duration, length, numberOfChannels, peaks: [...getChannelData(0)] };
}
console.log(JSON.stringify(seen));
