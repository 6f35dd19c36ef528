import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A `webhook-id` that has been dealt with; stored in the transaction that dealt with it. */
@Entity()
export class WebhookDelivery {
  @PrimaryColumn()
  webhookId!: string;

  @Index()
  @Column()
  taskId!: string;

  @Column()
  receivedAt!: string;
}
