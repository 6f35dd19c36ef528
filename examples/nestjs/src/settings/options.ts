const PREVIEWS = ['opus', 'mp3'] as const;
const MOST_ZOOM_LEVELS = 3;

export type PreviewFormat = (typeof PREVIEWS)[number];

/** What every upload and every mix asks of WaveFlow beside its waveform. */
export interface MessageOptions {
  /** Samples per pixel, rising; an empty list asks for none. */
  zoomLevels: readonly number[];
  /** Draw left and right apart: their mean would hide what is opposite in the two. */
  splitChannels: boolean;
  previews: readonly PreviewFormat[];
  audioId: boolean;
}

export function optionsOf(environment: NodeJS.ProcessEnv): MessageOptions {
  return {
    zoomLevels: zoomLevels(environment['ZOOM_LEVELS'] ?? '256,1024,4096'),
    splitChannels: yesOrNo('SPLIT_CHANNELS', environment['SPLIT_CHANNELS'] ?? 'true'),
    previews: previews(environment['PREVIEWS'] ?? PREVIEWS.join()),
    audioId: yesOrNo('AUDIO_ID', environment['AUDIO_ID'] ?? 'true'),
  };
}

/** The words between commas; no text, no words. */
export function listOf(text: string): string[] {
  return text.split(',').map((word) => word.trim()).filter((word) => word !== '');
}

function zoomLevels(text: string): number[] {
  const levels = listOf(text).map(Number);
  const fits = (level: number, index: number): boolean => {
    const finer = levels[index - 1];
    const isFolded = finer === undefined || (level > finer && level % finer === 0);
    return Number.isInteger(level) && level >= 64 && level <= 65_536 && isFolded;
  };
  if (levels.length > MOST_ZOOM_LEVELS || !levels.every(fits)) {
    throw new Error('ZOOM_LEVELS must be up to 3 numbers from 64 to 65536, each a multiple of the one before');
  }
  return levels;
}

function previews(text: string): PreviewFormat[] {
  const formats = listOf(text);
  const wanted = PREVIEWS.filter((format) => formats.includes(format));
  if (wanted.length !== formats.length) {
    throw new Error(`PREVIEWS must be some of ${PREVIEWS.join()}, each at most once`);
  }
  return wanted;
}

function yesOrNo(name: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') {
    throw new Error(`${name} must be true or false`);
  }
  return text === 'true';
}
