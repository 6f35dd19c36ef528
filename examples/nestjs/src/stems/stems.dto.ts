import { Matches, MaxLength } from 'class-validator';
import { ID, KEY_PART, PRINTABLE, SHA256 } from '../waveflow/dto/patterns.js';
import { MayBeMissing } from '../waveflow/dto/presence.js';

export class UploadRequestDto {
  @Matches(KEY_PART)
  userId!: string;

  @Matches(KEY_PART)
  trackId!: string;

  /** To replace the file of a stem that is there. */
  @MayBeMissing()
  @Matches(ID)
  stemId?: string;

  @Matches(PRINTABLE)
  @MaxLength(255)
  original_filename!: string;

  /** Of the file, hexadecimal: the signed form takes these bytes and no others. */
  @Matches(SHA256)
  sha256!: string;
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
