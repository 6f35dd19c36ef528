import { randomUUID } from 'node:crypto';
import type { PresignedPost } from '@aws-sdk/s3-presigned-post';
import {
  ConflictException,
  Injectable,
  Logger,
  NotFoundException,
  ServiceUnavailableException,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { LessThan, type EntityManager } from 'typeorm';
import { Transactions } from '../database/transactions.js';
import { ObjectsService, type StoredObject } from '../aws/objects.service.js';
import { SqsService } from '../waveflow/sqs.service.js';
import { FINAL_STATES, NO_RESULTS, StemFile } from './stem-file.entity.js';
import type { UploadCompleteDto, UploadRequestDto } from './stems.dto.js';

const RESEND_AFTER_MS = 15 * 60_000;
const EXTENSION = /\.[A-Za-z0-9]{1,8}$/;

/** Takes uploads in: signs them, and asks WaveFlow to look at them when they have arrived. */
@Injectable()
export class UploadService implements OnApplicationBootstrap {
  private readonly logger = new Logger(UploadService.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly objects: ObjectsService,
    private readonly sqs: SqsService,
  ) {}

  /** A message that never left, because the queue or this server was down, is sent again. */
  async onApplicationBootstrap(): Promise<void> {
    const requestedAt = LessThan(new Date(Date.now() - RESEND_AFTER_MS).toISOString());
    const waiting = await this.transactions.run((manager) =>
      manager.findBy(StemFile, { state: 'queued', requestedAt }),
    );
    for (const stem of waiting) {
      await this.send(stem).catch(() => undefined);
    }
  }

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
  async complete({ userId, stemId }: UploadCompleteDto): Promise<StemFile> {
    const { uploadPath } = await this.find(userId, stemId);
    const object = await this.objects.describe(uploadPath);
    const stem = await this.transactions.run((manager) =>
      request(manager, { stemId, uploadPath }, object),
    );
    if (!FINAL_STATES.includes(stem.state)) {
      await this.send(stem);
    }
    return stem;
  }

  async find(userId: string, stemId: string): Promise<StemFile> {
    const stem = await this.transactions.run((manager) =>
      manager.findOneBy(StemFile, { stemId, userId }),
    );
    if (stem === null) {
      throw new NotFoundException(`No stem ${stemId} of this user`);
    }
    return stem;
  }

  list(userId: string, trackId: string): Promise<StemFile[]> {
    return this.transactions.run((manager) => manager.findBy(StemFile, { userId, trackId }));
  }

  private async send(stem: StemFile): Promise<void> {
    const { userId, trackId, stemId, filepath, originalFilename, taskId, requestedAt } = stem;
    try {
      await this.sqs.sendHashGenerationRequest(taskId ?? '', {
        userId,
        trackId,
        stemId,
        filepath,
        timestamp: requestedAt ?? '',
        original_filename: originalFilename,
      });
    } catch (error) {
      this.logger.error(`The queue did not take ${taskId}`, error);
      throw new ServiceUnavailableException('The upload is stored; ask for it to be processed again');
    }
  }
}

/** Write down what will be asked before asking it. */
async function request(
  manager: EntityManager,
  { stemId, uploadPath }: Pick<StemFile, 'stemId' | 'uploadPath'>,
  object: StoredObject | null,
): Promise<StemFile> {
  const stem = await manager.findOneByOrFail(StemFile, { stemId });
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
  });
}
