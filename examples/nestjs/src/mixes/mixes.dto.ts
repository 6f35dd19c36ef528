import { ArrayMaxSize, ArrayNotEmpty, ArrayUnique, IsArray, IsOptional, Matches } from 'class-validator';
import { ID } from '../waveflow/dto/patterns.js';

export class MixRequestDto {
  @Matches(ID)
  userId!: string;

  @Matches(ID)
  stageId!: string;

  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(64)
  @ArrayUnique()
  @Matches(ID, { each: true })
  stemIds!: string[];

  @IsOptional()
  @Matches(ID)
  upstreamId?: string;
}

export class MixOwnerDto {
  @Matches(ID)
  userId!: string;
}
