import 'reflect-metadata';
import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SqsService, type Stem } from './sqs.service.js';
import { StemFileService } from './stem-file.service.js';
import { WebhookController } from './webhook.controller.js';

@Controller()
class StemController {
  constructor(
    private readonly sqsService: SqsService,
    private readonly stemFileService: StemFileService,
  ) {}

  @Post('upload-complete')
  async handleUploadComplete(@Body() data: Stem & { original_filename: string }) {
    const { userId, trackId, stemId } = data;
    this.stemFileService.rows.set(stemId, { userId, trackId, stemId });
    await this.sqsService.sendHashGenerationRequest({
      ...data,
      timestamp: new Date().toISOString(),
    });
    return { status: 'success', message: 'started' };
  }

  @Get('stems')
  stems() {
    return [...this.stemFileService.rows.values()];
  }
}

@Module({
  controllers: [StemController, WebhookController],
  providers: [SqsService, StemFileService],
})
class AppModule {}

const app = await NestFactory.create(AppModule);
await app.listen(process.env['PORT'] ?? 3000);
