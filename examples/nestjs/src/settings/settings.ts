import { listOf, optionsOf, type MessageOptions } from './options.js';

/** What the server must be told from outside; read once, at start. */
export class Settings {
  readonly region: string;
  readonly queueUrl: string;
  readonly bucket: string;
  /** One secret, or several while one of them is being rotated. */
  readonly webhookSecrets: readonly string[];
  readonly databaseFile: string;
  readonly maxUploadBytes: number;
  readonly port: number;
  /** Pages of other origins that may call this server; none by default. */
  readonly corsOrigins: readonly string[];
  readonly options: MessageOptions;
  /** Set for a local WaveFlow only; the AWS SDK reads it by itself. */
  readonly endpoint: string | undefined;

  constructor(environment: NodeJS.ProcessEnv) {
    const missing = REQUIRED.filter((name) => !environment[name]?.trim());
    if (missing.length > 0) {
      throw new Error(`Missing in the environment: ${missing.join(', ')}`);
    }
    this.region = environment['AWS_REGION'] ?? 'ap-northeast-2';
    this.queueUrl = environment['SQS_QUEUE_URL'] ?? '';
    this.bucket = environment['S3_BUCKET_NAME'] ?? '';
    this.webhookSecrets = secretsOf(environment['WEBHOOK_SECRET'] ?? '');
    this.databaseFile = environment['DATABASE_FILE'] ?? 'waveflow-example.sqlite';
    this.maxUploadBytes = positive(environment, 'MAX_FILE_SIZE_MB', 100) * 2 ** 20;
    this.port = positive(environment, 'PORT', 3000);
    this.corsOrigins = listOf(environment['CORS_ORIGINS'] ?? '').map(origin);
    this.options = optionsOf(environment);
    this.endpoint = environment['AWS_ENDPOINT_URL'];
  }
}

const REQUIRED = ['SQS_QUEUE_URL', 'S3_BUCKET_NAME', 'WEBHOOK_SECRET'];

/** Words, or the JSON of WaveFlow's secret as Secrets Manager holds it. */
function secretsOf(text: string): string[] {
  const { current = '', previous = '' } = text.trim().startsWith('{') ? JSON.parse(text) : {};
  const words = current === '' ? text : `${current} ${previous}`;
  return words.split(/[\s,]+/).filter((word: string) => word !== '');
}

/** As browsers send it: a slash at the end would never match. */
function origin(text: string): string {
  if (!URL.canParse(text) || new URL(text).origin !== text) {
    throw new Error('CORS_ORIGINS must be origins such as https://example.com, without a path');
  }
  return text;
}

function positive(environment: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const value = Number(environment[name] ?? otherwise);
  if (!Number.isInteger(value) || value <= 0) {
    throw new Error(`${name} must be a positive whole number`);
  }
  return value;
}
