import { Module } from '@nestjs/common';
import { ComparisonsModule } from '../comparisons/comparisons.module.js';
import { MixesModule } from '../mixes/mixes.module.js';
import { StemsModule } from '../stems/stems.module.js';
import { UpkeepService } from './upkeep.service.js';

@Module({ imports: [StemsModule, MixesModule, ComparisonsModule], providers: [UpkeepService] })
export class UpkeepModule {}
