import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { configure, OPTIONS } from './application.js';
import { settings, type Settings } from './settings/settings.js';

// Variables of the environment win over those of the file.
if (existsSync('.env')) {
  process.loadEnvFile('.env');
}
const app = configure(await NestFactory.create<NestExpressApplication>(AppModule, OPTIONS));
await app.listen(app.get<Settings>(settings.KEY).port);
