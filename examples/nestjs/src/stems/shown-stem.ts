import { In, type Repository } from 'typeorm';
import { shownAs } from '../waveflow/dto/shown.js';
import { StemDto } from './stem.dto.js';
import { isOlder, type StemFile } from './stem-file.entity.js';

/**
 * Rows as their users are shown them: name the older stems with the same sound, whatever their files are wrapped in.
 * Only those of the same user: across users it would tell who has what.
 */
export async function shown(
  repository: Repository<StemFile>,
  stems: StemFile[],
): Promise<StemDto[]> {
  const audioIds = new Set(stems.map(({ audioId }) => audioId).filter((audioId) => audioId !== null));
  const userIds = new Set(stems.map(({ userId }) => userId));
  const same = { userId: In([...userIds]), audioId: In([...audioIds]) };
  const alike = audioIds.size === 0 ? [] : await repository.findBy(same);
  return stems.map((stem) => {
    const sameRecordingAs = alike
      .filter(({ userId, audioId }) => userId === stem.userId && audioId === stem.audioId)
      .filter((other) => isOlder(other, stem))
      .sort((a, b) => (isOlder(a, b) ? -1 : 1))
      .map(({ stemId, trackId, originalFilename }) => ({ stemId, trackId, originalFilename }));
    return shownAs(StemDto, { ...stem, sameRecordingAs });
  });
}
