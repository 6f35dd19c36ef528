// Format, channels and loudness of the rendered file; the browser keeps them for the next visit.
const KEPT = "waveflow.mixer";
const LIMITS = { integrated: { min: -30, max: -8, usual: -14 }, true_peak: { min: -9, max: -0.5, usual: -1 } };
const $ = (name) => document.getElementById(`target-${name}`);
const FIELDS = ["loudness", "integrated", "true_peak", "format", "channels"];

/** Put the kept settings into the fields; `onChange` hears of every change. */
export function openTarget(onChange) {
  const kept = read();
  for (const name of FIELDS) {
    if (kept[name] !== undefined) $(name).value = kept[name];
    if (!$(name).value) $(name).value = $(name).options?.[0].value ?? LIMITS[name].usual; // kept by another page
    $(name).addEventListener("change", () => {
      if (LIMITS[name]) $(name).value = within($(name).valueAsNumber, LIMITS[name]);
      localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(FIELDS.map((each) => [each, $(each).value]))));
      show();
      onChange();
    });
  }
  show();
}

/** Tell whether the mix is to have one channel. */
export const isMono = () => $("channels").value === "1";

/** Return `mix` of a mix request. */
export function mixOf() {
  const mix = { channels: Number($("channels").value), format: $("format").value };
  const { value } = $("loudness");
  if (value === "none") return mix;
  const integrated = value === "other" ? $("integrated").valueAsNumber : Number(value);
  return { ...mix, loudness: { integrated, true_peak: $("true_peak").valueAsNumber } };
}

function show() {
  $("integrated").closest("label").hidden = $("loudness").value !== "other";
  $("true_peak").closest("label").hidden = $("loudness").value === "none";
}

const within = (value, { min, max, usual }) => (Number.isNaN(value) ? usual : Math.min(max, Math.max(min, value)));

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {}; // kept by another page
  }
}
