import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { configure, OPTIONS } from './application.js';
import { loadEnvFile } from './settings/env-file.js';
import { settings, type Settings } from './settings/settings.js';

loadEnvFile();
const app = configure(await NestFactory.create<NestExpressApplication>(AppModule, OPTIONS));
await app.listen(app.get<Settings>(settings.KEY).port);
