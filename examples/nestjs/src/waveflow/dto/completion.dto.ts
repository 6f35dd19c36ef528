import { Type } from 'class-transformer';
import {
  Equals,
  IsArray,
  IsBoolean,
  IsIn,
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
import { OutputsDto } from './outputs.dto.js';
import { IsId, IsJobId, IsSha256 } from './patterns.js';
import { MayBeMissing } from './presence.js';

/** What became of a verdict `duplicate` that was refused. */
export class DedupeDto {
  @IsString()
  refused!: string;

  @MayBeMissing()
  @IsBoolean()
  would_delete?: boolean;
}

export class SuccessResultDto extends OutputsDto {
  @IsSha256()
  audio_data_hash!: string;

  @IsString()
  @IsNotEmpty()
  waveform_data_path!: string;

  @IsInt()
  @Min(0)
  file_size!: number;

  @IsNumber()
  @Min(0)
  duration!: number;

  @IsInt()
  @Min(4_000)
  @Max(768_000)
  sample_rate!: number;

  @IsInt()
  @Min(1)
  @Max(4000)
  num_peaks!: number;

  @IsInt()
  @Min(1)
  @Max(32)
  channels!: number;

  @IsString()
  format!: string;

  @IsNumber()
  @Min(0)
  peak!: number;

  @IsArray()
  @IsString({ each: true })
  warnings!: string[];

  @MayBeMissing()
  @IsObject()
  @ValidateNested()
  @Type(() => DedupeDto)
  dedupe?: DedupeDto;
}

export class FailureResultDto {
  @IsString()
  error!: string;

  @IsString()
  @IsNotEmpty()
  error_code!: string;

  @IsString()
  error_message!: string;

  @IsString()
  stage!: string;

  @IsBoolean()
  retryable!: boolean;
}

export class DuplicateOfDto {
  @IsString()
  stemId!: string;

  @IsString()
  filepath!: string;
}

export class DuplicateResultDto {
  @IsString()
  error!: string;

  @Equals('DUPLICATE_FILE')
  error_code!: 'DUPLICATE_FILE';

  @IsString()
  error_message!: string;

  @IsObject()
  @ValidateNested()
  @Type(() => DuplicateOfDto)
  duplicate_of!: DuplicateOfDto;

  @IsSha256()
  audio_data_hash!: string;
}

type Status = 'SUCCESS' | 'FAILURE' | 'DUPLICATE';

const RESULTS = new Map<unknown, new () => object>([
  ['SUCCESS', SuccessResultDto],
  ['FAILURE', FailureResultDto],
  ['DUPLICATE', DuplicateResultDto],
]);

/** `POST /webhook/completion`: how an upload ended. */
export class CompletionDto {
  @IsId()
  stemId!: string;

  @IsIn([...RESULTS.keys()])
  status!: Status;

  @IsJobId()
  task_id!: string;

  /** Of the message, as it was sent; null where the message could not be read. */
  @IsOptional()
  @IsString()
  timestamp?: string | null;

  @IsOptional()
  @IsString()
  userId?: string | null;

  @IsOptional()
  @IsString()
  trackId?: string | null;

  @IsOptional()
  @IsString()
  upstreamId?: string | null;

  @IsOptional()
  @IsString()
  original_filename?: string | null;

  @IsOptional()
  @IsString()
  audio_wave_path?: string | null;

  @IsOptional()
  @IsNumber()
  processing_time?: number | null;

  /** An operator had the stem drawn: no user waits for it. */
  @MayBeMissing()
  @IsBoolean()
  backfill?: boolean;

  @IsObject()
  @ValidateNested()
  @Type((options) => resultClass(options?.object as CompletionDto | undefined))
  result!: SuccessResultDto | FailureResultDto | DuplicateResultDto;
}

function resultClass(completion: CompletionDto | undefined): new () => object {
  return RESULTS.get(completion?.status) ?? FailureResultDto;
}
