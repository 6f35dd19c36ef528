import { t } from "./i18n.js";
import { now } from "./store.js";

/** Return what an analysis found in a row's file: pairs of a value and its unit. */
export function music(row) {
  const { tempo, key, loudness } = now(row)?.result?.analysis ?? {};
  const found = [];
  if (tempo?.value) found.push([tempo.value.toFixed(1), "BPM"]);
  if (key?.value) found.push([keyName(key.value), ""]);
  if (typeof loudness?.integrated === "number") found.push([signed(loudness.integrated), "LUFS"]);
  if (typeof loudness?.true_peak === "number") found.push([signed(loudness.true_peak), "dBTP"]);
  return found;
}

/** Return "F# minor" as musicians of the page's language write the key. */
function keyName(value) {
  const [tonic, mode] = value.split(" ");
  return t(mode === "minor" ? "keyMinor" : "keyMajor", { tonic: tonic.replace("#", "♯").replace(/b$/, "♭") });
}

/** Return a level with one digit and a minus sign; what rounds to zero has none. */
const signed = (value) => value.toFixed(1).replace(/^-0\.0$/, "0.0").replace("-", "−");
