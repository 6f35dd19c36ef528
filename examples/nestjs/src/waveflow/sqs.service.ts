import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { settings, type Settings } from '../settings/settings.js';
import type { MixOptionsDto, StemLevelsDto } from './dto/mix-options.dto.js';

/** What the messages say of a stem: columns of its row. */
export interface AskedStem {
  userId: string;
  trackId: string;
  stemId: string;
  filepath: string;
  originalFilename: string;
  taskId: string | null;
  requestedAt: string | null;
}

/** Level, place and time of one of the `stemPaths`. */
export type AskedLevels = StemLevelsDto & { path: string };

/** What the message says of a mix: columns of its row. Without `mix` and `stems` it is a classic mix. */
export interface AskedMix {
  stageId: string;
  stemPaths: string[];
  upstreamId: string | null;
  taskId: string;
  requestedAt: string;
  mix: MixOptionsDto | null;
  stems: AskedLevels[] | null;
}

/** Keys of the older and the newer version of a recording; null where there is none. */
export interface AskedPair {
  before: string | null;
  after: string | null;
}

/** What the message says of a comparison: columns of its row. */
export interface AskedComparison {
  stageId: string;
  pairs: AskedPair[];
  taskId: string;
  requestedAt: string;
}

/**
 * Sends WaveFlow's five messages.
 * Every message carries the `taskId` and the `requestedAt` of its row: the id comes back as
 * `task_id`, so the result is known for the row's, and sent twice it is one job.
 */
@Injectable()
export class SqsService {
  private readonly logger = new Logger(SqsService.name);

  constructor(
    private readonly client: SQSClient,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** Step 1 of an upload: hash the file and ask us for a verdict. */
  sendHashGenerationRequest(stem: AskedStem, more: { num_peaks?: number } = {}): Promise<void> {
    return this.sendOfStem('generate_hash_and_webhook', stem, { ...this.stereoOptions(), ...more });
  }

  /** Call a file a duplicate without being asked; this message has no options. */
  sendDuplicateFileRequest(
    stem: AskedStem,
    more: { audio_hash: string; duplicate_of?: { stemId: string; filepath: string } },
  ): Promise<void> {
    return this.sendOfStem('process_duplicate_file', stem, more);
  }

  /** Draw a file without being asked, for example one whose verdict was `hold`. */
  sendAudioAnalysisRequest(
    stem: AskedStem,
    more: { audio_hash?: string; num_peaks?: number } = {},
  ): Promise<void> {
    return this.sendOfStem('process_audio_analysis', stem, { ...this.stereoOptions(), ...more });
  }

  /** Mix stems into one file. */
  sendMixRequest(asked: AskedMix): Promise<void> {
    const { stageId, stemPaths, upstreamId, taskId, requestedAt, mix, stems } = asked;
    return this.send('mix_stems_and_upload', taskId, {
      stageId,
      stem_paths: stemPaths,
      timestamp: requestedAt,
      ...(upstreamId === null ? {} : { upstreamId }),
      ...(mix === null ? {} : { mix }),
      ...(stems === null ? {} : { stems }),
      ...(isStereo(asked) ? this.stereoOptions() : this.options()),
    });
  }

  /** Ask what differs between two versions of each recording. */
  sendComparisonRequest({ stageId, pairs, taskId, requestedAt }: AskedComparison): Promise<void> {
    return this.send('compare_mixes', taskId, { stageId, pairs, timestamp: requestedAt });
  }

  /** Said also when nothing is wanted: a message wins over the stack's parameters. */
  private options(waveform: object = {}): object {
    const { zoomLevels, previews, audioId } = this.settings.options;
    return { waveform: { zoom_levels: zoomLevels, ...waveform }, previews, audio_id: audioId };
  }

  /** For a sound that may have two channels. */
  private stereoOptions(): object {
    return this.options({ split_channels: this.settings.options.splitChannels });
  }

  private async sendOfStem(task: string, stem: AskedStem, more: object): Promise<void> {
    const { userId, trackId, stemId, filepath, originalFilename, taskId, requestedAt } = stem;
    if (taskId === null || requestedAt === null) {
      throw new Error(`The stem ${stemId} has no request to send`);
    }
    await this.send(task, taskId, {
      ...{ userId, trackId, stemId, filepath },
      timestamp: requestedAt,
      original_filename: originalFilename,
      ...more,
    });
  }

  private async send(task: string, id: string, kwargs: object): Promise<void> {
    const body = JSON.stringify({ task: `app.tasks.${task}`, id, args: [], kwargs });
    await this.client.send(
      new SendMessageCommand({ QueueUrl: this.settings.queueUrl, MessageBody: body }),
    );
    this.logger.log(`Sent ${task} ${id}`);
  }
}

function isStereo({ mix, stems }: AskedMix): boolean {
  const isClassic = mix === null && stems === null;
  return !isClassic && mix?.channels !== 1;
}
