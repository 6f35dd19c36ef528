import { plainToInstance, Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsPositive,
  IsString,
  Max,
  Min,
  ValidateBy,
  validateSync,
} from 'class-validator';

export const PREVIEWS = ['opus', 'mp3'] as const;
export type PreviewFormat = (typeof PREVIEWS)[number];

const EACH = { each: true };

/** The variables that the server reads; `.env` has the same names. */
export class Environment {
  @IsString()
  AWS_REGION = 'ap-northeast-2';

  @Trimmed()
  @IsNotEmpty()
  SQS_QUEUE_URL = '';

  @Trimmed()
  @IsNotEmpty()
  S3_BUCKET_NAME = '';

  /** One secret, several while one of them is being rotated, or the JSON that WaveFlow keeps. */
  @Trimmed()
  @IsNotEmpty()
  WEBHOOK_SECRET = '';

  /** Set for a local WaveFlow only; the AWS SDK reads it by itself. */
  @IsOptional()
  @IsString()
  AWS_ENDPOINT_URL?: string;

  @IsString()
  DATABASE_FILE = 'waveflow-example.sqlite';

  @Type(() => Number)
  @IsInt()
  @IsPositive()
  MAX_FILE_SIZE_MB = 100;

  /** Longer than WaveFlow waits for a verdict, which is three times `VerdictTimeoutSeconds`. */
  @Type(() => Number)
  @IsInt()
  @IsPositive()
  ANSWER_WITHIN_MINUTES = 60;

  @Type(() => Number)
  @IsInt()
  @IsPositive()
  PORT = 3000;

  @Words()
  @IsOrigin()
  CORS_ORIGINS: string[] = [];

  @Words(Number)
  @ArrayMaxSize(3)
  @IsInt(EACH)
  @Min(64, EACH)
  @Max(65_536, EACH)
  @RisesByMultiples()
  ZOOM_LEVELS = [256, 1024, 4096];

  @YesOrNo()
  @IsBoolean({ message: '$property must be true or false' })
  SPLIT_CHANNELS = true;

  @Words()
  @ArrayUnique({ message: '$property must name each of them once' })
  @IsIn(PREVIEWS, EACH)
  PREVIEWS: PreviewFormat[] = [...PREVIEWS];

  @YesOrNo()
  @IsBoolean({ message: '$property must be true or false' })
  AUDIO_ID = true;
}

/** The environment as it was meant, or one error that names all that is wrong. */
export function validated(variables: NodeJS.ProcessEnv): Environment {
  const environment = plainToInstance(Environment, variables, { exposeUnsetFields: false });
  const wrong = validateSync(environment).flatMap(({ constraints }) => Object.values(constraints ?? {}));
  if (wrong.length > 0) {
    throw new Error(`The settings are not usable: ${wrong.join('; ')}`);
  }
  return environment;
}

function Trimmed(): PropertyDecorator {
  return Transform(({ value }) => (typeof value === 'string' ? value.trim() : value));
}

/** The words between commas; no text, no words. */
function Words(as: (word: string) => unknown = String): PropertyDecorator {
  const split = (text: string): unknown[] =>
    text.split(',').map((word) => word.trim()).filter((word) => word !== '').map(as);
  return Transform(({ value }) => (typeof value === 'string' ? split(value) : value));
}

function YesOrNo(): PropertyDecorator {
  const meant = new Map<unknown, boolean>([['true', true], ['false', false]]);
  return Transform(({ value }) => meant.get(value) ?? value);
}

function IsOrigin(): PropertyDecorator {
  const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;
  // As browsers send it: a slash at the end would never match.
  return rule('$property must be origins such as https://example.com, without a path', (origins: string[]) =>
    origins.every(isOrigin));
}

function RisesByMultiples(): PropertyDecorator {
  return rule('$property must be numbers of which each is a multiple of the one before', (levels: number[]) =>
    levels.every((level, index) => index === 0 || isMultiple(level, levels[index - 1] ?? 0)));
}

function isMultiple(level: number, finer: number): boolean {
  return level > finer && level % finer === 0;
}

function rule<T>(message: string, holds: (value: T) => boolean): PropertyDecorator {
  return ValidateBy({ name: message, validator: { validate: (value) => holds(value), defaultMessage: () => message } });
}
