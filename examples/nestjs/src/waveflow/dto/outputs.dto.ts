import { Type } from 'class-transformer';
import {
  IsArray,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { IsAudioId } from './patterns.js';
import { MayBeMissing } from './presence.js';

export class ZoomLevelDto {
  @IsInt()
  @Min(64)
  @Max(65_536)
  samples_per_pixel!: number;

  @IsString()
  @IsNotEmpty()
  path!: string;

  @IsInt()
  @Min(0)
  bytes!: number;

  @IsInt()
  @Min(0)
  length!: number;

  @IsInt()
  @Min(1)
  @Max(2)
  channels!: number;
}

export class PreviewDto {
  @IsString()
  @IsNotEmpty()
  path!: string;

  @IsInt()
  @Min(0)
  bytes!: number;

  @IsNumber()
  @Min(0)
  duration!: number;
}

export class PreviewsDto {
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => PreviewDto)
  opus?: PreviewDto | null;

  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => PreviewDto)
  mp3?: PreviewDto | null;
}

/** What a message's options bring: missing is what was not asked for, null what failed. */
export abstract class OutputsDto {
  @IsOptional()
  @IsArray()
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => ZoomLevelDto)
  zoom_levels?: ZoomLevelDto[] | null;

  @MayBeMissing()
  @IsObject()
  @ValidateNested()
  @Type(() => PreviewsDto)
  previews?: PreviewsDto;

  @IsOptional()
  @IsAudioId()
  audio_id?: string | null;
}
