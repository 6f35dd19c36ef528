import { clock, h } from "./dom.js";
import { t } from "./i18n.js";
import { adjustable, turn, volumeOf } from "./volume.js";

// Seconds between two marks of a time axis, in the steps of a ruler.
const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const APART = 72; // pixels between two marks, for a time such as 1:02:03 with room beside
const FINE = 8; // pixels that the hover time's last digit may stand for

/** Return the times to mark between `start` and `end` in a box of so many pixels. */
export function marks({ start, end }, pixels) {
  const step = STEPS.find((each) => (each / (end - start)) * pixels >= APART) ?? STEPS.at(-1);
  const found = [];
  for (let nth = Math.ceil(start / step - 1e-9); nth * step <= end; nth += 1) found.push(nth * step);
  return { times: found, digits: digitsOf(step) };
}

const digitsOf = (step) => Math.max(0, -Math.floor(Math.log10(step) + 1e-9));

/** Put the time axis, the time played, the length, a repeat switch and the volume below a row's waveform. */
export function makeTransport(row, { box, below }, player) {
  const axis = h("div", { class: "axis", "aria-hidden": "true" });
  const time = h("span", { class: "time" });
  below.append(axis, h("div", { class: "listening" }, time, repeat(row, player), adjustable ? volume(row) : null));
  const tell = () => (time.textContent = `${clock(player.media.currentTime)} / ${clock(player.duration)}`);
  for (const kind of ["timeupdate", "seeking"]) player.media.addEventListener(kind, tell);
  tell();
  const draw = () => drawMarks(axis, player.span());
  player.onMove(draw);
  draw();
  hover(box, axis, player);
}

function drawMarks(axis, span) {
  const pixels = axis.clientWidth;
  if (!pixels || !(span.end > span.start)) return;
  const { times, digits } = marks(span, pixels);
  const left = (at) => ((at - span.start) / (span.end - span.start)) * pixels;
  const shown = times.filter((at) => left(at) < pixels - APART / 2); // the last would be cut off
  axis.replaceChildren(...shown.map((at) => h("span", { class: "mark", style: `left: ${left(at)}px` }, clock(at, digits))));
}

/** Show the time below the mouse, or below a finger that drags. */
function hover(box, axis, player) {
  const chip = h("span", { class: "hover" });
  box.addEventListener("pointermove", ({ clientX }) => {
    const { left, width } = box.getBoundingClientRect();
    const { start, end } = player.span();
    const digits = Math.max(1, digitsOf(((end - start) / width) * FINE));
    const x = Math.max(0, Math.min(width, clientX - left));
    chip.textContent = clock(Math.min(player.duration, start + (x / width) * (end - start)), Math.min(3, digits));
    axis.append(chip);
    chip.style.left = `${Math.max(0, Math.min(width - chip.offsetWidth, x - chip.offsetWidth / 2))}px`;
  });
  for (const kind of ["pointerleave", "pointercancel"]) box.addEventListener(kind, () => chip.remove());
}

/** Make the switch that plays a row from its beginning again after its end; a group of rows plays once. */
function repeat(row, { media }) {
  const button = h("button", { type: "button", class: "link repeat", "data-t": "repeatOne", "aria-pressed": "false" }, t("repeatOne"));
  button.addEventListener("click", () => {
    row.repeats = media.loop = !row.repeats;
    button.setAttribute("aria-pressed", String(row.repeats));
  });
  return button;
}

function volume(row) {
  return h("label", { class: "volume" },
    h("span", { "data-t": "volume" }, t("volume")),
    h("input", {
      type: "range", min: "0", max: "1", step: "0.01", value: String(volumeOf(row)), "data-volume": "",
      oninput: (event) => turn(row, Number(event.target.value)),
    }));
}
