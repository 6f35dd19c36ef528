import { registerAs, type ConfigType } from '@nestjs/config';
import { validated, type Environment, type PreviewFormat } from './environment.js';

/** What every upload and every mix asks of WaveFlow beside its waveform. */
export interface MessageOptions {
  /** Samples per pixel, rising; an empty list asks for none. */
  zoomLevels: readonly number[];
  /** Draw left and right apart: their mean would hide what is opposite in the two. */
  splitChannels: boolean;
  previews: readonly PreviewFormat[];
  audioId: boolean;
}

/** What the server is told from outside; `@Inject(settings.KEY)` gives it to a service. */
export const settings = registerAs('waveflow', () => settingsOf(process.env));
export type Settings = ConfigType<typeof settings>;

export function settingsOf(variables: NodeJS.ProcessEnv) {
  const environment = validated(variables);
  return {
    region: environment.AWS_REGION,
    queueUrl: environment.SQS_QUEUE_URL,
    bucket: environment.S3_BUCKET_NAME,
    webhookSecrets: secretsOf(environment.WEBHOOK_SECRET),
    databaseFile: environment.DATABASE_FILE,
    maxUploadBytes: environment.MAX_FILE_SIZE_MB * 2 ** 20,
    answerWithinMinutes: environment.ANSWER_WITHIN_MINUTES,
    port: environment.PORT,
    /** Pages of other origins that may call this server. */
    corsOrigins: environment.CORS_ORIGINS,
    options: optionsOf(environment),
    endpoint: environment.AWS_ENDPOINT_URL,
  };
}

function optionsOf(environment: Environment): MessageOptions {
  const { ZOOM_LEVELS: zoomLevels, SPLIT_CHANNELS: splitChannels } = environment;
  return { zoomLevels, splitChannels, previews: environment.PREVIEWS, audioId: environment.AUDIO_ID };
}

/** Words, or the JSON of WaveFlow's secret as Secrets Manager holds it. */
function secretsOf(text: string): string[] {
  const { current = '', previous = '' } = text.startsWith('{') ? JSON.parse(text) : {};
  const words = current === '' ? text : `${current} ${previous}`;
  return words.split(/[\s,]+/).filter((word: string) => word !== '');
}
