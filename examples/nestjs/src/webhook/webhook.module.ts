import { Module } from '@nestjs/common';
import { MixesModule } from '../mixes/mixes.module.js';
import { StemsModule } from '../stems/stems.module.js';
import { WaveflowModule } from '../waveflow/waveflow.module.js';
import { WebhookController } from './webhook.controller.js';

@Module({
  imports: [WaveflowModule, StemsModule, MixesModule],
  controllers: [WebhookController],
})
export class WebhookModule {}
