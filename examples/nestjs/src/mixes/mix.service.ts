import { ConflictException, Injectable, Logger, NotFoundException } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import {
  In,
  IsNull,
  LessThan,
  MoreThanOrEqual,
  Repository,
  type EntityManager,
  type FindOptionsOrder,
  type FindOptionsWhere,
} from 'typeorm';
import type { Change, ChangesQuery } from '../events/changes.js';
import { StemFile } from '../stems/stem-file.entity.js';
import type { MixingCompleteDto } from '../waveflow/dto/mixing-complete.dto.js';
import { optionalOutputs } from '../waveflow/outputs.js';
import { NO_ANSWER } from '../waveflow/no-answer.js';
import { SqsService } from '../waveflow/sqs.service.js';
import { forUpdate, Transactions } from '../waveflow/transactions.js';
import type { Applied, MixReceiver } from '../webhook/receivers.js';
import type { MixDto } from './mix.dto.js';
import { Mix } from './mix.entity.js';
import type { MixQueryDto, MixRequestDto, PracticeMixesDto, StemInMixDto } from './mixes.dto.js';
import { mutedIds } from './rules.js';
import { shown } from './shown-mix.js';

/** What a page shows of a stage; an older mix is still found by its `taskId`. */
const MOST_LISTED = 100;

type Wish = MixRequestDto & { player?: string };

/** Asks for mixes and files their results. */
@Injectable()
export class MixService implements MixReceiver {
  private readonly logger = new Logger(MixService.name);

  constructor(
    @InjectRepository(Mix) private readonly mixes: Repository<Mix>,
    @InjectRepository(StemFile) private readonly stems: Repository<StemFile>,
    private readonly transactions: Transactions,
    private readonly sqs: SqsService,
  ) {}

  /** Write the wish down and send it; what the queue does not take now is sent later. */
  async request(wish: MixRequestDto): Promise<MixDto> {
    const mix = await this.transactions.run((manager) => writeDown(manager, wish));
    await this.sendNowOrLater(mix);
    return this.show(mix.userId, mix.taskId);
  }

  /** For each player one mix of everybody else; all are written down, or none. */
  async requestPracticeMixes(stageId: string, { players, ...wish }: PracticeMixesDto): Promise<MixDto[]> {
    const mixes = await this.transactions.run(async (manager) => {
      const written: Mix[] = [];
      for (const { name, stemIds } of players) {
        const stems = [...muted(stemIds, wish.stems), ...others(stemIds, wish.stems)];
        written.push(await writeDown(manager, { ...wish, stageId, stems, player: name }));
      }
      return written;
    });
    for (const mix of mixes) {
      await this.sendNowOrLater(mix);
    }
    return this.look(wish.userId, { taskId: In(mixes.map(({ taskId }) => taskId)) }, { requestedAt: 'ASC' });
  }

  /** This user's mixes of a stage, newest first. */
  list({ userId, stageId }: MixQueryDto): Promise<MixDto[]> {
    return this.look(userId, { stageId }, { requestedAt: 'DESC' });
  }

  async find(userId: string, taskId: string): Promise<Mix> {
    const mix = await this.transactions.read(() => this.mixes.findOneBy({ taskId, userId }));
    if (mix === null) {
      throw new NotFoundException(`No mix ${taskId} of this user`);
    }
    return mix;
  }

  async show(userId: string, taskId: string): Promise<MixDto> {
    const [mix] = await this.look(userId, { taskId });
    if (mix === undefined) {
      throw new NotFoundException(`No mix ${taskId} of this user`);
    }
    return mix;
  }

  /** What pages that follow must be told. */
  changed({ userIds, since, limit }: ChangesQuery): Promise<Change[]> {
    return this.transactions.read(async () => {
      const where = { userId: In(userIds), changedAt: MoreThanOrEqual(since) };
      const rows = await shown(this.stems, await this.mixes.find({ where, order: { changedAt: 'ASC' }, take: limit }));
      return rows.map((row) => ({ kind: 'mix', id: row.taskId, userId: row.userId, changedAt: row.changedAt, row }));
    });
  }

  /** Send requests that never left, the oldest first; a queue that refuses one ends it. */
  async resend(before: string, limit: number): Promise<void> {
    const where = { state: 'queued', sentAt: IsNull(), requestedAt: LessThan(before) } as const;
    const waiting = await this.transactions.read(() =>
      this.mixes.find({ where, order: { requestedAt: 'ASC' }, take: limit }),
    );
    for (const mix of waiting) {
      await this.send(mix);
    }
  }

  /** File how a mix ended; must run in the transaction that remembers the webhook. */
  async settle(manager: EntityManager, completion: MixingCompleteDto): Promise<Applied> {
    const mix = await requireMix(manager, completion);
    if (mix.taskId !== completion.task_id) {
      await manager.save(Mix, { ...mix, ...outputs(mix, completion) });
      return 'applied';
    }
    if (mix.state === 'completed') {
      return 'ignored';
    }
    await manager.save(Mix, { ...mix, ...outcome(mix, completion) });
    return 'applied';
  }

  /** Call what was asked before a time, and never answered, a failure; a late answer still counts. */
  giveUp(askedBefore: string, errorMessage: string): Promise<number> {
    const before = LessThan(askedBefore);
    const given = { state: 'error', errorCode: NO_ANSWER, errorMessage } as const;
    return this.transactions.run(async (manager) => {
      const untold = await manager.update(Mix, { state: 'queued', sentAt: before, changedAt: before }, given);
      return untold.affected ?? 0;
    });
  }

  private look(userId: string, which: FindOptionsWhere<Mix>, order?: FindOptionsOrder<Mix>): Promise<MixDto[]> {
    return this.transactions.read(async () => {
      const where = { ...which, userId };
      return shown(this.stems, await this.mixes.find({ where, order, take: MOST_LISTED }));
    });
  }

  private async sendNowOrLater(mix: Mix): Promise<void> {
    try {
      await this.send(mix);
    } catch (error) {
      this.logger.error(`The queue did not take ${mix.taskId}; it is sent later`, error);
    }
  }

  private async send(mix: Mix): Promise<void> {
    const { taskId } = mix;
    await this.sqs.sendMixRequest(mix);
    const sentAt = new Date().toISOString();
    await this.transactions.run((manager) => manager.update(Mix, { taskId }, { sentAt }));
  }
}

function muted(stemIds: string[], stems: StemInMixDto[] = []): StemInMixDto[] {
  return stemIds.map((stemId) => ({ ...stems.find((stem) => stem.stemId === stemId), stemId, mute: true }));
}

function others(stemIds: string[], stems: StemInMixDto[] = []): StemInMixDto[] {
  return stems.filter(({ stemId }) => !stemIds.includes(stemId));
}

async function writeDown(manager: EntityManager, wish: Wish): Promise<Mix> {
  const { userId, stageId, stemIds } = wish;
  const paths = await pathsOf(manager, wish);
  const time = await freeTime(manager, stageId);
  const taskId = `mix-${stageId}-${time.getTime()}`;
  await manager.insert(Mix, {
    ...{ taskId, userId, stageId, stemIds, requestedAt: time.toISOString() },
    stemPaths: stemIds.map((stemId) => paths.get(stemId) ?? ''),
    mix: wish.mix ?? null,
    stems: wish.stems?.map(({ stemId, ...levels }) => ({ path: paths.get(stemId) ?? '', ...levels })) ?? null,
    player: wish.player ?? null,
    upstreamId: wish.upstreamId ?? null,
  });
  return manager.findOneByOrFail(Mix, { taskId });
}

/** The page names stems, never S3 paths: a path is taken from a row of the same user. */
async function pathsOf(manager: EntityManager, { userId, stemIds, stems }: Wish): Promise<Map<string, string>> {
  const silent = mutedIds(stems);
  const rows = await manager.findBy(StemFile, { userId, stemId: In(stemIds) });
  const usable = rows.filter(({ stemId, state }) => state === 'completed' || silent.has(stemId));
  if (usable.length < stemIds.length) {
    throw new ConflictException('Every stem must belong to this user, and be completed unless it is muted');
  }
  return new Map(usable.map(({ stemId, filepath }) => [stemId, filepath]));
}

/** WaveFlow refuses another mix of the same stage and time, whoever asked for the first. */
async function freeTime(manager: EntityManager, stageId: string): Promise<Date> {
  const newest = await manager.findOne(Mix, { where: { stageId }, order: { requestedAt: 'DESC' } });
  return new Date(newest === null ? Date.now() : Math.max(Date.now(), Date.parse(newest.requestedAt) + 1));
}

/** The mix of this job, or the mix whose file another job has made again: a redraw. */
async function requireMix(manager: EntityManager, completion: MixingCompleteDto): Promise<Mix> {
  const { task_id: taskId, stageId, mixed_file_path: mixedFilePath } = completion;
  const own = await manager.findOne(Mix, { where: { taskId }, ...forUpdate(manager) });
  if (own !== null) {
    return own;
  }
  const redrawn = completion.status !== 'SUCCESS' || !mixedFilePath
    ? null
    : await manager.findOne(Mix, { where: { stageId, mixedFilePath }, ...forUpdate(manager) });
  if (redrawn === null) {
    throw new NotFoundException(`No mix ${taskId} is known here`);
  }
  return redrawn;
}

function outcome(mix: Mix, completion: MixingCompleteDto): Partial<Mix> {
  if (completion.status === 'FAILURE') {
    const { error_code: errorCode, error_message: errorMessage } = completion.result ?? {};
    return { state: 'error', errorCode: errorCode ?? null, errorMessage: errorMessage ?? null };
  }
  return {
    state: 'completed',
    mixedFilePath: completion.mixed_file_path ?? null,
    ...outputs(mix, completion),
    duration: completion.duration ?? null,
    warnings: completion.warnings ?? null,
    facts: completion.mix ?? null,
    stemFacts: completion.stems ?? null,
    errorCode: null,
    errorMessage: null,
  };
}

function outputs(mix: Mix, completion: MixingCompleteDto): Partial<Mix> {
  return { waveformDataPath: completion.waveform_data_path ?? null, ...optionalOutputs(completion, mix) };
}
