import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Injectable, Logger } from '@nestjs/common';
import { Settings } from '../settings/settings.js';

export interface StemMessage {
  userId: string;
  trackId: string;
  stemId: string;
  filepath: string;
}

export interface HashGenerationRequest extends StemMessage {
  timestamp: string;
  original_filename: string;
  num_peaks?: number;
}

export interface DuplicateFileRequest extends StemMessage {
  audio_hash: string;
  duplicate_of?: { stemId: string; filepath: string };
}

export interface AudioAnalysisRequest extends StemMessage {
  audio_hash?: string;
  timestamp?: string;
  original_filename?: string;
  num_peaks?: number;
}

export interface MixRequest {
  stageId: string;
  stem_paths: string[];
  upstreamId?: string;
  timestamp?: string;
}

/**
 * Sends WaveFlow's four messages.
 * `id` comes back as `task_id`; the same id and timestamp sent twice is one job.
 */
@Injectable()
export class SqsService {
  private readonly logger = new Logger(SqsService.name);

  constructor(
    private readonly client: SQSClient,
    private readonly settings: Settings,
  ) {}

  /** Step 1 of an upload: hash the file and ask us for a verdict. */
  sendHashGenerationRequest(id: string, request: HashGenerationRequest): Promise<void> {
    return this.send('generate_hash_and_webhook', id, request);
  }

  /** Call a file a duplicate without being asked. */
  sendDuplicateFileRequest(id: string, request: DuplicateFileRequest): Promise<void> {
    return this.send('process_duplicate_file', id, request);
  }

  /** Draw a file without being asked, for example one whose verdict was `hold`. */
  sendAudioAnalysisRequest(id: string, request: AudioAnalysisRequest): Promise<void> {
    return this.send('process_audio_analysis', id, request);
  }

  /** Mix stems into one file. */
  sendMixRequest(id: string, request: MixRequest): Promise<void> {
    return this.send('mix_stems_and_upload', id, request);
  }

  private async send(task: string, id: string, kwargs: object): Promise<void> {
    const body = JSON.stringify({ task: `app.tasks.${task}`, id, args: [], kwargs });
    await this.client.send(
      new SendMessageCommand({ QueueUrl: this.settings.queueUrl, MessageBody: body }),
    );
    this.logger.log(`Sent ${task} ${id}`);
  }
}
