import { Body, Controller, Get, HttpCode, NotFoundException, Param, Post, Query } from '@nestjs/common';
import { ObjectsService } from '../aws/objects.service.js';
import type { StemFile } from './stem-file.entity.js';
import { OwnerQueryDto, StemQueryDto, UploadCompleteDto, UploadRequestDto } from './stems.dto.js';
import { UploadService } from './upload.service.js';

/**
 * What the browser uses.
 * `userId` is in the requests to keep the example short: take it from your login instead.
 */
@Controller('stems')
export class StemsController {
  constructor(
    private readonly uploads: UploadService,
    private readonly objects: ObjectsService,
  ) {}

  /** Sign one upload: POST the file to `upload.url` with `upload.fields` before it. */
  @Post('upload')
  async prepareUpload(@Body() request: UploadRequestDto): Promise<object> {
    const { stem, upload } = await this.uploads.prepare(request);
    return { stemId: stem.stemId, filepath: stem.uploadPath, upload };
  }

  @Post('upload-complete')
  @HttpCode(202)
  async handleUploadComplete(@Body() request: UploadCompleteDto): Promise<StemFile> {
    return this.uploads.complete(request);
  }

  @Get()
  list(@Query() { userId, trackId }: StemQueryDto): Promise<StemFile[]> {
    return this.uploads.list(userId, trackId);
  }

  @Get(':stemId')
  show(@Param('stemId') stemId: string, @Query() { userId }: OwnerQueryDto): Promise<StemFile> {
    return this.uploads.find(userId, stemId);
  }

  /** A short-lived address of the waveform document. */
  @Get(':stemId/waveform')
  async waveform(
    @Param('stemId') stemId: string,
    @Query() { userId }: OwnerQueryDto,
  ): Promise<{ url: string }> {
    const { waveformDataPath } = await this.uploads.find(userId, stemId);
    if (waveformDataPath === null) {
      throw new NotFoundException('This stem has no waveform');
    }
    return { url: await this.objects.signDownload(waveformDataPath) };
  }
}
