import { SENTENCES } from "./sentences.js";
import { WORDS } from "./words.js";

const stored = localStorage.getItem("waveflow.language");
let language = stored ?? (navigator.language.startsWith("ko") ? "ko" : "en");

/** Return a sentence with its blanks filled in. */
export function t(key, blanks = {}) {
  const text = WORDS[language][key] ?? sentenceOf(key) ?? WORDS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => blanks[name] ?? "");
}

/** Return the sentence of an error code, warning code or dedupe reason, if there is one. */
export const sentenceOf = (code) => SENTENCES[language][code];

/** Return the sentence of a failure, with the server's reason where the server gave one. */
export const failed = (what, error) => t("failed", { what, reason: reason(error) });

function reason({ code, status, message }) {
  if (["NETWORK", "NO_TOKEN", "UNDECODABLE"].includes(code)) return t(code);
  return sentenceOf(code) ?? dotted(message || t("UNREADABLE", { status }));
}

/** Return a text with a full stop, unless the text ends a sentence already. */
export const dotted = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Put every sentence of the fixed markup into the current language; `data-…` fills the blanks. */
export function translate() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t, element.dataset);
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
  const other = document.getElementById("language");
  other.textContent = language === "en" ? "한국어" : "English";
  other.lang = language === "en" ? "ko" : "en";
}

/** Change to the other language. */
export function switchLanguage() {
  language = language === "en" ? "ko" : "en";
  localStorage.setItem("waveflow.language", language);
  translate();
}
