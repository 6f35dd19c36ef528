// The common time of two versions is that of the newer one; a match says where the older one lies in it.

/** Return the matches that carry a time over; without any, the whole recordings lie side by side. */
const matchesOf = (report) => (report.matches?.length ? report.matches : [{ before: 0, after: 0, seconds: Infinity }]);

/** Return the time in the older version of a time in the newer one, in seconds. */
export function beforeOf(report, after) {
  const matches = matchesOf(report);
  const near = matches.findLast((match) => match.after <= after) ?? matches[0];
  return Math.max(0, near.before + after - near.after);
}

/** Return how much later the newer version is, in seconds: the older one is drawn so much further right. */
export const shiftOf = (report) => (report.offset_ms ?? 0) / 1000;

/** Return the seconds that both versions span on their common time. */
export function spanOf(report) {
  const shift = shiftOf(report);
  const ends = [report.after?.duration ?? 0, (report.before?.duration ?? 0) + shift];
  return { start: Math.min(0, shift), end: Math.max(...ends) };
}

/** Return where a region lies on a line, in per cent of its width. */
export function placeOf({ start, end }, span) {
  const share = (seconds) => (100 * (seconds - span.start)) / (span.end - span.start);
  return { left: share(start), width: share(end) - share(start) };
}

/** Return the volumes at which both versions are as loud as the quieter one. */
export function volumesOf(report) {
  const gain = report.gain_db ?? 0;
  return { before: Math.min(1, 10 ** (gain / 20)), after: Math.min(1, 10 ** (-gain / 20)) };
}

/** Return the starts in milliseconds that align both versions in the mixer, without cutting a beginning. */
export function startsOf(report) {
  const offset = Math.round((report.offset_ms ?? 0) * 1000) / 1000;
  return { before: Math.max(0, offset), after: Math.max(0, -offset) };
}
