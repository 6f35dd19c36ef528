import { Injectable } from '@nestjs/common';
import { DataSource, type EntitySubscriberInterface, type InsertEvent, type UpdateEvent } from 'typeorm';

/** Columns that no page is shown: a change of these alone is no news. */
const UNSEEN = ['sentAt', 'uploadPath', 'uploadFilename'];

const QUIET = new WeakSet<object>();

/** Let the next save of a row be no news to the pages that follow. */
export function quietly<Row extends object>(row: Row): Row {
  QUIET.add(row);
  return row;
}

/** Writes the time of each change into the column `changedAt` of the entities that have one. */
@Injectable()
export class ChangesSubscriber implements EntitySubscriberInterface {
  constructor(dataSource: DataSource) {
    dataSource.subscribers.push(this);
  }

  beforeInsert({ entity, metadata }: InsertEvent<unknown>): void {
    stamp(entity, metadata.propertiesMap);
  }

  beforeUpdate({ entity, metadata }: UpdateEvent<unknown>): void {
    stamp(entity, metadata.propertiesMap);
  }
}

function stamp(entity: unknown, columns: object): void {
  if (!('changedAt' in columns) || typeof entity !== 'object' || entity === null) {
    return;
  }
  const isNews = !QUIET.delete(entity);
  if (isNews && Object.keys(entity).some((name) => !UNSEEN.includes(name))) {
    Object.assign(entity, { changedAt: new Date().toISOString() });
  }
}
