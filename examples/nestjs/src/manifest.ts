import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { connectionOf } from './database/database.module.js';
import { loadEnvFile } from './settings/env-file.js';
import { settingsOf } from './settings/settings.js';
import { manifestLines } from './stems/manifest.js';
import { StemFile } from './stems/stem-file.entity.js';

loadEnvFile();
// `waveflow ops backfill` reads what is printed here: one line of JSON for each stem.
const readOnly = { entities: [StemFile], synchronize: false, autoSave: false };
const rows = new DataSource({ ...connectionOf(settingsOf(process.env)), ...readOnly });
await rows.initialize();
for await (const line of manifestLines(rows.getRepository(StemFile))) {
  process.stdout.write(`${line}\n`);
}
await rows.destroy();
