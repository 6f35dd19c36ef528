import { Type } from 'class-transformer';
import { IsArray, IsIn, IsNotEmpty, IsObject, IsOptional, IsString, ValidateIf, ValidateNested } from 'class-validator';
import { FailureResultDto } from './completion.dto.js';
import { IsId, IsJobId } from './patterns.js';
import { MayBeMissing } from './presence.js';

export const PAIR_STATUSES = ['same', 'alike', 'changed', 'different', 'new', 'removed'] as const;
export type PairStatus = (typeof PAIR_STATUSES)[number];

/** `POST /webhook/comparison-complete`: how a comparison ended. */
export class ComparisonCompleteDto {
  @IsId()
  stageId!: string;

  @IsIn(['SUCCESS', 'FAILURE'])
  status!: 'SUCCESS' | 'FAILURE';

  @IsJobId()
  task_id!: string;

  /** A failed comparison has none. */
  @ValidateIf((told: ComparisonCompleteDto, value) => told.status !== 'FAILURE' || (value ?? null) !== null)
  @IsString()
  @IsNotEmpty()
  comparison_path?: string | null;

  /** In the order of the message's `pairs`. */
  @MayBeMissing()
  @IsArray()
  @IsIn(PAIR_STATUSES, { each: true })
  statuses?: PairStatus[];

  @IsOptional()
  @IsString()
  upstreamId?: string | null;

  @IsOptional()
  @IsString()
  timestamp?: string | null;

  @MayBeMissing()
  @IsArray()
  @IsString({ each: true })
  warnings?: string[];

  @ValidateIf((told: ComparisonCompleteDto, value) => told.status === 'FAILURE' || value !== undefined)
  @IsObject()
  @ValidateNested()
  @Type(() => FailureResultDto)
  result?: FailureResultDto;
}
