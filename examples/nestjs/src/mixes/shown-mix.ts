import { In, type Repository } from 'typeorm';
import type { StemFile } from '../stems/stem-file.entity.js';
import type { StemLevelsDto } from '../waveflow/dto/mix-options.dto.js';
import { shownAs } from '../waveflow/dto/shown.js';
import type { AskedLevels } from '../waveflow/sqs.service.js';
import { MixDto } from './mix.dto.js';
import type { Mix } from './mix.entity.js';

/** Join what the rows say about their stems with the stems' names; S3 paths of stems stay here. */
export async function shown(stems: Repository<StemFile>, mixes: Mix[]): Promise<MixDto[]> {
  const stemIds = [...new Set(mixes.flatMap((mix) => mix.stemIds))];
  const rows = stemIds.length === 0 ? [] : await stems.findBy({ stemId: In(stemIds) });
  const names = new Map(rows.map((row) => [`${row.userId} ${row.stemId}`, row.originalFilename]));
  return mixes.map((mix) => {
    const mixed = mix.stemIds.map((stemId, index) => ({
      stemId,
      originalFilename: names.get(`${mix.userId} ${stemId}`) ?? null,
      ...levelsOf(mix.stemPaths[index], mix.stems ?? []),
      facts: mix.stemFacts?.[index] ?? null,
    }));
    return shownAs(MixDto, { ...mix, stems: mixed });
  });
}

function levelsOf(stemPath: string | undefined, all: AskedLevels[]): StemLevelsDto {
  const { path: _, ...levels } = all.find(({ path }) => path === stemPath) ?? {};
  return levels;
}
