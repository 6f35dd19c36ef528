import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsObject, IsOptional, ValidateNested } from 'class-validator';
import { IsId, IsJobId } from '../waveflow/dto/patterns.js';
import { PAIR_STATUSES, type PairStatus } from '../waveflow/dto/comparison-complete.dto.js';
import { Shown } from '../waveflow/dto/shown.js';
import { COMPARISON_STATES, type ComparisonState } from './comparison.entity.js';

const MOST_PAIRS = 64;

/** Two versions of one recording: the `stemId` of a stem, or the `taskId` of a mix. */
export class PairDto {
  @ApiPropertyOptional({ type: String, nullable: true, description: 'Missing or null where the recording is new.' })
  @IsOptional()
  @IsJobId()
  before?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, description: 'Missing or null where the recording is removed.' })
  @IsOptional()
  @IsJobId()
  after?: string | null;
}

export class ComparisonRequestDto {
  @ApiProperty({ example: 'user1' })
  @IsId()
  userId!: string;

  @ApiProperty({ example: 'stage1' })
  @IsId()
  stageId!: string;

  @ApiProperty({ type: [PairDto] })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_PAIRS)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => PairDto)
  pairs!: PairDto[];
}

/** A comparison as its user is shown it. */
export class ComparisonDto {
  @Shown()
  taskId!: string;

  @Shown()
  userId!: string;

  @Shown()
  stageId!: string;

  @Shown()
  requestedAt!: string;

  @Shown({ enum: COMPARISON_STATES })
  state!: ComparisonState;

  @Shown({ enum: PAIR_STATUSES, isArray: true, nullable: true, description: 'In the order of the pairs.' })
  statuses!: PairStatus[] | null;

  @Shown({ type: [String], nullable: true })
  warnings!: string[] | null;

  @Shown({ type: String, nullable: true })
  errorCode!: string | null;

  @Shown({ type: String, nullable: true })
  errorMessage!: string | null;
}

/** Where a page fetches the document with a report for each pair. */
export class DocumentDto {
  @ApiProperty()
  expiresInSeconds!: number;

  @ApiProperty()
  url!: string;
}
