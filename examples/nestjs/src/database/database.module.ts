import { renameSync, writeFileSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { settings, type Settings } from '../settings/settings.js';

/**
 * SQLite in WebAssembly, kept in one file: nothing to install, nothing to compile.
 * For PostgreSQL replace `connectionOf`, see the README.
 */
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [settings.KEY],
      useFactory: connectionOf,
    }),
  ],
})
export class DatabaseModule {}

/** Where the rows are; `npm run manifest` reads them there too, and changes nothing. */
export function connectionOf({ databaseFile }: Settings) {
  return {
    type: 'sqljs',
    location: databaseFile,
    autoSave: true,
    autoSaveCallback: (database: Uint8Array) => replaceFile(databaseFile, database),
    autoLoadEntities: true,
    synchronize: true,
  } as const;
}

/** A process killed in the middle leaves the old file or the new one, never half of one. */
function replaceFile(path: string, content: Uint8Array): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}
