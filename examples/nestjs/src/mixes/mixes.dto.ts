import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsObject,
  IsOptional,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { MixOptionsDto, StemLevelsDto } from '../waveflow/dto/mix-options.dto.js';
import { ID, PRINTABLE } from '../waveflow/dto/patterns.js';
import { MayBeMissing } from '../waveflow/dto/presence.js';
import { hasNoPanInMono, leavesSound, leavesSoundWithoutEach, namesStemsOf, playsStemsOf, Rule } from './rules.js';

const MOST_STEMS = 64;

export class StemInMixDto extends StemLevelsDto {
  @Matches(ID)
  stemId!: string;
}

/** Which stems, and how: the members of `mix` and `stems` are WaveFlow's own. */
export abstract class MixWishDto {
  @Matches(ID)
  userId!: string;

  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_STEMS)
  @ArrayUnique()
  @Matches(ID, { each: true })
  stemIds!: string[];

  @IsOptional()
  @Matches(ID)
  upstreamId?: string;

  @MayBeMissing()
  @IsObject()
  @ValidateNested()
  @Type(() => MixOptionsDto)
  mix?: MixOptionsDto;

  /** Some of `stemIds`; the others go in as they are. */
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
  @Matches(ID)
  stageId!: string;
}

/** Who plays which stems. */
export class PlayerDto {
  @Matches(PRINTABLE)
  @MaxLength(255)
  name!: string;

  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique()
  @Matches(ID, { each: true })
  stemIds!: string[];
}

export class PracticeMixesDto extends MixWishDto {
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
  @Matches(ID)
  stageId!: string;
}

export class MixOwnerDto {
  @Matches(ID)
  userId!: string;
}

export class MixQueryDto extends MixOwnerDto {
  @Matches(ID)
  stageId!: string;
}
