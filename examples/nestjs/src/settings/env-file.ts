import { existsSync } from 'node:fs';

/** Variables of the environment win over those of the file. */
export function loadEnvFile(): void {
  if (existsSync('.env')) {
    process.loadEnvFile('.env');
  }
}
