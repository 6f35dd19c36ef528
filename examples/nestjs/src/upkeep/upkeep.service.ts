import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ComparisonService } from '../comparisons/comparison.service.js';
import { MixService } from '../mixes/mix.service.js';
import { settings, type Settings } from '../settings/settings.js';
import { UploadService } from '../stems/upload.service.js';

const EVERY_MS = 60_000;
// Whoever wrote the row down has given up by then.
const SEND_AFTER_MS = 60_000;
const BATCH = 20;

/**
 * Sends what was written down but never left, because the queue or this server was down,
 * and gives up what WaveFlow has not answered, because a webhook was lost or refused.
 * A timer does it, so that a queue that is away holds up neither the start nor a request.
 */
@Injectable()
export class UpkeepService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(UpkeepService.name);
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(
    private readonly uploads: UploadService,
    private readonly mixes: MixService,
    private readonly comparisons: ComparisonService,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    this.wait();
  }

  onModuleDestroy(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  /** One turn, of a limited number of messages. */
  async turn(now: Date = new Date()): Promise<void> {
    const sendBefore = ago(now, SEND_AFTER_MS);
    const { answerWithinMinutes } = this.settings;
    const askedBefore = ago(now, answerWithinMinutes * 60_000);
    const reason = `WaveFlow has not said within ${answerWithinMinutes} minutes how this ended; ask again`;
    for (const service of [this.uploads, this.mixes, this.comparisons]) {
      try {
        const count = await service.giveUp(askedBefore, reason);
        if (count > 0) {
          this.logger.warn(`${count} rows of ${service.constructor.name} got no answer; was a webhook refused?`);
        }
        await service.resend(sendBefore, BATCH);
      } catch (error) {
        this.logger.warn(`Will try again later: ${String(error)}`);
      }
    }
  }

  private wait(): void {
    this.timer = setTimeout(() => void this.next(), EVERY_MS).unref();
  }

  private async next(): Promise<void> {
    await this.turn();
    if (!this.isStopped) {
      this.wait();
    }
  }
}

function ago(now: Date, milliseconds: number): string {
  return new Date(now.getTime() - milliseconds).toISOString();
}
