import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { Mix } from '../mixes/mix.entity.js';
import { StemFile } from '../stems/stem-file.entity.js';
import { WebhookDelivery } from '../waveflow/webhook-delivery.entity.js';

const SELF = { version: 'PostgreSQL 15.0', current_database: 'example', current_schema: 'public' };

interface Result {
  rows: object[];
  rowCount: number;
  command: string;
}

/** Speaks to TypeORM as the package `pg` does: keeps the SQL, finds the rows it was given. */
export class FakePostgres {
  readonly sql: string[] = [];
  readonly native = undefined;
  readonly rows = new Map<string, object>();
  /** Thrown by the next statement that begins so. */
  failure: { begins: string; code: string } | null = null;

  readonly Pool = fakePool(this);

  async dataSource(): Promise<DataSource> {
    const entities = [StemFile, Mix, WebhookDelivery];
    const dataSource = new DataSource({ type: 'postgres', driver: this, entities });
    return dataSource.initialize();
  }

  /** Let every SELECT from this entity's table find this row. */
  find<T extends ObjectLiteral>(dataSource: DataSource, entity: EntityTarget<T>, row: Partial<T>): void {
    const { name, tableName, columns } = dataSource.getMetadata(entity);
    const cells = columns.map(({ propertyName }) => [`${name}_${propertyName}`, row[propertyName] ?? null]);
    this.rows.set(tableName, Object.fromEntries(cells));
  }

  answer(sql: string): Result {
    this.sql.push(sql);
    if (this.failure !== null && sql.startsWith(this.failure.begins)) {
      const { code } = this.failure;
      this.failure = null;
      throw Object.assign(new Error(`error ${code}`), { code });
    }
    const command = sql.split(' ', 1)[0] ?? '';
    const [, found] = [...this.rows].find(([table]) => sql.includes(`FROM "${table}"`)) ?? [];
    const rows = found !== undefined ? [found] : sql.includes('current_') || sql.includes('version()') ? [SELF] : [];
    return { rows, rowCount: command === 'SELECT' ? rows.length : 1, command };
  }
}

function fakePool(postgres: FakePostgres): new () => object {
  const client = {
    query: async (sql: string) => postgres.answer(sql),
    on: () => client,
    removeListener: () => client,
  };
  return class {
    on = (): this => this;
    connect = (done: (error: null, client: object, release: () => void) => void): void =>
      done(null, client, () => undefined);
    end = (done: () => void): void => done();
  };
}
