import { In, IsNull, MoreThan, Not, type Repository } from 'typeorm';
import { StemFile } from './stem-file.entity.js';

const PAGE = 1_000;

/** The lines of a back-fill's manifest, a page of rows in memory at a time. */
export async function* manifestLines(stems: Repository<StemFile>, page = PAGE): AsyncGenerator<string> {
  let last = '';
  for (;;) {
    const after = { stemId: MoreThan(last), requestedAt: Not(IsNull()) };
    const rows = await stems.find({
      // What WaveFlow works on now is left alone, and so is what it deleted as a duplicate.
      where: [
        { ...after, state: In(['completed', 'error']) },
        { ...after, state: Not('duplicate'), taskId: IsNull() },
      ],
      order: { stemId: 'ASC' },
      take: page,
    });
    yield* rows.map(lineOf);
    if (rows.length < page) {
      return;
    }
    last = rows.at(-1)?.stemId ?? last;
  }
}

/** A column without a value is null, which WaveFlow takes for absent. */
function lineOf(stem: StemFile): string {
  return JSON.stringify({
    userId: stem.userId,
    trackId: stem.trackId,
    stemId: stem.stemId,
    filepath: stem.filepath,
    timestamp: stem.requestedAt,
    original_filename: stem.originalFilename,
    num_peaks: stem.numPeaks,
    audio_hash: stem.audioHash,
    audio_id: stem.audioId,
  });
}
