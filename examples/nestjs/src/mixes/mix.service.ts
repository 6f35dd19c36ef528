import {
  ConflictException,
  Injectable,
  Logger,
  NotFoundException,
  ServiceUnavailableException,
} from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { Transactions } from '../database/transactions.js';
import { StemFile } from '../stems/stem-file.entity.js';
import type { MixingCompleteDto } from '../waveflow/dto/mixing-complete.dto.js';
import { SqsService } from '../waveflow/sqs.service.js';
import { Mix } from './mix.entity.js';
import type { MixRequestDto } from './mixes.dto.js';

/** Asks for mixes and files their results. */
@Injectable()
export class MixService {
  private readonly logger = new Logger(MixService.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly sqs: SqsService,
  ) {}

  async request(wish: MixRequestDto): Promise<Mix> {
    const mix = await this.transactions.run((manager) => writeDown(manager, wish));
    try {
      await this.sqs.sendMixRequest(mix.taskId, {
        stageId: mix.stageId,
        stem_paths: mix.stemPaths,
        timestamp: mix.requestedAt,
        ...(mix.upstreamId === null ? {} : { upstreamId: mix.upstreamId }),
      });
    } catch (error) {
      this.logger.error(`The queue did not take ${mix.taskId}`, error);
      throw new ServiceUnavailableException('The mix could not be asked for; try again');
    }
    return mix;
  }

  async find(taskId: string): Promise<Mix> {
    return this.transactions.run((manager) => requireMix(manager, taskId));
  }

  /** File how a mix ended; must run in the transaction that remembers the webhook. */
  async settle(manager: EntityManager, completion: MixingCompleteDto): Promise<'applied' | 'ignored'> {
    const mix = await requireMix(manager, completion.task_id);
    if (mix.state === 'completed') {
      return 'ignored';
    }
    await manager.save(Mix, { ...mix, ...outcome(completion) });
    return 'applied';
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
  const mix = { stageId, stemPaths, requestedAt: now.toISOString(), state: 'queued' as const };
  const taskId = `mix-${stageId}-${now.getTime()}`;
  await manager.insert(Mix, { ...mix, taskId, upstreamId: wish.upstreamId ?? null });
  return requireMix(manager, taskId);
}

async function requireMix(manager: EntityManager, taskId: string): Promise<Mix> {
  const mix = await manager.findOneBy(Mix, { taskId });
  if (mix === null) {
    throw new NotFoundException(`No mix ${taskId} is known here`);
  }
  return mix;
}

function outcome(completion: MixingCompleteDto): Partial<Mix> {
  if (completion.status === 'FAILURE') {
    const { error_code: errorCode, error_message: errorMessage } = completion.result ?? {};
    return { state: 'error', errorCode: errorCode ?? null, errorMessage: errorMessage ?? null };
  }
  return {
    state: 'completed',
    mixedFilePath: completion.mixed_file_path ?? null,
    waveformDataPath: completion.waveform_data_path ?? null,
    duration: completion.duration ?? null,
    warnings: completion.warnings ?? null,
    errorCode: null,
    errorMessage: null,
  };
}
