import { ApiProperty } from '@nestjs/swagger';
import { DOWNLOAD_EXPIRES_S } from '../../aws/objects.service.js';
import type { OptionalOutputs } from '../outputs.js';
import { Shown } from './shown.js';

abstract class ZoomFactsDto {
  @ApiProperty({ description: 'Fewer samples per pixel show more.', example: 256 })
  samplesPerPixel!: number;

  @ApiProperty()
  bytes!: number;

  @ApiProperty({ description: 'Pixels of each channel.' })
  length!: number;

  @ApiProperty({ description: 'With 2, left and right are drawn apart.' })
  channels!: number;
}

export class ShownZoomLevelDto extends ZoomFactsDto {
  @ApiProperty({ description: 'The key in the bucket.' })
  path!: string;
}

export class SignedZoomLevelDto extends ZoomFactsDto {
  @ApiProperty()
  url!: string;
}

abstract class PreviewFactsDto {
  @ApiProperty()
  bytes!: number;

  @ApiProperty({ description: 'Seconds.' })
  duration!: number;
}

export class ShownPreviewDto extends PreviewFactsDto {
  @ApiProperty({ description: 'The key in the bucket.' })
  path!: string;
}

export class SignedPreviewDto extends PreviewFactsDto {
  @ApiProperty()
  url!: string;
}

export class ShownPreviewsDto {
  @ApiProperty({ type: ShownPreviewDto, nullable: true })
  opus!: ShownPreviewDto | null;

  @ApiProperty({ type: ShownPreviewDto, nullable: true })
  mp3!: ShownPreviewDto | null;
}

export class SignedPreviewsDto {
  @ApiProperty({ type: SignedPreviewDto, nullable: true })
  opus!: SignedPreviewDto | null;

  @ApiProperty({ type: SignedPreviewDto, nullable: true })
  mp3!: SignedPreviewDto | null;
}

/** What a stem and a mix show alike. */
export abstract class ShownOutputsDto implements OptionalOutputs {
  @Shown({ type: String, nullable: true })
  waveformDataPath!: string | null;

  @Shown({ type: [ShownZoomLevelDto], nullable: true })
  zoomLevels!: ShownZoomLevelDto[] | null;

  @Shown({ type: ShownPreviewsDto, nullable: true })
  previews!: ShownPreviewsDto | null;

  @Shown({ type: String, nullable: true, description: 'Of the sound, whatever file it is in.' })
  audioId!: string | null;

  @Shown({ type: Number, nullable: true, description: 'Seconds.' })
  duration!: number | null;

  @Shown({ type: [String], nullable: true })
  warnings!: string[] | null;

  @Shown({ type: String, nullable: true, example: 'CORRUPT_AUDIO' })
  errorCode!: string | null;

  @Shown({ type: String, nullable: true })
  errorMessage!: string | null;

  @Shown({ description: 'The later one of two versions of a row is the newer one.' })
  changedAt!: string;
}

/** Addresses that a browser may GET for a short time. */
export class MediaDto {
  @ApiProperty({ example: DOWNLOAD_EXPIRES_S })
  expiresInSeconds!: number;

  @ApiProperty()
  audio!: string;

  @ApiProperty()
  waveform!: string;

  @ApiProperty({ type: [SignedZoomLevelDto], nullable: true })
  zoomLevels!: SignedZoomLevelDto[] | null;

  @ApiProperty({ type: SignedPreviewsDto, nullable: true })
  previews!: SignedPreviewsDto | null;
}
