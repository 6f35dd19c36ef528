import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { Transactions } from './transactions.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';

/** Remembers what has been received, so that a repeat changes nothing. */
@Injectable()
export class DeliveriesService {
  constructor(
    @InjectRepository(WebhookDelivery) private readonly deliveries: Repository<WebhookDelivery>,
    private readonly transactions: Transactions,
  ) {}

  /** Run `work` unless this delivery is a repeat; both are committed together. */
  once<T>(
    webhookId: string,
    taskId: string,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<T | 'repeated'> {
    return this.transactions.run(async (manager) => {
      if (await manager.existsBy(WebhookDelivery, { webhookId })) {
        return 'repeated';
      }
      const receivedAt = new Date().toISOString();
      await manager.insert(WebhookDelivery, { webhookId, taskId, receivedAt });
      return work(manager);
    });
  }

  isKnown(webhookId: string): Promise<boolean> {
    return this.transactions.read(() => this.deliveries.existsBy({ webhookId }));
  }

  async remember(webhookId: string, taskId: string): Promise<void> {
    await this.once(webhookId, taskId, () => Promise.resolve());
  }
}
