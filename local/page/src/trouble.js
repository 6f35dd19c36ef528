import { h } from "./dom.js";
import { failed, t } from "./i18n.js";

const box = () => document.getElementById("trouble");

/** Say on the page that something a person asked for did not come about. */
export function trouble(what, error) {
  const close = h("button", { type: "button", class: "close", "aria-label": t("close"), onclick: calm }, "×");
  box().replaceChildren(h("span", {}, failed(what, error)), close);
  box().hidden = false;
}

/** Take the last trouble back: the same was done now. */
export function calm() {
  box().hidden = true;
}
