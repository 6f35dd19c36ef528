import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  NotFoundException,
  Param,
  Post,
  Query,
  ValidationPipe,
} from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBadRequestResponse,
  ApiConflictResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import { ErrorDto } from '../error.dto.js';
import { OwnerQueryDto } from '../stems/stems.dto.js';
import { MediaDto } from '../waveflow/dto/shown-outputs.dto.js';
import { MediaService } from '../waveflow/media.service.js';
import { MixDto } from './mix.dto.js';
import { MixService } from './mix.service.js';
import { MixQueryDto, MixRequestDto, PracticeMixesDto, StageDto } from './mixes.dto.js';

/** A misspelt fader must not be a mix that sounds wrong. */
const STRICT = new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true });

@ApiTags('mixes')
@ApiBadRequestResponse({ type: ErrorDto })
@Controller()
export class MixesController {
  constructor(
    private readonly mixes: MixService,
    private readonly media: MediaService,
  ) {}

  @Post('mixes')
  @HttpCode(202)
  @ApiAcceptedResponse({ type: MixDto })
  @ApiConflictResponse({ type: ErrorDto, description: 'A stem is not this user’s, or is not completed.' })
  request(@Body(STRICT) wish: MixRequestDto): Promise<MixDto> {
    return this.mixes.request(wish);
  }

  /** "All but mine", for each player of a band. */
  @Post('stages/:stageId/practice-mixes')
  @HttpCode(202)
  @ApiAcceptedResponse({ type: [MixDto] })
  @ApiConflictResponse({ type: ErrorDto })
  requestPracticeMixes(@Param() { stageId }: StageDto, @Body(STRICT) wish: PracticeMixesDto): Promise<MixDto[]> {
    return this.mixes.requestPracticeMixes(stageId, wish);
  }

  @Get('mixes')
  @ApiOkResponse({ type: [MixDto] })
  list(@Query() query: MixQueryDto): Promise<MixDto[]> {
    return this.mixes.list(query);
  }

  @Get('mixes/:taskId')
  @ApiOkResponse({ type: MixDto })
  @ApiNotFoundResponse({ type: ErrorDto })
  show(@Param('taskId') taskId: string, @Query() { userId }: OwnerQueryDto): Promise<MixDto> {
    return this.mixes.show(userId, taskId);
  }

  /** Short-lived addresses of everything that a page shows and plays. */
  @Get('mixes/:taskId/media')
  @Header('Cache-Control', 'private, no-store')
  @ApiOkResponse({ type: MediaDto })
  @ApiNotFoundResponse({ type: ErrorDto })
  async sign(@Param('taskId') taskId: string, @Query() { userId }: OwnerQueryDto): Promise<MediaDto> {
    const mix = await this.mixes.find(userId, taskId);
    if (mix.mixedFilePath === null || mix.waveformDataPath === null) {
      throw new NotFoundException('This mix is not there yet');
    }
    return this.media.sign(mix.mixedFilePath, mix.waveformDataPath, mix);
  }
}
