import {
  Equals,
  IsInt,
  IsNotEmpty,
  IsString,
  Min,
} from 'class-validator';
import { IsId, IsJobId, IsSha256 } from './patterns.js';
import { NullAllowed } from './presence.js';

/** `POST /webhook/hash-check`: the question. */
export class HashCheckDto {
  @Equals('hash_generated')
  status!: 'hash_generated';

  @IsId()
  stemId!: string;

  @IsId()
  userId!: string;

  @IsId()
  trackId!: string;

  @IsString()
  @IsNotEmpty()
  filepath!: string;

  @IsSha256()
  audio_hash!: string;

  @IsString()
  timestamp!: string;

  @NullAllowed()
  @IsString()
  original_filename!: string | null;

  @IsString()
  @IsNotEmpty()
  task_token!: string;

  @IsJobId()
  task_id!: string;

  @IsString()
  execution_arn!: string;

  @IsInt()
  @Min(0)
  file_size!: number;
}
