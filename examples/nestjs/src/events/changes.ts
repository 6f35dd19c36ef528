/** A row that has changed, as its user is shown it. */
export interface Change {
  kind: 'stem' | 'mix';
  id: string;
  userId: string;
  /** ISO 8601 in milliseconds: the order of the texts is the order of the times. */
  changedAt: string;
  row: object;
}

/** Which changes are wanted: those of some users since a time, the oldest first. */
export interface ChangesQuery {
  userIds: string[];
  since: string;
  limit?: number;
}
