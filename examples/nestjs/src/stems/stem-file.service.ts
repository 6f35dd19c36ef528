import { Injectable, Logger, NotFoundException } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { quietly } from '../events/changes.subscriber.js';
import type {
  CompletionDto,
  DuplicateResultDto,
  FailureResultDto,
  SuccessResultDto,
} from '../waveflow/dto/completion.dto.js';
import type { HashCheckDto } from '../waveflow/dto/hash-check.dto.js';
import { NO_OUTPUTS, optionalOutputs } from '../waveflow/outputs.js';
import { forUpdate, Transactions } from '../waveflow/transactions.js';
import type { Verdict } from '../waveflow/verdict.service.js';
import { WebhookDelivery } from '../waveflow/webhook-delivery.entity.js';
import type { Applied, Decision, StemReceiver } from '../webhook/receivers.js';
import { FINAL_STATES, isOlder, StemFile } from './stem-file.entity.js';

/** Refusals that prove the survivor we named is no survivor. */
const LOST_SURVIVOR = ['NO_SURVIVOR', 'DIFFERENT'];

/**
 * Decides about duplicates and files results.
 * Everything that an answer depends on is committed before the answer is sent,
 * so a question that is asked again gets the same answer.
 */
@Injectable()
export class StemFileService implements StemReceiver {
  private readonly logger = new Logger(StemFileService.name);

  constructor(private readonly transactions: Transactions) {}

  /**
   * Decide about a file and write the decision down.
   * A request that is not the stem's newest, or not ours at all, is left alone.
   */
  decide(question: HashCheckDto): Promise<Decision> {
    return this.transactions.run(async (manager) => {
      const stem = await requireStem(manager, question.stemId);
      if (stem.taskId !== question.task_id) {
        return { verdict: 'hold' };
      }
      const different = differences(stem, question);
      if (different.length > 0) {
        return { refusal: `The stored stem has another ${different.join(', ')}` };
      }
      const original = await this.checkDuplicateHash(manager, stem, question.audio_hash);
      const survivor = original !== null && mayReplace(original, stem) ? original : null;
      if (!FINAL_STATES.includes(stem.state)) {
        await forgetFailure(manager, stem);
        stem.state = 'processing';
        stem.audioHash = question.audio_hash;
        stem.isOriginal = original === null;
        stem.duplicateOf = survivor?.stemId ?? null;
        await manager.save(stem);
      }
      return survivor === null ? { verdict: 'new' } : duplicateOf(survivor);
    });
  }

  /** The accepted copy of these bytes in this user's track, other than the stem itself. */
  async checkDuplicateHash(
    manager: EntityManager,
    stem: StemFile,
    audioHash: string,
  ): Promise<StemFile | null> {
    const { userId, trackId, stemId } = stem;
    const original = await manager.findOneBy(StemFile, {
      userId,
      trackId,
      audioHash,
      isOriginal: true,
    });
    return original?.stemId === stemId ? null : original;
  }

  /** File how an upload ended; must run in the transaction that remembers the webhook. */
  async settle(manager: EntityManager, completion: CompletionDto): Promise<Applied> {
    const stem = await requireStem(manager, completion.stemId);
    if (isRedrawn(stem, completion)) {
      this.updateOutputs(stem, completion.result as SuccessResultDto);
      await manager.save(completion.backfill === true ? quietly(stem) : stem);
      return 'applied';
    }
    if (!isAbout(stem, completion) || !mayBecome(stem, completion)) {
      this.logger.warn(`Ignored ${completion.status} of ${completion.task_id}: ${stem.state}`);
      return 'ignored';
    }
    stem.processedAt = new Date().toISOString();
    if (completion.status === 'SUCCESS') {
      await this.updateProcessingResult(manager, stem, completion.result as SuccessResultDto);
    } else if (completion.status === 'DUPLICATE') {
      this.updateDuplicate(stem, completion.result as DuplicateResultDto);
    } else {
      this.updateProcessingError(stem, completion.result as FailureResultDto);
    }
    await manager.save(completion.backfill === true ? quietly(stem) : stem);
    return 'applied';
  }

  private async updateProcessingResult(
    manager: EntityManager,
    stem: StemFile,
    result: SuccessResultDto,
  ): Promise<void> {
    const named = stem.duplicateOf;
    this.updateOutputs(stem, result);
    Object.assign(stem, {
      state: 'completed',
      audioHash: result.audio_data_hash,
      fileSize: result.file_size,
      duration: result.duration,
      sampleRate: result.sample_rate,
      dedupeRefused: result.dedupe?.refused ?? null,
      duplicateOf: null,
      duplicateOfPath: null,
      errorCode: null,
      errorMessage: null,
    });
    if (named !== null && LOST_SURVIVOR.includes(stem.dedupeRefused ?? '')) {
      await manager.update(StemFile, { stemId: named }, { isOriginal: false });
    }
    const original = await this.checkDuplicateHash(manager, stem, result.audio_data_hash);
    stem.isOriginal = original === null;
  }

  private updateOutputs(stem: StemFile, result: SuccessResultDto): void {
    Object.assign(stem, {
      waveformDataPath: result.waveform_data_path,
      numPeaks: result.num_peaks,
      warnings: result.warnings,
      ...optionalOutputs(result, stem),
    });
  }

  private updateDuplicate(stem: StemFile, result: DuplicateResultDto): void {
    Object.assign(stem, {
      state: 'duplicate',
      audioHash: result.audio_data_hash,
      isOriginal: false,
      duplicateOf: result.duplicate_of.stemId,
      duplicateOfPath: result.duplicate_of.filepath,
      waveformDataPath: null,
      ...NO_OUTPUTS,
      errorCode: null,
      errorMessage: null,
    });
  }

  /** A failed file is nobody's original: the next copy of these bytes is tried anew. */
  private updateProcessingError(stem: StemFile, result: FailureResultDto): void {
    Object.assign(stem, {
      state: 'error',
      isOriginal: false,
      duplicateOf: null,
      errorCode: result.error_code,
      errorMessage: result.error_message,
    });
  }
}

async function requireStem(manager: EntityManager, stemId: string): Promise<StemFile> {
  const stem = await manager.findOne(StemFile, { where: { stemId }, ...forUpdate(manager) });
  if (stem === null) {
    throw new NotFoundException(`No stem ${stemId} is known here`);
  }
  return stem;
}

function differences(stem: StemFile, question: HashCheckDto): string[] {
  const names = ['userId', 'trackId', 'filepath'] as const;
  return names.filter((name) => stem[name] !== question[name]);
}

/** A redrive may fail in the same way again, under the same webhook-id; that is then news. */
async function forgetFailure(manager: EntityManager, stem: StemFile): Promise<void> {
  if (stem.state === 'error' && stem.taskId !== null) {
    await manager.delete(WebhookDelivery, { taskId: stem.taskId });
  }
}

/** A stem that users already see keeps its file, and the older upload stays, as WaveFlow has it. */
function mayReplace(original: StemFile, stem: StemFile): boolean {
  return stem.state !== 'completed' && isOlder(original, stem);
}

function duplicateOf({ stemId, filepath }: StemFile): Verdict {
  return { verdict: 'duplicate', duplicate_of: { stemId, filepath } };
}

/** A result is of the stem's newest request; a restored stem is drawn under another task_id. */
function isAbout(stem: StemFile, completion: CompletionDto): boolean {
  if (stem.taskId === completion.task_id) {
    return true;
  }
  return (isRestored(stem, completion) || isFirstDrawing(stem, completion)) && isOfSameTime(stem, completion);
}

/** A back-fill draws rows of before WaveFlow, which no request of this server has named. */
function isFirstDrawing(stem: StemFile, { backfill, status }: CompletionDto): boolean {
  return backfill === true && status === 'SUCCESS' && stem.taskId === null;
}

/** Every request has a time of its own, and names one upload: the same time, the same file. */
function isOfSameTime(stem: StemFile, completion: CompletionDto): boolean {
  return Date.parse(completion.timestamp ?? '') === Date.parse(stem.requestedAt ?? '');
}

/** Another job drew the same bytes for the same request: an operator's redraw or back-fill. */
function isRedrawn(stem: StemFile, completion: CompletionDto): boolean {
  if (completion.status !== 'SUCCESS' || stem.state === 'duplicate' || stem.taskId === completion.task_id) {
    return false;
  }
  const { audio_data_hash } = completion.result as SuccessResultDto;
  return audio_data_hash === stem.audioHash && isOfSameTime(stem, completion);
}

/** Tell whether WaveFlow brought back the very file that it had deleted as a duplicate. */
function isRestored(stem: StemFile, { status, result }: CompletionDto): boolean {
  if (stem.state !== 'duplicate' || status !== 'SUCCESS') {
    return false;
  }
  const { dedupe, audio_data_hash } = result as SuccessResultDto;
  return dedupe?.refused === 'RESTORED' && audio_data_hash === stem.audioHash;
}

/** DUPLICATE stands until the file is restored; only DUPLICATE replaces SUCCESS. */
function mayBecome(stem: StemFile, completion: CompletionDto): boolean {
  if (stem.state === 'duplicate') {
    return isRestored(stem, completion);
  }
  return stem.state !== 'completed' || completion.status === 'DUPLICATE';
}
