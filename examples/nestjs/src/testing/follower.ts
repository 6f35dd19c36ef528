import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from './harness.js';

export interface Told {
  id: string;
  type: string;
  data: any;
}

/** A page's EventSource, as far as the tests need it. */
export class Follower {
  readonly told: Told[] = [];
  readonly comments: string[] = [];
  /** Settled when the server ends the stream, or the page leaves. */
  readonly ended: Promise<void>;
  private readonly aborter = new AbortController();

  constructor(server: Server, userId = 'user', lastEventId?: string) {
    this.ended = this.read(server, userId, lastEventId).catch((error: unknown) => {
      if (!this.aborter.signal.aborted) {
        throw error;
      }
    });
  }

  /** The first event of which this is true, of those told so far or soon. */
  async first(isWanted: (told: Told) => boolean): Promise<Told> {
    for (let waited = 0; waited < 5_000; waited += 10) {
      const found = this.told.find(isWanted);
      if (found !== undefined) {
        return found;
      }
      await delay(10);
    }
    throw new Error(`Not told within 5 s; told: ${JSON.stringify(this.told)}`);
  }

  ready(): Promise<Told> {
    return this.first(({ type }) => type === 'ready');
  }

  leave(): Promise<void> {
    this.aborter.abort();
    return this.ended;
  }

  private async read(server: Server, userId: string, lastEventId?: string): Promise<void> {
    const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const address = `${await server.app.getUrl()}/events?userId=${userId}`;
    const { body } = await fetch(address, { headers, signal: this.aborter.signal });
    let text = '';
    for await (const part of (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
      const blocks = (text + part).split('\n\n');
      text = blocks.pop() ?? '';
      blocks.forEach((block) => this.take(block));
    }
  }

  private take(block: string): void {
    const fields = block.split('\n').map((line) => /^(\w*): (.*)$/.exec(line));
    const value = (name: string) => fields.find((field) => field?.[1] === name)?.[2] ?? '';
    if (value('data') !== '') {
      this.told.push({ id: value('id'), type: value('event'), data: JSON.parse(value('data')) });
    } else if (value('') !== '') {
      this.comments.push(`${value('id')} ${value('')}`);
    }
  }
}
