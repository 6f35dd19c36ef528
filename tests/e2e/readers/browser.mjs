// Run an example of the documents in Chromium: node browser.mjs CHROMIUM NAME URLS < CODE
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { chromium } from 'playwright-core';

const [executablePath, name, urls] = process.argv.slice(2);
const code = await text(process.stdin);
const SCRIPTS = ['waveform-data/dist/waveform-data.js', 'peaks.js/dist/peaks.js', 'wavesurfer.js/dist/wavesurfer.min.js'];
const PAGE = `<!doctype html><div id="container"></div>
  <div id="overview" style="width: 800px; height: 80px"></div><div id="zoomview" style="width: 800px; height: 80px"></div>
  <audio id="audio"></audio>${SCRIPTS.map((path) => `<script src="/${path}"></script>`).join('')}`;

// A page of an origin other than the bucket's, as the platform's front-end is.
const server = createServer(async ({ url }, answer) => {
  const script = SCRIPTS.find((path) => url === `/${path}`);
  answer.setHeader('Content-Type', script ? 'text/javascript' : 'text/html');
  answer.end(script ? await readFile(new URL(`node_modules/${script}`, import.meta.url)) : PAGE);
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--disable-dev-shm-usage'],
});
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  console.log(JSON.stringify(await page.evaluate(run, { code, name, urls: JSON.parse(urls) })));
} finally {
  await browser.close();
  server.close();
}

/** Run the example in the page; return what its reader shows and plays, or its error. */
async function run({ code, name, urls }) {
  const AsyncFunction = (async () => {}).constructor;
  const element = (id) => document.getElementById(id);
  const audio = element('audio');
  audio.src = urls.previewUrl;
  const given = {
    ...urls, audio, container: element('container'), overview: element('overview'), zoomview: element('zoomview'),
    Peaks: window.peaks,
  };
  let made;
  try {
    const example = new AsyncFunction(...Object.keys(given), `${code}\nreturn ${name};`);
    made = await Promise.race([example(...Object.values(given)), thrown()]);
  } catch (error) {
    return { error: error.message };
  }
  const media = name === 'peaks' ? audio : made.getMediaElement();
  await media.play();
  while (!(media.currentTime > 0.3)) await new Promise((done) => setTimeout(done, 20));
  const root = name === 'peaks' ? document : made.getWrapper().getRootNode();
  return {
    source: media.currentSrc, inked: [...root.querySelectorAll('canvas')].filter(inked).length,
    ...(name === 'peaks' ? seenOfPeaks() : seenOfWaveSurfer()),
  };

  /** Reject with an error that a reader throws where nobody catches it. */
  function thrown() {
    return new Promise((_, reject) => {
      addEventListener('error', ({ error }) => reject(error));
      addEventListener('unhandledrejection', ({ reason }) => reject(reason));
    });
  }
  function inked(canvas) {
    const { width, height } = canvas;
    return width && height && canvas.getContext('2d').getImageData(0, 0, width, height).data.some((value) => value > 0);
  }
  function seenOfPeaks() {
    const data = made.getWaveformData();
    return { scale: data.scale, length: data.length, channels: data.channels, zoom: made.zoom.getZoom() };
  }
  function seenOfWaveSurfer() {
    const data = made.getDecodedData();
    const high = data.getChannelData(0), low = data.getChannelData(1);
    return { duration: data.duration, high: [...high.slice(0, 1000)], low: [...low.slice(0, 1000)], length: high.length, ridges: ridges(root.querySelector('canvas')) };
  }
  /** Count the columns of a canvas that are taller than both of their neighbours. */
  function ridges(canvas) {
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    const rows = Array.from({ length: height }, (_, y) => y);
    const columns = Array.from({ length: width }, (_, x) => rows.filter((y) => data[(y * width + x) * 4 + 3] > 0).length);
    const slopes = columns.map((tall, x) => Math.sign(tall - columns[x - 1])).filter(Boolean);
    return slopes.filter((slope, n) => slope > 0 && slopes[n + 1] < 0).length;
  }
}
