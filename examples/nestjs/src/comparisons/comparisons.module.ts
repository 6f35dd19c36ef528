import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Mix } from '../mixes/mix.entity.js';
import { StemFile } from '../stems/stem-file.entity.js';
import { WaveflowModule } from '../waveflow/waveflow.module.js';
import { Comparison } from './comparison.entity.js';
import { ComparisonService } from './comparison.service.js';
import { ComparisonsController } from './comparisons.controller.js';

@Module({
  imports: [TypeOrmModule.forFeature([Comparison, Mix, StemFile]), WaveflowModule],
  controllers: [ComparisonsController],
  providers: [ComparisonService],
  exports: [ComparisonService],
})
export class ComparisonsModule {}
