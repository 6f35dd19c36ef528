import { Body, Controller, Get, Header, HttpCode, NotFoundException, Param, Post, Query, ValidationPipe } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBadRequestResponse,
  ApiConflictResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { DOWNLOAD_EXPIRES_S, ObjectsService } from '../aws/objects.service.js';
import { ErrorDto } from '../error.dto.js';
import { OwnerQueryDto } from '../stems/stems.dto.js';
import { shownAs } from '../waveflow/dto/shown.js';
import { ComparisonService } from './comparison.service.js';
import { ComparisonDto, ComparisonRequestDto, DocumentDto } from './comparisons.dto.js';

/** A misspelt version must not be a recording that is new. */
const STRICT = new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true });

@ApiTags('comparisons')
@ApiBadRequestResponse({ type: ErrorDto })
@Controller('comparisons')
export class ComparisonsController {
  constructor(
    private readonly comparisons: ComparisonService,
    private readonly objects: ObjectsService,
  ) {}

  @Post()
  @HttpCode(202)
  @ApiAcceptedResponse({ type: ComparisonDto })
  @ApiConflictResponse({ type: ErrorDto, description: 'A stem or mix is not this user’s, or is not completed.' })
  request(@Body(STRICT) wish: ComparisonRequestDto): Promise<ComparisonDto> {
    return this.comparisons.request(wish);
  }

  @Get(':taskId')
  @ApiOkResponse({ type: ComparisonDto })
  @ApiNotFoundResponse({ type: ErrorDto })
  async show(@Param('taskId') taskId: string, @Query() { userId }: OwnerQueryDto): Promise<ComparisonDto> {
    return shownAs(ComparisonDto, await this.comparisons.find(userId, taskId));
  }

  /** A short-lived address of the document with a report for each pair. */
  @Get(':taskId/document')
  @Header('Cache-Control', 'private, no-store')
  @ApiOkResponse({ type: DocumentDto })
  @ApiNotFoundResponse({ type: ErrorDto })
  async sign(@Param('taskId') taskId: string, @Query() { userId }: OwnerQueryDto): Promise<DocumentDto> {
    const { comparisonPath } = await this.comparisons.find(userId, taskId);
    if (comparisonPath === null) {
      throw new NotFoundException('This comparison is not there yet');
    }
    return { expiresInSeconds: DOWNLOAD_EXPIRES_S, url: await this.objects.signDownload(comparisonPath) };
  }
}
