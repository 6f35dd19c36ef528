import { Body, Controller, Get, Header, HttpCode, NotFoundException, Param, Post, Query } from '@nestjs/common';
import { MediaService, type Media } from '../waveflow/media.service.js';
import type { Mix } from './mix.entity.js';
import { MixService } from './mix.service.js';
import { MixOwnerDto, MixRequestDto } from './mixes.dto.js';

@Controller('mixes')
export class MixesController {
  constructor(
    private readonly mixes: MixService,
    private readonly media: MediaService,
  ) {}

  @Post()
  @HttpCode(202)
  request(@Body() wish: MixRequestDto): Promise<Mix> {
    return this.mixes.request(wish);
  }

  @Get(':taskId')
  show(@Param('taskId') taskId: string, @Query() { userId }: MixOwnerDto): Promise<Mix> {
    return this.mixes.find(userId, taskId);
  }

  /** Short-lived addresses of everything that a page shows and plays. */
  @Get(':taskId/media')
  @Header('Cache-Control', 'private, no-store')
  async sign(@Param('taskId') taskId: string, @Query() { userId }: MixOwnerDto): Promise<Media> {
    const mix = await this.mixes.find(userId, taskId);
    if (mix.mixedFilePath === null || mix.waveformDataPath === null) {
      throw new NotFoundException('This mix is not there yet');
    }
    return this.media.sign(mix.mixedFilePath, mix.waveformDataPath, mix);
  }
}
