import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One request to mix stems, and its result. */
@Entity()
export class Mix {
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

  @Column({ type: 'double precision', nullable: true })
  duration!: number | null;

  @Column({ type: 'simple-json', nullable: true })
  warnings!: string[] | null;

  @Column({ type: 'varchar', nullable: true })
  errorCode!: string | null;

  @Column({ type: 'varchar', nullable: true })
  errorMessage!: string | null;
}
