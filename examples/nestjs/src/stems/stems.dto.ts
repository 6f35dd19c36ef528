import { IsNotEmpty, IsString, Matches, MaxLength } from 'class-validator';
import { ID } from '../waveflow/dto/patterns.js';

export class UploadRequestDto {
  @Matches(ID)
  userId!: string;

  @Matches(ID)
  trackId!: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(255)
  original_filename!: string;
}

export class UploadCompleteDto {
  @Matches(ID)
  userId!: string;

  @Matches(ID)
  stemId!: string;
}

export class StemQueryDto {
  @Matches(ID)
  userId!: string;

  @Matches(ID)
  trackId!: string;
}

export class OwnerQueryDto {
  @Matches(ID)
  userId!: string;
}
