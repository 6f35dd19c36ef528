import { ValidationPipe } from '@nestjs/common';
import type { NestApplicationOptions } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { servePage } from './page/page.js';
import { settings, type Settings } from './settings/settings.js';

/** The signature covers the body's bytes, so Nest must keep them. */
export const OPTIONS: NestApplicationOptions = { rawBody: true };

/** What an application needs beside `OPTIONS` and the modules. */
export function configure(app: NestExpressApplication): NestExpressApplication {
  // Express takes 100 kB; a webhook of 64 stems with long keys, or of unknown fields, has up to 256 KiB.
  app.useBodyParser('json', { limit: '1mb' });
  app.useGlobalPipes(new ValidationPipe({ transform: true }));
  app.enableCors({ origin: [...app.get<Settings>(settings.KEY).corsOrigins], maxAge: 600 });
  app.enableShutdownHooks();
  servePage(app);
  showRoutes(app);
  return app;
}

/** Swagger UI at `/docs`, from its own package; `null` keeps it from asking a validator elsewhere. */
function showRoutes(app: NestExpressApplication): void {
  const about = new DocumentBuilder()
    .setTitle('A NestJS server as the client of WaveFlow')
    .setDescription('What the browser uses. The webhooks of WaveFlow are described by its own schemas.')
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, about), {
    jsonDocumentUrl: 'docs/openapi.json',
    yamlDocumentUrl: 'docs/openapi.yaml',
    swaggerOptions: { validatorUrl: null },
  });
}
