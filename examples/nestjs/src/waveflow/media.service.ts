import { Injectable } from '@nestjs/common';
import { DOWNLOAD_EXPIRES_S, ObjectsService } from '../aws/objects.service.js';
import type { MediaDto } from './dto/shown-outputs.dto.js';
import type { OptionalOutputs } from './outputs.js';

/** Signs what belongs to a row; the keys are the row's, never a request's. */
@Injectable()
export class MediaService {
  constructor(private readonly objects: ObjectsService) {}

  async sign(audio: string, waveform: string, outputs: OptionalOutputs): Promise<MediaDto> {
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

  private async signed<T extends { path: string }>({ path, ...facts }: T): Promise<Omit<T, 'path'> & { url: string }> {
    return { ...facts, url: await this.objects.signDownload(path) };
  }
}
