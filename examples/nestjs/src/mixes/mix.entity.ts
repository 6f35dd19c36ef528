import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { MixFactsDto, StemFactsDto } from '../waveflow/dto/mix-facts.dto.js';
import type { MixOptionsDto } from '../waveflow/dto/mix-options.dto.js';
import type { OptionalOutputs, Previews, ZoomLevel } from '../waveflow/outputs.js';
import type { AskedLevels } from '../waveflow/sqs.service.js';

export const MIX_STATES = ['queued', 'completed', 'error'] as const;
export type MixState = (typeof MIX_STATES)[number];

/** One request to mix stems, and its result. */
@Entity()
@Index('one_mix_per_stage_and_time', ['stageId', 'requestedAt'], { unique: true })
@Index('changed_mixes_of_a_user', ['userId', 'changedAt'])
export class Mix implements OptionalOutputs {
  @PrimaryColumn()
  taskId!: string;

  /** Whose it is: nobody else is shown it. */
  @Column()
  userId!: string;

  @Column()
  stageId!: string;

  /** In every output key: no other mix of the stage has this time. */
  @Column()
  requestedAt!: string;

  /** When the queue took the request; null until it has. */
  @Column({ type: 'varchar', nullable: true })
  sentAt!: string | null;

  @Column({ type: 'varchar', nullable: true })
  upstreamId!: string | null;

  /** In the order of `stemPaths`; empty in a row that is older than this column. */
  @Column({ type: 'simple-json', default: '[]' })
  stemIds!: string[];

  @Column({ type: 'simple-json' })
  stemPaths!: string[];

  /** `mix` of the message; the column keeps the name that it had in older rows. */
  @Column({ type: 'simple-json', nullable: true, name: 'options' })
  mix!: MixOptionsDto | null;

  /** `stems` of the message. */
  @Column({ type: 'simple-json', nullable: true, name: 'levels' })
  stems!: AskedLevels[] | null;

  /** Whom a practice mix is for: the stems of this player are muted. */
  @Column({ type: 'varchar', nullable: true })
  player!: string | null;

  @Column({ type: 'varchar', default: 'queued' })
  state!: MixState;

  @Column({ type: 'varchar', nullable: true })
  mixedFilePath!: string | null;

  @Column({ type: 'varchar', nullable: true })
  waveformDataPath!: string | null;

  @Column({ type: 'simple-json', nullable: true })
  zoomLevels!: ZoomLevel[] | null;

  @Column({ type: 'simple-json', nullable: true })
  previews!: Previews | null;

  @Column({ type: 'varchar', nullable: true })
  audioId!: string | null;

  @Column({ type: 'double precision', nullable: true })
  duration!: number | null;

  @Column({ type: 'simple-json', nullable: true })
  warnings!: string[] | null;

  /** `mix` and `stems` of the result; null for a classic mix. */
  @Column({ type: 'simple-json', nullable: true })
  facts!: MixFactsDto | null;

  @Column({ type: 'simple-json', nullable: true })
  stemFacts!: StemFactsDto[] | null;

  @Column({ type: 'varchar', nullable: true })
  errorCode!: string | null;

  @Column({ type: 'varchar', nullable: true })
  errorMessage!: string | null;

  /** When any column changed last: pages that follow are told by it. */
  @Column({ type: 'varchar', default: '' })
  changedAt!: string;
}
