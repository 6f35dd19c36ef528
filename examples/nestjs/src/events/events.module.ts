import { Module } from '@nestjs/common';
import { MixesModule } from '../mixes/mixes.module.js';
import { StemsModule } from '../stems/stems.module.js';
import { WaveflowModule } from '../waveflow/waveflow.module.js';
import { ChangesSubscriber } from './changes.subscriber.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';

@Module({
  imports: [StemsModule, MixesModule, WaveflowModule],
  controllers: [EventsController],
  providers: [ChangesSubscriber, EventsService],
})
export class EventsModule {}
