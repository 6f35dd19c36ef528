import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsObject,
  IsOptional,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { OwnerQueryDto } from '../stems/stems.dto.js';
import { MixOptionsDto, StemLevelsDto } from '../waveflow/dto/mix-options.dto.js';
import { IsId, IsPrintable } from '../waveflow/dto/patterns.js';
import { MayBeMissing } from '../waveflow/dto/presence.js';
import { hasNoPanInMono, leavesSound, leavesSoundWithoutEach, namesStemsOf, playsStemsOf, Rule } from './rules.js';

const MOST_STEMS = 64;

export class StemInMixDto extends StemLevelsDto {
  @ApiProperty({ example: 'drums' })
  @IsId()
  stemId!: string;
}

/** Which stems, and how: the members of `mix` and `stems` are WaveFlow's own. */
export abstract class MixWishDto {
  @ApiProperty({ example: 'user1' })
  @IsId()
  userId!: string;

  @ApiProperty({ type: [String] })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_STEMS)
  @ArrayUnique()
  @IsId({ each: true })
  stemIds!: string[];

  @ApiPropertyOptional()
  @IsOptional()
  @IsId()
  upstreamId?: string;

  @ApiPropertyOptional()
  @MayBeMissing()
  @IsObject()
  @ValidateNested()
  @Type(() => MixOptionsDto)
  mix?: MixOptionsDto;

  /** Some of `stemIds`; the others go in as they are. */
  @ApiPropertyOptional({ type: [StemInMixDto] })
  @MayBeMissing()
  @IsArray()
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => StemInMixDto)
  @ArrayUnique((stem: StemInMixDto) => stem.stemId)
  @Rule('stems must name stems of stemIds', namesStemsOf)
  @Rule('stems must not all be muted', leavesSound)
  @Rule('stems must have no pan in a mix of one channel', hasNoPanInMono)
  stems?: StemInMixDto[];
}

export class MixRequestDto extends MixWishDto {
  @ApiProperty({ example: 'stage1' })
  @IsId()
  stageId!: string;
}

/** Who plays which stems. */
export class PlayerDto {
  @ApiProperty({ example: 'Mina' })
  @IsPrintable()
  @MaxLength(255)
  name!: string;

  @ApiProperty({ type: [String] })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsId({ each: true })
  stemIds!: string[];
}

export class PracticeMixesDto extends MixWishDto {
  @ApiProperty({ type: [PlayerDto] })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_STEMS)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => PlayerDto)
  @ArrayUnique((player: PlayerDto) => player.name)
  @Rule('players must play stems of stemIds', playsStemsOf)
  @Rule('players must each leave a stem that is not muted', leavesSoundWithoutEach)
  players!: PlayerDto[];
}

export class StageDto {
  @ApiProperty({ example: 'stage1' })
  @IsId()
  stageId!: string;
}

export class MixQueryDto extends OwnerQueryDto {
  @ApiProperty({ example: 'stage1' })
  @IsId()
  stageId!: string;
}
