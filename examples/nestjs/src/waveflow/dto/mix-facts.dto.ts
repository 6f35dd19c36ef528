import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsIn, IsInt, IsNumber, IsObject, IsString, Max, Min, ValidateNested } from 'class-validator';
import { LoudnessTargetDto, MIX_FORMATS, type MixFormat } from './mix-options.dto.js';
import { NullAllowed } from './presence.js';

/** LUFS, LU and dBTP; `reason` explains a null. */
export class LoudnessDto {
  @ApiProperty({ type: Number, nullable: true })
  @NullAllowed()
  @IsNumber()
  integrated!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  @NullAllowed()
  @IsNumber()
  range!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  @NullAllowed()
  @IsNumber()
  momentary_max!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  @NullAllowed()
  @IsNumber()
  short_term_max!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  @NullAllowed()
  @IsNumber()
  true_peak!: number | null;

  @ApiProperty({ enum: ['SILENT', 'TOO_SHORT'], nullable: true })
  @NullAllowed()
  @IsIn(['SILENT', 'TOO_SHORT'])
  reason!: 'SILENT' | 'TOO_SHORT' | null;
}

/** `mix` of `/mixing-complete`: the options as used, and what they led to. */
export class MixFactsDto {
  @ApiProperty({ enum: [1, 2] })
  @IsIn([1, 2])
  channels!: 1 | 2;

  @ApiProperty({ enum: MIX_FORMATS })
  @IsIn(MIX_FORMATS)
  format!: MixFormat;

  @ApiProperty()
  @IsInt()
  @Min(4_000)
  @Max(768_000)
  sample_rate!: number;

  @ApiProperty({ type: LoudnessTargetDto, nullable: true })
  @NullAllowed()
  @IsObject()
  @ValidateNested()
  @Type(() => LoudnessTargetDto)
  loudness_target!: LoudnessTargetDto | null;

  /** Of the whole mix. */
  @ApiProperty()
  @IsNumber()
  applied_gain_db!: number;

  /** The limiter's deepest cut. */
  @ApiProperty()
  @IsNumber()
  @Min(0)
  @Max(12)
  limiter_db!: number;

  /** Measured in the mixed file. */
  @ApiProperty()
  @IsObject()
  @ValidateNested()
  @Type(() => LoudnessDto)
  loudness!: LoudnessDto;
}

/** One of `stems` of `/mixing-complete`, in the order of `stem_paths`; nobody has read a muted stem. */
export class StemFactsDto {
  @ApiProperty()
  @IsBoolean()
  muted!: boolean;

  @ApiProperty({ type: Number, nullable: true })
  @NullAllowed()
  @IsNumber()
  @Min(0)
  duration!: number | null;

  /** The largest magnitude that the stem adds; 1 is full scale. */
  @ApiProperty({ type: Number, nullable: true })
  @NullAllowed()
  @IsNumber()
  @Min(0)
  peak!: number | null;

  @ApiProperty({ type: [String] })
  @IsArray()
  @IsString({ each: true })
  warnings!: string[];
}
