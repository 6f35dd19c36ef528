import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { OptionalOutputs, Previews, ZoomLevel } from '../waveflow/outputs.js';

/** One request to mix stems, and its result. */
@Entity()
export class Mix implements OptionalOutputs {
  @PrimaryColumn()
  taskId!: string;

  /** Whose it is: nobody else is shown it. */
  @Column()
  userId!: string;

  @Column()
  stageId!: string;

  @Column()
  requestedAt!: string;

  /** When the queue took the request; null until it has. */
  @Column({ type: 'varchar', nullable: true })
  sentAt!: string | null;

  @Column({ type: 'varchar', nullable: true })
  upstreamId!: string | null;

  @Column({ type: 'simple-json' })
  stemPaths!: string[];

  @Column({ type: 'varchar', default: 'queued' })
  state!: 'queued' | 'completed' | 'error';

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

  @Column({ type: 'varchar', nullable: true })
  errorCode!: string | null;

  @Column({ type: 'varchar', nullable: true })
  errorMessage!: string | null;
}
