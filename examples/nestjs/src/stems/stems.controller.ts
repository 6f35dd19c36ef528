import { Body, Controller, Get, Header, HttpCode, NotFoundException, Param, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBadRequestResponse,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import { ErrorDto } from '../error.dto.js';
import { MediaDto } from '../waveflow/dto/shown-outputs.dto.js';
import { MediaService } from '../waveflow/media.service.js';
import { StemDto, UploadTicketDto } from './stem.dto.js';
import { OwnerQueryDto, StemQueryDto, UploadCompleteDto, UploadRequestDto } from './stems.dto.js';
import { UploadService } from './upload.service.js';

/**
 * What the browser uses.
 * `userId` is in the requests to keep the example short: take it from your login instead.
 */
@ApiTags('stems')
@ApiBadRequestResponse({ type: ErrorDto })
@Controller('stems')
export class StemsController {
  constructor(
    private readonly uploads: UploadService,
    private readonly media: MediaService,
  ) {}

  /** Sign one upload: POST the file to `upload.url` with `upload.fields` before it. */
  @Post('upload')
  @ApiCreatedResponse({ type: UploadTicketDto })
  @ApiNotFoundResponse({ type: ErrorDto, description: 'The stem to replace is not this user’s.' })
  async prepareUpload(@Body() request: UploadRequestDto): Promise<UploadTicketDto> {
    const { stem, upload } = await this.uploads.prepare(request);
    return { stemId: stem.stemId, filepath: stem.uploadPath, upload };
  }

  @Post('upload-complete')
  @HttpCode(202)
  @ApiAcceptedResponse({ type: StemDto })
  @ApiNotFoundResponse({ type: ErrorDto })
  @ApiConflictResponse({ type: ErrorDto, description: 'The file has not arrived.' })
  @ApiServiceUnavailableResponse({ type: ErrorDto, description: 'The queue or the bucket does not answer.' })
  async handleUploadComplete(@Body() request: UploadCompleteDto): Promise<StemDto> {
    return this.uploads.complete(request);
  }

  @Get()
  @ApiOkResponse({ type: [StemDto] })
  list(@Query() { userId, trackId }: StemQueryDto): Promise<StemDto[]> {
    return this.uploads.list(userId, trackId);
  }

  @Get(':stemId')
  @ApiOkResponse({ type: StemDto })
  @ApiNotFoundResponse({ type: ErrorDto })
  show(@Param('stemId') stemId: string, @Query() { userId }: OwnerQueryDto): Promise<StemDto> {
    return this.uploads.show(userId, stemId);
  }

  /** Short-lived addresses of everything that a page shows and plays. */
  @Get(':stemId/media')
  @Header('Cache-Control', 'private, no-store')
  @ApiOkResponse({ type: MediaDto })
  @ApiNotFoundResponse({ type: ErrorDto })
  async sign(@Param('stemId') stemId: string, @Query() { userId }: OwnerQueryDto): Promise<MediaDto> {
    const stem = await this.uploads.find(userId, stemId);
    if (stem.waveformDataPath === null) {
      throw new NotFoundException('This stem has no waveform');
    }
    return this.media.sign(stem.filepath, stem.waveformDataPath, stem);
  }
}
