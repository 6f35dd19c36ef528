/** Make an element: `h("button", {class: "quiet", onclick}, "Text", child)`. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Replace an element's content only when it would differ. */
export function fill(element, key, make) {
  if (element.dataset.shows === key) return;
  element.dataset.shows = key;
  const reachable = () => [...element.querySelectorAll("a, button, input, select, summary")];
  const focused = reachable().indexOf(document.activeElement);
  element.replaceChildren(...make().filter((child) => child !== null));
  if (focused >= 0) reachable()[focused]?.focus(); // whoever uses the keyboard stays where they are
}

/** Save the file behind an address; a signed URL brings the file's name. */
export const save = (href, download = "") => h("a", { href, download }).click();

/** Return 3 s as "3.00 s", 1.5 MiB as "1.5 MiB". */
export const seconds = (s) => `${s < 10 ? s.toFixed(2) : s.toFixed(1)} s`;
export const bytes = (n) => (n < 1048576 ? `${Math.ceil(n / 1024)} KiB` : `${(n / 1048576).toFixed(1)} MiB`);

/** Return 75.5 s as "1:15", as "1:15.5" with one digit; an hour as "1:00:00". */
export function clock(s, digits = 0) {
  const whole = Math.floor(s * 10 ** digits + 1e-6) / 10 ** digits;
  const [minutes, rest] = [Math.floor(whole / 60), (whole % 60).toFixed(digits)];
  const two = (part) => String(part).padStart(2, "0");
  const seconds = `${two(Math.floor(rest))}${rest.replace(/^\d+/, "")}`;
  return minutes < 60 ? `${minutes}:${seconds}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${seconds}`;
}
