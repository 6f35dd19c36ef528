import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { NO_OUTPUTS, type OptionalOutputs, type Previews, type ZoomLevel } from '../waveflow/outputs.js';

export const STEM_STATES = ['uploading', 'queued', 'processing', 'completed', 'duplicate', 'error'] as const;
export type StemState = (typeof STEM_STATES)[number];

/** States that no later FAILURE of the same request may change. */
export const FINAL_STATES: readonly StemState[] = ['completed', 'duplicate'];

/** One uploaded file and what WaveFlow has said about it. */
@Entity()
@Index('one_original_per_content', ['userId', 'trackId', 'audioHash'], {
  unique: true,
  where: '"isOriginal"',
})
@Index('recordings_of_a_user', ['userId', 'audioId'])
@Index('changed_stems_of_a_user', ['userId', 'changedAt'])
export class StemFile implements OptionalOutputs {
  @PrimaryColumn()
  stemId!: string;

  @Column()
  userId!: string;

  @Column()
  trackId!: string;

  /** The object that was asked about last; before that, the first that may come. */
  @Column()
  filepath!: string;

  @Column()
  originalFilename!: string;

  /** Key and name of the newest upload that was signed; `upload-complete` makes them the stem's. */
  @Column()
  uploadPath!: string;

  @Column()
  uploadFilename!: string;

  @Column({ type: 'varchar', default: 'uploading' })
  state!: StemState;

  /** S3's ETag and LastModified (epoch milliseconds) of the upload that was asked about. */
  @Column({ type: 'varchar', nullable: true })
  etag!: string | null;

  @Column({ type: 'double precision', nullable: true })
  uploadedAt!: number | null;

  /** The request that counts: its id comes back as `task_id`, its time is in every output key. */
  @Column({ type: 'varchar', nullable: true })
  taskId!: string | null;

  @Column({ type: 'varchar', nullable: true })
  requestedAt!: string | null;

  /** When the queue took the request; null until it has. */
  @Column({ type: 'varchar', nullable: true })
  sentAt!: string | null;

  @Column({ type: 'varchar', nullable: true })
  audioHash!: string | null;

  /** Whether this is the copy that stays; the index above allows one per user, track and hash. */
  @Column({ default: false })
  isOriginal!: boolean;

  @Column({ type: 'varchar', nullable: true })
  duplicateOf!: string | null;

  /** Of a deleted duplicate: the object that holds the same bytes, whatever that stem does later. */
  @Column({ type: 'varchar', nullable: true })
  duplicateOfPath!: string | null;

  /** Why WaveFlow kept a file that we had called a duplicate. */
  @Column({ type: 'varchar', nullable: true })
  dedupeRefused!: string | null;

  @Column({ type: 'varchar', nullable: true })
  waveformDataPath!: string | null;

  @Column({ type: 'simple-json', nullable: true })
  zoomLevels!: ZoomLevel[] | null;

  @Column({ type: 'simple-json', nullable: true })
  previews!: Previews | null;

  /** Of the sound, whatever the file is wrapped in: a hint for people, never a reason to delete. */
  @Column({ type: 'varchar', nullable: true })
  audioId!: string | null;

  @Column({ type: 'double precision', nullable: true })
  fileSize!: number | null;

  @Column({ type: 'double precision', nullable: true })
  duration!: number | null;

  @Column({ type: 'double precision', nullable: true })
  sampleRate!: number | null;

  @Column({ type: 'int', nullable: true })
  numPeaks!: number | null;

  @Column({ type: 'simple-json', nullable: true })
  warnings!: string[] | null;

  @Column({ type: 'varchar', nullable: true })
  errorCode!: string | null;

  @Column({ type: 'varchar', nullable: true })
  errorMessage!: string | null;

  @Column({ type: 'varchar', nullable: true })
  processedAt!: string | null;

  /** When any column changed last: pages that follow are told by it. */
  @Column({ type: 'varchar', default: '' })
  changedAt!: string;
}

/** What a new request begins with: nothing that an earlier file of the stem has left. */
export const NO_RESULTS = {
  audioHash: null,
  isOriginal: false,
  duplicateOf: null,
  duplicateOfPath: null,
  dedupeRefused: null,
  waveformDataPath: null,
  ...NO_OUTPUTS,
  fileSize: null,
  duration: null,
  sampleRate: null,
  numPeaks: null,
  warnings: null,
  errorCode: null,
  errorMessage: null,
  processedAt: null,
} as const satisfies Partial<StemFile>;

/** As WaveFlow has it: by time, and within one second by the bytes of the key. */
export function isOlder(a: StemFile, b: StemFile): boolean {
  const [aTime, bTime] = [a.uploadedAt ?? 0, b.uploadedAt ?? 0];
  if (aTime !== bTime) {
    return aTime < bTime;
  }
  return Buffer.compare(Buffer.from(a.filepath), Buffer.from(b.filepath)) < 0;
}
