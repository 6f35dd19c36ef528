import { Type } from 'class-transformer';
import {
  IsArray,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { FailureResultDto } from './completion.dto.js';
import { MixFactsDto, StemFactsDto } from './mix-facts.dto.js';
import { OutputsDto } from './outputs.dto.js';
import { IsId, IsJobId } from './patterns.js';
import { MayBeMissing } from './presence.js';

/** `POST /webhook/mixing-complete`: how a mix ended. */
export class MixingCompleteDto extends OutputsDto {
  @IsId()
  stageId!: string;

  @IsIn(['SUCCESS', 'FAILURE'])
  status!: 'SUCCESS' | 'FAILURE';

  @IsJobId()
  task_id!: string;

  /** Of the message, as it was sent; null where the message could not be read. */
  @IsOptional()
  @IsString()
  timestamp?: string | null;

  @IsOptional()
  @IsNumber()
  processing_time?: number | null;

  @IsOptional()
  @IsString()
  upstreamId?: string | null;

  @OfAMix()
  @IsString()
  @IsNotEmpty()
  mixed_file_path?: string | null;

  @OfAMix()
  @IsString()
  @IsNotEmpty()
  waveform_data_path?: string | null;

  /** A failure counts what was asked for, which may be nothing. */
  @OfAMix()
  @IsInt()
  @Min(0)
  stem_count?: number | null;

  /** Byte for byte and in the order that we sent. */
  @OfAMix()
  @IsArray()
  @IsString({ each: true })
  stem_paths?: string[] | null;

  @OfAMix()
  @IsNumber()
  @Min(0)
  duration?: number | null;

  @OfAMix()
  @IsInt()
  @Min(4_000)
  @Max(768_000)
  sample_rate?: number | null;

  @OfAMix()
  @IsInt()
  @Min(1)
  @Max(32)
  channels?: number | null;

  @MayBeMissing()
  @IsArray()
  @IsString({ each: true })
  warnings?: string[];

  @MayBeMissing()
  @IsObject()
  @ValidateNested()
  @Type(() => MixFactsDto)
  mix?: MixFactsDto;

  /** In the order of `stem_paths`. */
  @MayBeMissing()
  @IsArray()
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => StemFactsDto)
  stems?: StemFactsDto[];

  @ValidateIf((mix: MixingCompleteDto, value) => mix.status === 'FAILURE' || value !== undefined)
  @IsObject()
  @ValidateNested()
  @Type(() => FailureResultDto)
  result?: FailureResultDto;
}

/** A failed mix may lack it; a finished one may not. */
function OfAMix(): PropertyDecorator {
  return ValidateIf(
    (mix: MixingCompleteDto, value) => mix.status !== 'FAILURE' || (value ?? null) !== null,
  );
}
