import { ValidateBy } from 'class-validator';
import type { MixWishDto, PlayerDto, PracticeMixesDto, StemInMixDto } from './mixes.dto.js';

/** A rule about several members at once; other decorators say what each must be by itself. */
export function Rule<T>(message: string, holds: (wish: T) => boolean): PropertyDecorator {
  const validate = (_: unknown, context?: { object: object }): boolean => holds(context?.object as T);
  return ValidateBy({ name: message, validator: { validate, defaultMessage: () => message } });
}

export function namesStemsOf({ stemIds, stems }: MixWishDto): boolean {
  const known = new Set(items<string>(stemIds));
  return items<StemInMixDto>(stems).every((stem) => known.has(stem?.stemId));
}

export function leavesSound({ stemIds, stems }: MixWishDto): boolean {
  const muted = mutedIds(stems);
  return items<string>(stemIds).some((stemId) => !muted.has(stemId));
}

export function hasNoPanInMono({ mix, stems }: MixWishDto): boolean {
  return mix?.channels !== 1 || items<StemInMixDto>(stems).every((stem) => stem?.pan === undefined);
}

export function playsStemsOf({ stemIds, players }: PracticeMixesDto): boolean {
  const known = new Set(items<string>(stemIds));
  return items<PlayerDto>(players).every((player) => items<string>(player?.stemIds).every((stemId) => known.has(stemId)));
}

export function leavesSoundWithoutEach({ stemIds, stems, players }: PracticeMixesDto): boolean {
  const muted = mutedIds(stems);
  return items<PlayerDto>(players).every((player) => {
    const silent = new Set([...muted, ...items<string>(player?.stemIds)]);
    return items<string>(stemIds).some((stemId) => !silent.has(stemId));
  });
}

export function mutedIds(stems: StemInMixDto[] | undefined): Set<string> {
  return new Set(items<StemInMixDto>(stems).filter((stem) => stem?.mute).map(({ stemId }) => stemId));
}

/** The items of a member that may not be the array that it should be. */
function items<T>(member: T[] | undefined): T[] {
  return Array.isArray(member) ? member : [];
}
