import { Controller, Get } from '@nestjs/common';
import { Settings } from '../settings/settings.js';

export class LimitsDto {
  maxUploadBytes!: number;
}

/** What a page must know before it sends a file: the bucket would refuse it only after it was sent. */
@Controller('limits')
export class LimitsController {
  constructor(private readonly settings: Settings) {}

  @Get()
  show(): LimitsDto {
    return { maxUploadBytes: this.settings.maxUploadBytes };
  }
}
