import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { t } from "./i18n.js";
import { hasToken } from "./session.js";
import { ended, selected } from "./store.js";
import { calm, trouble } from "./trouble.js";

const $ = (id) => document.getElementById(id);
const LATE_AT_MOST_S = 60;
const LOOK_MS = 1500;
const RULES = {
  auto: { behaviour: "auto", event: "*" },
  "ask-me": { behaviour: "ask-me", event: "hash-check" },
  slow: { behaviour: "late", event: "hash-check", delay_s: 3 },
  unavailable: { behaviour: "unavailable", event: "*", times: 3 },
  down: { behaviour: "unavailable", event: "*" },
  twice: { behaviour: "twice", event: "hash-check" },
  late: { behaviour: "late", event: "hash-check" },
  garbage: { behaviour: "garbage", event: "hash-check" },
};
let current = null; // as the server said last; null is none of these
let chosen = 0;
let standin = false;
let timeout = 0;
let endpoint = "";

let asked = null;

/** Return what the API of `waveflow up` says about itself, asked for once; null where nothing answers. */
export const engine = () => (asked ??= api.status().catch(() => (asked = null)));

/** Tell whether a stand-in server runs, whose webhooks the page can read. */
export const hasStandin = () => standin;

/** Tell whether the server leaves the next verdict to the person at the page. */
export const asksMe = () => current === "ask-me";

/** Show the server's switches, where a stand-in runs. */
export async function openPlayground() {
  const status = await engine();
  if (!status) return;
  if (status.token_required && !hasToken()) trouble(t("asking"), new api.Failure({ code: "NO_TOKEN" }));
  endpoint = status.endpoint.replace("http://", "");
  const [kinds, most] = [$("kinds"), status.max_file_bytes / 2 ** 20];
  Object.assign(kinds.dataset, { t: "dropKindsMost", most });
  kinds.textContent = t("dropKindsMost", { most });
  timeout = status.verdict_timeout_s;
  standin = status.standin;
  $("server-card").hidden = !standin;
  $("webhook-card").hidden = !standin;
  drawSwitches();
  if (!standin) return;
  await look();
  document.addEventListener("visibilitychange", look);
  setInterval(look, LOOK_MS);
}

/** Say in the current language which engine the page belongs to. */
const drawWhere = () => ($("where").textContent = endpoint && t("where", { endpoint }));

/** Read the server's rule and webhooks; another tab may have switched the server. */
async function look() {
  if (!document.hidden) await Promise.all([readRule(), showWebhooks()]);
}

/** Draw the engine's address and the server's switches in the current language. */
export function drawSwitches() {
  drawWhere();
  const legend = $("behaviours").querySelector("legend");
  const late = timeout > LATE_AT_MOST_S;
  const choices = Object.keys(RULES).map((name) => {
    const off = name === "late" && late;
    return h("label", { class: off ? "off" : null, title: off ? t("lateHint") : null },
      h("input", { type: "radio", name: "behaviour", value: name, checked: name === current, disabled: off, onchange: () => choose(name) }),
      h("span", {}, t(name), off ? h("small", {}, t("lateHint")) : null));
  });
  $("behaviours").replaceChildren(legend, ...choices);
}

async function choose(name) {
  chosen += 1;
  await api.behave(rule(name)).then(
    () => {
      current = name;
      calm();
    },
    (error) => trouble(t("switching"), error),
  );
  chosen += 1; // what was read meanwhile may be older
  check();
}

const rule = (name) => ({ ...RULES[name], ...(name === "late" ? { delay_s: timeout + 2 } : {}) });

async function readRule() {
  const before = chosen;
  const rules = await api.behaviour().catch(() => null); // the next look tells
  if (!rules || before !== chosen) return;
  const deciding = rules.find(({ subject }) => subject === "*");
  current = deciding ? (Object.keys(RULES).find((name) => same(rule(name), deciding)) ?? null) : "auto";
  check();
}

function same(wanted, { behaviour, event, times, delay_s: delay }) {
  return wanted.behaviour === behaviour && wanted.event === event && ("times" in wanted) === (times !== null) && (wanted.delay_s ?? delay) === delay;
}

/** Check the switch of the server's current rule. */
function check() {
  for (const input of $("behaviours").querySelectorAll("input")) input.checked = input.value === current;
}

let showing = null; // the webhooks that are asked for now
let stale = false; // whether something has changed since

/** Show the selected row's webhooks as the server got them, by one request at a time. */
export function showWebhooks() {
  stale = true;
  return (showing ??= readWebhooks().finally(() => (showing = null)));
}

async function readWebhooks() {
  while (stale) {
    stale = false;
    await readSelected();
  }
}

async function readSelected() {
  const row = selected();
  const list = $("webhooks");
  if (!standin || document.hidden) return;
  if (!row?.jobId) return fill(list, "none", () => [h("li", { class: "none" }, t("noWebhooks"))]);
  const stamp = ended(row) ? row.jobId + document.documentElement.lang + row.notes.map(({ status }) => status) : "";
  const settled = stamp && !stamp.includes("RUNNING");
  if (settled && list.dataset.settled === stamp) return;
  const received = await api.webhooks(row.jobId).catch(() => []);
  const key = row.jobId + received.map((w) => w.number + w.answered).join() + document.documentElement.lang;
  fill(list, key, () => (received.length ? received.reverse().map(webhook) : [h("li", { class: "none" }, t("noWebhooks"))]));
  list.dataset.settled = settled && received.length ? stamp : "";
}

function webhook(received) {
  const { headers, body } = received;
  const signed = Object.entries(headers).filter(([name]) => name.startsWith("webhook-") || name === "content-type");
  const text = [`POST /${received.event}`, ...signed.map(([name, value]) => `${name}: ${value}`), "", JSON.stringify(body, null, 2)];
  return h("li", {},
    h("details", {},
      h("summary", {},
        h("span", { class: "event" }, received.event),
        h("span", { class: received.answered < 300 ? "answer good" : "answer bad" }, String(received.answered)),
        h("span", { class: "signed" }, t(received.verified ? "signed" : "unsigned")),
        received.repeated ? h("span", { class: "signed" }, t("repeat")) : null),
      h("pre", { tabindex: "0" }, text.join("\n"))));
}
