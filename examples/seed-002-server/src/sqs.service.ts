import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Injectable, Logger } from '@nestjs/common';

export interface Stem {
  userId: string;
  trackId: string;
  stemId: string;
  filepath: string;
}

/** The three messages of the document, field for field. */
@Injectable()
export class SqsService {
  private readonly logger = new Logger(SqsService.name);
  private readonly sqsClient = new SQSClient({
    region: process.env['AWS_REGION'] || 'ap-northeast-2',
  });

  async sendHashGenerationRequest(data: Stem & { timestamp: string; original_filename: string }) {
    return this.send('generate_hash_and_webhook', `hash-${data.stemId}-${Date.now()}`, {
      userId: data.userId,
      trackId: data.trackId,
      stemId: data.stemId,
      filepath: data.filepath,
      timestamp: data.timestamp,
      original_filename: data.original_filename,
    });
  }

  async sendDuplicateFileRequest(data: Stem & { audio_hash: string }) {
    return this.send('process_duplicate_file', `duplicate-${data.stemId}-${Date.now()}`, {
      userId: data.userId,
      trackId: data.trackId,
      stemId: data.stemId,
      filepath: data.filepath,
      audio_hash: data.audio_hash,
    });
  }

  async sendAudioAnalysisRequest(
    data: Stem & {
      audio_hash: string;
      timestamp: string;
      original_filename: string;
      num_peaks?: number;
    },
  ) {
    return this.send('process_audio_analysis', `analysis-${data.stemId}-${Date.now()}`, {
      userId: data.userId,
      trackId: data.trackId,
      stemId: data.stemId,
      filepath: data.filepath,
      audio_hash: data.audio_hash,
      timestamp: data.timestamp,
      original_filename: data.original_filename,
      num_peaks: data.num_peaks || 1024,
    });
  }

  private async send(task: string, id: string, kwargs: object) {
    const message = { task: `app.tasks.${task}`, id, args: [], kwargs };
    const command = new SendMessageCommand({
      QueueUrl: process.env['SQS_QUEUE_URL'],
      MessageBody: JSON.stringify(message),
    });
    const result = await this.sqsClient.send(command);
    this.logger.log(`Sent ${task} ${id}`);
    return result;
  }
}
