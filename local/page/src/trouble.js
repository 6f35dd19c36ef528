import { h } from "./dom.js";
import { failed, t } from "./i18n.js";

const box = () => document.getElementById("trouble");

/** Show an error about something that a person asked for. */
export function trouble(what, error) {
  const close = h("button", { type: "button", class: "close", "aria-label": t("close"), onclick: calm }, "×");
  box().replaceChildren(h("span", {}, failed(what, error)), close);
  box().hidden = false;
}

/** Hide the last error, after the same action has succeeded. */
export function calm() {
  box().hidden = true;
}
