import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { MaxLength } from 'class-validator';
import { IsId, IsKeyPart, IsPrintable, IsSha256 } from '../waveflow/dto/patterns.js';
import { MayBeMissing } from '../waveflow/dto/presence.js';

export class UploadRequestDto {
  @ApiProperty({ example: 'user1' })
  @IsKeyPart()
  userId!: string;

  @ApiProperty({ example: 'track1' })
  @IsKeyPart()
  trackId!: string;

  @ApiPropertyOptional({ description: 'To replace the file of a stem that is there.' })
  @MayBeMissing()
  @IsId()
  stemId?: string;

  @ApiProperty({ example: 'drums.wav', maxLength: 255 })
  @IsPrintable()
  @MaxLength(255)
  original_filename!: string;

  @ApiProperty({ description: 'Of the file, 64 hexadecimal digits: the form takes these bytes and no others.' })
  @IsSha256()
  sha256!: string;
}

export class OwnerQueryDto {
  @ApiProperty({ example: 'user1' })
  @IsId()
  userId!: string;
}

export class UploadCompleteDto extends OwnerQueryDto {
  @ApiProperty()
  @IsId()
  stemId!: string;
}

export class StemQueryDto extends OwnerQueryDto {
  @ApiProperty({ example: 'track1' })
  @IsId()
  trackId!: string;
}
