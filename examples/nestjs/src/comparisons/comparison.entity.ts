import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { PairStatus } from '../waveflow/dto/comparison-complete.dto.js';
import type { AskedPair } from '../waveflow/sqs.service.js';

export const COMPARISON_STATES = ['queued', 'completed', 'error'] as const;
export type ComparisonState = (typeof COMPARISON_STATES)[number];

/** One request to compare versions, and its result. */
@Entity()
@Index('one_comparison_per_stage_and_time', ['stageId', 'requestedAt'], { unique: true })
export class Comparison {
  @PrimaryColumn()
  taskId!: string;

  /** Whose it is: nobody else is shown it. */
  @Column()
  userId!: string;

  @Column()
  stageId!: string;

  /** In the document's key: no other comparison of the stage has this time. */
  @Column()
  requestedAt!: string;

  /** When the queue took the request; null until it has. */
  @Column({ type: 'varchar', nullable: true })
  sentAt!: string | null;

  /** Keys of both versions, null where there is none. */
  @Column({ type: 'simple-json' })
  pairs!: AskedPair[];

  @Column({ type: 'varchar', default: 'queued' })
  state!: ComparisonState;

  @Column({ type: 'varchar', nullable: true })
  comparisonPath!: string | null;

  /** In the order of `pairs`. */
  @Column({ type: 'simple-json', nullable: true })
  statuses!: PairStatus[] | null;

  @Column({ type: 'simple-json', nullable: true })
  warnings!: string[] | null;

  @Column({ type: 'varchar', nullable: true })
  errorCode!: string | null;

  @Column({ type: 'varchar', nullable: true })
  errorMessage!: string | null;

  @Column({ type: 'varchar', default: '' })
  changedAt!: string;
}
