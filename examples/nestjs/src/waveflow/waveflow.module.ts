import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DeliveriesService } from './deliveries.service.js';
import { MediaService } from './media.service.js';
import { SqsService } from './sqs.service.js';
import { Transactions } from './transactions.js';
import { VerdictService } from './verdict.service.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';

/** What every server that speaks with WaveFlow needs. */
@Module({
  imports: [TypeOrmModule.forFeature([WebhookDelivery])],
  providers: [SqsService, VerdictService, DeliveriesService, Transactions, MediaService],
  exports: [SqsService, VerdictService, DeliveriesService, Transactions, MediaService],
})
export class WaveflowModule {}
