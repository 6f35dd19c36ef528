import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';

const PAGE = fileURLToPath(new URL('../../public', import.meta.url));
const WAVESURFER = dirname(fileURLToPath(import.meta.resolve('wavesurfer.js')));

/** Serve the page and the library that draws; the pages of your platform have a server of their own. */
export function servePage(app: NestExpressApplication): void {
  app.useStaticAssets(PAGE);
  app.useStaticAssets(WAVESURFER, { prefix: '/vendor/wavesurfer.js' });
}
