import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { WaveflowModule } from '../waveflow/waveflow.module.js';
import { StemFile } from './stem-file.entity.js';
import { StemFileService } from './stem-file.service.js';
import { StemsController } from './stems.controller.js';
import { UploadService } from './upload.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([StemFile]), WaveflowModule],
  controllers: [StemsController],
  providers: [StemFileService, UploadService],
  exports: [StemFileService, UploadService],
})
export class StemsModule {}
