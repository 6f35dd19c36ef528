import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiProperty, ApiTags } from '@nestjs/swagger';
import { settings, type Settings } from '../settings/settings.js';

export class LimitsDto {
  @ApiProperty({ description: 'Bytes.', example: 104_857_600 })
  maxUploadBytes!: number;
}

/** What a page must know before it sends a file: the bucket would refuse it only after it was sent. */
@ApiTags('stems')
@Controller('limits')
export class LimitsController {
  constructor(@Inject(settings.KEY) private readonly settings: Settings) {}

  @Get()
  @ApiOkResponse({ type: LimitsDto })
  show(): LimitsDto {
    return { maxUploadBytes: this.settings.maxUploadBytes };
  }
}
