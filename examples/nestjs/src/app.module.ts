import { Module } from '@nestjs/common';
import { AwsModule } from './aws/aws.module.js';
import { DatabaseModule } from './database/database.module.js';
import { MixesModule } from './mixes/mixes.module.js';
import { StemsModule } from './stems/stems.module.js';
import { WebhookModule } from './webhook/webhook.module.js';

@Module({ imports: [AwsModule, DatabaseModule, StemsModule, MixesModule, WebhookModule] })
export class AppModule {}
