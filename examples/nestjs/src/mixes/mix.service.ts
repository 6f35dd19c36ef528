import {
  ConflictException,
  Injectable,
  Logger,
  NotFoundException,
} from '@nestjs/common';
import { In, IsNull, LessThan, type EntityManager } from 'typeorm';
import { StemFile } from '../stems/stem-file.entity.js';
import type { MixingCompleteDto } from '../waveflow/dto/mixing-complete.dto.js';
import { optionalOutputs } from '../waveflow/outputs.js';
import { SqsService } from '../waveflow/sqs.service.js';
import { forUpdate, Transactions } from '../waveflow/transactions.js';
import type { Applied, MixReceiver } from '../webhook/receivers.js';
import { Mix } from './mix.entity.js';
import type { MixRequestDto } from './mixes.dto.js';

/** Asks for mixes and files their results. */
@Injectable()
export class MixService implements MixReceiver {
  private readonly logger = new Logger(MixService.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly sqs: SqsService,
  ) {}

  /** Write the wish down and send it; what the queue does not take now is sent later. */
  async request(wish: MixRequestDto): Promise<Mix> {
    const mix = await this.transactions.run((manager) => writeDown(manager, wish));
    try {
      await this.send(mix);
    } catch (error) {
      this.logger.error(`The queue did not take ${mix.taskId}; it is sent later`, error);
    }
    return mix;
  }

  async find(userId: string, taskId: string): Promise<Mix> {
    const mix = await this.transactions.read((manager) => manager.findOneBy(Mix, { taskId, userId }));
    if (mix === null) {
      throw new NotFoundException(`No mix ${taskId} of this user`);
    }
    return mix;
  }

  /** Send requests that never left, the oldest first; a queue that refuses one ends it. */
  async resend(before: string, limit: number): Promise<void> {
    const where = { state: 'queued', sentAt: IsNull(), requestedAt: LessThan(before) } as const;
    const waiting = await this.transactions.read((manager) =>
      manager.find(Mix, { where, order: { requestedAt: 'ASC' }, take: limit }),
    );
    for (const mix of waiting) {
      await this.send(mix);
    }
  }

  /** File how a mix ended; must run in the transaction that remembers the webhook. */
  async settle(manager: EntityManager, completion: MixingCompleteDto): Promise<Applied> {
    const mix = await requireMix(manager, completion.task_id);
    if (mix.state === 'completed') {
      return 'ignored';
    }
    await manager.save(Mix, { ...mix, ...outcome(mix, completion) });
    return 'applied';
  }

  private async send(mix: Mix): Promise<void> {
    const { taskId } = mix;
    await this.sqs.sendMixRequest(mix);
    const sentAt = new Date().toISOString();
    await this.transactions.run((manager) => manager.update(Mix, { taskId }, { sentAt }));
  }
}

async function writeDown(manager: EntityManager, wish: MixRequestDto): Promise<Mix> {
  const { userId, stageId, stemIds } = wish;
  const stems = await manager.findBy(StemFile, { userId, stemId: In(stemIds), state: 'completed' });
  const paths = new Map(stems.map((stem) => [stem.stemId, stem.filepath]));
  const stemPaths = stemIds.map((stemId) => paths.get(stemId) ?? '');
  if (stemPaths.includes('')) {
    throw new ConflictException('Every stem of a mix must be completed and belong to this user');
  }
  const now = new Date();
  const mix = { userId, stageId, stemPaths, requestedAt: now.toISOString(), state: 'queued' as const };
  const taskId = `mix-${stageId}-${now.getTime()}`;
  await manager.insert(Mix, { ...mix, taskId, upstreamId: wish.upstreamId ?? null });
  return manager.findOneByOrFail(Mix, { taskId });
}

async function requireMix(manager: EntityManager, taskId: string): Promise<Mix> {
  const mix = await manager.findOne(Mix, { where: { taskId }, ...forUpdate(manager) });
  if (mix === null) {
    throw new NotFoundException(`No mix ${taskId} is known here`);
  }
  return mix;
}

function outcome(mix: Mix, completion: MixingCompleteDto): Partial<Mix> {
  if (completion.status === 'FAILURE') {
    const { error_code: errorCode, error_message: errorMessage } = completion.result ?? {};
    return { state: 'error', errorCode: errorCode ?? null, errorMessage: errorMessage ?? null };
  }
  return {
    state: 'completed',
    mixedFilePath: completion.mixed_file_path ?? null,
    waveformDataPath: completion.waveform_data_path ?? null,
    ...optionalOutputs(completion, mix),
    duration: completion.duration ?? null,
    warnings: completion.warnings ?? null,
    errorCode: null,
    errorMessage: null,
  };
}
