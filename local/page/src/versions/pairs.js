/** Return the pairs of two versions: the rows themselves, then the stems of two mixes. */
export function pairsOf(before, after, rows) {
  const whole = { before, after };
  if (before.kind !== "mix" || after.kind !== "mix") return [whole];
  const stems = (mix) => (mix.stems ?? []).map((id) => rows.find((row) => row.jobId === id)).filter(Boolean);
  const older = stems(before);
  const partner = (stem) => older.find((each) => each.jobId === stem.jobId) ?? older.find((each) => each.name === stem.name);
  const newer = stems(after).map((stem) => ({ before: partner(stem) ?? null, after: stem }));
  const kept = newer.map((pair) => pair.before);
  return [whole, ...newer, ...older.filter((stem) => !kept.includes(stem)).map((stem) => ({ before: stem, after: null }))];
}
