import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { StemFile } from '../stems/stem-file.entity.js';
import { WaveflowModule } from '../waveflow/waveflow.module.js';
import { Mix } from './mix.entity.js';
import { MixService } from './mix.service.js';
import { MixesController } from './mixes.controller.js';

@Module({
  imports: [TypeOrmModule.forFeature([Mix, StemFile]), WaveflowModule],
  controllers: [MixesController],
  providers: [MixService],
  exports: [MixService],
})
export class MixesModule {}
