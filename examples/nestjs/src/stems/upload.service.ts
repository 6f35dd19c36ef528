import { randomUUID } from 'node:crypto';
import type { PresignedPost } from '@aws-sdk/s3-presigned-post';
import {
  ConflictException,
  Injectable,
  Logger,
  NotFoundException,
  ServiceUnavailableException,
} from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, IsNull, LessThan, MoreThanOrEqual, Repository, type EntityManager } from 'typeorm';
import { ObjectsService, type StoredObject } from '../aws/objects.service.js';
import type { Change, ChangesQuery } from '../events/changes.js';
import { NO_ANSWER } from '../waveflow/no-answer.js';
import { SqsService } from '../waveflow/sqs.service.js';
import { forUpdate, Transactions } from '../waveflow/transactions.js';
import { shown } from './shown-stem.js';
import type { StemDto } from './stem.dto.js';
import { FINAL_STATES, NO_RESULTS, StemFile } from './stem-file.entity.js';
import type { UploadCompleteDto, UploadRequestDto } from './stems.dto.js';

const EXTENSION = /\.[A-Za-z0-9]{1,8}$/;

/** Takes uploads in: signs them, and asks WaveFlow to look at them when they have arrived. */
@Injectable()
export class UploadService {
  private readonly logger = new Logger(UploadService.name);

  constructor(
    @InjectRepository(StemFile) private readonly stems: Repository<StemFile>,
    private readonly transactions: Transactions,
    private readonly objects: ObjectsService,
    private readonly sqs: SqsService,
  ) {}

  /**
   * Every upload has a key of its own, and its form takes one content only:
   * what is stored under a key never changes, so a copy that stays keeps its bytes.
   */
  async prepare(request: UploadRequestDto): Promise<{ stem: StemFile; upload: PresignedPost }> {
    const { userId, trackId, stemId = randomUUID(), original_filename: name } = request;
    const prefix = `users/${userId}/${trackId}/`;
    const key = `${prefix}${stemId}/${randomUUID()}${EXTENSION.exec(name)?.[0] ?? ''}`;
    const upload = await this.objects.signUpload(key, prefix, request.sha256);
    const signed = { uploadPath: key, uploadFilename: name };
    const stem = await this.transactions.run(async (manager) => {
      if (request.stemId === undefined) {
        const first = { stemId, userId, trackId, filepath: key, originalFilename: name };
        return manager.save(StemFile, { ...first, ...signed });
      }
      const { affected } = await manager.update(StemFile, { stemId, userId, trackId }, signed);
      if (affected === 0) {
        throw new NotFoundException(`No stem ${stemId} of this user in this track`);
      }
      return manager.findOneByOrFail(StemFile, { stemId });
    });
    return { stem, upload };
  }

  /** Safe to repeat: an unchanged file is the same message with the same id and time. */
  async complete({ userId, stemId }: UploadCompleteDto): Promise<StemDto> {
    const { uploadPath } = await this.find(userId, stemId);
    const object = await this.objects.describe(uploadPath);
    const stem = await this.transactions.run((manager) =>
      request(manager, { stemId, uploadPath }, object),
    );
    if (!FINAL_STATES.includes(stem.state)) {
      await this.send(stem);
    }
    return this.show(userId, stemId);
  }

  async find(userId: string, stemId: string): Promise<StemFile> {
    const stem = await this.transactions.read(() => this.stems.findOneBy({ stemId, userId }));
    if (stem === null) {
      throw new NotFoundException(`No stem ${stemId} of this user`);
    }
    return stem;
  }

  /** One stem, as `list` shows each. */
  show(userId: string, stemId: string): Promise<StemDto> {
    return this.transactions.read(async () => {
      const [stem] = await shown(this.stems, await this.stems.findBy({ stemId, userId }));
      if (stem === undefined) {
        throw new NotFoundException(`No stem ${stemId} of this user`);
      }
      return stem;
    });
  }

  list(userId: string, trackId: string): Promise<StemDto[]> {
    return this.transactions.read(async () => shown(this.stems, await this.stems.findBy({ userId, trackId })));
  }

  /** What pages that follow must be told. */
  changed({ userIds, since, limit }: ChangesQuery): Promise<Change[]> {
    return this.transactions.read(async () => {
      const where = { userId: In(userIds), changedAt: MoreThanOrEqual(since) };
      const stems = await this.stems.find({ where, order: { changedAt: 'ASC' }, take: limit });
      const rows = await shown(this.stems, stems);
      return rows.map((row) => ({ kind: 'stem', id: row.stemId, userId: row.userId, changedAt: row.changedAt, row }));
    });
  }

  /** Send requests that never left, the oldest first; a queue that refuses one ends it. */
  async resend(before: string, limit: number): Promise<void> {
    const where = { state: 'queued', sentAt: IsNull(), requestedAt: LessThan(before) } as const;
    const waiting = await this.transactions.read(() =>
      this.stems.find({ where, order: { requestedAt: 'ASC' }, take: limit }),
    );
    for (const stem of waiting) {
      await this.send(stem);
    }
  }

  /** Call what was asked before a time, and never answered, a failure; a late answer still counts. */
  giveUp(askedBefore: string, errorMessage: string): Promise<number> {
    const before = LessThan(askedBefore);
    const given = { state: 'error', isOriginal: false, duplicateOf: null, errorCode: NO_ANSWER, errorMessage } as const;
    return this.transactions.run(async (manager) => {
      const unasked = await manager.update(StemFile, { state: 'queued', sentAt: before, changedAt: before }, given);
      const untold = await manager.update(StemFile, { state: 'processing', changedAt: before }, given);
      return (unasked.affected ?? 0) + (untold.affected ?? 0);
    });
  }

  private async send(stem: StemFile): Promise<void> {
    const { stemId, taskId } = stem;
    try {
      await this.sqs.sendHashGenerationRequest(stem);
    } catch (error) {
      this.logger.error(`The queue did not take ${taskId}`, error);
      throw new ServiceUnavailableException('The upload is stored; it stays queued and is sent later');
    }
    const sentAt = new Date().toISOString();
    await this.transactions.run((manager) => manager.update(StemFile, { stemId, taskId }, { sentAt }));
  }
}

/** Write down what will be asked before asking it. */
async function request(
  manager: EntityManager,
  { stemId, uploadPath }: Pick<StemFile, 'stemId' | 'uploadPath'>,
  object: StoredObject | null,
): Promise<StemFile> {
  const stem = await manager.findOneOrFail(StemFile, { where: { stemId }, ...forUpdate(manager) });
  if (stem.uploadPath !== uploadPath) {
    throw new ConflictException('Another upload of this stem was asked for meanwhile');
  }
  const isBound = stem.filepath === uploadPath;
  if (object === null) {
    if (isBound && stem.state === 'duplicate') {
      return stem;
    }
    throw new ConflictException('Nothing has been uploaded for this stem yet');
  }
  if (isBound && stem.etag === object.etag && stem.state !== 'error') {
    return stem;
  }
  const now = new Date();
  return manager.save(StemFile, {
    ...stem,
    ...NO_RESULTS,
    state: 'queued' as const,
    filepath: uploadPath,
    originalFilename: stem.uploadFilename,
    etag: object.etag,
    uploadedAt: object.lastModified,
    taskId: `hash-${stemId}-${now.getTime()}`,
    requestedAt: now.toISOString(),
    sentAt: null,
  });
}
