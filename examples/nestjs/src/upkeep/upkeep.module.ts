import { Module } from '@nestjs/common';
import { MixesModule } from '../mixes/mixes.module.js';
import { StemsModule } from '../stems/stems.module.js';
import { UpkeepService } from './upkeep.service.js';

@Module({ imports: [StemsModule, MixesModule], providers: [UpkeepService] })
export class UpkeepModule {}
