import { Injectable } from '@nestjs/common';

export interface StemFile {
  userId: string;
  trackId: string;
  stemId: string;
  audioHash?: string;
  waveformDataPath?: string;
  status?: string;
  errorCode?: string;
}

/** The document's table, kept in memory; its duplicate check does not leave out the stem itself. */
@Injectable()
export class StemFileService {
  readonly rows = new Map<string, StemFile>();

  async checkDuplicateHash(userId: string, trackId: string, audioHash: string): Promise<boolean> {
    return [...this.rows.values()].some(
      (row) => row.userId === userId && row.trackId === trackId && row.audioHash === audioHash,
    );
  }

  async updateProcessingResult(stemId: string, result: any) {
    this.update(stemId, {
      audioHash: result.audio_data_hash,
      waveformDataPath: result.waveform_data_path,
      status: 'completed',
    });
  }

  async updateProcessingError(stemId: string, error: any) {
    this.update(stemId, { status: 'error', errorCode: error.error_code });
  }

  private update(stemId: string, change: Partial<StemFile>) {
    const row = this.rows.get(stemId);
    if (row) {
      Object.assign(row, change);
    }
  }
}
