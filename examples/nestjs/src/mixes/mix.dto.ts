import { ApiProperty } from '@nestjs/swagger';
import { MixFactsDto, StemFactsDto } from '../waveflow/dto/mix-facts.dto.js';
import { MixOptionsDto, StemLevelsDto } from '../waveflow/dto/mix-options.dto.js';
import { Shown } from '../waveflow/dto/shown.js';
import { ShownOutputsDto } from '../waveflow/dto/shown-outputs.dto.js';
import { MIX_STATES, type MixState } from './mix.entity.js';

/** A stem in a mix: its name, the levels that were asked for, and what the mix made of it. */
export class MixedStemDto extends StemLevelsDto {
  @ApiProperty()
  stemId!: string;

  @ApiProperty({ type: String, nullable: true })
  originalFilename!: string | null;

  @ApiProperty({ type: StemFactsDto, nullable: true })
  facts!: StemFactsDto | null;
}

/** A mix as its user is shown it. */
export class MixDto extends ShownOutputsDto {
  @Shown()
  taskId!: string;

  @Shown()
  userId!: string;

  @Shown()
  stageId!: string;

  @Shown()
  requestedAt!: string;

  @Shown({ enum: MIX_STATES })
  state!: MixState;

  @Shown({ type: String, nullable: true })
  upstreamId!: string | null;

  @Shown({ type: String, nullable: true, description: 'Whom a practice mix is for.' })
  player!: string | null;

  @Shown({ type: MixOptionsDto, nullable: true, description: 'What was asked for; null of a classic mix.' })
  mix!: MixOptionsDto | null;

  @Shown({ type: MixFactsDto, nullable: true, description: 'What the mix became; null of a classic mix.' })
  facts!: MixFactsDto | null;

  @Shown({ type: [MixedStemDto] })
  stems!: MixedStemDto[];

  @Shown({ type: String, nullable: true, description: 'The key of the file in the bucket.' })
  mixedFilePath!: string | null;
}
