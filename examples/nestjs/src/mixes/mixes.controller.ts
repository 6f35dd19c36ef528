import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ObjectsService } from '../aws/objects.service.js';
import type { Mix } from './mix.entity.js';
import { MixService } from './mix.service.js';
import { MixOwnerDto, MixRequestDto } from './mixes.dto.js';

@Controller('mixes')
export class MixesController {
  constructor(
    private readonly mixes: MixService,
    private readonly objects: ObjectsService,
  ) {}

  @Post()
  @HttpCode(202)
  request(@Body() wish: MixRequestDto): Promise<Mix> {
    return this.mixes.request(wish);
  }

  /** The mix, with short-lived addresses once it is there. */
  @Get(':taskId')
  async show(
    @Param('taskId') taskId: string,
    @Query() { userId }: MixOwnerDto,
  ): Promise<Mix & { urls?: Record<string, string> }> {
    const mix = await this.mixes.find(userId, taskId);
    if (mix.mixedFilePath === null || mix.waveformDataPath === null) {
      return mix;
    }
    const audio = await this.objects.signDownload(mix.mixedFilePath);
    const waveform = await this.objects.signDownload(mix.waveformDataPath);
    return { ...mix, urls: { audio, waveform } };
  }
}
