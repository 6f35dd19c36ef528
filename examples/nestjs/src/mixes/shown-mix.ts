import { In, type EntityManager } from 'typeorm';
import { StemFile } from '../stems/stem-file.entity.js';
import type { StemFactsDto } from '../waveflow/dto/mix-facts.dto.js';
import type { StemLevelsDto } from '../waveflow/dto/mix-options.dto.js';
import type { AskedLevels } from '../waveflow/sqs.service.js';
import type { Mix } from './mix.entity.js';

/** A stem in a mix: its name, the levels that were asked for, and what the mix made of it. */
export interface MixedStem extends StemLevelsDto {
  stemId: string;
  originalFilename: string | null;
  facts: StemFactsDto | null;
}

/** A row as a page needs it: its lists about stems joined, without S3 paths. */
export type ShownMix = Omit<Mix, 'stemIds' | 'stemPaths' | 'stems' | 'stemFacts'> & { stems: MixedStem[] };

/** Join what the rows say about their stems with the stems' names. */
export async function shown(manager: EntityManager, mixes: Mix[]): Promise<ShownMix[]> {
  const stemIds = [...new Set(mixes.flatMap((mix) => mix.stemIds))];
  const rows = stemIds.length === 0 ? [] : await manager.findBy(StemFile, { stemId: In(stemIds) });
  const names = new Map(rows.map((row) => [`${row.userId} ${row.stemId}`, row.originalFilename]));
  return mixes.map(({ stemIds, stemPaths, stems, stemFacts, ...mix }) => ({
    ...mix,
    stems: stemIds.map((stemId, index) => ({
      stemId,
      originalFilename: names.get(`${mix.userId} ${stemId}`) ?? null,
      ...levelsOf(stemPaths[index], stems ?? []),
      facts: stemFacts?.[index] ?? null,
    })),
  }));
}

function levelsOf(stemPath: string | undefined, all: AskedLevels[]): StemLevelsDto {
  const { path: _, ...levels } = all.find(({ path }) => path === stemPath) ?? {};
  return levels;
}
