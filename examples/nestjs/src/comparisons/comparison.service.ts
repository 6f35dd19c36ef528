import { BadRequestException, ConflictException, Injectable, Logger, NotFoundException } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, IsNull, LessThan, Repository, type EntityManager } from 'typeorm';
import { Mix } from '../mixes/mix.entity.js';
import { StemFile } from '../stems/stem-file.entity.js';
import type { ComparisonCompleteDto } from '../waveflow/dto/comparison-complete.dto.js';
import { shownAs } from '../waveflow/dto/shown.js';
import { NO_ANSWER } from '../waveflow/no-answer.js';
import { SqsService, type AskedPair } from '../waveflow/sqs.service.js';
import { forUpdate, Transactions } from '../waveflow/transactions.js';
import type { Applied, ComparisonReceiver } from '../webhook/receivers.js';
import { Comparison } from './comparison.entity.js';
import { ComparisonDto, type ComparisonRequestDto } from './comparisons.dto.js';

/** Asks what differs between versions, and files the answers. */
@Injectable()
export class ComparisonService implements ComparisonReceiver {
  private readonly logger = new Logger(ComparisonService.name);

  constructor(
    @InjectRepository(Comparison) private readonly comparisons: Repository<Comparison>,
    private readonly transactions: Transactions,
    private readonly sqs: SqsService,
  ) {}

  /** Write the wish down and send it; what the queue does not take now is sent later. */
  async request(wish: ComparisonRequestDto): Promise<ComparisonDto> {
    const comparison = await this.transactions.run((manager) => writeDown(manager, wish));
    try {
      await this.send(comparison);
    } catch (error) {
      this.logger.error(`The queue did not take ${comparison.taskId}; it is sent later`, error);
    }
    return shownAs(ComparisonDto, comparison);
  }

  async find(userId: string, taskId: string): Promise<Comparison> {
    const row = await this.transactions.read(() => this.comparisons.findOneBy({ taskId, userId }));
    if (row === null) {
      throw new NotFoundException(`No comparison ${taskId} of this user`);
    }
    return row;
  }

  /** File how a comparison ended; must run in the transaction that remembers the webhook. */
  async settle(manager: EntityManager, completion: ComparisonCompleteDto): Promise<Applied> {
    const { task_id: taskId } = completion;
    const row = await manager.findOne(Comparison, { where: { taskId }, ...forUpdate(manager) });
    if (row === null) {
      throw new NotFoundException(`No comparison ${taskId} is known here`);
    }
    if (row.state === 'completed') {
      return 'ignored';
    }
    await manager.save(Comparison, { ...row, ...outcome(completion) });
    return 'applied';
  }

  /** Send requests that never left, the oldest first; a queue that refuses one ends it. */
  async resend(before: string, limit: number): Promise<void> {
    const where = { state: 'queued', sentAt: IsNull(), requestedAt: LessThan(before) } as const;
    const waiting = await this.transactions.read(() =>
      this.comparisons.find({ where, order: { requestedAt: 'ASC' }, take: limit }),
    );
    for (const row of waiting) {
      await this.send(row);
    }
  }

  /** Call what was asked before a time, and never answered, a failure; a late answer still counts. */
  giveUp(askedBefore: string, errorMessage: string): Promise<number> {
    const before = LessThan(askedBefore);
    const given = { state: 'error', errorCode: NO_ANSWER, errorMessage } as const;
    return this.transactions.run(async (manager) => {
      const untold = await manager.update(Comparison, { state: 'queued', sentAt: before, changedAt: before }, given);
      return untold.affected ?? 0;
    });
  }

  private async send(row: Comparison): Promise<void> {
    const { taskId } = row;
    await this.sqs.sendComparisonRequest(row);
    const sentAt = new Date().toISOString();
    await this.transactions.run((manager) => manager.update(Comparison, { taskId }, { sentAt }));
  }
}

async function writeDown(manager: EntityManager, wish: ComparisonRequestDto): Promise<Comparison> {
  const { userId, stageId } = wish;
  const pairs = await pathsOf(manager, wish);
  const time = await freeTime(manager, stageId);
  const taskId = `compare-${stageId}-${time.getTime()}`;
  await manager.insert(Comparison, { taskId, userId, stageId, requestedAt: time.toISOString(), pairs });
  return manager.findOneByOrFail(Comparison, { taskId });
}

/** The page names stems and mixes, never S3 paths: a path is taken from a row of the same user. */
async function pathsOf(manager: EntityManager, { userId, pairs }: ComparisonRequestDto): Promise<AskedPair[]> {
  if (pairs.some(({ before, after }) => !before && !after)) {
    throw new BadRequestException('pairs must each have before or after');
  }
  const ids = In(pairs.flatMap(({ before, after }) => [before, after]).filter((id) => id));
  const stems = await manager.findBy(StemFile, { userId, stemId: ids, state: 'completed' });
  const mixes = await manager.findBy(Mix, { userId, taskId: ids, state: 'completed' });
  const paths = new Map<string, string | null>([
    ...mixes.map(({ taskId, mixedFilePath }) => [taskId, mixedFilePath] as const),
    ...stems.map(({ stemId, filepath }) => [stemId, filepath] as const),
  ]);
  const path = (id: string | null | undefined): string | null => {
    const found = id ? paths.get(id) : null;
    if (found === undefined) {
      throw new ConflictException('Every stem and mix must belong to this user, and be completed');
    }
    return found;
  };
  return pairs.map(({ before, after }) => ({ before: path(before), after: path(after) }));
}

/** WaveFlow refuses another comparison of the same stage and time, whoever asked for the first. */
async function freeTime(manager: EntityManager, stageId: string): Promise<Date> {
  const newest = await manager.findOne(Comparison, { where: { stageId }, order: { requestedAt: 'DESC' } });
  return new Date(newest === null ? Date.now() : Math.max(Date.now(), Date.parse(newest.requestedAt) + 1));
}

function outcome(completion: ComparisonCompleteDto): Partial<Comparison> {
  if (completion.status === 'FAILURE') {
    const { error_code: errorCode, error_message: errorMessage } = completion.result ?? {};
    return { state: 'error', errorCode: errorCode ?? null, errorMessage: errorMessage ?? null };
  }
  return {
    state: 'completed',
    comparisonPath: completion.comparison_path ?? null,
    statuses: completion.statuses ?? null,
    warnings: completion.warnings ?? null,
    errorCode: null,
    errorMessage: null,
  };
}
