import { Injectable, Logger, type MessageEvent, type OnModuleDestroy } from '@nestjs/common';
import {
  concatMap,
  defer,
  filter,
  finalize,
  from,
  interval,
  map,
  merge,
  mergeMap,
  share,
  Subject,
  takeUntil,
  throttleTime,
  type Observable,
} from 'rxjs';
import { MixService } from '../mixes/mix.service.js';
import { UploadService } from '../stems/upload.service.js';
import { Transactions } from '../waveflow/transactions.js';
import type { Change, ChangesQuery } from './changes.js';

// Other server processes write to the same database, and this process hears nothing of a commit.
const LOOK_EVERY_MS = 1_000;
const LOOK_AT_MOST_EVERY_MS = 50;
/** A row may become visible after its `changedAt`, and the clocks of two servers differ a little. */
const OVERLAP_MS = 10_000;
// Proxies close a connection that is quiet for 30 to 60 seconds.
const HEARTBEAT_MS = 15_000;
/** A page that missed more rows than these lists them again, which is shorter. */
const MOST_MISSED = 500;

/** Tells each user's pages what has changed in the user's own rows. */
@Injectable()
export class EventsService implements OnModuleDestroy {
  private readonly logger = new Logger(EventsService.name);
  private readonly stopped = new Subject<void>();
  private readonly clients = new Map<string, number>();
  private readonly changes = defer(() => this.watch()).pipe(share());
  /** Every change before this time has been told; the `id` of the events. */
  private toldUntil = Date.now();

  constructor(
    private readonly uploads: UploadService,
    private readonly mixes: MixService,
    private readonly transactions: Transactions,
  ) {}

  /** End the streams: the HTTP server waits for open answers before it closes. */
  onModuleDestroy(): void {
    this.stopped.next();
  }

  /** The number of open streams of each user. */
  get following(): ReadonlyMap<string, number> {
    return this.clients;
  }

  /** Tell what this user's rows become, after what they became since `lastEventId`. */
  follow(userId: string, lastEventId?: string): Observable<MessageEvent> {
    return defer(() => {
      this.count(userId, 1);
      const toEvents = newerOnly((change) => this.event(change.kind, change.row));
      const live = this.changes.pipe(filter((change) => change.userId === userId), mergeMap(toEvents));
      const missed = from(this.missed(userId, lastEventId)).pipe(
        mergeMap((changes) => [
          this.event('ready', { resumed: changes !== null }),
          ...(changes ?? []).flatMap(toEvents),
        ]),
      );
      const heartbeat = interval(HEARTBEAT_MS).pipe(
        map(() => ({ id: String(this.toldUntil), comment: 'heartbeat' })),
      );
      return merge(live, missed, heartbeat).pipe(
        takeUntil(this.stopped),
        finalize(() => this.count(userId, -1)),
      );
    });
  }

  private event(type: string, data: object): MessageEvent {
    return { id: String(this.toldUntil), type, data };
  }

  private count(userId: string, more: number): void {
    const count = (this.clients.get(userId) ?? 0) + more;
    if (count === 0) {
      this.clients.delete(userId);
    } else {
      this.clients.set(userId, count);
    }
  }

  /** Look once for all users who follow, after each commit and from time to time. */
  private watch(): Observable<Change> {
    this.toldUntil = Date.now();
    let before = new Set<string>();
    return merge(this.transactions.committed, interval(LOOK_EVERY_MS)).pipe(
      throttleTime(LOOK_AT_MOST_EVERY_MS, undefined, { leading: true, trailing: true }),
      concatMap(() => this.look()),
      mergeMap((changes) => {
        const news = changes.filter((change) => !before.has(version(change)));
        before = new Set(changes.map(version));
        return news;
      }),
    );
  }

  private async look(): Promise<Change[]> {
    const begun = Date.now();
    try {
      const found = await this.changed({ userIds: [...this.clients.keys()], since: overlapping(this.toldUntil) });
      this.toldUntil = begun;
      return found;
    } catch (error) {
      this.logger.warn(`Will look for changes again: ${String(error)}`);
      return [];
    }
  }

  /** The user's rows that changed since an event; null where the page must list them instead. */
  private async missed(userId: string, lastEventId: string | undefined): Promise<Change[] | null> {
    const last = /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : Infinity;
    if (last > Date.now() + OVERLAP_MS) {
      return null;
    }
    const limit = MOST_MISSED + 1;
    const changes = await this.changed({ userIds: [userId], since: overlapping(last), limit });
    return changes.length > MOST_MISSED ? null : changes;
  }

  private async changed(query: ChangesQuery): Promise<Change[]> {
    const [stems, mixes] = [await this.uploads.changed(query), await this.mixes.changed(query)];
    return [...stems, ...mixes];
  }
}

function overlapping(time: number): string {
  return new Date(Math.max(0, time - OVERLAP_MS)).toISOString();
}

function version({ kind, id, changedAt }: Change): string {
  return `${kind} ${id} ${changedAt}`;
}

/** A row that was read earlier may be told later, when a page gets what it missed: drop such a row. */
function newerOnly<T>(tell: (change: Change) => T): (change: Change) => T[] {
  const newest = new Map<string, string>();
  return (change) => {
    const key = `${change.kind} ${change.id}`;
    if (change.changedAt < (newest.get(key) ?? '')) {
      return [];
    }
    newest.set(key, change.changedAt);
    return [tell(change)];
  };
}
