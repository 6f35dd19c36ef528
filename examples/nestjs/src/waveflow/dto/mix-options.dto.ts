import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsNumber, IsObject, Max, Min, ValidateNested } from 'class-validator';
import { MayBeMissing } from './presence.js';

export const MIX_FORMATS = ['wav24', 'wav16', 'wav32f', 'flac16', 'flac24'] as const;
const SAMPLE_RATES = ['first', 'highest', 44_100, 48_000, 88_200, 96_000] as const;

export type MixFormat = (typeof MIX_FORMATS)[number];
export type MixSampleRate = (typeof SAMPLE_RATES)[number];

export class LoudnessTargetDto {
  /** LUFS. */
  @ApiProperty({ minimum: -30, maximum: -8, description: 'LUFS.' })
  @IsNumber()
  @Min(-30)
  @Max(-8)
  integrated!: number;

  /** dBTP; missing: -1. */
  @ApiPropertyOptional({ minimum: -9, maximum: -0.5, default: -1, description: 'dBTP.' })
  @MayBeMissing()
  @IsNumber()
  @Min(-9)
  @Max(-0.5)
  true_peak?: number;
}

/** `mix` of the message that asks for a mix: the whole. */
export class MixOptionsDto {
  @ApiPropertyOptional({ enum: [1, 2] })
  @MayBeMissing()
  @IsIn([1, 2])
  channels?: 1 | 2;

  @ApiPropertyOptional({ enum: MIX_FORMATS })
  @MayBeMissing()
  @IsIn(MIX_FORMATS)
  format?: MixFormat;

  @ApiPropertyOptional({ enum: SAMPLE_RATES })
  @MayBeMissing()
  @IsIn(SAMPLE_RATES)
  sample_rate?: MixSampleRate;

  @ApiPropertyOptional()
  @MayBeMissing()
  @IsObject()
  @ValidateNested()
  @Type(() => LoudnessTargetDto)
  loudness?: LoudnessTargetDto;
}

/** One of `stems` of the same message, without the stem's name. */
export class StemLevelsDto {
  @ApiPropertyOptional({ minimum: -60, maximum: 12 })
  @MayBeMissing()
  @IsNumber()
  @Min(-60)
  @Max(12)
  gain_db?: number;

  /** -1 is left, 1 is right; only in a mix of two channels. */
  @ApiPropertyOptional({ minimum: -1, maximum: 1 })
  @MayBeMissing()
  @IsNumber()
  @Min(-1)
  @Max(1)
  pan?: number;

  @ApiPropertyOptional()
  @MayBeMissing()
  @IsBoolean()
  mute?: boolean;

  @ApiPropertyOptional()
  @MayBeMissing()
  @IsBoolean()
  invert?: boolean;

  /** A negative offset cuts the beginning. */
  @ApiPropertyOptional({ minimum: -600_000, maximum: 600_000 })
  @MayBeMissing()
  @IsNumber()
  @Min(-600_000)
  @Max(600_000)
  offset_ms?: number;
}
