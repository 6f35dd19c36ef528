import { ApiProperty, PickType } from '@nestjs/swagger';
import { Shown } from '../waveflow/dto/shown.js';
import { ShownOutputsDto } from '../waveflow/dto/shown-outputs.dto.js';
import { STEM_STATES, type StemState } from './stem-file.entity.js';

export class SameRecordingDto {
  @ApiProperty()
  stemId!: string;

  @ApiProperty()
  trackId!: string;

  @ApiProperty()
  originalFilename!: string;
}

/** A stem as its user is shown it. */
export class StemDto extends ShownOutputsDto {
  @Shown()
  stemId!: string;

  @Shown()
  userId!: string;

  @Shown()
  trackId!: string;

  @Shown({ enum: STEM_STATES })
  state!: StemState;

  @Shown()
  originalFilename!: string;

  @Shown({ description: 'The key of the file in the bucket.' })
  filepath!: string;

  @Shown({ type: String, nullable: true, description: 'Of the newest request.' })
  taskId!: string | null;

  @Shown({ type: String, nullable: true })
  requestedAt!: string | null;

  @Shown({ type: String, nullable: true })
  processedAt!: string | null;

  @Shown({ type: String, nullable: true, description: 'SHA-256 of the file.' })
  audioHash!: string | null;

  @Shown({ type: String, nullable: true, description: 'The stem that stays, of a duplicate.' })
  duplicateOf!: string | null;

  @Shown({ type: String, nullable: true })
  duplicateOfPath!: string | null;

  @Shown({ type: String, nullable: true, description: 'Why a file that was called a duplicate was kept.' })
  dedupeRefused!: string | null;

  @Shown({ type: Number, nullable: true, description: 'Bytes.' })
  fileSize!: number | null;

  @Shown({ type: Number, nullable: true, description: 'Hertz.' })
  sampleRate!: number | null;

  @Shown({ type: Number, nullable: true })
  numPeaks!: number | null;

  @Shown({ type: [SameRecordingDto], description: 'Older stems of this user with the same sound.' })
  sameRecordingAs!: SameRecordingDto[];
}

/** The form that the browser sends to the bucket: these fields, and the field `file` after them. */
export class UploadFormDto {
  @ApiProperty()
  url!: string;

  @ApiProperty({ type: Object, additionalProperties: { type: 'string' } })
  fields!: Record<string, string>;
}

export class UploadTicketDto extends PickType(StemDto, ['stemId', 'filepath']) {
  @ApiProperty()
  upload!: UploadFormDto;
}
