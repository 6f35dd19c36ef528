import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { t } from "./i18n.js";
import { ended, selected } from "./store.js";

const $ = (id) => document.getElementById(id);
const LATE_AT_MOST_S = 60;
const RULES = {
  auto: { behaviour: "auto" },
  "ask-me": { behaviour: "ask-me", event: "hash-check" },
  slow: { behaviour: "late", event: "hash-check", delay_s: 3 },
  unavailable: { behaviour: "unavailable", times: 3 },
  down: { behaviour: "unavailable" },
  twice: { behaviour: "twice", event: "hash-check" },
  late: { behaviour: "late", event: "hash-check" },
  garbage: { behaviour: "garbage", event: "hash-check" },
};
let current = "auto";
let timeout = 0;

/** Tell whether the server leaves the next verdict to whoever looks at the page. */
export const asksMe = () => current === "ask-me";

/** Show the switches, where a stand-in runs that they can turn. */
export async function openBench() {
  const status = await api.status().catch(() => null);
  if (!status) return;
  $("where").textContent = t("where", { endpoint: status.endpoint.replace("http://", "") });
  timeout = status.verdict_timeout_s;
  $("server-card").hidden = !status.standin;
  $("webhook-card").hidden = !status.standin;
  if (status.standin) {
    await choose("auto");
    drawBench();
    setInterval(showWebhooks, 1500);
  }
}

/** Draw the switches in the current language. */
export function drawBench() {
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
  current = name;
  await api.behave({ behaviour: "auto" });
  if (name !== "auto") await api.behave({ ...RULES[name], ...(name === "late" ? { delay_s: timeout + 2 } : {}) });
}

/** Show the selected row's webhooks as the server got them. */
export async function showWebhooks() {
  const row = selected();
  const list = $("webhooks");
  if ($("webhook-card").hidden || document.hidden) return;
  if (!row?.jobId) return fill(list, "none", () => [h("li", { class: "none" }, t("noWebhooks"))]);
  if (ended(row) && list.dataset.settled === row.jobId + row.notes.length) return;
  const received = await api.webhooks(row.jobId).catch(() => []);
  const key = row.jobId + received.map((w) => w.number + w.answered).join() + document.documentElement.lang;
  fill(list, key, () => (received.length ? received.reverse().map(webhook) : [h("li", { class: "none" }, t("noWebhooks"))]));
  list.dataset.settled = ended(row) && received.length ? row.jobId + row.notes.length : "";
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
