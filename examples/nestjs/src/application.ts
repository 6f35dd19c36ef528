import { ValidationPipe } from '@nestjs/common';
import type { NestApplicationOptions } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Settings } from './settings/settings.js';

/** The signature covers the body's bytes, so Nest must keep them. */
export const OPTIONS: NestApplicationOptions = { rawBody: true };

/** What an application needs beside `OPTIONS` and the modules. */
export function configure(app: NestExpressApplication): NestExpressApplication {
  // Unknown fields of a message come back in its webhooks, so bodies may be long.
  app.useBodyParser('json', { limit: '1mb' });
  app.useGlobalPipes(new ValidationPipe({ transform: true }));
  app.enableCors({ origin: [...app.get(Settings).corsOrigins], maxAge: 600 });
  app.enableShutdownHooks();
  return app;
}
