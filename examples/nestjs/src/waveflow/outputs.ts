import type { PreviewFormat } from '../settings/environment.js';
import type { OutputsDto, PreviewDto, ZoomLevelDto } from './dto/outputs.dto.js';

/** One file of a zoomable waveform; fewer samples per pixel show more. */
export interface ZoomLevel {
  samplesPerPixel: number;
  path: string;
  bytes: number;
  length: number;
  channels: number;
}

export type Preview = Pick<PreviewDto, 'path' | 'bytes' | 'duration'>;
export type Previews = Record<PreviewFormat, Preview | null>;

/** Columns of a row that only a message's options fill. */
export interface OptionalOutputs {
  zoomLevels: ZoomLevel[] | null;
  previews: Previews | null;
  audioId: string | null;
}

export const NO_OUTPUTS = { zoomLevels: null, previews: null, audioId: null } as const satisfies OptionalOutputs;

/** Take over what a job has made; what it was not asked for or could not make stays as it was. */
export function optionalOutputs(told: OutputsDto, before: OptionalOutputs): OptionalOutputs {
  return {
    zoomLevels: told.zoom_levels?.map(zoomLevel) ?? before.zoomLevels,
    previews: told.previews === undefined ? before.previews : {
      opus: preview(told.previews.opus) ?? before.previews?.opus ?? null,
      mp3: preview(told.previews.mp3) ?? before.previews?.mp3 ?? null,
    },
    audioId: told.audio_id ?? before.audioId,
  };
}

function zoomLevel({ samples_per_pixel, path, bytes, length, channels }: ZoomLevelDto): ZoomLevel {
  return { samplesPerPixel: samples_per_pixel, path, bytes, length, channels };
}

function preview(told: PreviewDto | null | undefined): Preview | null {
  return told ? { path: told.path, bytes: told.bytes, duration: told.duration } : null;
}
