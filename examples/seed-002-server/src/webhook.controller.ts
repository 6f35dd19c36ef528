import { Body, Controller, Logger, Post } from '@nestjs/common';
import { SqsService } from './sqs.service.js';
import { StemFileService } from './stem-file.service.js';

/** Answers a question by sending the next message, and swallows its errors, as the document has it. */
@Controller('webhook')
export class WebhookController {
  private readonly logger = new Logger(WebhookController.name);

  constructor(
    private readonly sqsService: SqsService,
    private readonly stemFileService: StemFileService,
  ) {}

  @Post('hash-check')
  async handleHashCheck(
    @Body()
    data: {
      stemId: string;
      userId: string;
      trackId: string;
      filepath: string;
      audio_hash: string;
      timestamp: string;
      original_filename: string;
      status: string;
    },
  ) {
    try {
      const isDuplicate = await this.stemFileService.checkDuplicateHash(
        data.userId,
        data.trackId,
        data.audio_hash,
      );
      if (isDuplicate) {
        await this.sqsService.sendDuplicateFileRequest(data);
      } else {
        await this.sqsService.sendAudioAnalysisRequest(data);
      }
      return { status: 'success', message: 'hash check done' };
    } catch (error) {
      this.logger.error('The hash check failed', error);
      return { status: 'error', message: 'hash check failed' };
    }
  }

  @Post('completion')
  async handleCompletion(
    @Body() data: { stemId: string; status: string; result: any; timestamp: string },
  ) {
    try {
      if (data.status === 'SUCCESS') {
        await this.stemFileService.updateProcessingResult(data.stemId, data.result);
      } else {
        await this.stemFileService.updateProcessingError(data.stemId, data.result);
      }
      return { status: 'success', message: 'completion done' };
    } catch (error) {
      this.logger.error('The completion failed', error);
      return { status: 'error', message: 'completion failed' };
    }
  }
}
