import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { MixService } from '../mixes/mix.service.js';
import { UploadService } from '../stems/upload.service.js';

const EVERY_MS = 60_000;
// Whoever wrote the row down has given up by then.
const AFTER_MS = 60_000;
const BATCH = 20;

/**
 * Sends what was written down but never left, because the queue or this server was down.
 * A timer does it, so that a queue that is away holds up neither the start nor a request.
 */
@Injectable()
export class ResendService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ResendService.name);
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(
    private readonly uploads: UploadService,
    private readonly mixes: MixService,
  ) {}

  onApplicationBootstrap(): void {
    this.wait();
  }

  onModuleDestroy(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  /** One turn, of a limited number of messages. */
  async resend(now: Date = new Date()): Promise<void> {
    const before = new Date(now.getTime() - AFTER_MS).toISOString();
    for (const service of [this.uploads, this.mixes]) {
      try {
        await service.resend(before, BATCH);
      } catch (error) {
        this.logger.warn(`Will send again later: ${String(error)}`);
      }
    }
  }

  private wait(): void {
    this.timer = setTimeout(() => void this.turn(), EVERY_MS).unref();
  }

  private async turn(): Promise<void> {
    await this.resend();
    if (!this.isStopped) {
      this.wait();
    }
  }
}
