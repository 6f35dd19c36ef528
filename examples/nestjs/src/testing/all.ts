import { readdirSync } from 'node:fs';

// All tests in one process: loading NestJS, TypeORM and the AWS SDK takes longer than they do.
const dist = new URL('../', import.meta.url);
for (const path of readdirSync(dist, { recursive: true }).map(String).sort()) {
  if (path.endsWith('.spec.js')) {
    await import(new URL(path.replaceAll('\\', '/'), dist).href);
  }
}
