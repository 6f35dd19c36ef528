import { Injectable } from '@nestjs/common';
import { DOWNLOAD_EXPIRES_S, ObjectsService } from '../aws/objects.service.js';
import type { OptionalOutputs, Preview, ZoomLevel } from './outputs.js';

type Signed<T> = Omit<T, 'path'> & { url: string };

/** Addresses that a browser may GET for a short time. */
export interface Media {
  expiresInSeconds: number;
  audio: string;
  waveform: string;
  zoomLevels: Signed<ZoomLevel>[] | null;
  previews: { opus: Signed<Preview> | null; mp3: Signed<Preview> | null } | null;
}

/** Signs what belongs to a row; the keys are the row's, never a request's. */
@Injectable()
export class MediaService {
  constructor(private readonly objects: ObjectsService) {}

  async sign(audio: string, waveform: string, outputs: OptionalOutputs): Promise<Media> {
    const { zoomLevels, previews } = outputs;
    return {
      expiresInSeconds: DOWNLOAD_EXPIRES_S,
      audio: await this.objects.signDownload(audio),
      waveform: await this.objects.signDownload(waveform),
      zoomLevels: zoomLevels && (await Promise.all(zoomLevels.map((level) => this.signed(level)))),
      previews: previews && {
        opus: previews.opus && (await this.signed(previews.opus)),
        mp3: previews.mp3 && (await this.signed(previews.mp3)),
      },
    };
  }

  private async signed<T extends { path: string }>({ path, ...facts }: T): Promise<Signed<T>> {
    return { ...facts, url: await this.objects.signDownload(path) };
  }
}
