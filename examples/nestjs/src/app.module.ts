import { Module } from '@nestjs/common';
import { AwsModule } from './aws/aws.module.js';
import { ComparisonService } from './comparisons/comparison.service.js';
import { ComparisonsModule } from './comparisons/comparisons.module.js';
import { DatabaseModule } from './database/database.module.js';
import { EventsModule } from './events/events.module.js';
import { MixService } from './mixes/mix.service.js';
import { MixesModule } from './mixes/mixes.module.js';
import { PageModule } from './page/page.module.js';
import { StemFileService } from './stems/stem-file.service.js';
import { StemsModule } from './stems/stems.module.js';
import { UpkeepModule } from './upkeep/upkeep.module.js';
import { WebhookModule } from './webhook/webhook.module.js';

@Module({
  imports: [
    AwsModule,
    DatabaseModule,
    EventsModule,
    PageModule,
    UpkeepModule,
    WebhookModule.register({
      imports: [StemsModule, MixesModule, ComparisonsModule],
      stems: StemFileService,
      mixes: MixService,
      comparisons: ComparisonService,
    }),
  ],
})
export class AppModule {}
