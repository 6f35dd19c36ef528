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
import { MediaService, type Media } from '../waveflow/media.service.js';
import { MixService } from './mix.service.js';
import { MixOwnerDto, MixQueryDto, MixRequestDto, PracticeMixesDto, StageDto } from './mixes.dto.js';
import type { ShownMix } from './shown-mix.js';

/** A misspelt fader must not be a mix that sounds wrong. */
const STRICT = new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true });

@Controller()
export class MixesController {
  constructor(
    private readonly mixes: MixService,
    private readonly media: MediaService,
  ) {}

  @Post('mixes')
  @HttpCode(202)
  request(@Body(STRICT) wish: MixRequestDto): Promise<ShownMix> {
    return this.mixes.request(wish);
  }

  /** "All but mine", for each player of a band. */
  @Post('stages/:stageId/practice-mixes')
  @HttpCode(202)
  requestPracticeMixes(
    @Param() { stageId }: StageDto,
    @Body(STRICT) wish: PracticeMixesDto,
  ): Promise<ShownMix[]> {
    return this.mixes.requestPracticeMixes(stageId, wish);
  }

  @Get('mixes')
  list(@Query() query: MixQueryDto): Promise<ShownMix[]> {
    return this.mixes.list(query);
  }

  @Get('mixes/:taskId')
  show(@Param('taskId') taskId: string, @Query() { userId }: MixOwnerDto): Promise<ShownMix> {
    return this.mixes.show(userId, taskId);
  }

  /** Short-lived addresses of everything that a page shows and plays. */
  @Get('mixes/:taskId/media')
  @Header('Cache-Control', 'private, no-store')
  async sign(@Param('taskId') taskId: string, @Query() { userId }: MixOwnerDto): Promise<Media> {
    const mix = await this.mixes.find(userId, taskId);
    if (mix.mixedFilePath === null || mix.waveformDataPath === null) {
      throw new NotFoundException('This mix is not there yet');
    }
    return this.media.sign(mix.mixedFilePath, mix.waveformDataPath, mix);
  }
}
