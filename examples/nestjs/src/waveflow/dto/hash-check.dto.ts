import {
  Equals,
  IsInt,
  IsNotEmpty,
  IsString,
  Matches,
  Min,
} from 'class-validator';
import { ID, JOB_ID, SHA256 } from './patterns.js';
import { NullAllowed } from './presence.js';

/** `POST /webhook/hash-check`: the question. */
export class HashCheckDto {
  @Equals('hash_generated')
  status!: 'hash_generated';

  @Matches(ID)
  stemId!: string;

  @Matches(ID)
  userId!: string;

  @Matches(ID)
  trackId!: string;

  @IsString()
  @IsNotEmpty()
  filepath!: string;

  @Matches(SHA256)
  audio_hash!: string;

  @IsString()
  timestamp!: string;

  @NullAllowed()
  @IsString()
  original_filename!: string | null;

  @IsString()
  @IsNotEmpty()
  task_token!: string;

  @Matches(JOB_ID)
  task_id!: string;

  @IsString()
  execution_arn!: string;

  @IsInt()
  @Min(0)
  file_size!: number;
}
