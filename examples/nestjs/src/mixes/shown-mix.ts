import { In, type EntityManager } from 'typeorm';
import { StemFile } from '../stems/stem-file.entity.js';
import type { StemFactsDto } from '../waveflow/dto/mix-facts.dto.js';
import type { StemLevelsDto } from '../waveflow/dto/mix-options.dto.js';
import type { Mix } from './mix.entity.js';

/** A stem in a mix: its name, what was asked for, and what the mix made of it. */
export interface MixedStem {
  stemId: string;
  originalFilename: string | null;
  levels: StemLevelsDto | null;
  facts: StemFactsDto | null;
}

/** A row as a page needs it: its lists about stems joined, without S3 paths. */
export type ShownMix = Omit<Mix, 'stemIds' | 'stemPaths' | 'levels' | 'stemFacts'> & { stems: MixedStem[] };

/** Join what the rows say about their stems with the stems' names. */
export async function shown(manager: EntityManager, userId: string, mixes: Mix[]): Promise<ShownMix[]> {
  const stemIds = [...new Set(mixes.flatMap((mix) => mix.stemIds))];
  const stems = stemIds.length === 0 ? [] : await manager.findBy(StemFile, { userId, stemId: In(stemIds) });
  const names = new Map(stems.map((stem) => [stem.stemId, stem.originalFilename]));
  return mixes.map(({ stemIds, stemPaths, levels, stemFacts, ...mix }) => ({
    ...mix,
    stems: stemIds.map((stemId, index) => ({
      stemId,
      originalFilename: names.get(stemId) ?? null,
      levels: levelsOf(stemPaths[index], levels ?? []),
      facts: stemFacts?.[index] ?? null,
    })),
  }));
}

function levelsOf(stemPath: string | undefined, all: NonNullable<Mix['levels']>): StemLevelsDto | null {
  const found = all.find(({ path }) => path === stemPath);
  if (found === undefined) {
    return null;
  }
  const { path: _, ...levels } = found;
  return levels;
}
