import { Module } from '@nestjs/common';
import { MixesModule } from '../mixes/mixes.module.js';
import { StemsModule } from '../stems/stems.module.js';
import { ResendService } from './resend.service.js';

@Module({ imports: [StemsModule, MixesModule], providers: [ResendService] })
export class ResendModule {}
