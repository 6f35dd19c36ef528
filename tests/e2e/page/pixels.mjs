// What the page drew at its visible points, and what the files of the zoom levels say there.

/** Return the visible points' numbers, and how many pixels the picture is off each level's file. */
export async function measure(page, job) {
  const seen = await page.evaluate(async (id) => {
    const { players } = await import("/page/src/player.js");
    const { surfer, duration } = players.get(id);
    const root = surfer.getWrapper().getRootNode();
    const scroll = root.querySelector(".scroll");
    const canvases = [...root.querySelectorAll(".canvases canvas")];
    const columns = [];
    const first = Math.ceil(scroll.scrollLeft), end = Math.floor(scroll.scrollLeft + scroll.clientWidth);
    for (let x = first; x < end; x += 1) {
      const canvas = canvases.find(({ style }) => x >= parseFloat(style.left) && x < parseFloat(style.left) + parseFloat(style.width));
      if (!canvas) continue;
      const column = Math.floor((x - parseFloat(canvas.style.left)) * devicePixelRatio);
      const { data } = canvas.getContext("2d").getImageData(column, 0, 1, canvas.height);
      const inked = Array.from({ length: canvas.height }, (_, y) => y).filter((y) => data[4 * y + 3] > 0);
      columns.push([x, inked[0], inked.at(-1) + 1, canvas.height]);
    }
    return { columns, second: surfer.getWrapper().getBoundingClientRect().width / duration };
  }, job);
  const document_ = await (await page.request.get(new URL(`/tokens/analysis-waveform/${job}`, page.url()).href)).json();
  const off = {};
  for (const level of [64, 512, 4096]) {
    const file = await page.request.get(new URL(`/tokens/analysis-zoom/${job}/${level}`, page.url()).href);
    off[level] = worst(seen, await file.body(), document_.peak);
  }
  const points = seen.columns.map(([x]) => Math.floor((x / seen.second) * document_.sample_rate / 64));
  return { off, first: points[0], last: points.at(-1), columns: seen.columns.length };
}

/** Return the largest distance in pixels between the columns at the points' centres and a .dat file. */
function worst({ columns, second }, bytes, peak) {
  const head = new DataView(bytes.buffer, bytes.byteOffset);
  const [version, , rate, samples, length] = [0, 4, 8, 12, 16].map((at) => head.getInt32(at, true));
  const channels = version === 2 ? head.getInt32(20, true) : 1;
  const values = new Int8Array(bytes.buffer, bytes.byteOffset + (version === 2 ? 24 : 20));
  const pixels = (second * samples) / rate; // of a point
  let most = 0;
  for (const [x, top, bottom, height] of columns) {
    const index = Math.floor(x / pixels);
    if (index >= length - 1 || Math.abs(x + 0.5 - (index + 0.5) * pixels) > Math.max(0.5, pixels / 12)) continue;
    const side = (nth) => Array.from({ length: channels }, (_, channel) => values[(index * channels + channel) * 2 + nth]);
    const y = (value) => (height / 2) * (1 - value / 128 / peak);
    most = Math.max(most, Math.abs(top - y(Math.max(...side(1)))), Math.abs(bottom - y(Math.min(...side(0)))));
  }
  return most;
}
