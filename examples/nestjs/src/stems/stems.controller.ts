import { Body, Controller, Get, Header, HttpCode, NotFoundException, Param, Post, Query } from '@nestjs/common';
import { MediaService, type Media } from '../waveflow/media.service.js';
import type { ListedStem } from './recordings.js';
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
    private readonly media: MediaService,
  ) {}

  /** Sign one upload: POST the file to `upload.url` with `upload.fields` before it. */
  @Post('upload')
  async prepareUpload(@Body() request: UploadRequestDto): Promise<object> {
    const { stem, upload } = await this.uploads.prepare(request);
    return { stemId: stem.stemId, filepath: stem.uploadPath, upload };
  }

  @Post('upload-complete')
  @HttpCode(202)
  async handleUploadComplete(@Body() request: UploadCompleteDto): Promise<ListedStem> {
    return this.uploads.complete(request);
  }

  @Get()
  list(@Query() { userId, trackId }: StemQueryDto): Promise<ListedStem[]> {
    return this.uploads.list(userId, trackId);
  }

  @Get(':stemId')
  show(@Param('stemId') stemId: string, @Query() { userId }: OwnerQueryDto): Promise<ListedStem> {
    return this.uploads.show(userId, stemId);
  }

  /** Short-lived addresses of everything that a page shows and plays. */
  @Get(':stemId/media')
  @Header('Cache-Control', 'private, no-store')
  async sign(@Param('stemId') stemId: string, @Query() { userId }: OwnerQueryDto): Promise<Media> {
    const stem = await this.uploads.find(userId, stemId);
    if (stem.waveformDataPath === null) {
      throw new NotFoundException('This stem has no waveform');
    }
    return this.media.sign(stem.filepath, stem.waveformDataPath, stem);
  }
}
