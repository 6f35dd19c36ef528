import { t } from "./i18n.js";

const NS = "http://www.w3.org/2000/svg";
const W = 96;
const H = 28;
const NARROW = { Music: 60 };
// States drawn at one place: the stage is the same, the next state differs.
const SAME = { DedupeDeleteAnalysed: "DedupeDelete", AskUndelivered: "Ask" };
const width = (name) => NARROW[name] ?? W;
// The centre of each state; a job runs downwards.
const AT = {
  Route: [160, 20], Compare: [268, 20], Mix: [52, 78], Hash: [160, 78], HashAgain: [268, 78],
  Ask: [160, 136], Verdict: [160, 194], Held: [268, 194],
  DedupeDelete: [92, 252], Waveform: [192, 252], Music: [280, 252], Tell: [160, 310], TellFailure: [268, 310], Failed: [268, 362],
};
const EDGES = [
  ["Route", "Mix"], ["Route", "Compare"], ["Compare", "Tell"], ["Route", "Hash"], ["Route", "HashAgain"], ["Hash", "Ask"], ["Ask", "Verdict"],
  ["HashAgain", "Verdict"], ["Verdict", "Held"], ["Verdict", "DedupeDelete"], ["Verdict", "Waveform"], ["Verdict", "Music"], ["Music", "Waveform"],
  ["DedupeDelete", "Waveform"], ["DedupeDelete", "Tell"], ["Waveform", "Tell"], ["Mix", "Tell"], ["TellFailure", "Failed"],
];
// Edges that would run through another state.
const AROUND = {
  "Compare Tell": "M316 20Q318 20 318 24V273Q318 281 310 281H168Q160 281 160 289V296",
  "Mix Tell": "M24 92V298Q24 310 36 310H112",
  "HashAgain Verdict": "M268 92V150Q268 162 256 162H206Q194 162 194 174V180",
};

/** Draw the machine, with the states that a job entered and its current state. */
export function drawMachine(box, row) {
  const { seen, current, failed } = reached(row);
  const svg = make("svg", { viewBox: "0 0 320 384", role: "img" });
  svg.append(make("title", {}, current ? `${t("machine")}: ${current}` : t("machine")));
  for (const [from, to] of EDGES) svg.append(edge(from, to, seen.has(from) && seen.has(to)));
  for (const name of Object.keys(AT)) {
    const kind = name === current ? (failed ? "failed" : "current") : seen.has(name) ? "seen" : "";
    svg.append(state(name, kind));
  }
  box.replaceChildren(svg);
}

function reached(row) {
  const moments = row?.moments ?? [];
  const place = (m) => SAME[m.state] ?? m.state;
  const seen = new Set(moments.map(place).filter(Boolean));
  if (moments.length) seen.add("Route");
  const last = moments.at(-1);
  const failed = last?.status === "failed";
  if (failed) seen.add("Failed");
  if (last?.outcome === "HELD") seen.add("Held");
  const current = failed ? "Failed" : last?.outcome === "HELD" ? "Held" : (last && place(last)) || (moments.length ? "Route" : "");
  return { seen, current, failed };
}

function edge(from, to, lit) {
  return make("path", { d: AROUND[`${from} ${to}`] ?? straight(from, to), class: lit ? "edge lit" : "edge" });
}

function straight(from, to) {
  const [x1, y1] = AT[from];
  const [x2, y2] = AT[to];
  const flat = y1 === y2;
  const side = Math.sign(x2 - x1) / 2;
  const [a, b, c, d] = flat ? [x1 + side * width(from), y1, x2 - side * width(to), y2] : [x1, y1 + H / 2, x2, y2 - H / 2];
  const middle = (b + d) / 2;
  return flat ? `M${a} ${b}L${c} ${d}` : `M${a} ${b}C${a} ${middle} ${c} ${middle} ${c} ${d}`;
}

function state(name, kind) {
  const [x, y] = AT[name];
  const group = make("g", { class: `state ${kind}` });
  group.append(make("rect", { x: x - width(name) / 2, y: y - H / 2, width: width(name), height: H, rx: name === "Verdict" || name === "Route" ? 14 : 6 }));
  group.append(make("text", { x, y: y + 4 }, name));
  return group;
}

function make(tag, attributes, text) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}
