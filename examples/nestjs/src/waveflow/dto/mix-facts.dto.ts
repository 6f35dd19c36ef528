import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsIn, IsInt, IsNumber, IsObject, IsString, Max, Min, ValidateNested } from 'class-validator';
import { LoudnessTargetDto, MIX_FORMATS, type MixFormat } from './mix-options.dto.js';
import { NullAllowed } from './presence.js';

/** LUFS, LU and dBTP; `reason` explains a null. */
export class LoudnessDto {
  @NullAllowed()
  @IsNumber()
  integrated!: number | null;

  @NullAllowed()
  @IsNumber()
  range!: number | null;

  @NullAllowed()
  @IsNumber()
  momentary_max!: number | null;

  @NullAllowed()
  @IsNumber()
  short_term_max!: number | null;

  @NullAllowed()
  @IsNumber()
  true_peak!: number | null;

  @NullAllowed()
  @IsIn(['SILENT', 'TOO_SHORT'])
  reason!: 'SILENT' | 'TOO_SHORT' | null;
}

/** `mix` of `/mixing-complete`: the options as used, and what they led to. */
export class MixFactsDto {
  @IsIn([1, 2])
  channels!: 1 | 2;

  @IsIn(MIX_FORMATS)
  format!: MixFormat;

  @IsInt()
  @Min(4_000)
  @Max(768_000)
  sample_rate!: number;

  @NullAllowed()
  @IsObject()
  @ValidateNested()
  @Type(() => LoudnessTargetDto)
  loudness_target!: LoudnessTargetDto | null;

  /** Of the whole mix. */
  @IsNumber()
  applied_gain_db!: number;

  /** The limiter's deepest cut. */
  @IsNumber()
  @Min(0)
  @Max(12)
  limiter_db!: number;

  /** Measured in the mixed file. */
  @IsObject()
  @ValidateNested()
  @Type(() => LoudnessDto)
  loudness!: LoudnessDto;
}

/** One of `stems` of `/mixing-complete`, in the order of `stem_paths`; nobody has read a muted stem. */
export class StemFactsDto {
  @IsBoolean()
  muted!: boolean;

  @NullAllowed()
  @IsNumber()
  @Min(0)
  duration!: number | null;

  /** The largest magnitude that the stem adds; 1 is full scale. */
  @NullAllowed()
  @IsNumber()
  @Min(0)
  peak!: number | null;

  @IsArray()
  @IsString({ each: true })
  warnings!: string[];
}
